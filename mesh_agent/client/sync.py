"""My rooms, and what each arrival makes of them. No IO and no clock.

Strategy: each room has a `Line`, which knows up to where its log was told and what comes next. Here is which
rooms there are, in which order, and who is in them: an event is handed to the line of its room, and what it
says of members to the roster.

What the machine answers with is an `Outcome`; doing that is the caller's.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from mesh_agent.client.changes import (
    MemberPut,
    MemberRemoved,
    MemberRole,
    MembersHeld,
    RoomEntered,
    RoomHeld,
    RoomRemoved,
)
from mesh_agent.client.outcome import Outcome
from mesh_agent.client.room_line import Line
from mesh_agent.client.roster import Roster, member_of
from mesh_agent.client.state import MembersChanged, RoomGone
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
    RoomUpdated,
    ServerToClient,
    Welcome,
)
from protocol.rest import Room

MessageEvent = MessageCreated | MessageEdited | MessageDeleted | MessagePinned | ReactionUpdated

MemberEvent = MemberJoined | MemberLeft | MemberChanged

ROOMS_MAX: Final = 5_000
"""Rooms of one account; what a server sends past that is not taken in."""

RESUME_BYTES: Final = limits.FRAME_BYTES - 8 * 1024
"""What `resume` may take up in the frame of `system.hello`."""


class Sync:
    """The rooms of the user `me`."""

    def __init__(self, me: str, held: Iterable[RoomHeld], roster: Roster) -> None:
        self._me = me
        self._roster = roster
        self._epoch = ""
        """The numbering of the whole server, as the last welcome told it; empty where it told of no room."""

        self._lines = {room.room.id: Line(me, room.room, room.epoch, room.rev, room.top_seq) for room in held}
        self._since_hello: set[str] = set()
        """Rooms entered after the hello was written: its welcome may have been made before that."""

        self._sorted: list[Room] | None = None
        self._handlers: dict[type, Callable[[Any, Outcome], None]] = {
            MessageCreated: self._take,
            MessageEdited: self._take,
            MessageDeleted: self._take,
            MessagePinned: self._take,
            ReactionUpdated: self._take,
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
                line.meet(state, outcome, resumed=room_id in named)
        return self._done(outcome)

    def apply(self, event: ServerToClient) -> Outcome:
        """Anything else; what does not concern rooms changes nothing."""
        outcome = Outcome()
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, outcome)
        return self._done(outcome)

    def entered(self, room: Room) -> Outcome:
        """The server has answered a create or a join with `room`."""
        outcome = Outcome()
        if room.id not in self._lines:
            self._enter(room, self._epoch, room.rev, outcome)
            self._since_hello.add(room.id)
        return self._done(outcome)

    def left(self, room_id: str) -> Outcome:
        """The room is no longer mine."""
        outcome = Outcome()
        if room_id in self._lines:
            self._drop(room_id, outcome)
        return self._done(outcome)

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
                line.show(room, outcome)
        return self._done(outcome)

    def read(self, room_id: str, seq: int, unread: int, mentions: int) -> Outcome:
        """I have read up to `seq`; past it so many are unread, and so many of them name me."""
        outcome = Outcome()
        line = self._lines.get(room_id)
        if line is not None and seq > (line.room.read_seq or 0):
            line.show(replace(line.room, read_seq=seq, unread=unread, mentions=mentions), outcome)
        return self._done(outcome)

    def _done(self, outcome: Outcome) -> Outcome:
        if outcome.rooms:
            self._sorted = None
        return outcome

    # ── rooms that come and go ───────────────────────────────────────────────────────────────────

    def _enter(self, room: Room, epoch: str, rev: int, outcome: Outcome) -> None:
        if len(self._lines) >= ROOMS_MAX:
            return
        line = Line(self._me, room, epoch, rev, room.last_seq, counted_rev=rev)
        self._lines[room.id] = line
        outcome.changes.append(RoomEntered(line.held()))
        outcome.rooms = True

    def _drop(self, room_id: str, outcome: Outcome) -> None:
        del self._lines[room_id]
        self._roster.forget(room_id)
        outcome.changes.append(RoomRemoved(room_id))
        outcome.events.append(RoomGone(room_id))
        outcome.rooms = True

    # ── what `apply` does with each ──────────────────────────────────────────────────────────────────

    def _take(self, event: MessageEvent, outcome: Outcome) -> None:
        line = self._lines.get(event.message.room_id)
        if line is not None:
            line.take(event.message, outcome)

    def _resumed(self, event: RoomResumed, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is not None and line.finish_resume(event, outcome):
            self._hold_members(event, outcome)

    def _joined(self, event: RoomJoined, outcome: Outcome) -> None:
        """I have joined, by another connection of mine or by a call."""
        line = self._lines.get(event.room_id)
        if line is None:
            self._enter(event.room, self._epoch, event.rev, outcome)
            self._hold_members(event, outcome)
        elif event.rev > line.rev and line.phase == "live":
            # Left and joined again without our hearing of it: what came between is not held.
            line.reset(RoomHeld(event.room, line.epoch, event.rev, event.last_seq), outcome)
            self._hold_members(event, outcome)

    def _updated(self, event: RoomUpdated, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is not None:
            line.update(event, outcome)

    def _left(self, event: RoomLeft | RoomDeleted, outcome: Outcome) -> None:
        if event.room_id in self._lines:
            self._drop(event.room_id, outcome)

    def _member_joined(self, event: MemberJoined, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None or not line.is_next(event.rev, outcome):
            return
        outcome.changes.append(MemberPut(event.room_id, event.rev, member_of(event)))
        line.advance(line.with_members(+1), outcome)
        self._tell_change(event, outcome)

    def _member_left(self, event: MemberLeft, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None or not line.is_next(event.rev, outcome):
            return
        if event.user_id == self._me:
            self._drop(event.room_id, outcome)
            return
        room = line.with_members(-1)
        if event.new_owner == self._me:
            room = replace(room, my_role="owner")
        outcome.changes.append(MemberRemoved(event.room_id, event.rev, event.user_id, event.new_owner))
        line.advance(room, outcome)
        self._tell_change(event, outcome)

    def _member_changed(self, event: MemberChanged, outcome: Outcome) -> None:
        line = self._lines.get(event.room_id)
        if line is None or not line.is_next(event.rev, outcome):
            return
        mine = event.user_id == self._me
        room = replace(line.room, my_role=event.role) if mine else line.room
        outcome.changes.append(MemberRole(event.room_id, event.rev, event.user_id, event.role))
        line.advance(room, outcome)
        self._tell_change(event, outcome)

    def _presence(self, event: PresenceChanged, outcome: Outcome) -> None:
        for room_id in self._roster.presence(event):
            self._tell_members(room_id, outcome)

    def _read_by(self, event: ReadMarked, outcome: Outcome) -> None:
        """Where a room shows how far the others have read."""
        if event.user_id != self._me:
            self._tell_change(event, outcome)

    # ── parts of them ────────────────────────────────────────────────────────────────────────────

    def _tell_change(self, event: MemberEvent | ReadMarked, outcome: Outcome) -> None:
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
