"""A room: its messages, its people, and a place to write.

Strategy: the timeline holds what is known, the transcript paints it; this screen moves things between them
and the agent. Every call of the agent runs in a worker, so nothing here waits. What was really on the
screen, with the terminal in front, was seen; when that is marked as read, the settings say.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from mesh_agent.client.errors import SignInNeeded
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
from mesh_agent.spans import show_span
from mesh_tui import actions
from mesh_tui.layout.cells import Fragment, clip, paintable
from mesh_tui.layout.message import Head
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import Handlers
from mesh_tui.screens.choosing import Choosing
from mesh_tui.settings import Settings
from mesh_tui.timeline import Timeline
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.keybar import KeyBar
from mesh_tui.widgets.notice import Notice
from mesh_tui.widgets.offers import Offers
from mesh_tui.widgets.participants import Participants
from mesh_tui.widgets.status import StatusLine
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import SENDING, begin
from protocol.errors import MeshError, NotMember
from protocol.rest import Message, Room

PAGE: Final = 200
"""Messages asked for at once."""

AROUND: Final = 40
"""Read messages that are loaded above the first unread one."""

TYPING_S: Final = 5.0
"""How long someone is said to be typing after the last sign of it."""


class RoomScreen(Choosing):
    """One visit to a room; it opens at the message `at`, if that is given."""

    HERE = ("composer", "room", "selected", "reading")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("room"), *actions.bindings("everywhere")]

    def __init__(self, room: Room, at: Message | None = None) -> None:
        super().__init__(room)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (110, "-wide")]
        self._at = at
        self._unread_after: int | None = None
        self._seen = 0
        self._left = False
        self._following = True
        self._jumped = False
        """The reader went past what they have not read: that is not read by it."""

        self._typing: dict[str, Timer] = {}

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        with Horizontal():
            yield Transcript()
            yield Participants()
        yield Notice()
        yield Offers()
        yield Composer(f"Message {clip(paintable(self.room.name), 40)}", self.complete, self.entered)
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        composer = self.query_one(Composer)
        self.mesh.settings_changed.subscribe(self, self._take_settings)
        self._take_settings(self.mesh.settings)
        composer.load_text(self.mesh.drafts.get(self.room.id))
        self.set_focus(composer)  # now, and not when the loop comes to it: a jump may take it away again
        self._show_room()
        self._show_state()
        if self._at is None:
            self._load()
        else:
            self.jump(self._at)
        begin(self, self._load_members, exclusive=True, group="members")

    def on_unmount(self) -> None:
        self.left()

    def _take_settings(self, settings: Settings) -> None:
        self.composer.ask_from = settings.writing.paste_lines
        if settings.reading.mark_read == "seen":
            self._mark_seen()

    # ── loading ──────────────────────────────────────────────────────────────────────────────────

    def _load(self) -> None:
        begin(self, self._load_newest, exclusive=True, group="history")

    async def _load_newest(self) -> None:
        """The newest page; the page around the first unread message where more than that is new."""
        read, unread = self.room.read_seq or 0, self.room.unread or 0
        far = unread > PAGE - AROUND
        before = read + PAGE - AROUND + 1 if far else None
        try:
            page = await self.mesh.agent.history(self.room.id, before=before, limit=PAGE)
        except MeshError as error:
            self._apply_head(Head("failed", error=error.message))
            return
        self._seen = max(self._seen, read)
        self._unread_after = read if unread else None
        self.timeline.reset(page, self.mesh.agent.outgoing(self.room.id), self.room.last_seq if far else 0)
        self.timeline.set_head(self._head(page.has_more))
        self.transcript.show(self.timeline, self.me, self._unread_after)

    def jump(self, message: Message) -> None:
        """Shows the messages around this one, and chooses it."""
        begin(self, self._load_around, message, exclusive=True, group="history")

    async def _load_around(self, message: Message) -> None:
        if self.timeline.message(message.id) is None:
            try:
                page = await self.mesh.agent.conversation.around(self.room.id, message.seq, PAGE)
            except MeshError as error:
                self._apply_head(Head("failed", error=error.message))
                return
            self._seen = max(self._seen, self.room.read_seq or 0)
            self.timeline.reset(page, self.mesh.agent.outgoing(self.room.id), self.room.last_seq)
            self.timeline.set_head(self._head(page.has_more))
        self._jumped = message.seq > (self.room.read_seq or 0) + 1
        self.transcript.show(self.timeline, self.me, self._unread_after, at=message.id)
        self.set_focus(self.transcript)
        self.transcript.choose(message.id)

    @on(Transcript.EarlierWanted)
    def load_earlier(self) -> None:
        if self.timeline.head.state == "earlier":
            self._apply_head(Head("loading"))
            begin(self, self._load_earlier, exclusive=True, group="history")

    async def _load_earlier(self) -> None:
        try:
            page = await self.mesh.agent.history(self.room.id, before=self.timeline.first, limit=PAGE)
        except MeshError as error:
            self._apply_head(Head("failed", error=error.message))
            return
        splices = self.timeline.prepend(page)
        self.transcript.apply([*splices, self.timeline.set_head(self._head(page.has_more))])

    @on(Transcript.LaterWanted)
    def load_later(self) -> None:
        begin(self, self._load_later, exclusive=True, group="later")

    async def _load_later(self) -> None:
        last = self.timeline.last or 0
        if page := await self.attempt(partial(self.mesh.agent.history, self.room.id, after=last, limit=PAGE)):
            self.transcript.apply(self.timeline.extend(page.messages))

    async def _load_members(self) -> None:
        if members := await self.attempt(self.mesh.agent.members, self.room.id):
            self.query_one(Participants).put(members, self.me.id)

    def _head(self, has_more: bool) -> Head:
        room = self.room
        return Head("earlier") if has_more else Head("beginning", room.name, room.topic)

    def _apply_head(self, head: Head) -> None:
        self.transcript.apply([self.timeline.set_head(head)])

    # ── what the agent tells ─────────────────────────────────────────────────────────────────────

    def _connection_changed(self, _: ConnectionChanged) -> None:
        self._show_state()
        if self.timeline.head.state == "failed":
            self.action_again()

    def _rooms_changed(self, event: RoomsChanged) -> None:
        for room in event.rooms:
            if room.id == self.room.id:
                self.room = room
        if self.timeline.head.state == "beginning" and self.timeline.head != self._head(has_more=False):
            self._apply_head(self._head(has_more=False))
        self._show_room()

    def _received(self, event: MessageReceived) -> None:
        message = event.message
        if message.room_id != self.room.id:
            return
        others = message.author.id != self.me.id
        fresh = message.seq > self.timeline.newest
        if others:
            self._stop_typing(message.author.username)
        if fresh and others and not self._in_front and (self._unread_after or 0) <= self._seen:
            self._mark_unread(self._seen)
        self.transcript.apply(self.timeline.receive(message, event.nonce))
        self._show_below()

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
            self.query_one(Participants).put(event.members, self.me.id)

    def _history_reset(self, event: HistoryReset) -> None:
        if event.room_id == self.room.id:
            self.timeline, self._seen = Timeline(), 0  # its numbers may have begun anew
            self._load()

    def _dropped(self, _: EventsDropped) -> None:
        self._show_state()
        self._load()
        begin(self, self._load_members, exclusive=True, group="members")

    def _gone(self, event: RoomGone) -> None:
        if event.room_id == self.room.id:
            self.mesh.close_room(self)

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
        self.query_one(StatusLine).put_rooms(self._elsewhere())
        self.refresh_bindings()

    def _show_state(self) -> None:
        state = self.mesh.agent.connection
        self.query_one(StatusLine).put_state(state)
        self.query_one(Participants).put_current(isinstance(state, Connected))
        self.refresh_bindings()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    @property
    def _in_front(self) -> bool:
        """What is on the screen is seen: this screen is on top and the terminal has the focus."""
        return self.is_current and self.app.app_focus

    @property
    def room_in_front(self) -> str:
        return self.room.id

    def came_to_front(self) -> None:
        self.transcript.look()

    @on(Transcript.Moved)
    def moved(self, event: Transcript.Moved) -> None:
        if event.following != self._following:
            self._following = event.following
            self.refresh_bindings()
        if event.following and event.seen and event.seen >= self.timeline.newest:
            self._jumped = False  # at the end again; an empty screen follows too, and has seen nothing
        if self._in_front and event.seen > self._seen and not self._jumped:
            self._seen = event.seen
            if self.mesh.settings.reading.mark_read == "seen":
                self._mark_seen()
        self._show_below()

    def _mark_seen(self) -> None:
        if self._seen:
            begin(self.mesh, self._read_to, self._seen, group=SENDING)

    async def _read_to(self, seq: int) -> None:
        try:
            await self.mesh.agent.mark_read(self.room.id, seq)
        except (NotMember, SignInNeeded):
            pass  # the room is no longer ours: there is nothing in it that could be unread
        except MeshError as error:
            self.complain(error)

    def left(self) -> None:
        if not self._left and self.mesh.settings.reading.mark_read == "leave":
            self._mark_seen()
        self._left = True

    def _mark_unread(self, seq: int | None) -> None:
        self._unread_after = seq
        self.transcript.mark_unread(seq)

    def _show_below(self) -> None:
        """Says how much is new below, unless the reader is there."""
        count = max(0, self.timeline.newest - self._seen)
        words = f"↓ {count} new · Ctrl+End" if count else "↓ Ctrl+End to the newest"
        self.query_one(Composer).say_above("" if self._following else words)

    @on(Composer.AboveClicked)
    def newest_clicked(self) -> None:
        self.action_newest()

    def will_send(self) -> None:
        self._mark_unread(None)
        self.action_newest()

    def action_newest(self) -> None:
        if self.timeline.detached:
            self.room = self.mesh.agent.room(self.room.id)
            begin(self, self._load_end, exclusive=True, group="history")
        else:
            self.transcript.follow()

    async def _load_end(self) -> None:
        if page := await self.attempt(partial(self.mesh.agent.history, self.room.id, limit=PAGE)):
            self.timeline.reset(page, self.mesh.agent.outgoing(self.room.id), 0)
            self.timeline.set_head(self._head(page.has_more))
            self.transcript.show(self.timeline, self.me, self._unread_after, at_end=True)

    def action_page(self, direction: int) -> None:
        self.transcript.scroll_relative(y=direction * max(1, self.transcript.size.height - 2), animate=False)

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

    def _has_elsewhere(self) -> bool:
        return bool(self._elsewhere())

    def _again_helps(self) -> bool:
        down = isinstance(self.mesh.agent.connection, Waiting)
        return down or self.timeline.head.state == "failed" or self._has_failed()

    def _elsewhere(self) -> list[Room]:
        return [room for room in self.mesh.agent.rooms() if room.unread and room.id != self.room.id]

    _SENSE: ClassVar[Mapping[str, Callable[["RoomScreen"], bool]]] = {
        "again": _again_helps,
        "drop": _has_failed,
        "newest": _left_the_end,
        "next_unread": _has_elsewhere,
    }

    def action_again(self) -> None:
        agent = self.mesh.agent
        if isinstance(agent.connection, Waiting):
            self.entrust(agent.reconnect_now)
        if self.timeline.head.state == "failed":
            earlier = self.timeline.first is not None
            self._apply_head(Head("loading"))
            load = self._load_earlier if earlier else self._load_newest
            begin(self, load, exclusive=True, group="history")
        for outgoing in self.timeline.failed():
            self.entrust(agent.retry, outgoing.nonce)

    # ── going elsewhere ──────────────────────────────────────────────────────────────────────────

    def action_back(self) -> None:
        if not self.take_back():
            self.mesh.close_room(self)

    def action_people(self) -> None:
        people = self.query_one(Participants)
        people.display = not people.display

    def action_next_unread(self) -> None:
        if hot := self._elsewhere():
            best = max(hot, key=lambda room: (room.mentions or 0, room.unread or 0))
            self.mesh.open_room(best.id)

    def mark_all_read(self) -> None:
        """Nothing here is new any more."""
        self._mark_unread(None)
        self._seen = max(self._seen, self.timeline.newest)
        self._show_below()

    def action_leave(self) -> None:
        self.ask_to_leave()

    def ask_to_leave(self) -> None:
        question = f"Leave {clip(paintable(self.room.name), 40)}?"
        detail = "You will see no new messages here."
        if self.room.visibility == "private":
            detail += " This room is private: you cannot join it again by yourself."
        self.mesh.push_screen(Ask(question, detail, yes="Leave"), self._leave)

    def _leave(self, yes: bool | None) -> None:
        if yes:
            begin(self, self._leave_now, exclusive=True, group="leave")

    async def _leave_now(self) -> None:
        try:
            await self.mesh.agent.leave(self.room.id)
        except MeshError as error:
            self.complain(error)
            return
        self.mesh.drafts.put(self.room.id, "")
        self.mesh.close_room(self)


def _facts(room: Room) -> list[Fragment]:
    """What is worth knowing before one writes."""
    words = ["private"] if room.visibility == "private" and room.kind == "room" else []
    words += ["archived"] if room.archived else []
    words += [f"slow {show_span(room.slow_mode_s)}"] if room.slow_mode_s else []
    words += [f"kept {show_span(room.retention_s)}"] if room.retention_s else []
    return [Fragment(f"{word} ", "pending" if word == "archived" else "muted") for word in words]
