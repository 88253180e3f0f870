"""Pages of a room's messages and its members: from the cache as far as it goes, else from the server.

Strategy: a page from the cache is whole when its numbers have no gap up to where the page begins, so only
the part that is missing is asked for, and kept. While it is asked for, the room may lose its numbering (a
restored backup) or its continuity; such an answer belongs to what was before and is asked for again.
Without a line, what is held is shown as far as it goes.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from msgspec.structs import replace

from mesh_agent.client.cache_thread import CacheThread
from mesh_agent.client.changes import MembersHeld, MessagesHeld
from mesh_agent.client.errors import FilesUnusable, LineLost, Unreachable
from mesh_agent.client.room_line import Line
from mesh_agent.client.roster import Roster, by_name
from mesh_agent.client.state import Page
from mesh_agent.client.sync import Sync
from protocol import limits
from protocol.errors import NotMember, ServerError
from protocol.rest import Member, Message, MessagePage

if TYPE_CHECKING:  # it imports aiohttp
    from mesh_agent.client.rest import Rest

P = ParamSpec("P")
T = TypeVar("T")

TRIES: Final = 3
"""How often a page is asked for whose room was reset meanwhile."""

PEOPLE: Final = 5_000
"""People who are known at most: as many as one room has."""


class History:
    """What can be read of my rooms. `rest` gives the server's calls when they are needed."""

    def __init__(
        self, sync: Sync, roster: Roster, cache: CacheThread, rest: "Callable[[], Awaitable[Rest]]"
    ) -> None:
        self._sync = sync
        self._roster = roster
        self._cache = cache
        self._rest = rest

    async def before(self, room_id: str, before: int | None, limit: int) -> Page:
        """The messages below `before`, or the newest.

        Raises:
            NotMember: the room is not mine.
            Unreachable: nothing is held there, and the server cannot be asked.
        """
        top = self._line(room_id).top_seq if before is None else before - 1
        if top < 1:
            return Page([], has_more=False)
        held = await self._held(self._cache.cache.page_before, room_id, top, limit)
        if len(held) >= limit or (held and held[0].seq == 1):
            return Page(held, has_more=held[0].seq > 1)
        below = held[0].seq if held else before
        try:
            page = await self._fetch(room_id, limit - len(held), before=below)
        except (Unreachable, ServerError):
            if held:
                return Page(held, has_more=True)
            raise
        return Page([*page.messages, *held], page.has_more)

    async def after(self, room_id: str, after: int, limit: int) -> Page:
        """The messages past `after`, as far as they have been told; raises as `before`."""
        line = self._line(room_id)
        held = await self._held(self._cache.cache.page_after, room_id, after, limit)
        last = held[-1].seq if held else after
        if len(held) >= limit or (last >= line.top_seq and line.phase == "live"):
            return Page(held, has_more=last < line.top_seq)
        try:
            page = await self._fetch(room_id, limit - len(held), after=last)
        except (Unreachable, ServerError):
            if held:
                return Page(held, has_more=True)
            raise
        return Page([*held, *page.messages], page.has_more)

    async def around(self, room_id: str, seq: int, limit: int) -> Page:
        """The messages on both sides of `seq`; `has_more` tells of earlier ones. Raises as `before`."""
        top = self._line(room_id).top_seq
        try:
            page = await self._fetch(room_id, limit, around=seq)
        except (Unreachable, ServerError):
            return await self.before(room_id, min(seq + limit // 2, top) + 1, limit)
        return Page(page.messages, page.has_more)

    async def members(self, room_id: str, *, line_up: bool) -> list[Member]:
        """The members by name; from now on the room is watched.

        Raises:
            NotMember: the room is not mine.
            Unreachable: they are not known here, and the server cannot be asked.
        """
        rev = self._line(room_id).rev
        watched = self._roster.members(room_id)
        if watched is not None and line_up:
            return watched
        self._roster.asked(room_id)
        try:
            members = await (await self._rest()).members(room_id)
        except (Unreachable, ServerError):
            held = watched or await self._held(self._cache.cache.members, room_id)
            if not held:
                raise
            # Whoever was there then need not be there now.
            return by_name(replace(member, presence="offline") for member in held)
        else:
            self._cache.change([MembersHeld(room_id, rev, members)])
            return self._roster.answered(room_id, members[: limits.ROOM_MEMBERS])
        finally:
            self._roster.unanswered(room_id)

    async def people(self) -> list[Member]:
        """Everyone in my rooms who is known here, by name, with the presence of when that was heard."""
        return by_name(await self._held(self._cache.cache.people, PEOPLE))

    async def unread(self, room_id: str, seq: int) -> tuple[int, int]:
        """How many messages of others stand past `seq`, and how many of them name me."""
        line = self._line(room_id)
        if seq >= line.top_seq:
            return 0, 0
        top, before = line.top_seq, line.room
        page = await self._held(self._cache.cache.page_after, room_id, seq, limits.RESUME_MAX)
        line = self._line(room_id)
        if not page or page[-1].seq < top:
            return min(line.room.unread or 0, line.top_seq - seq), line.room.mentions or 0
        counted = [message for message in page if message.seq <= top and line.is_others(message)]
        # What arrived while the cache was read was counted as it came.
        unread = len(counted) + (line.room.unread or 0) - (before.unread or 0)
        mentions = sum(map(line.names_me, counted)) + (line.room.mentions or 0) - (before.mentions or 0)
        return max(0, unread), max(0, mentions)

    async def _held(self, read: Callable[P, list[T]], *args: P.args, **kwargs: P.kwargs) -> list[T]:
        """What the cache has. One that cannot be read has nothing: the server has it all."""
        try:
            return await self._cache.run(read, *args, **kwargs)
        except FilesUnusable:
            return []

    def _line(self, room_id: str) -> Line:
        line = self._sync.line(room_id)
        if line is None:
            raise NotMember
        return line

    async def _fetch(
        self,
        room_id: str,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> MessagePage:
        rest = await self._rest()
        for _ in range(TRIES):
            line = self._line(room_id)
            resets = line.resets
            page = await rest.messages(room_id, before=before, after=after, around=around, limit=limit)
            if self._sync.line(room_id) is line and line.resets == resets:
                messages = _orderly(page.messages, room_id, limit)
                self._cache.change([MessagesHeld(room_id, messages)])
                return MessagePage(messages=messages, has_more=page.has_more)
        raise LineLost("The room keeps changing under the request. Try again.")


def _orderly(messages: list[Message], room_id: str, limit: int) -> list[Message]:
    """What the server sent, held to its promise: this room's, each once, ascending, no more than asked."""
    by_seq = {message.seq: message for message in messages if message.room_id == room_id}
    return [by_seq[seq] for seq in sorted(by_seq)][:limit]
