"""The state of my rooms, and what each arrival makes of it. No IO and no clock.

Strategy: a room's changes are numbered by `rev` without a gap, so this machine knows for each room the
last one that was told, and takes the next one only. An older one is a duplicate and is dropped; a later
one means that something was lost, and the answer is to connect again and resume from what is known. A
resume sends what has changed, newest state only, and closes with `room.resumed`; until then the room is
`resuming` and its `rev` stays where it was, so that a line that breaks meanwhile loses nothing. What
was told already in such a part is remembered, and not told twice.

What the machine answers with is an `Outcome`: changes for the cache, events for whoever looks on, and
whether to connect again. Doing all that is the caller's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from msgspec.structs import replace

from mesh_agent.client.changes import (
    Change,
    MemberPut,
    MemberRemoved,
    MemberRole,
    MembersHeld,
    MessagesHeld,
    RoomAdvanced,
    RoomEntered,
    RoomHeld,
    RoomRemoved,
    RoomReset,
    RoomShown,
)
from mesh_agent.client.roster import Roster, member_of
from mesh_agent.client.state import AgentEvent, HistoryReset, MembersChanged, MessageReceived, RoomGone
from protocol import limits
from protocol.events import (
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MessageCreated,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    PresenceChanged,
    ReactionUpdated,
    ReadMarked,
    RoomDeleted,
    RoomJoined,
    RoomLeft,
    RoomResumed,
    RoomState,
    RoomUpdated,
    ServerToClient,
    Welcome,
)
from protocol.rest import EVERYONE, Message, Room

MessageChange = MessageEdited | MessageDeleted | MessagePinned | ReactionUpdated

MemberEvent = MemberJoined | MemberLeft | MemberChanged

_MINE: Final = ("dm_with", "my_role", "read_seq", "unread", "mentions", "member_count")
"""Fields of a room that differ from member to member, and one that other events keep."""

ROOMS_MAX: Final = 5_000
"""Rooms of one account; what a server sends past that is not taken in."""

RESUME_BYTES: Final = limits.FRAME_BYTES - 8 * 1024
"""What `resume` may take up in the frame of `system.hello`."""

TOLD_MAX: Final = 2 * limits.RESUME_MAX
"""Messages of one unfinished resume; a server that sends more does not keep to its own bound."""


@dataclass(slots=True)
class Outcome:
    """What follows from an arrival.

    Attributes:
        rooms: whether the list of rooms, or what is shown in it, has changed.
        lost: a change is missing: connect again and resume.
    """

    changes: list[Change] = field(default_factory=list)
    events: list[AgentEvent] = field(default_factory=list)
    rooms: bool = False
    lost: bool = False


@dataclass(slots=True)
class Line:
    """One room: as it is shown, and up to where its log was told.

    Attributes:
        counted_rev: up to here the server itself has counted `room.unread`.
        told: `seq` to `rev` of what an unfinished resume has told already.
        resets: how often its numbering or its continuity was lost; tells a page asked for before from
            one asked for after.
    """

    room: Room
    epoch: str
    rev: int
    top_seq: int
    phase: Literal["live", "resuming"] = "live"
    counted_rev: int = 0
    told: dict[int, int] = field(default_factory=dict)
    resets: int = 0

    def held(self) -> RoomHeld:
        return RoomHeld(self.room, self.epoch, self.rev, self.top_seq)

    def has_told(self, seq: int, rev: int) -> bool:
        """Whether the message `seq`, made by `rev`, has been told."""
        return rev <= self.rev or seq in self.told


class Sync:
    """The rooms of the user `me`."""

    def __init__(self, me: str, held: Iterable[RoomHeld], roster: Roster) -> None:
        self._me = me
        self._roster = roster
        self._epoch = ""
        """The numbering of the whole server, as the last welcome told it; empty where it told of no room."""

        self._lines = {room.room.id: Line(room.room, room.epoch, room.rev, room.top_seq) for room in held}
        self._since_hello: set[str] = set()
        """Rooms entered after the hello was written: its welcome may have been made before that."""

        self._sorted: list[Room] | None = None
        self._handlers: dict[type, Callable[[Any, Outcome], None]] = {
            MessageCreated: self._created,
            MessageEdited: self._changed,
            MessageDeleted: self._changed,
            MessagePinned: self._changed,
            ReactionUpdated: self._changed,
            RoomResumed: self._resumed,
            RoomJoined: self._joined,
            RoomUpdated: self._updated,
            RoomDeleted: self._left,
            RoomLeft: self._left,
            MemberJoined: self._member_joined,
            MemberLeft: self._member_left,
            MemberChanged: self._member_changed,
            PresenceChanged: self._presence,
            ReadMarked: self._read_by,
        }

    # ── asking ───────────────────────────────────────────────────────────────────────────────────

    def rooms(self) -> list[Room]:
        """My rooms by name."""
        if self._sorted is None:
            rooms = (line.room for line in self._lines.values())
            self._sorted = sorted(rooms, key=lambda room: (room.name.casefold(), room.id))
        return list(self._sorted)

    def line(self, room_id: str) -> Line | None:
        return self._lines.get(room_id)

    def resume(self) -> dict[str, int]:
        """What `system.hello` asks for: the rooms, each with the last `rev` told, as many as fit."""
        named: dict[str, int] = {}
        self._since_hello.clear()
        size = 0
        for room_id, line in self._lines.items():
            size += len(room_id) + 16
            if size > RESUME_BYTES or len(named) == limits.RESUME_ROOMS:
                break
            named[room_id] = line.rev
        return named

    def is_settled(self, room_id: str) -> bool:
        """Whether no resume of the room is under way."""
        line = self._lines.get(room_id)
        return line is None or line.phase == "live"

    def is_others(self, message: Message) -> bool:
        return message.author.id != self._me

    def names_me(self, message: Message) -> bool:
        return self._me in message.mentions or EVERYONE in message.mentions

    # ── what arrives ─────────────────────────────────────────────────────────────────────────────

    def welcome(self, welcome: Welcome, named: Mapping[str, int]) -> Outcome:
        """The line is up; `named` is what its hello asked to resume."""
        outcome = Outcome(rooms=True)
        states = {state.room_id: state for state in welcome.rooms[:ROOMS_MAX]}
        self._epoch = welcome.epoch or next((state.epoch for state in states.values()), "")
        known = states.keys() | self._since_hello
        for room_id in [room_id for room_id in self._lines if room_id not in known]:
            self._drop(room_id, outcome)
        for room_id, state in states.items():
            line = self._lines.get(room_id)
            if line is None:
                self._enter(state.room, state.epoch, state.rev, outcome)
            else:
                self._meet(line, state, room_id in named, outcome)
        self._sorted = None
        return outcome

    def apply(self, event: ServerToClient) -> Outcome:
        """Anything else; what does not concern rooms changes nothing."""
        outcome = Outcome()
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, outcome)
        if outcome.rooms:
            self._sorted = None
        return outcome

    def entered(self, room: Room) -> Outcome:
        """The server has answered a create or a join with `room`."""
        outcome = Outcome()
        if room.id not in self._lines:
            self._enter(room, self._epoch, room.rev, outcome)
            self._since_hello.add(room.id)
        self._sorted = None
        return outcome

    def left(self, room_id: str) -> Outcome:
        """The room is no longer mine."""
        outcome = Outcome()
        if room_id in self._lines:
            self._drop(room_id, outcome)
        return outcome

    def listed(self, rooms: Iterable[Room]) -> Outcome:
        """The server has listed my rooms while no line is up; `rev` stays where it was."""
        outcome = Outcome(rooms=True)
        present = {room.id: room for room in rooms}
        for room_id in [room_id for room_id in self._lines if room_id not in present]:
            self._drop(room_id, outcome)
        for room_id, room in present.items():
            line = self._lines.get(room_id)
            if line is None:
                self._enter(room, "", room.rev, outcome)
            else:
                line.counted_rev = max(line.counted_rev, room.rev)
                self._show(line, room, outcome)
        self._sorted = None
        return outcome

    def read(self, room_id: str, seq: int, unread: int, mentions: int) -> Outcome:
        """I have read up to `seq`; past it so many are unread, and so many of them name me."""
        outcome = Outcome()
        line = self._lines.get(room_id)
        if line is not None and seq > (line.room.read_seq or 0):
            self._show(line, replace(line.room, read_seq=seq, unread=unread, mentions=mentions), outcome)
        return outcome

    # ── rooms that come and go ───────────────────────────────────────────────────────────────────

    def _meet(self, line: Line, state: RoomState, resumed: bool, outcome: Outcome) -> None:
        """A room that was known before, as the server now describes it."""
        renumbered = bool(line.epoch) and line.epoch != state.epoch
        if renumbered or state.gap or state.rev < line.rev or not (resumed or state.rev == line.rev):
            self._reset(line, RoomHeld(state.room, state.epoch, state.rev, state.last_seq), outcome)
            return
        line.epoch = state.epoch
        line.phase = "resuming" if resumed else "live"
        line.counted_rev = state.rev
        self._show(line, state.room, outcome)

    def _reset(self, line: Line, held: RoomHeld, outcome: Outcome) -> None:
        line.room, line.epoch, line.rev, line.top_seq = held.room, held.epoch, held.rev, held.top_seq
        line.phase, line.counted_rev = "live", held.rev
        line.told.clear()
        line.resets += 1
        outcome.changes.append(RoomReset(held))
        outcome.events.append(HistoryReset(held.room.id))
        outcome.rooms = True

    def _enter(self, room: Room, epoch: str, rev: int, outcome: Outcome) -> None:
        if len(self._lines) >= ROOMS_MAX:
            return
        line = Line(room, epoch, rev, room.last_seq, counted_rev=rev)
        self._lines[room.id] = line
        outcome.changes.append(RoomEntered(line.held()))
        outcome.rooms = True

    def _drop(self, room_id: str, outcome: Outcome) -> None:
        del self._lines[room_id]
        self._sorted = None
        self._roster.forget(room_id)
        outcome.changes.append(RoomRemoved(room_id))
        outcome.events.append(RoomGone(room_id))
        outcome.rooms = True

    def _show(self, line: Line, room: Room, outcome: Outcome) -> None:
        line.room = room
        outcome.changes.append(RoomShown(room))
        outcome.rooms = True
        self._sorted = None

    # ── what `apply` does with each ──────────────────────────────────────────────────────────────────

    def _created(self, event: MessageCreated, outcome: Outcome) -> None:
        self._take(event.message, outcome)

    def _changed(self, event: MessageChange, outcome: Outcome) -> None:
        """A message that was there before is another one now."""
        self._take(event.message, outcome)

    def _take(self, message: Message, outcome: Outcome) -> None:
        """A message in a newer state, whether that is its first or not."""
        line = self._lines.get(message.room_id)
        if line is None:
            return
        if line.phase == "live":
            if self._next(line, message.rev, outcome):
                line.room = self._counted(line, message)
                line.top_seq = max(line.top_seq, message.seq)
                outcome.changes.append(MessagesHeld(message.room_id, [message]))
                outcome.changes.append(RoomAdvanced(line.held(), message.rev - 1))
                outcome.events.append(MessageReceived(message))
                outcome.rooms = True
            return
        if message.rev <= line.rev or line.told.get(message.seq) == message.rev:
            return
        if len(line.told) >= TOLD_MAX:
            outcome.lost = True
            return
        line.told[message.seq] = message.rev
        line.top_seq = max(line.top_seq, message.seq)
        outcome.changes.append(MessagesHeld(message.room_id, [message]))
        outcome.events.append(MessageReceived(message))

    def _resumed(self, event: RoomResumed, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None:
            return
        if event.rev < line.rev:
            self._reset(line, RoomHeld(event.room, line.epoch, event.rev, event.last_seq), outcome)
            return
        from_rev, line.rev, line.top_seq = line.rev, event.rev, event.last_seq
        line.phase, line.counted_rev = "live", event.rev
        line.told.clear()
        line.room = event.room
        outcome.changes.append(RoomAdvanced(line.held(), from_rev))
        self._hold_members(event, outcome)
        outcome.rooms = True

    def _joined(self, event: RoomJoined, outcome: Outcome) -> None:
        """I have joined, by another connection of mine or by a call."""
        line = self._lines.get(event.room_id)
        if line is None:
            self._enter(event.room, self._epoch, event.rev, outcome)
            self._hold_members(event, outcome)
        elif event.rev > line.rev and line.phase == "live":
            # Left and joined again without our hearing of it: what came between is not held.
            self._reset(line, RoomHeld(event.room, line.epoch, event.rev, event.last_seq), outcome)
            self._hold_members(event, outcome)

    def _updated(self, event: RoomUpdated, outcome: Outcome) -> None:
        """What all members see is the event's; what only I see stays."""
        line = self._lines.get(event.room_id)
        if line is None or not self._next(line, event.rev, outcome):
            return
        mine = {name: getattr(line.room, name) for name in _MINE}
        line.room = replace(event.room, rev=event.rev, **mine)
        outcome.changes.append(RoomAdvanced(line.held(), event.rev - 1))
        outcome.rooms = True

    def _left(self, event: RoomLeft | RoomDeleted, outcome: Outcome) -> None:
        if event.room_id in self._lines:
            self._drop(event.room_id, outcome)

    def _member_joined(self, event: MemberJoined, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None or not self._next(line, event.rev, outcome):
            return
        self._count_members(line, +1)
        outcome.changes.append(MemberPut(event.room_id, event.rev, member_of(event)))
        self._member_change(line, event, outcome)

    def _member_left(self, event: MemberLeft, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None or not self._next(line, event.rev, outcome):
            return
        if event.user_id == self._me:
            self._drop(event.room_id, outcome)
            return
        self._count_members(line, -1)
        if event.new_owner == self._me:
            line.room = replace(line.room, my_role="owner")
        outcome.changes.append(MemberRemoved(event.room_id, event.rev, event.user_id, event.new_owner))
        self._member_change(line, event, outcome)

    def _member_changed(self, event: MemberChanged, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None or not self._next(line, event.rev, outcome):
            return
        if event.user_id == self._me:
            line.room = replace(line.room, my_role=event.role)
        outcome.changes.append(MemberRole(event.room_id, event.rev, event.user_id, event.role))
        self._member_change(line, event, outcome)

    def _presence(self, event: PresenceChanged, outcome: Outcome) -> None:
        for room_id in self._roster.presence(event):
            self._tell_members(room_id, outcome)

    def _read_by(self, event: ReadMarked, outcome: Outcome) -> None:
        """Where a room shows how far the others have read."""
        if event.user_id != self._me and self._roster.changed(event.room_id, event):
            self._tell_members(event.room_id, outcome)

    # ── parts of them ────────────────────────────────────────────────────────────────────────────

    def _next(self, line: Line, rev: int, outcome: Outcome) -> bool:
        """Whether `rev` is the change that comes next; if so, it has been told from here on."""
        if line.phase == "resuming" or rev <= line.rev:
            return False
        if rev > line.rev + 1:
            outcome.lost = True
            return False
        line.rev = rev
        return True

    def _counted(self, line: Line, message: Message) -> Room:
        """The room with `message` counted, unless the server has counted it already."""
        room = line.room
        new_to_me = (
            message.rev > line.counted_rev
            and message.seq > (room.read_seq or 0)
            and message.seq > line.top_seq
            and self.is_others(message)
        )
        gone = (
            message.deleted
            and message.rev > line.counted_rev
            and message.seq > (room.read_seq or 0)
            and self.is_others(message)
        )
        return replace(
            room,
            last_seq=max(room.last_seq, message.seq),
            rev=message.rev,
            unread=max(0, (room.unread or 0) + new_to_me - gone),
            mentions=(room.mentions or 0) + (new_to_me and self.names_me(message)),
        )

    @staticmethod
    def _count_members(line: Line, step: int) -> None:
        count = line.room.member_count
        if count is not None:
            line.room = replace(line.room, member_count=max(0, count + step))

    def _member_change(self, line: Line, event: MemberEvent, outcome: Outcome) -> None:
        line.room = replace(line.room, rev=event.rev)
        outcome.changes.append(RoomAdvanced(line.held(), event.rev - 1))
        outcome.rooms = True
        if self._roster.changed(event.room_id, event):
            self._tell_members(event.room_id, outcome)

    def _hold_members(self, event: RoomJoined | RoomResumed, outcome: Outcome) -> None:
        outcome.changes.append(MembersHeld(event.room_id, event.rev, event.members))
        if self._roster.renew(event.room_id, event.members):
            self._tell_members(event.room_id, outcome)

    def _tell_members(self, room_id: str, outcome: Outcome) -> None:
        members = self._roster.members(room_id)
        if members is not None:
            outcome.events.append(MembersChanged(room_id, members))
