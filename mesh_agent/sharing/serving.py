"""Shares, asked for and shown: FOLDER_LIST, FOLDER_LISTING, FOLDER_GET.

Strategy: a request has a number of the asker's; the answer, page by page, or the refusal names it. Both ends
bound how many are open at once, and the asker how much it takes of an answer.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final

from mesh_agent.machines.transfer import Ended
from mesh_agent.sharing.ground import Ground, in_words
from mesh_agent.sharing.outgoing import pages
from mesh_agent.sharing.transferring import Shares, Source
from protocol import limits
from protocol.errors import (
    MeshError,
    PeerMismatch,
    PeerNotShared,
    PeerOutOfOrder,
    PeerStalled,
    PeerTooMany,
)
from protocol.peer import Entry, FolderGet, FolderList, FolderListing, P2pError

log = logging.getLogger(__name__)

SERVED: Final = 16
"""Requests of the other end that are answered at once; an offer that came of one is none any more."""

ASKED: Final = 64
"""Requests of ours that are open."""

LISTED: Final = 100_000
"""Entries of one folder that are taken."""

ANSWER_S: Final = 60.0
"""So long may the other end take for the next part of an answer."""

OPENED_S: Final = 600.0
"""So long may the other end take to look through what is fetched, before it offers it."""

GIVEN_UP_MAX: Final = 256
"""Requests that were given up and are still known: an offer that comes after all is late, and no fault."""

Offering = Callable[[str, Source, str], Awaitable[Ended]]


class Asking:
    """Our own requests."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._numbers = itertools.count(1)
        self._listings: dict[str, tuple[list[Entry], asyncio.Future[list[Entry]]]] = {}
        self._gets: dict[str, asyncio.Future[Ended]] = {}
        self._waiting: dict[str, asyncio.Timeout] = {}
        self._given_up: deque[str] = deque(maxlen=GIVEN_UP_MAX)

    def _begin(self) -> str:
        if self._ground.lost is not None:
            raise self._ground.lost
        if len(self._listings) + len(self._gets) >= ASKED:
            raise PeerTooMany
        return f"r{next(self._numbers)}"

    async def list(self, share: str, path: str) -> list[Entry]:
        """Raises: MeshError: as the other end says; PeerStalled; the line was lost."""
        request = self._begin()
        future: asyncio.Future[list[Entry]] = asyncio.get_running_loop().create_future()
        self._listings[request] = [], future
        try:
            self._ground.put(FolderList(request=request, share=share, path=path))
            async with asyncio.timeout(ANSWER_S):
                return await future
        except TimeoutError:
            raise PeerStalled from None
        finally:
            del self._listings[request]

    async def get(self, share: str, path: str, begun: Callable[[str], None]) -> Ended:
        """Raises: as `list`."""
        request = self._begin()
        future: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._gets[request] = future
        try:
            begun(request)
            self._ground.put(FolderGet(request=request, share=share, path=path))
            async with asyncio.timeout(OPENED_S) as self._waiting[request]:
                return await future
        except TimeoutError:
            self._given_up.append(request)
            raise PeerStalled from None
        finally:
            del self._gets[request]
            del self._waiting[request]

    def offered(self, request: str) -> bool:
        """Whether an offer that names this request was asked for; from now on it may take its time. Whoever
        has given it up declines it.
        """
        waiting = self._waiting.get(request)
        if waiting is not None:
            waiting.reschedule(None)
        return request in self._gets or request in self._given_up

    def ended(self, request: str, ended: Ended) -> None:
        future = self._gets.get(request)
        if future is not None and not future.done():
            future.set_result(ended)

    def page(self, frame: FolderListing) -> None:
        held = self._listings.get(frame.request)
        if held is None:
            return  # nobody waits for it any more
        entries, future = held
        entries += frame.entries
        if len(entries) > LISTED or not (frame.entries or frame.last):
            raise PeerMismatch
        if frame.last and not future.done():
            future.set_result(entries)

    def refused(self, request: str, error: MeshError) -> None:
        self._fail(request, error)

    def lost(self, error: MeshError) -> None:
        for request in (*self._listings, *self._gets):
            self._fail(request, error)

    def _fail(self, request: str, error: MeshError) -> None:
        held = self._listings.get(request)
        future: asyncio.Future[Any] | None = held[1] if held else self._gets.get(request)
        if future is not None and not future.done():
            future.set_exception(error)


class Serving:
    """What the other end asks for."""

    def __init__(self, ground: Ground, shares: Shares | None, offer: Offering) -> None:
        self._ground = ground
        self._shares = shares
        self._offer = offer
        self._busy: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def list(self, frame: FolderList) -> None:
        self._begin(frame.request, self._list)(frame)

    def get(self, frame: FolderGet) -> None:
        self._begin(frame.request, self._get)(frame)

    def _begin(
        self, request: str, serve: Callable[[Shares, Any], Coroutine[Any, Any, None]]
    ) -> Callable[[Any], None]:
        def begin(frame: Any) -> None:
            if request in self._busy:
                raise PeerOutOfOrder
            if self._shares is None:
                self._refuse(request, PeerNotShared())
            elif len(self._busy) >= SERVED:
                self._refuse(request, PeerTooMany())
            else:
                self._busy.add(request)
                task = asyncio.create_task(self._serve(request, partial(serve, self._shares, frame)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        return begin

    async def _serve(self, request: str, serve: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await serve()
        except (MeshError, OSError) as error:
            if self._ground.lost is None:
                code, message = in_words(error)
                self._ground.put(
                    P2pError(code=code, message=message[: limits.PEER_SENTENCE_CHARS], request=request)
                )
        except Exception:
            log.exception("a request could not be answered")
            self._refuse(request, PeerNotShared())
        finally:
            self._busy.discard(request)

    def _refuse(self, request: str, error: MeshError) -> None:
        self._ground.put(P2pError(code=error.code, message=error.message, request=request))

    async def _list(self, shares: Shares, frame: FolderList) -> None:
        for page, last in pages(await shares.entries(frame.share, frame.path)):
            await self._ground.main.room()
            self._ground.put(FolderListing(request=frame.request, entries=page, last=last))

    async def _get(self, shares: Shares, frame: FolderGet) -> None:
        transfer, source = await shares.open(frame.share, frame.path)
        try:
            self._busy.discard(frame.request)
            await self._offer(transfer, source, frame.request)
        finally:
            await shares.close(source)

    async def close(self) -> None:
        """Ends what is being answered."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
