"""A room as it goes: its last messages and then each new one, once and in order, whatever the line does.

Strategy: the numbers of messages have no gap, so the number of the last one printed says everything. The
next one is printed; a later one means that some are to be fetched first, and so does any event that says
that something was missed. What cannot be fetched now is fetched when the room is current again.
"""

from collections.abc import AsyncIterator, Callable

from mesh_agent.agent import Agent
from mesh_agent.client.errors import SignInNeeded, Unreachable
from mesh_agent.client.state import (
    AgentEvent,
    Connected,
    ConnectionChanged,
    ConnectionState,
    EventsDropped,
    HistoryReset,
    MessageReceived,
    RoomGone,
    SignedOut,
    Waiting,
)
from protocol import limits
from protocol.errors import NotMember
from protocol.rest import Message


async def last_messages(
    agent: Agent, room_id: str, count: int, *, before: int | None = None
) -> list[Message]:
    """The last `count` messages of a room, ascending, or the last ones before `before`."""
    pages: list[list[Message]] = []
    more = True
    while more and count > 0:
        page = await agent.history(room_id, before=before, limit=min(count, limits.PAGE_MAX))
        pages.append(page.messages)
        count -= len(page.messages)
        more = page.has_more and bool(page.messages)
        before = page.messages[0].seq if page.messages else before
    return [message for page in reversed(pages) for message in page]


class Tail:
    """Hands each message of a room to `show`, and what happens to the line to `note`."""

    def __init__(
        self, agent: Agent, room_id: str, show: Callable[[Message], None], note: Callable[[str], None]
    ) -> None:
        self._agent = agent
        self._room_id = room_id
        self._show = show
        self._note = note
        self._last: int | None = None
        self._behind = False
        self._troubled = False

    async def follow(self, events: AsyncIterator[AgentEvent], lines: int) -> None:
        """Begins with the last `lines` messages and goes on for ever.

        Raises:
            NotMember: the room is no longer mine.
            SignInNeeded: the session has ended.
        """
        if self._agent.is_current(self._room_id):  # all that tells of it may have been told before
            await self._catch_up(lines)
        async for event in events:
            if isinstance(event, ConnectionChanged):
                self._tell(event.state)
            elif isinstance(event, RoomGone) and event.room_id == self._room_id:
                raise NotMember("You are no longer in this room.")
            elif isinstance(event, HistoryReset | EventsDropped):
                self._behind = True
            elif isinstance(event, MessageReceived) and event.message.room_id == self._room_id:
                self._take(event.message)
            if (self._last is None or self._behind) and self._agent.is_current(self._room_id):
                await self._catch_up(lines)

    def _take(self, message: Message) -> None:
        if self._last is None or message.seq <= self._last:
            return
        if message.seq == self._last + 1:
            self._print(message)
        else:
            self._behind = True

    async def _catch_up(self, lines: int) -> None:
        """Prints what is missing; what cannot be fetched now stays missing for the next time."""
        try:
            if self._last is None:
                await self._begin(lines)
            else:
                await self._fetch_missing(self._last)
        except Unreachable:
            return
        self._behind = False

    async def _begin(self, lines: int) -> None:
        messages = await last_messages(self._agent, self._room_id, lines)
        self._last = self._agent.room(self._room_id).last_seq
        for message in messages:
            self._print(message)

    async def _fetch_missing(self, last: int) -> None:
        # A restored backup numbers anew, from a lower number on.
        last = self._last = min(last, self._agent.room(self._room_id).last_seq)
        more = True
        while more:
            page = await self._agent.history(self._room_id, after=last, limit=limits.PAGE_MAX)
            for message in page.messages:
                self._print(message)
                last = message.seq
            more = page.has_more and bool(page.messages)

    def _print(self, message: Message) -> None:
        self._last = message.seq
        self._show(message)

    def _tell(self, state: ConnectionState) -> None:
        if isinstance(state, SignedOut):
            raise SignInNeeded(state.reason)
        if isinstance(state, Waiting) and not self._troubled:
            self._note(f"{state.reason} Trying again.")
            self._troubled = True
        elif isinstance(state, Connected) and self._troubled:
            self._note("Connected again.")
            self._troubled = False
