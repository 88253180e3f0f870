"""What a route asks of the other side's shares: a listing, by a request that is told until it is answered."""

import asyncio
from abc import abstractmethod

from mesh_agent.sharing.errors import SharingError
from mesh_agent.sharing.orders import Browse, Listing
from protocol.errors import MeshError
from protocol.peer import Entry


class Browsing:
    """Attributes:
    requests: what was asked for and is not answered yet, by its name, and who waits for it.
    """

    def __init__(self) -> None:
        self.requests: dict[str, tuple[Browse, asyncio.Future[list[Entry]]]] = {}

    async def browse(self, request: Browse) -> list[Entry]:
        """Raises: SharingError, or why there is no way to the other device."""
        future: asyncio.Future[list[Entry]] = asyncio.get_running_loop().create_future()
        self.requests[request.request] = request, future
        self.go()
        try:
            return await future
        finally:
            self.requests.pop(request.request, None)

    @abstractmethod
    def go(self) -> None:
        """There is something to do."""

    def listed(self, listing: Listing) -> None:
        """One is answered."""
        _, future = self.requests.pop(listing.request, (None, None))
        if future is None or future.done():
            return
        if listing.refused:
            future.set_exception(SharingError(listing.refused))
        else:
            future.set_result(listing.entries)

    def list_nothing(self, error: MeshError) -> None:
        """None of them will be answered."""
        for _, future in self.requests.values():
            if not future.done():
                future.set_exception(error)
        self.requests.clear()
