"""What a node with others beside it tells its readers: each change of a room once, and in the order of `rev`.

    the bus ──> next in its room? ── yes ──> the hub
                     │ no: one is missing
                     └──> kept, for a moment: it may be on its way ── still missing ──> the log ──> the hub
    the clock ──> did a room that is read here go on? ──────────────────────────────────^

Strategy: the log is the truth, and the bus only says that there is something in it. For each room that a
connection of this node is in, the last `rev` that was told is kept. What comes next is told at once, what was
told is dropped, and what comes too early waits `OVERTAKEN_S` for what it has overtaken: two nodes that write
to one room commit in turns, and their messages race. What is missing then is read from the log.

The log keeps the present state of what changed, not each change. So of a `rev` that no message bears any
more, and of one that was no message's, the room as it is now is told; and whoever is in it is told then who
else is. Who came in or went out without a word on the bus is let in or put out by the same look.

A bus may lose the last word of a room, which no later one betrays, and a node may have no bus: so all rooms
that are read here are compared with the log now and then, and often while there is no line.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

from mesh_server.bus.base import (
    BusMessage,
    CameIn,
    Look,
    MessagesCreated,
    RoomChanged,
    RoomGone,
    numbers_of,
)
from mesh_server.hub import Hub, Listener
from mesh_server.ids import Clock
from mesh_server.services.views import member_view, message_view, room_view, shared_room_view
from mesh_server.store.base import Changes, ClusterStore, MessageStore, MyRoom, RoomStore
from protocol.errors import StorageUnavailable
from protocol.events import RoomDeleted, RoomJoined, RoomLeft, RoomResumed, RoomUpdated
from protocol.rest import Message, Presence

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
        self._store, self._hub, self._presence, self._clock = store, hub, presence, clock
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
        since = room.last
        until = min(room.wanted, since + STEP)
        changes = await self._store.messages.list_changes(room_id, since, until)
        views = {record.rev: message_view(record, nonce=True) for record in changes.messages}
        mine: dict[str, MyRoom] = {}
        if len(views) < until - since or self._hub.readers(room_id) - _ids(changes):
            mine = await self._mine(room_id, changes)
        self._put_out(room_id, changes)
        if not self._hub.is_read(room_id):
            self._forget(room_id)
            return
        if len(views) < until - since and not mine:
            return  # nobody of ours who could be told how it is
        was_missing = room.last < until  # or the bus has told all of it by now, and perhaps more
        self._tell_read(room_id, room, until, views, mine)
        for user_id, own in mine.items():
            if not self._hub.is_in(user_id, room_id):
                self._let_in_as(user_id, own, changes)
            elif was_missing:
                self._hub.resume(user_id, self._resumed(own, changes, until))
        self._tell_held(room_id, room)

    async def _mine(self, room_id: str, changes: Changes) -> dict[str, MyRoom]:
        """The room as each user of ours sees it who is a member."""
        found: dict[str, MyRoom] = {}
        for user_id in _ids(changes).intersection(self._hub.users()):
            own = await self._store.rooms.get_room(room_id, user_id)
            if own is not None and own.role is not None:
                found[user_id] = own
        return found

    def _put_out(self, room_id: str, changes: Changes) -> None:
        for user_id in self._hub.readers(room_id) - _ids(changes):
            self._hub.put_out(user_id, RoomLeft(room_id=room_id))

    def _tell_read(
        self, room_id: str, room: _Room, until: int, views: dict[int, Message], mine: dict[str, MyRoom]
    ) -> None:
        """Each `rev` once; the bus may have told some of them meanwhile."""
        shared = shared_room_view(next(iter(mine.values()))) if mine else None
        run: list[Message] = []
        for rev in range(room.last + 1, until + 1):
            view = views.get(rev)
            if view is not None:
                run.append(view)
            elif shared is not None:
                self._tell_run(room_id, room, run)
                run = []
                event = RoomUpdated(room_id=room_id, rev=rev, room=shared)
                self._tell(room_id, room, RoomChanged(room_id, rev, event, asked_by=""), rev)
            self.repaired += 1
        self._tell_run(room_id, room, run)

    def _tell_run(self, room_id: str, room: _Room, run: list[Message]) -> None:
        if run:
            self._tell(room_id, room, MessagesCreated(room_id=room_id, messages=run), run[-1].rev)

    def _let_in_as(self, user_id: str, own: MyRoom, changes: Changes) -> None:
        """So that what is told of the room next is what follows for them, too."""
        room_id, room = own.room.id, self._rooms.get(own.room.id)
        if room is not None and own.room.rev < room.last:
            self.look()  # the bus was quicker
            return
        joined = RoomJoined(
            room_id=room_id,
            room=room_view(own),
            members=[member_view(member, self._presence(member.user_id)) for member in changes.members],
            last_seq=own.room.last_seq,
            rev=own.room.rev if room is None else room.last,
        )
        self._hub.let_in(user_id, joined)
        if room is None and self._hub.is_read(room_id):
            self._follow(room_id, joined.rev)

    def _resumed(self, own: MyRoom, changes: Changes, rev: int) -> RoomResumed:
        members = [member_view(member, self._presence(member.user_id)) for member in changes.members]
        return RoomResumed(
            room_id=own.room.id,
            room=room_view(own),
            members=members,
            last_seq=own.room.last_seq,
            rev=rev,
        )

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
        cluster = self._store.cluster
        self.polls += 1
        self.on_poll(self._is_up())
        room_ids = list(self._hub.rooms())
        for room_id in self._rooms.keys() - set(room_ids):
            self._forget(room_id)
        heads = await cluster.list_revs(room_ids)
        for room_id in room_ids:
            room = self._rooms.get(room_id)
            if room_id not in heads:
                self._without_number(RoomGone(room_id=room_id, event=RoomDeleted(room_id=room_id)))
            elif room is not None and heads[room_id] > room.last:
                self._want(room_id, room, heads[room_id], after_s=OVERTAKEN_S)
        for room_id, user_id in await cluster.list_joined(self._hub.users(), self._since - SLACK_MS):
            if not self._hub.is_in(user_id, room_id):
                await self._let_in(room_id, user_id)
        for device_id in await cluster.list_revoked(self._hub.devices()):
            self._on_revoked(device_id)
        self._since = began

    async def _let_in(self, room_id: str, user_id: str) -> None:
        changes = await self._store.messages.list_changes(room_id, 0, 0)
        own = await self._store.rooms.get_room(room_id, user_id)
        if own is not None and own.role is not None:
            self._let_in_as(user_id, own, changes)


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


def _ids(changes: Changes) -> set[str]:
    return {member.user_id for member in changes.members}
