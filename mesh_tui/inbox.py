"""Everything that is new in one's rooms, or what of it is for oneself: one list. Knows no screen.

Strategy: rooms stand as Alt+A would go through them, and of each the newest messages that count, in the order
in which they were said. The numbers are known at once; messages are read room by room, a few rooms at a
time, from the cache where it has them. A room whose messages cannot be had is still there, with its numbers.
Nothing is marked as read by this.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from mesh_agent.client.state import Page
from mesh_tui.rooms import Entry, active
from protocol.errors import MeshError
from protocol.limits import PAGE_MAX
from protocol.rest import EVERYONE, Message, Room
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.agent import Agent

SHOWN: Final = 5
"""Messages that are shown of one room; the newest."""

ROOMS: Final = 200
"""Rooms that are looked into; of further ones there is only how many they are."""

AT_ONCE: Final = 4
"""Rooms that are read at the same time."""

Fetch = Callable[[str, int], Awaitable[Page]]
"""A room's id and a number -> its newest messages, at most so many; raises `MeshError`."""

Which = Literal["all", "mine"]
"""All that is new; or what mentions me, and what was said to me alone."""

WHICH: Final[tuple[Which, ...]] = get_args(Which)


class Reading(NamedTuple):
    """What was read of a room, which was `room` then; `why`: why nothing could be read."""

    room: Room
    messages: Sequence[Message] = ()
    why: str = ""

    def fits(self, room: Room) -> bool:
        """Whether there is nothing in `room` that was not there then, nor the other way round."""
        return _state(room) == _state(self.room)


class News(NamedTuple):
    """What is new in a room. `more`: so many earlier messages that count; `why`: why there are none."""

    entry: Entry
    messages: Sequence[Message]
    more: int
    why: str = ""

    @property
    def number(self) -> int:
        return len(self.messages) + self.more


def _state(room: Room) -> tuple[int | None, ...]:
    return room.last_seq, room.rev, room.read_seq, room.unread, room.mentions


# ── what counts ──────────────────────────────────────────────────────────────────────────────────


def number(entry: Entry, which: Which) -> int:
    """How many messages of a room count."""
    return entry.unread if which == "all" or _is_mine(entry) else entry.mentions


def rooms_in(entries: Sequence[Entry], which: Which) -> list[Entry]:
    """The rooms that have something, the most urgent first."""
    return [entry for entry in active(entries) if number(entry, which)]


def left_out(entries: Sequence[Entry]) -> str:
    """What is said of the rooms beyond the first `ROOMS`; empty where there are none."""
    more = len(entries) - ROOMS
    return f"and {more} more room{'s' if more > 1 else ''} with something new" if more > 0 else ""


def names(message: Message, my_id: str) -> bool:
    """Whether I am meant by name."""
    return my_id in message.mentions or EVERYONE in message.mentions


def _is_mine(entry: Entry) -> bool:
    """All that is said there is said to me."""
    return entry.room.kind == "dm" and entry.level == "all"


def news(entry: Entry, reading: Reading | None, which: Which, my_id: str) -> News:
    """What to show of a room; `reading` None: its messages are not there yet."""
    by_name = not _is_mine(entry) and (which == "mine" or entry.level == "mentions")
    counts = [
        message
        for message in (reading.messages if reading else ())
        if message.seq > (entry.room.read_seq or 0)
        and message.author.id != my_id
        and not message.deleted
        and (not by_name or names(message, my_id))
    ]
    more = max(number(entry, which), len(counts)) - len(counts[-SHOWN:])
    return News(entry, counts[-SHOWN:], more, reading.why if reading else "")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def newest_of(agent: "Agent") -> Fetch:
    """Reads from the agent: from what it holds, as far as that goes."""

    async def fetch(room_id: str, limit: int) -> Page:
        return await agent.history(room_id, limit=limit)

    return fetch


async def read(fetch: Fetch, rooms: Sequence[Room]) -> AsyncIterator[Reading]:
    """What is new in each room, as it comes; `AT_ONCE` at a time, and of at most `ROOMS`."""
    free = asyncio.Semaphore(AT_ONCE)
    tasks = [asyncio.create_task(_read(fetch, room, free)) for room in rooms[:ROOMS]]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()


async def _read(fetch: Fetch, room: Room, free: asyncio.Semaphore) -> Reading:
    new = room.last_seq - (room.read_seq or 0)
    async with free:
        try:
            page = await fetch(room.id, min(max(new, 1), PAGE_MAX))
        except MeshError as error:
            return Reading(room, why=clean_line(error.message))
    return Reading(room, page.messages)
