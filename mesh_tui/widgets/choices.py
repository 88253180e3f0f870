"""A list in which one thing is chosen, each of one row or several; what stands between them cannot be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from mesh_tui.layout.cells import Fragment, Line
from mesh_tui.theme import Palette
from mesh_tui.widgets.lines import LineList


class Block(NamedTuple):
    """Rows that belong together. A row of what can be chosen begins with a fragment of two blanks or more."""

    lines: Sequence[Line]
    can_be_chosen: bool = True


class Choices(LineList, can_focus=True):
    """`index` is what is chosen, counted among what can be. With the focus, keys choose and do not scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Up", show=False),
        Binding("down", "step(1)", "Down", show=False),
        Binding("pageup", "step(-8)", "Page up", show=False),
        Binding("pagedown", "step(8)", "Page down", show=False),
        Binding("home", "step(-100000)", "First", show=False),
        Binding("end", "step(100000)", "Last", show=False),
    ]

    @dataclass
    class Stepped(Message):
        """A key chose another; `at_end`: the last one, so there may be more to put below it."""

        at_end: bool

    @dataclass
    class Clicked(Message):
        index: int

    def __init__(self) -> None:
        super().__init__()
        self.index = 0
        self._rows: list[range] = []
        """For each that can be chosen, its rows."""

    def blocks(self, cells: int) -> Iterable[Block]:
        """What the list is made of, each row at most `cells` wide."""
        raise NotImplementedError

    def make(self, cells: int) -> Sequence[Line]:
        lines: list[Line] = []
        self._rows = []
        for block in self.blocks(cells):
            if block.can_be_chosen:
                self._rows.append(range(len(lines), len(lines) + len(block.lines)))
            lines += block.lines
        self.index = min(self.index, max(0, len(self._rows) - 1))
        return lines

    def begin_at(self, index: int) -> None:
        """Makes the rows anew, and chooses another."""
        self.index = index
        self.remake()
        self._show_chosen()

    def action_step(self, count: int) -> None:
        self.step(count)

    def step(self, count: int) -> None:
        if not self._rows:
            return
        self.index = min(max(0, self.index + count), len(self._rows) - 1)
        self._show_chosen()
        self.post_message(self.Stepped(at_end=self.index == len(self._rows) - 1))

    def _show_chosen(self) -> None:
        """Scrolls as little as shows what is chosen, and what stands above it and cannot be."""
        if self._rows:
            rows = self._rows[self.index]
            top = self._rows[self.index - 1].stop if self.index else 0
            if top < self.scroll_y:
                self.scroll_to(y=top, animate=False)
            elif rows.stop > self.scroll_y + self.size.height:
                self.scroll_to(y=rows.stop - self.size.height, animate=False)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = round(self.scroll_y) + offset.y if offset else -1
        for index, rows in enumerate(self._rows):
            if row in rows:
                self.post_message(self.Clicked(index))

    def render_line(self, y: int) -> Strip:
        row = round(self.scroll_y) + y
        if not self._rows or row not in self._rows[self.index]:
            return super().render_line(y)
        palette = self._palette = self._palette or Palette(self)
        mark = Fragment("▌ ", "brand cursor-row")
        (indent, _), *others = self.line(row).fragments
        rest = (Fragment(text, f"{role} cursor-row".strip()) for text, role in others)
        line = Line((mark, Fragment(indent[2:], "cursor-row"), *rest), fill="cursor-row")
        return palette.strip(line, self.size.width)
