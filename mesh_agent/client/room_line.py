"""One room of mine: as it is shown, up to where its log was told, and what comes next. No IO and no clock.

Strategy: a room's changes are numbered by `rev` without a gap, so this machine knows the last one that was
told, and takes the next one only. An older one is a duplicate and is dropped; a later one means that
something was lost, and the answer is to connect again and resume from what is known. A resume sends what has
changed, newest state only, and closes with `room.resumed`; until then the room is `resuming` and its `rev`
stays where it was, so that a line that breaks meanwhile loses nothing. What was told already in such a part
is remembered, and not told twice.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from msgspec.structs import replace

from mesh_agent.client.changes import MessagesHeld, RoomAdvanced, RoomHeld, RoomReset, RoomShown
from mesh_agent.client.outcome import Outcome
from mesh_agent.client.state import HistoryReset, MessageReceived
from protocol import limits
from protocol.events import RoomResumed, RoomState, RoomUpdated
from protocol.rest import EVERYONE, Message, Room

_MINE: Final = ("dm_with", "my_role", "read_seq", "unread", "mentions", "member_count")
"""Fields of a room that differ from member to member, and one that other events keep."""

TOLD_MAX: Final = 2 * limits.RESUME_MAX
"""Messages of one unfinished resume; a server that sends more does not keep to its own bound."""


@dataclass(slots=True)
class Line:
    """A room of the user `me`.

    Attributes:
        counted_rev: up to here the server itself has counted `room.unread`.
        told: `seq` to `rev` of what an unfinished resume has told already.
        resets: how often its numbering or its continuity was lost; tells a page asked for before from
            one asked for after.
    """

    me: str
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

    def is_others(self, message: Message) -> bool:
        return message.author.id != self.me

    def names_me(self, message: Message) -> bool:
        return self.me in message.mentions or EVERYONE in message.mentions

    # ── the room as the server describes it ──────────────────────────────────────────────────────

    def meet(self, state: RoomState, outcome: Outcome, *, resumed: bool) -> None:
        """The welcome of a new line tells of it; `resumed`: what has changed is to follow."""
        renumbered = bool(self.epoch) and self.epoch != state.epoch
        if renumbered or state.gap or state.rev < self.rev or not (resumed or state.rev == self.rev):
            self.reset(RoomHeld(state.room, state.epoch, state.rev, state.last_seq), outcome)
            return
        self.epoch = state.epoch
        self.phase = "resuming" if resumed else "live"
        self.counted_rev = state.rev
        self.show(state.room, outcome)

    def reset(self, held: RoomHeld, outcome: Outcome) -> None:
        """What came between is not held: begins anew from there."""
        self.room, self.epoch, self.rev, self.top_seq = held.room, held.epoch, held.rev, held.top_seq
        self.phase, self.counted_rev = "live", held.rev
        self.told.clear()
        self.resets += 1
        outcome.changes.append(RoomReset(held))
        outcome.events.append(HistoryReset(held.room.id))
        outcome.rooms = True

    def show(self, room: Room, outcome: Outcome) -> None:
        """It is shown otherwise; its log stays where it is."""
        self.room = room
        outcome.changes.append(RoomShown(room))
        outcome.rooms = True

    def finish_resume(self, event: RoomResumed, outcome: Outcome) -> bool:
        """All that has changed was told. False where the log ends before what is known: it begins anew."""
        if event.rev < self.rev:
            self.reset(RoomHeld(event.room, self.epoch, event.rev, event.last_seq), outcome)
            return False
        from_rev, self.rev, self.top_seq = self.rev, event.rev, event.last_seq
        self.phase, self.counted_rev = "live", event.rev
        self.told.clear()
        self.room = event.room
        outcome.changes.append(RoomAdvanced(self.held(), from_rev))
        outcome.rooms = True
        return True

    # ── one change after the other ───────────────────────────────────────────────────────────────

    def is_next(self, rev: int, outcome: Outcome) -> bool:
        """Whether `rev` is the change that comes next; if so, it has been told from here on."""
        if self.phase == "resuming" or rev <= self.rev:
            return False
        if rev > self.rev + 1:
            outcome.lost = True
            return False
        self.rev = rev
        return True

    def advance(self, room: Room, outcome: Outcome) -> None:
        """The change that came next has made `room` of it."""
        self.room = replace(room, rev=self.rev)
        outcome.changes.append(RoomAdvanced(self.held(), self.rev - 1))
        outcome.rooms = True

    def update(self, event: RoomUpdated, outcome: Outcome) -> None:
        """What all members see is the event's; what only I see stays."""
        if self.is_next(event.rev, outcome):
            mine = {name: getattr(self.room, name) for name in _MINE}
            self.advance(replace(event.room, **mine), outcome)

    def with_members(self, step: int) -> Room:
        """The room with so many members more."""
        count = self.room.member_count
        return self.room if count is None else replace(self.room, member_count=max(0, count + step))

    def take(self, message: Message, outcome: Outcome) -> None:
        """A message in a newer state, whether that is its first or not."""
        if self.phase == "resuming":
            self._take_resumed(message, outcome)
        elif self.is_next(message.rev, outcome):
            room = self._counted(message)
            self._hold(message, outcome)
            self.advance(room, outcome)

    def _take_resumed(self, message: Message, outcome: Outcome) -> None:
        if message.rev <= self.rev or self.told.get(message.seq) == message.rev:
            return
        if len(self.told) >= TOLD_MAX:
            outcome.lost = True
            return
        self.told[message.seq] = message.rev
        self._hold(message, outcome)

    def _hold(self, message: Message, outcome: Outcome) -> None:
        self.top_seq = max(self.top_seq, message.seq)
        outcome.changes.append(MessagesHeld(message.room_id, [message]))
        outcome.events.append(MessageReceived(message))

    def _counted(self, message: Message) -> Room:
        """The room with `message` counted, unless the server has counted it already."""
        room = self.room
        counts = (
            message.rev > self.counted_rev and message.seq > (room.read_seq or 0) and self.is_others(message)
        )
        new_to_me = counts and message.seq > self.top_seq
        gone = counts and message.deleted
        return replace(
            room,
            last_seq=max(room.last_seq, message.seq),
            unread=max(0, (room.unread or 0) + new_to_me - gone),
            mentions=(room.mentions or 0) + (new_to_me and self.names_me(message)),
        )
