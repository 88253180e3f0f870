"""What a server does with rooms by itself."""

from collections.abc import Callable
from typing import Protocol

from mesh_server.store.base.log import MessageRecord


class UpkeepStore(Protocol):
    async def list_deleted(self) -> list[str]:
        """Deleted rooms that have not gone altogether."""
        ...

    async def purge_room(self, room_id: str, limit: int) -> None:
        """Deletes at most `limit` messages of a deleted room for good, and in the end the room."""
        ...

    async def list_forgetful(self, now: int) -> list[str]:
        """Rooms with messages older than they keep them."""
        ...

    async def erase_expired(
        self, room_id: str, now: int, limit: int, then: Callable[[list[MessageRecord]], None]
    ) -> int:
        """Erases at most `limit` of them, each under the room's next `rev`; how many."""
        ...
