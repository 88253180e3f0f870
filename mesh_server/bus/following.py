"""What a node with others beside it tells its readers: each change of a room once, and in the order of `rev`.

    the bus ──> next in its room? ── yes ──> the hub
                     │ no: one is missing
                     └──> kept, for a moment: it may be on its way ── still missing ──> the log ──> the hub
    the clock ──> did a room that is read here go on? ──────────────────────────────────^

Strategy: the log is the truth, and the bus only says that there is something in it. For each room that a
connection of this node is in, the last `rev` that was told is kept. What comes next is told at once, what was
told is dropped, and what comes too early waits `OVERTAKEN_S` for what it has overtaken: two nodes that write
to one room commit in turns, and their messages race. What is missing then is read from the log (`missing`).
Who came in or went out without a word on the bus is let in or put out by the same look.

A bus may lose the last word of a room, which no later one betrays, and a node may have no bus: so all rooms
that are read here are compared with the log now and then, and often while there is no line.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

from mesh_server.bus.base import BusMessage, CameIn, Look, MessagesCreated, RoomGone, numbers_of
from mesh_server.bus.missing import Log, Missing
from mesh_server.hub import Hub, Listener
from mesh_server.ids import Clock
from mesh_server.store.base import ClusterStore, MessageStore, RoomStore
from protocol.errors import StorageUnavailable
from protocol.events import RoomDeleted, RoomLeft
from protocol.rest import Presence

log = logging.getLogger(__name__)

OVERTAKEN_S: Final = 0.05
"""How long what came too early waits for what it has overtaken."""

AGAIN_S: Final = 1.0
"""When a log that could not be read is read again."""

HELD_MAX: Final = 1_000
"""Messages of one room that wait; what comes beyond them is read from the log."""

STEP: Final = 500
"""Changes that one look at the log reads."""

READS: Final = 4
"""Looks at the log at the same time."""

SAFETY: Final = 10
"""While there is a line, a room is compared with the log so many times as seldom."""

SLACK_MS: Final = 60_000
"""How far the clocks of nodes may differ for who came in to be found."""


class LogStore(Protocol):
    """What of a store is read here."""

    @property
    def rooms(self) -> RoomStore: ...

    @property
    def messages(self) -> MessageStore: ...

    @property
    def cluster(self) -> ClusterStore: ...


class _Room:
    """`last`: the last `rev` that was told. `wanted`: up to where the log is known to go."""

    __slots__ = ("answers", "held", "last", "reading", "timer", "wanted")

    def __init__(self, last: int) -> None:
        self.last = self.wanted = last
        self.held: dict[int, BusMessage] = {}
        self.answers: list[tuple[int, Callable[[], None]]] = []
        self.timer: asyncio.TimerHandle | None = None
        self.reading = False


class Follower:
    """Stands between the bus and the hub.

    Args:
        poll_s: how often rooms are compared with the log while there is no line.
        is_up: whether there is a line.
        on_revoked: is given a device that is signed out, where nobody said so.

    Attributes:
        on_poll: called with whether there is a line, whenever everything is compared with the log.
        overtaken, repaired: messages that came too early; changes that were read from the log.
    """

    def __init__(
        self,
        store: LogStore,
        hub: Hub,
        *,
        presence: Callable[[str], Presence],
        clock: Clock,
        poll_s: float,
        is_up: Callable[[], bool] = lambda: False,
        on_revoked: Callable[[str], None] = lambda _device_id: None,
    ) -> None:
        self._cluster, self._hub, self._clock = store.cluster, hub, clock
        self._log = Log(store.messages, store.rooms, hub, presence)
        self._poll_s, self._is_up, self._on_revoked = poll_s, is_up, on_revoked
        self._rooms: dict[str, _Room] = {}
        self._look = asyncio.Event()
        self._reads: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(READS)
        self._since = 0
        self._passed: dict[str, int] = {}
        """The last `rev` that passed by of rooms that nobody reads; for who is about to."""

        self.overtaken = self.repaired = self.polls = 0
        self.on_poll: Callable[[bool], None] = lambda _is_up: None
        hub.on_open = self._opened

    def look(self) -> None:
        """Something may have been missed: compares everything with the log, soon."""
        self._look.set()

    def in_turn(self, room_id: str, rev: int, answer: Callable[[], None]) -> None:
        """Answers who made the change `rev`, who hears of it in no other way, once all before it is told."""
        room = self._rooms.get(room_id)
        if room is None or rev <= room.last or len(room.answers) >= HELD_MAX:
            answer()
        else:
            room.answers.append((rev, answer))

    # ── from the bus ─────────────────────────────────────────────────────────────────────────────

    def on_bus(self, message: BusMessage) -> None:
        numbers = numbers_of(message)
        if numbers is None:
            self._without_number(message)
            return
        room_id, first, last = numbers
        room = self._rooms.get(room_id)
        if room is None:
            self._pass_by(room_id, message, last)
        elif first > room.last + 1:
            self._hold(room_id, room, message, first, last)
        elif last > room.last:
            self._tell(room_id, room, message, last)
            self._tell_held(room_id, room)

    def _pass_by(self, room_id: str, message: BusMessage, last: int) -> None:
        self._hub.pass_by(message)
        if self._hub.is_read(room_id):
            self._follow(room_id, last)
        elif self._hub.is_listening:
            self._passed[room_id] = max(last, self._passed.get(room_id, 0))
        else:
            self._passed.clear()

    def _follow(self, room_id: str, rev: int) -> None:
        """From there on, whatever has passed by since is told of the log."""
        room = self._rooms[room_id] = _Room(rev)
        passed = self._passed.get(room_id, 0)
        if passed > rev:
            self._want(room_id, room, passed, after_s=0.0)

    async def in_step(self, listener: Listener, revs: dict[str, int]) -> bool:
        """Before a connection is live: what was told here goes as far as its snapshot, and on from there.

        So it hears the next change of each room next. False where changes after its snapshot were told before
        it listened to that room: then it needs another snapshot.
        """
        listener.expects = frozenset(revs)
        for room_id, rev in revs.items():
            while (room := self._rooms.get(room_id)) is not None and room.last < rev:
                self._want(room_id, room, rev, after_s=OVERTAKEN_S)
                told = asyncio.Event()
                self.in_turn(room_id, rev, told.set)
                await told.wait()
                if room.last < rev:  # too many wait for that
                    await asyncio.sleep(OVERTAKEN_S)
        for room_id, rev in revs.items():
            room = self._rooms.get(room_id)
            if room is not None and room.last > rev and _oldest_heard(listener, room_id, room.last) > rev + 1:
                return False
        for room_id in revs.keys() - self._rooms.keys():
            self._follow(room_id, _newest_heard(listener, room_id, revs[room_id]))
        return True

    def _without_number(self, message: BusMessage) -> None:
        if isinstance(message, Look):
            room = self._rooms.get(message.room_id)
            if room is None:
                self.look()  # somebody of ours may have come into that room
            elif message.rev > room.last:
                self._want(message.room_id, room, message.rev, after_s=0.0)
            return
        self._hub.on_bus(message)
        if isinstance(message, RoomGone):
            self._forget(message.room_id)

    def _tell(self, room_id: str, room: _Room, message: BusMessage, last: int) -> None:
        """Whatever of it was told already is left out."""
        if isinstance(message, MessagesCreated) and message.messages[0].rev <= room.last:
            rest = [one for one in message.messages if one.rev > room.last]
            message = MessagesCreated(room_id=room_id, messages=rest)
        room.last, room.wanted = last, max(room.wanted, last)
        self._hub.on_bus(message)
        if room.answers:
            self._answer(room, last)
        if not self._hub.is_read(room_id):
            self._forget(room_id)

    @staticmethod
    def _answer(room: _Room, upto: float) -> None:
        answers, room.answers = room.answers, [one for one in room.answers if one[0] > upto]
        for rev, answer in answers:
            if rev <= upto:
                answer()

    def _hold(self, room_id: str, room: _Room, message: BusMessage, first: int, last: int) -> None:
        self.overtaken += 1
        if len(room.held) < HELD_MAX:
            room.held[first] = message
        self._want(room_id, room, last, after_s=OVERTAKEN_S)

    def _tell_held(self, room_id: str, room: _Room) -> None:
        for first in sorted(room.held):
            if first > room.last + 1:
                break
            message = room.held.pop(first)
            numbers = numbers_of(message)
            if numbers is not None and numbers[2] > room.last:
                self._tell(room_id, room, message, numbers[2])
        if room.wanted <= room.last and room.timer is not None:
            room.timer.cancel()
            room.timer = None

    def _forget(self, room_id: str) -> None:
        room = self._rooms.pop(room_id, None)
        if room is not None:
            self._answer(room, math.inf)
            if room.timer is not None:
                room.timer.cancel()

    def _opened(self, heard: list[BusMessage]) -> None:
        """A connection is live: a room that it has come into meanwhile is followed from there."""
        for message in heard:
            if isinstance(message, CameIn):
                room_id = message.joined.room_id
                if room_id not in self._rooms and self._hub.is_read(room_id):
                    self._follow(room_id, message.joined.rev)

    # ── from the log ─────────────────────────────────────────────────────────────────────────────

    def _want(self, room_id: str, room: _Room, rev: int, *, after_s: float) -> None:
        """The log goes up to `rev`; it is read unless the bus has told all of it by then."""
        room.wanted = max(room.wanted, rev)
        if room.timer is None and not room.reading:
            loop = asyncio.get_running_loop()
            room.timer = loop.call_later(after_s, self._begin_read, room_id, room)

    def _begin_read(self, room_id: str, room: _Room) -> None:
        room.timer = None
        if room.wanted <= room.last or self._rooms.get(room_id) is not room:
            return
        room.reading = True
        task = asyncio.get_running_loop().create_task(self._read(room_id, room))
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)

    async def _read(self, room_id: str, room: _Room) -> None:
        """Tells what is missing, a step at a time, and then what waited for it."""
        after_s = 0.0
        try:
            async with self._turn:
                if not self._hub.is_read(room_id):
                    self._forget(room_id)
                elif room.wanted > room.last:
                    await self._step(room_id, room)
        except StorageUnavailable:  # logged where it happened
            after_s = AGAIN_S
        except Exception:
            log.exception("a room could not be read anew")
            after_s = AGAIN_S
        finally:
            room.reading = False
        if room.wanted > room.last and self._rooms.get(room_id) is room:
            self._want(room_id, room, room.wanted, after_s=after_s)

    async def _step(self, room_id: str, room: _Room) -> None:
        until = min(room.wanted, room.last + STEP)
        found = await self._log.read(room_id, room.last, until)
        for user_id in self._hub.readers(room_id) - found.members:
            self._hub.put_out(user_id, RoomLeft(room_id=room_id))
        if not self._hub.is_read(room_id):
            self._forget(room_id)
            return
        if not found.can_be_told:
            return
        was_missing = room.last < until  # or the bus has told all of it by now, and perhaps more
        self.repaired += max(0, until - room.last)
        for message, last in found.tellings(room.last):
            self._tell(room_id, room, message, last)
        for user_id in found.mine:
            if not self._hub.is_in(user_id, room_id):
                self._let_in_as(room_id, user_id, found)
            elif was_missing:
                self._hub.resume(user_id, found.resumed(user_id))
        self._tell_held(room_id, room)

    def _let_in_as(self, room_id: str, user_id: str, found: Missing) -> None:
        """So that what is told of the room next is what follows for them, too."""
        room = self._rooms.get(room_id)
        if room is not None and found.mine[user_id].room.rev < room.last:
            self.look()  # the bus was quicker
            return
        joined = found.joined(user_id, None if room is None else room.last)
        self._hub.let_in(user_id, joined)
        if room is None and self._hub.is_read(room_id):
            self._follow(room_id, joined.rev)

    # ── now and then ─────────────────────────────────────────────────────────────────────────────

    async def keep(self) -> NoReturn:
        """For ever."""
        self._since = self._clock() - SLACK_MS
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):  # `wait_for` may lose that it was cancelled
                    await self._look.wait()
            if not (self._look.is_set() or not self._is_up() or loop.time() >= due):
                continue
            self._look.clear()
            due = loop.time() + SAFETY * self._poll_s
            try:
                await self.poll()
            except StorageUnavailable:  # logged where it happened
                self._look.set()
                await asyncio.sleep(self._poll_s)
            except Exception:
                log.exception("rooms could not be compared with the log")

    async def poll(self) -> None:
        """Compares everything that is read here with the log."""
        began = self._clock()
        self.polls += 1
        self.on_poll(self._is_up())
        room_ids = list(self._hub.rooms())
        for room_id in self._rooms.keys() - set(room_ids):
            self._forget(room_id)
        heads = await self._cluster.list_revs(room_ids)
        for room_id in room_ids:
            room = self._rooms.get(room_id)
            if room_id not in heads:
                self._without_number(RoomGone(room_id=room_id, event=RoomDeleted(room_id=room_id)))
            elif room is not None and heads[room_id] > room.last:
                self._want(room_id, room, heads[room_id], after_s=OVERTAKEN_S)
        for room_id, user_id in await self._cluster.list_joined(self._hub.users(), self._since - SLACK_MS):
            if not self._hub.is_in(user_id, room_id):
                await self._let_in(room_id, user_id)
        for device_id in await self._cluster.list_revoked(self._hub.devices()):
            self._on_revoked(device_id)
        self._since = began

    async def _let_in(self, room_id: str, user_id: str) -> None:
        found = await self._log.read_room(room_id, user_id)
        if user_id in found.mine:
            self._let_in_as(room_id, user_id, found)


def _newest_heard(listener: Listener, room_id: str, rev: int) -> int:
    """The `rev` up to which everything after that one was heard."""
    for message in listener.heard:
        numbers = numbers_of(message)
        if numbers is not None and numbers[0] == room_id and numbers[1] <= rev + 1:
            rev = max(rev, numbers[2])
    return rev


def _oldest_heard(listener: Listener, room_id: str, last: int) -> int:
    """The `rev` from which on everything up to `last` was heard; the one after it where nothing was."""
    oldest = last + 1
    for message in reversed(listener.heard):
        numbers = numbers_of(message)
        if numbers is not None and numbers[0] == room_id:
            if numbers[2] != oldest - 1:
                break
            oldest = numbers[1]
    return oldest
