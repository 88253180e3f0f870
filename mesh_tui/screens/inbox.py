"""The inbox: what is new in all my rooms in one list, or what of it is for me. Enter goes to it in its place.

Strategy: what counts is worked out in `mesh_tui.inbox`; this paints it and keeps it up to date. Whatever the
agent tells of rooms makes those that are no longer as they were be read again, one round after the other, so
that a burst costs a round and no queue.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_agent.client.state import Connected, ConnectionChanged, EventsDropped, RoomsChanged
from mesh_tui import inbox
from mesh_tui.bridge import FromAgent
from mesh_tui.inbox import News, Reading, Which
from mesh_tui.layout.cells import Fragment, Line, fit, paintable, width
from mesh_tui.screens.base import Page
from mesh_tui.screens.finder import Found, found_rows
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.widgets.form import ModeSwitch
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.rest import Message, Room
from protocol.text import clean_line

KEYS: Final = "Enter goes there · r marks the room as read · Esc closes"
OFFLINE: Final = "○ offline: what is not on this machine is only counted"

_EMPTY: Final[dict[Which, str]] = {
    "all": "Nothing is new. Muted rooms are not looked at.",
    "mine": "Nothing is for you.",
}


class Goal(NamedTuple):
    """A room, and the message to go to in it; None: to where its new ones begin."""

    room: Room
    message: Message | None = None


class InboxList(Choices, can_focus=True):
    """A heading a room, its messages below, and how many more there are."""

    def __init__(self) -> None:
        super().__init__()
        self._news: Sequence[News] = ()
        self._goals: list[Goal] = []
        self._my_id = ""
        self._left_out = ""
        self._reading = False

    @property
    def chosen(self) -> Goal | None:
        return self._goals[self.index] if self.index < len(self._goals) else None

    def put(self, news: Sequence[News], my_id: str, *, left_out: str, reading: bool) -> None:
        """Shows `news`, and below it what is `left_out`.

        The same message stays chosen, else the first one of the same room.
        """
        self._left_out = left_out
        was, first = self.chosen, not self._goals
        self._news, self._my_id, self._reading = news, my_id, reading
        self._goals = [goal for known in news for goal in _goals(known)]
        self.begin_at(0 if first else self._index_of(was))

    def _index_of(self, was: Goal | None) -> int:
        if was is None:
            return 0
        message_id = was.message.id if was.message else ""
        for index, goal in enumerate(self._goals):
            if goal.message and goal.message.id == message_id:
                return index
        here = (index for index, goal in enumerate(self._goals) if goal.room.id == was.room.id)
        return next(here, self.index)

    def blocks(self, cells: int) -> Iterable[Block]:
        for news in self._news:
            if news is not self._news[0]:
                yield Block([Line(())], can_be_chosen=False)
            yield Block([_heading(news, cells)], can_be_chosen=False)
            for goal in _goals(news):
                if goal.message is None:
                    yield Block([_more(news, cells, reading=self._reading)])
                else:
                    named = inbox.names(goal.message, self._my_id)
                    yield Block(found_rows(Found(goal.message, names_me=named), cells))
        if self._left_out:
            words = Fragment(f"  {self._left_out}", "muted")
            yield Block([Line(()), Line(tuple(fit([words], cells)))], can_be_chosen=False)


def _goals(news: News) -> list[Goal]:
    """What can be chosen of a room: the row that says how many more there are stands first."""
    room = news.entry.room
    more = [Goal(room)] if news.more else []
    return more + [Goal(room, message) for message in news.messages]


def _heading(news: News, cells: int) -> Line:
    room = news.entry.room
    sign = "@" if room.kind == "dm" else "#"
    name = Fragment(f"{sign} {paintable(clean_line(room.name))} ", "heading")
    count = [Fragment(f" {news.number} new", "count")]
    if news.entry.mentions:
        count.insert(0, Fragment(f" @{news.entry.mentions}", "mention-me"))
    room_left = max(0, cells - sum(width(fragment.text) for fragment in (name, *count)) - 1)
    return Line(tuple(fit([name, Fragment("─" * room_left, "rule"), *count], cells)))


def _more(news: News, cells: int, *, reading: bool) -> Line:
    """How many there are besides those below; Enter on it opens the room where they begin."""
    if news.messages:
        words = f"and {news.more} earlier"
    elif news.why:
        words = f"{news.more} new, known only by their number. {news.why}"
    else:
        words = f"{news.more} new{', reading them…' if reading else ''}"
    return Line(tuple(fit([Fragment("  "), Fragment(words, "muted")], cells)))


class Inbox(Page[Goal]):
    """See the module."""

    HERE = ("inbox", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("ctrl+p", "step(-1)", "Up", show=False),
        Binding("ctrl+n", "step(1)", "Down", show=False),
        Binding("enter", "choose", "Go there"),
        Binding("tab,shift+tab", "switch", "Other list", show=False),
        Binding("r", "mark_read", "Mark as read", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._which: Which = "all"
        self._readings: dict[str, Reading] = {}
        self._stale = asyncio.Event()
        self._reading = True
        self._said = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield ModeSwitch({"all": "All that is new", "mine": "For you"}, "tab")
            yield InboxList()
            yield Static(Content(""), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(InboxList).focus()
        self._show()
        self._stale.set()
        begin(self, self._keep_reading)

    # ── what there is ────────────────────────────────────────────────────────────────────────────

    @on(FromAgent)
    def heard(self, message: FromAgent) -> None:
        if isinstance(message.event, RoomsChanged | ConnectionChanged | EventsDropped):
            self._stale.set()

    async def _keep_reading(self) -> None:
        """Reads what is no longer as it was read, round by round, for as long as the page is there."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            rooms = [entry.room for entry in inbox.rooms_in(self.mesh.entries(), "all")]
            self._readings = {room.id: self._readings[room.id] for room in rooms if room.id in self._readings}
            self._reading = True
            stale = [room for room in rooms if self._is_stale(room)]
            async for reading in inbox.read(inbox.newest_of(self.mesh.agent), stale):
                self._readings[reading.room.id] = reading
                self._show()
            self._reading = False
            self._show()

    def _is_stale(self, room: Room) -> bool:
        known = self._readings.get(room.id)
        return known is None or bool(known.why) or not known.fits(room)

    def _show(self) -> None:
        entries, user = self.mesh.entries(), self.mesh.agent.user
        my_id = user.id if user else ""
        rooms = inbox.rooms_in(entries, self._which)
        found = [
            inbox.news(entry, self._readings.get(entry.room.id), self._which, my_id)
            for entry in rooms[: inbox.ROOMS]
        ]
        left_out = inbox.left_out(rooms)
        self.query_one(InboxList).put(found, my_id, left_out=left_out, reading=self._reading)
        counts = {which: sum(inbox.number(entry, which) for entry in entries) for which in inbox.WHICH}
        modes = {"all": f"All that is new {counts['all']}", "mine": f"For you {counts['mine']}"}
        self.query_one(ModeSwitch).put_mode(self._which, modes)
        self._tell("" if found else _EMPTY[self._which])

    def _tell(self, words: str) -> None:
        offline = not isinstance(self.mesh.agent.connection, Connected)
        words = words or self._said or (OFFLINE if offline else KEYS)
        self.query_one(".detail", Static).update(Content.styled(words, "$text-muted"))

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────

    def action_step(self, count: int) -> None:
        self.query_one(InboxList).step(count)

    @on(InboxList.Stepped)
    def stepped(self) -> None:
        self._said = ""
        self._tell("")

    def action_switch(self) -> None:
        self._which = "mine" if self._which == "all" else "all"
        self._show()

    @on(ModeSwitch.Pressed)
    def mode_pressed(self) -> None:
        self.action_switch()

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self.query_one(InboxList).begin_at(event.index)
        self.action_choose()

    def action_choose(self) -> None:
        if chosen := self.query_one(InboxList).chosen:
            self.dismiss(chosen)

    def action_mark_read(self) -> None:
        if chosen := self.query_one(InboxList).chosen:
            begin(self, self._mark_read, chosen.room)

    async def _mark_read(self, room: Room) -> None:
        """All that is there by now, which may be more than is shown."""
        try:
            await self.mesh.agent.mark_read(room.id, room.last_seq)
            self._said = f"{paintable(clean_line(room.name))} is marked as read."
        except MeshError as error:
            self._said = f"✗ {clean_line(error.message)}"
        self._stale.set()
