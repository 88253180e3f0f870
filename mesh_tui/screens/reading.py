"""The upper part of a room: its messages are loaded, moved through, and marked as read.

Strategy: the timeline holds what is known, the transcript paints it; this moves pages between them and the
agent. Every call runs in a worker; when it is back, another room may be shown, so what belongs to one visit
is held before the call and compared after it.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

from textual import on

from mesh_agent.client.errors import SignInNeeded
from mesh_tui.layout.message import Head
from mesh_tui.marks import Marks
from mesh_tui.pace import Pace
from mesh_tui.screens.unsent import Unsent
from mesh_tui.timeline import Timeline
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import SENDING, begin
from protocol.errors import MeshError, NotMember
from protocol.rest import Message, Room

PAGE: Final = 200
"""Messages asked for at once."""

AROUND: Final = 40
"""Read messages that are loaded above the first unread one."""

READ_EVERY_S: Final = 0.1
"""How often at most the server is told how far a room is read, which is seen to advance with each message."""

HOLD_S: Final = 0.05
"""How long painting waits for the messages of another room, which most often are on this machine."""


class Reading(Unsent):
    """What a room's screen does with the transcript."""

    def __init__(self, room: Room) -> None:
        super().__init__(room)
        self.marks = Marks()
        self._following = True
        self._loaded = asyncio.Event()
        self._reads = Pace(self, self._mark_in_time, READ_EVERY_S)

    def start_reading(self, at: Message | None) -> None:
        """Another room is shown, of which nothing is known yet; at the message `at`, if there is one."""
        self.timeline, self.marks = Timeline(), Marks()
        self._following = True
        self.composer.say_above("")
        self.transcript.show(self.timeline, self.me)
        self._loaded = asyncio.Event()
        begin(self, self._paint_at_once, self._loaded, exclusive=True, group="painting")
        if at is None:
            self.load()
        else:
            self.marks.begin(self.room)
            self.jump(at)

    async def _paint_at_once(self, loaded: asyncio.Event) -> None:
        """One frame for all of the room, instead of one without its messages and one with them."""
        with self.held(), suppress(TimeoutError):
            async with asyncio.timeout(HOLD_S):
                await loaded.wait()

    # ── loading ──────────────────────────────────────────────────────────────────────────────────

    def load(self) -> None:
        """The newest page, or the one where the reader had stopped."""
        begin(self, self._load_newest, exclusive=True, group="history")

    def load_anew(self) -> None:
        """All that is known of the room may be otherwise: its numbers may have begun anew."""
        self.timeline, self.marks = Timeline(), Marks()
        self.transcript.show(self.timeline, self.me)
        self.load()

    async def _load_newest(self) -> None:
        """The newest page; the page around the first unread message where more than that is new."""
        read, unread = self.room.read_seq or 0, self.room.unread or 0
        far = unread > PAGE - AROUND
        self.marks.begin(self.room)
        await self._load_from(read if far else None)
        self._loaded.set()

    async def _load_from(self, read: int | None) -> None:
        """The newest page, or the one in which the first message after `read` is."""
        room = self.room
        before = None if read is None else read + PAGE - AROUND + 1
        try:
            page = await self.mesh.agent.history(room.id, before=before, limit=PAGE)
        except MeshError as error:
            self._apply_head(Head("failed", error=error.message))
            return
        self.timeline.reset(page, self.mesh.agent.outgoing(room.id), 0 if read is None else room.last_seq)
        self.timeline.set_head(self.head(page.has_more))
        self.transcript.show(self.timeline, self.me, self.marks.unread_after)

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
            self.timeline.reset(page, self.mesh.agent.outgoing(self.room.id), self.room.last_seq)
            self.timeline.set_head(self.head(page.has_more))
        self.marks.jump(self.room, message.seq)
        self.transcript.show(self.timeline, self.me, self.marks.unread_after, at=message.id)
        self.set_focus(self.transcript)
        self.transcript.choose(message.id)
        self._loaded.set()

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
        self.transcript.apply([*splices, self.timeline.set_head(self.head(page.has_more))])

    @on(Transcript.LaterWanted)
    def load_later(self) -> None:
        if self.timeline.detached:
            begin(self, self._load_later, exclusive=True, group="later")

    async def _load_later(self) -> None:
        timeline, last = self.timeline, self.timeline.last or 0
        page = await self.attempt(partial(self.mesh.agent.history, self.room.id, after=last, limit=PAGE))
        if page and timeline is self.timeline:
            self.transcript.apply(timeline.extend(page.messages))

    async def _load_end(self) -> None:
        if page := await self.attempt(partial(self.mesh.agent.history, self.room.id, limit=PAGE)):
            self.timeline.reset(page, self.mesh.agent.outgoing(self.room.id), 0)
            self.timeline.set_head(self.head(page.has_more))
            self.transcript.show(self.timeline, self.me, self.marks.unread_after, at_end=True)

    def load_again(self) -> None:
        """Tries what failed once more."""
        earlier = self.timeline.first is not None
        self._apply_head(Head("loading"))
        load = self._load_earlier if earlier else self._load_newest
        begin(self, load, exclusive=True, group="history")

    def head(self, has_more: bool) -> Head:
        """What stands above the first message that is held."""
        if has_more:
            return Head("earlier")
        return Head("beginning", self.room.name, self.room.topic, dm=self.room.kind == "dm")

    def show_beginning(self) -> None:
        """The room may be called otherwise by now."""
        if self.timeline.head.state == "beginning" and self.timeline.head != self.head(has_more=False):
            self._apply_head(self.head(has_more=False))

    def _apply_head(self, head: Head) -> None:
        self.transcript.apply([self.timeline.set_head(head)])

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────

    @property
    def in_front(self) -> bool:
        """What is on the screen is seen: this screen is on top and the terminal has the focus."""
        return self.is_current and self.app.app_focus

    @property
    def room_in_front(self) -> str:
        return self.room.id

    def came_to_front(self) -> None:
        self.transcript.look()

    @on(Transcript.Moved)
    def moved(self, event: Transcript.Moved) -> None:
        if event.timeline is not self.timeline:
            return  # another room was on the screen then
        if event.following != self._following:
            self._following = event.following
            self.refresh_bindings()
        newest, at_end = self.timeline.newest, event.following
        further = self.marks.look(event.seen, newest=newest, at_end=at_end, in_front=self.in_front)
        if further and self.mesh.settings.reading.mark_read == "seen":
            self._reads.ask()
        self.show_below()

    def _mark_in_time(self) -> None:
        if self.mesh.settings.reading.mark_read == "seen":
            self.mark_seen()

    def mark_seen(self) -> None:
        """Tells the server how far the room was seen, now."""
        if self.marks.seen:
            begin(self.mesh, self._read_to, self.room.id, self.marks.seen, group=SENDING)

    async def _read_to(self, room_id: str, seq: int) -> None:
        try:
            await self.mesh.agent.mark_read(room_id, seq)
        except (NotMember, SignInNeeded):
            pass  # the room is no longer ours: there is nothing in it that could be unread
        except MeshError as error:
            self.complain(error)

    def show_below(self) -> None:
        """Says how much is new below, unless the reader is there."""
        count = max(0, self.timeline.newest - self.marks.seen)
        words = f"↓ {count} new · Ctrl+End" if count else "↓ Ctrl+End to the newest"
        self.composer.say_above("" if self._following else words)

    def mark_all_read(self) -> None:
        """Nothing here is new any more."""
        self.marks.all_read(self.timeline.newest)
        self.transcript.mark_unread(None)
        self.show_below()

    # ── going through it ─────────────────────────────────────────────────────────────────────────

    @on(Composer.AboveClicked)
    def newest_clicked(self) -> None:
        self.action_newest()

    def will_send(self) -> None:
        self.marks.unread_after = None
        self.transcript.mark_unread(None)
        self.action_newest()

    def action_newest(self) -> None:
        if self.timeline.detached:
            self.room = self.mesh.agent.room(self.room.id)
            begin(self, self._load_end, exclusive=True, group="history")
        else:
            self.transcript.follow()

    def action_first_unread(self) -> None:
        """To the line "new"; what stands there is loaded if it is not held."""
        after = self.marks.unread_after
        if after is None:
            self.tell("Nothing is new here.")
            return
        self.marks.returned()
        first, last = self.timeline.first, self.timeline.last
        if first is not None and first <= after + 1 <= (last or 0):
            self.transcript.go_to_unread()
        else:
            begin(self, self._load_from, after, exclusive=True, group="history")

    def action_page(self, direction: int) -> None:
        self.facing.scroll_relative(y=direction * max(1, self.facing.size.height - 2), animate=False)
