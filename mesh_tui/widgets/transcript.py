"""The messages of a room, and where the reader stands in them.

Strategy: `Blocks` knows where everything stands, `BlockView` paints it, and this widget moves. Before
anything moves, one entry on the screen is noted with its distance from the top (the *anchor*); after every
change it is put back there, so that appending, prepending, laying out and resizing never move what is being
read. A reader at the bottom *follows*: the end is the anchor then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, cast

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message as TextualMessage
from textual.widget import Widget

from mesh_agent.client.state import Outgoing
from mesh_tui import actions
from mesh_tui.layout.announced import NO_CALLS, MyCalls
from mesh_tui.layout.blocks import Blocks, Here
from mesh_tui.layout.message import Entry, Me
from mesh_tui.timeline import Splice, Timeline
from mesh_tui.widgets.block_view import name_of
from mesh_tui.widgets.pointing import Pointing
from protocol.rest import Message

NEAR: Final = 2
"""Scrolling down to this many rows from the end is reaching the end."""

AHEAD: Final = 4
"""Screens from the end of what is held at which more is asked for."""

STEPS: Final = {"up": -1, "down": 1}


class Anchor(NamedTuple):
    """The block that must not move, and how far its body is below the top of the view."""

    block: int
    distance: int


class Transcript(Pointing, can_focus=True):
    """Paints a `Timeline`; tell it every splice that the timeline makes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings("selected"),
        *actions.bindings("unsent"),
    ]

    @dataclass
    class Moved(TextualMessage):
        """What is on the screen changed: `seen` is the highest `seq` that is wholly visible, 0 for none.

        `timeline`: the one that is shown; by the time that this is heard it may be another.
        """

        seen: int
        following: bool
        timeline: Timeline

    class EarlierWanted(TextualMessage):
        """The reader is near the top of what is held."""

    class LaterWanted(TextualMessage):
        """The reader is near the bottom of a window that does not reach the newest message."""

    class PastEnd(TextualMessage):
        """Down was pressed with the last message chosen, or it was clicked once more."""

    @dataclass
    class Chosen(TextualMessage):
        """Another message is chosen, one that was not sent perhaps, or none is any more."""

        message: Message | None
        unsent: Outgoing | None

    def __init__(self) -> None:
        super().__init__()
        self.following = True
        self._timeline = Timeline()
        self._moving = False
        self._settled_size = Size()
        self._at_end = False
        self._at: str | None = None
        self._here, self._mine = cast("Here", None), NO_CALLS
        self._started = False
        """A size was known when the present timeline was shown, so it has a place."""

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def show(
        self,
        timeline: Timeline,
        me: Me,
        unread_after: int | None = None,
        *,
        at_end: bool = False,
        at: str | None = None,
    ) -> None:
        """Shows another timeline, or the same one after it was reset.

        The line "new" stands at the top where what is new does not fit below it, unless `at_end`, or `at` is
        the id of a message: that one is chosen, and stands among its neighbours.
        """
        self._timeline = timeline
        self._blocks = Blocks(timeline, me, self._cells, unread_after, here=self._here, mine=self._mine)
        self._at_end = at_end
        self._at = at
        self.screen.clear_selection()
        self._start()

    def _start(self) -> None:
        self._strips.clear()
        self._chosen = self._at
        self.following = True
        self._settle()
        index = self._blocks.unread_index
        if (chosen := self._chosen_index()) is not None:
            self.following = False
            self._settle(Anchor(chosen, self.size.height // 3))
            self.following = bool(self.size) and self.scroll_y >= self.max_scroll_y
        elif (
            index is not None
            and not self._at_end
            and self._blocks.height - self._blocks.top(index) > self.size.height
        ):
            self.following = False
            self._settle(Anchor(index, self._blocks[index].lead.height))
        self.following = self.following and not self._timeline.detached
        self._started = bool(self.size)
        self.refresh()
        self.look()

    def apply(self, splices: Iterable[Splice]) -> None:
        """Follows what the timeline did, and leaves what is being read where it is."""
        anchor = self._anchor()
        only_appended = True
        for splice in splices:
            only_appended = only_appended and splice.start == len(self._blocks)
            only_appended = not self._blocks.splice(splice) and only_appended
            anchor = self._follow_anchor(anchor, splice)
        self._changed(anchor, keep_strips=only_appended)

    def mark_unread(self, unread_after: int | None) -> None:
        """Moves the line "new" to above the first message past `unread_after`."""
        anchor = self._anchor()
        self._blocks.mark_unread(unread_after)
        self._changed(anchor)

    def know_here(self, here: Here) -> None:
        """Who is seen in the room now; None: not known. What tells of their terminals says so."""
        self._here = here
        self._know()

    def know_calls(self, mine: MyCalls) -> None:
        """Where we stand to calls; what tells of one says so."""
        if mine != self._mine:
            self._mine = mine
            self._know()

    def _know(self) -> None:
        anchor = self._anchor()
        if self._blocks.know(self._here, self._mine):
            self._changed(anchor)

    def go_to_unread(self) -> None:
        """Puts the line "new" at the top, as far as there is enough below it."""
        if (index := self._blocks.unread_index) is not None and self.size:
            self.following = False
            self._settle(Anchor(index, self._blocks[index].lead.height))
            self.following = self.scroll_y >= self.max_scroll_y and not self._timeline.detached
            self.refresh()
            self.look()

    def follow(self) -> None:
        """Goes to the end and stays there."""
        self.following = True
        self._settle()
        self.refresh()
        self.look()

    # ── where things stand ───────────────────────────────────────────────────────────────────────

    def _visible(self) -> tuple[int, int]:
        top = round(self.scroll_y)
        return self._blocks.at(top), self._blocks.at(top + max(1, self.size.height) - 1)

    @property
    def entries(self) -> Sequence[Entry]:
        """What is shown, the head included."""
        return self._timeline.entries

    @property
    def last_visible(self) -> int:
        """The entry at the bottom of the view."""
        return self._visible()[1]

    def _anchor(self) -> Anchor | None:
        """The first block on the screen that is laid out and is no head; None while following."""
        if self.following or len(self._blocks) < 2:
            return None
        first, last = self._visible()
        candidates = range(max(1, first), last + 1)
        exact = (index for index in candidates if self._blocks[index].exact)
        index = next(exact, max(1, first))
        return Anchor(index, self._blocks.body(index) - round(self.scroll_y))

    def _follow_anchor(self, anchor: Anchor | None, splice: Splice) -> Anchor | None:
        if anchor is None or splice.start > anchor.block:
            return anchor
        if anchor.block >= splice.start + splice.removed:
            return Anchor(anchor.block + len(splice.entries) - splice.removed, anchor.distance)
        index = min(anchor.block, splice.start + len(splice.entries), len(self._blocks) - 1)
        return Anchor(max(0, index), anchor.distance)

    def _changed(self, anchor: Anchor | None = None, *, keep_strips: bool = False) -> None:
        if not keep_strips:
            self._strips.clear()
        self._settle(anchor)
        self.refresh()
        self.look()

    def _settle(self, anchor: Anchor | None = None) -> None:
        """Lays out what is visible and puts the anchor back; ends because each round makes blocks exact."""
        if not self.size:
            return
        self._put(anchor)
        while rough := self._blocks.rough(*self._visible()):
            anchor = anchor or self._anchor()
            for index in rough:
                self._blocks.rows(index)
            self._put(anchor)

    def _put(self, anchor: Anchor | None) -> None:
        height = self._blocks.height
        size = Size(self._cells, height)
        if self.virtual_size != size:
            # Set by itself, it would have the whole screen laid out; only the scrollbar depends on it.
            self.set_reactive(Widget.virtual_size, size)
            self._moving = True  # where there is less now, it scrolls, and not because the reader did
            self._scroll_update(size)
            self._moving = False
        if self.following:
            self._move(height)
        elif anchor is not None:
            before = round(self.scroll_y) + anchor.distance
            self._move(self._blocks.body(anchor.block) - anchor.distance)
            self._origin += self._blocks.body(anchor.block) - before
        else:
            self._move(round(self.scroll_y))

    def _move(self, row: int) -> None:
        self._moving = True
        row = min(max(0, row), max(0, self._blocks.height - self.size.height))
        self.scroll_y = self.scroll_target_y = row
        self._moving = False

    def look(self) -> None:
        """Tells the screen what is visible, and what will be wanted soon."""
        if not self.size:
            return
        top = round(self.scroll_y)
        bottom = top + self.size.height
        ahead = AHEAD * self.size.height
        if top <= ahead and self._timeline.head.state == "earlier":
            self.post_message(self.EarlierWanted())
        if bottom >= self._blocks.height - ahead and self._timeline.detached:
            self.post_message(self.LaterWanted())
        following = self.following and not self._timeline.detached
        self.post_message(self.Moved(self._last_seen(bottom), following, self._timeline))

    def _last_seen(self, bottom: int) -> int:
        for index in range(self._blocks.at(bottom - 1), 0, -1):
            entry = self._blocks[index].entry
            if isinstance(entry, Message) and self._blocks.top(index + 1) <= bottom:
                return entry.seq
            if self._blocks.top(index) < bottom - self.size.height:
                break
        return 0

    # ── what the reader does ─────────────────────────────────────────────────────────────────────

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # Where the size has just changed it was not the reader who scrolled; `on_resize` comes next.
        if self._moving or self.size != self._settled_size or round(old_value) == round(new_value):
            return
        down = new_value > old_value
        self.following = down and new_value >= self.max_scroll_y - NEAR and not self._timeline.detached
        self._settle(self._anchor())
        self.look()

    def on_resize(self, _: events.Resize) -> None:
        self._settled_size = self.size
        anchor = self._anchor()
        if self._cells != self._blocks.cells:
            self._blocks.resize(self._cells)
            self.screen.clear_selection()
        if self._started:
            self._changed(anchor)
        else:
            self._start()

    # ── choosing a message ───────────────────────────────────────────────────────────────────────

    @property
    def chosen(self) -> Message | None:
        entry = self._chosen_entry()
        return entry if isinstance(entry, Message) else None

    @property
    def chosen_unsent(self) -> Outgoing | None:
        """Set where it is a message that was not sent that is chosen."""
        entry = self._chosen_entry()
        return entry if isinstance(entry, Outgoing) else None

    @property
    def has_chosen(self) -> bool:
        return self._chosen_index() is not None

    def _chosen_entry(self) -> Entry | None:
        index = self._chosen_index()
        return None if index is None else self._blocks[index].entry

    def choose(self, name: str | None, *, show: bool = True) -> None:
        """Marks the message of that id, or nonce, and brings it into view if it is to; None marks none."""
        if name != self._chosen:
            self._chosen = name
            self._strips.clear()
            self.refresh()
        index = self._chosen_index()
        if index is not None and show:
            self._show_block(index)
        self.post_message(self.Chosen(self.chosen, self.chosen_unsent))

    def unchoose(self) -> None:
        self.post_message(self.PastEnd())

    def choose_last(self) -> None:
        """Marks the last message on the screen; none where there is none."""
        last = self._visible()[1] if self.size else len(self._blocks) - 1
        self._choose_from(range(last, 0, -1))

    def step(self, direction: int) -> None:
        """Marks the message before or after the one that is chosen."""
        index = self._chosen_index()
        if index is None:
            self.choose_last()
        elif direction < 0:
            self._choose_from(range(index - 1, 0, -1))
        elif not self._choose_from(range(index + 1, len(self._blocks))):
            self.post_message(self.PastEnd())

    def _choose_from(self, candidates: Iterable[int]) -> bool:
        for index in candidates:
            if name := name_of(self._blocks[index].entry):
                self.choose(name)
                return True
        return False

    def _chosen_index(self) -> int | None:
        if self._chosen is None:
            return None
        # Most often it is near the end.
        for index in range(len(self._blocks) - 1, 0, -1):
            if name_of(self._blocks[index].entry) == self._chosen:
                return index
        return None

    def _show_block(self, index: int) -> None:
        """Scrolls as little as shows the whole block, or its beginning where it is too long."""
        if not self.size:
            return
        for rough in self._blocks.rough(index, index):
            self._blocks.rows(rough)
        top, bottom = self._blocks.top(index), self._blocks.top(index + 1)
        row = round(self.scroll_y)
        wanted = min(max(row, bottom - self.size.height), top)
        if wanted != row:
            self.following = False
            self._settle(Anchor(index, self._blocks.body(index) - wanted))
            self.following = self.scroll_y >= self.max_scroll_y and not self._timeline.detached
            self.refresh()
            self.look()

    def on_key(self, event: events.Key) -> None:
        if self._chosen is not None and event.key in STEPS:
            event.prevent_default().stop()
            self.step(STEPS[event.key])
