"""What can be put in where one is writing: a short list that lies over the messages, above the composer.

Strategy: it takes no room of its own, so nothing below it moves or is painted anew when it comes and goes.
It has no focus and knows no keys: the composer has them, and says what is offered and which is chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from textual import events
from textual.message import Message
from textual.widget import Widget

from mesh_tui.completing import Offer
from mesh_tui.layout.cells import Fragment, Line, clip, pad, paintable, width
from mesh_tui.widgets.lines import LineList
from protocol.text import clean_line

ROWS: Final = 8
"""Offers on the screen at once."""

OTHER_ROWS: Final = 6
"""Rows of the screen that are left to everything else, where it is a low one."""

WIDEST: Final = 76

MARK: Final = "▌ "


class Offers(LineList, can_focus=False):
    """Shows nothing until something is put in."""

    DEFAULT_CSS = "Offers { overlay: screen; display: none; overflow: hidden; }"

    @dataclass
    class Clicked(Message):
        """The offer of this number is wanted."""

        index: int

    def __init__(self) -> None:
        super().__init__()
        self._offers: Sequence[Offer] = ()
        self._chosen: int | None = None
        self._help = ""
        self._first = 0
        self._rows = ROWS
        self._cells = (0, 0)

    def put(self, offers: Sequence[Offer], chosen: int | None = None, words: str = "") -> None:
        """Shows these with `words` below them; nothing where there is neither."""
        if (offers, chosen, words) == (self._offers, self._chosen, self._help):
            return
        if offers != self._offers:
            self._first = 0
        self._offers, self._chosen, self._help = offers, chosen, words
        self._rows = max(1, min(ROWS, self.app.size.height - OTHER_ROWS))
        if chosen is not None:
            self._first = min(max(self._first, chosen - self._rows + 1), chosen)
        height = min(len(offers), self._rows) + bool(words)
        cells = min(_wanted(offers, words), WIDEST, self._room - 2)
        if (cells, height) != self._cells and height:
            self._cells = self.styles.width, self.styles.height = cells, height
            self.styles.offset = (1, -height)
        self.display = bool(height)
        self.remake()

    @property
    def _room(self) -> int:
        """Cells of what the composer stands in too."""
        return self.parent.size.width if isinstance(self.parent, Widget) else self.app.size.width

    def make(self, cells: int) -> Sequence[Line]:
        shown = range(self._first, min(self._first + self._rows, len(self._offers)))
        labels = {index: _label(self._offers[index]) for index in shown}
        room = max(map(width, labels.values()), default=0)
        room = min(room, cells - 4)
        lines = [self._row(index, labels[index], room, cells) for index in shown]
        if self._help:
            more = f" {len(self._offers)} " if len(self._offers) > self._rows else ""
            text = clip(paintable(clean_line(self._help)), cells - 3 - len(more))
            lines.append(Line((Fragment(f"  {text}", "muted"), Fragment(more, "muted")), fill=""))
        return lines

    def _row(self, index: int, label: str, room: int, cells: int) -> Line:
        chosen = index == self._chosen
        fill = "cursor-row" if chosen else ""
        hint = clip(paintable(clean_line(self._offers[index].hint)), max(0, cells - room - 5))
        fragments = (
            Fragment(MARK if chosen else "  ", f"brand {fill}".strip()),
            Fragment(pad(label, room), f"title {fill}".strip() if chosen else fill),
            Fragment(f"  {hint}" if hint else "", f"muted {fill}".strip()),
        )
        return Line(fragments, fill=fill)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-1)

    def _scroll(self, rows: int) -> None:
        self._first = min(max(0, self._first + rows), max(0, len(self._offers) - self._rows))
        self.remake()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if self._first + event.y < len(self._offers) and event.y < self._rows:
            self.post_message(self.Clicked(self._first + event.y))


def _label(offer: Offer) -> str:
    return paintable(clean_line(offer.label or offer.text))


def _wanted(offers: Sequence[Offer], words: str) -> int:
    """Cells that all of it takes; a list that need not be wide paints less."""
    labels = max((width(_label(offer)) for offer in offers), default=0)
    hints = max((width(offer.hint) for offer in offers), default=0)
    return max(len(MARK) + labels + len(MARK) + hints + 1, width(words) + len(MARK) + 5)
