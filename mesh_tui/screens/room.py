"""A room: its messages, its people, and a place to write.

Strategy: one screen for all rooms. Going to another one swaps what this screen shows, which costs about 22 ms
of the processor, where a new screen cost 63 and more. What belongs to one visit (timeline, marks, aim) is
made anew, and what is still under way for the room that was left finds that it is elsewhere. What the agent
tells comes in here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from mesh_agent.calls.state import CallChanged, CallRinging
from mesh_agent.client.state import (
    Connected,
    ConnectionChanged,
    EventsDropped,
    HistoryReset,
    MembersChanged,
    MessageReceived,
    OutgoingChanged,
    OutgoingDiscarded,
    RoomGone,
    RoomsChanged,
    TypingSeen,
    Waiting,
)
from mesh_agent.sharing.state import TransferChanged
from mesh_agent.spans import show_span
from mesh_agent.terminal.announcing import seen
from mesh_tui import actions
from mesh_tui.layout.cells import Fragment, clip, paintable
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import Handlers
from mesh_tui.screens.offering import Offering
from mesh_tui.settings import Settings
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.beside import Beside
from mesh_tui.widgets.cards import Cards
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.keybar import KeyBar
from mesh_tui.widgets.notice import Notice
from mesh_tui.widgets.offers import Offers
from mesh_tui.widgets.participants import Participants
from mesh_tui.widgets.rooms import RoomsPane
from mesh_tui.widgets.status import StatusLine
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.rest import Member, Message, Room

TYPING_S: Final = 5.0
"""How long someone is said to be typing after the last sign of it."""


class RoomScreen(Offering):
    """The room that is open; it opens at the message `at`, if that is given."""

    HERE = ("composer", "room", "selected", "unsent", "reading")
    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings("room"),
        *actions.bindings("rooms"),
        *actions.bindings("everywhere"),
    ]

    def __init__(self, room: Room, at: Message | None = None) -> None:
        super().__init__(room)
        self._at = at
        self._entered = self._left = False
        self._typing: dict[str, Timer] = {}

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        with Horizontal():
            yield RoomsPane()
            yield Transcript()
            yield self.make_thread_pane()
            yield Participants()
        yield Beside()
        yield Cards()
        yield Notice()
        yield Offers()
        yield Composer("", self.complete, self.entered)
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        self.mesh.settings_changed.subscribe(self, self._take_settings)
        self._take_settings(self.mesh.settings)
        self._show_state()
        self._show_calls()
        self._enter(self._at)

    def open(self, room: Room, at: Message | None = None) -> None:
        """Shows another room in the place of this one, or a message of this one."""
        if not self._entered:  # two were chosen at once: the first is not there yet
            self.room, self._at = room, at
            return
        if room.id == self.room.id:
            if at is not None:
                self.jump(at)
            return
        self.leave_room()
        self.room = room
        self._enter(at)

    def _enter(self, at: Message | None) -> None:
        self._entered, self._left = True, False
        self.start_writing()
        self.set_focus(self.composer)  # now, and not when the loop comes to it: a jump may take it away again
        self._show_room()
        self._put_members([])
        self.start_reading(at)
        begin(self, self._load_members, exclusive=True, group="members")

    def leave_room(self) -> None:
        """What is still to be kept of the room is kept, and nothing more is asked about it."""
        self.keep_draft()
        self.left()
        for group in ("history", "later", "members"):
            self.workers.cancel_group(self, group)
        for name in list(self._typing):
            self._stop_typing(name)

    def on_unmount(self) -> None:
        self.left()

    def left(self) -> None:
        if not self._left and self.mesh.settings.reading.mark_read != "manual":
            self.mark_seen()
        self._left = True

    def _take_settings(self, settings: Settings) -> None:
        self.composer.ask_from = settings.writing.paste_lines
        self.take_look(settings)
        if settings.reading.mark_read == "seen":
            self.mark_seen()

    async def _load_members(self) -> None:
        room_id = self.room.id
        members = await self.attempt(self.mesh.agent.members, room_id)
        if members and room_id == self.room.id:
            self._put_members(members)

    def _put_members(self, members: Sequence[Member]) -> None:
        self.participants.put(members, self.me.id)
        self._show_who_is_here()

    def _show_who_is_here(self) -> None:
        """Without a line, and before they were told, nobody is known to be away."""
        connected = isinstance(self.mesh.agent.connection, Connected)
        self.transcript.know_here(seen(self.participants.members) if connected else None)

    def _show_calls(self, _: CallChanged | CallRinging | None = None) -> None:
        """Cards of calls say whether we are in one."""
        self.transcript.know_calls(self.mesh.calls.mine)

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def _connection_changed(self, _: ConnectionChanged) -> None:
        self._show_state()
        if self.timeline.head.state == "failed":
            self.action_again()

    def _rooms_changed(self, event: RoomsChanged) -> None:
        for room in event.rooms:
            if room.id == self.room.id:
                self.room = room
        self.show_beginning()
        self._show_room()

    def _received(self, event: MessageReceived) -> None:
        message = event.message
        if message.room_id != self.room.id:
            return
        others = message.author.id != self.me.id
        fresh = message.seq > self.timeline.newest
        if others:
            self._stop_typing(message.author.username)
        if fresh and others and self.marks.arrived(in_front=self.in_front):
            self.transcript.mark_unread(self.marks.unread_after)
        self.transcript.apply(self.timeline.receive(message, event.nonce))
        self.show_below()

    def _outgoing_changed(self, event: OutgoingChanged) -> None:
        if event.outgoing.room_id == self.room.id:
            self.transcript.apply([self.timeline.put_outgoing(event.outgoing)])
            self.refresh_bindings()

    def _outgoing_discarded(self, event: OutgoingDiscarded) -> None:
        if event.room_id == self.room.id:
            self.transcript.apply(self.timeline.discard(event.nonce))
            self.refresh_bindings()

    def _members_changed(self, event: MembersChanged) -> None:
        if event.room_id == self.room.id:
            self._put_members(event.members)

    def _history_reset(self, event: HistoryReset) -> None:
        if event.room_id == self.room.id:
            self.load_anew()

    def _dropped(self, _: EventsDropped) -> None:
        self._show_state()
        self._show_calls()
        self.show_cards()
        self.show_transfer_state()
        self.load()
        begin(self, self._load_members, exclusive=True, group="members")

    def _gone(self, event: RoomGone) -> None:
        if event.room_id == self.room.id:
            self.mesh.close_room()

    def _typing_seen(self, event: TypingSeen) -> None:
        if event.room_id != self.room.id or event.user_id == self.me.id:
            return
        self._stop_typing(event.username)
        self._typing[event.username] = self.set_timer(TYPING_S, lambda: self._stop_typing(event.username))
        self.query_one(StatusLine).put_typing(self._typing)

    EVENTS: ClassVar[Handlers] = {
        ConnectionChanged: _connection_changed,
        RoomsChanged: _rooms_changed,
        MessageReceived: _received,
        OutgoingChanged: _outgoing_changed,
        OutgoingDiscarded: _outgoing_discarded,
        MembersChanged: _members_changed,
        HistoryReset: _history_reset,
        RoomGone: _gone,
        TypingSeen: _typing_seen,
        TransferChanged: Offering.transfer_changed,
        CallChanged: _show_calls,
        CallRinging: _show_calls,
        EventsDropped: _dropped,
    }

    def _stop_typing(self, username: str) -> None:
        if timer := self._typing.pop(username, None):
            timer.stop()
            self.query_one(StatusLine).put_typing(self._typing)

    def _show_room(self) -> None:
        room = self.room
        name = [
            Fragment(f" {paintable(room.name)} ", "brand"),
            Fragment(f" {paintable(room.topic)}", "muted"),
        ]
        self.query_one(Bar).put(name, [*_facts(room), Fragment(f"{self.me.username} ", "own")])
        self.composer.placeholder = f"Message {clip(paintable(room.name), 40)}"
        self.show_entries(self.mesh.entries())

    def _show_state(self) -> None:
        state = self.mesh.agent.connection
        self.query_one(StatusLine).put_state(state)
        self.participants.put_current(isinstance(state, Connected))
        self._show_who_is_here()
        self.refresh_bindings()

    # ── what makes sense ─────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The footer shows what makes sense now."""
        if (sense := self._SENSE.get(action)) is not None:
            return sense(self)
        return super().check_action(action, parameters)

    def _has_failed(self) -> bool:
        return bool(self.timeline.failed())

    def _left_the_end(self) -> bool:
        return not self._following

    def _again_helps(self) -> bool:
        down = isinstance(self.mesh.agent.connection, Waiting)
        return down or self.timeline.head.state == "failed" or self.pane.failed or self._has_failed()

    _SENSE: ClassVar[Mapping[str, Callable[["RoomScreen"], bool]]] = {
        "again": _again_helps,
        "drop": _has_failed,
        "newest": _left_the_end,
    }

    def action_again(self) -> None:
        agent = self.mesh.agent
        if isinstance(agent.connection, Waiting):
            self.entrust(agent.reconnect_now)
        if self.timeline.head.state == "failed":
            self.load_again()
        self.pane.load_again()
        for outgoing in self.timeline.failed():
            self.entrust(agent.retry, outgoing.nonce)

    # ── going elsewhere ──────────────────────────────────────────────────────────────────────────

    def action_back(self) -> None:
        if not self.take_back():
            self.mesh.close_room()

    def action_leave(self) -> None:
        self.ask_to_leave()

    def ask_to_leave(self) -> None:
        question = f"Leave {clip(paintable(self.room.name), 40)}?"
        detail = "You will see no new messages here."
        if self.room.visibility == "private":
            detail += " This room is private: you cannot join it again by yourself."
        room_id = self.room.id

        def answered(yes: bool | None) -> None:
            if yes:
                begin(self, self._leave_now, room_id, exclusive=True, group="leave")

        self.mesh.push_screen(Ask(question, detail, yes="Leave"), answered)

    async def _leave_now(self, room_id: str) -> None:
        try:
            await self.mesh.agent.leave(room_id)
        except MeshError as error:
            self.complain(error)
            return
        self.mesh.drafts.put(room_id, "")
        if room_id == self.room.id:
            self.mesh.close_room()


def _facts(room: Room) -> list[Fragment]:
    """What is worth knowing before one writes."""
    words = ["private"] if room.visibility == "private" and room.kind == "room" else []
    words += ["archived"] if room.archived else []
    words += [f"slow {show_span(room.slow_mode_s)}"] if room.slow_mode_s else []
    words += [f"kept {show_span(room.retention_s)}"] if room.retention_s else []
    return [Fragment(f"{word} ", "pending" if word == "archived" else "muted") for word in words]
