"""A page of lines to read: who is here, a link, what a command takes."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from mesh_tui.layout.cells import Fragment, Line, paintable, wrap
from mesh_tui.screens.base import Page
from mesh_tui.widgets.lines import LineList

ROWS_SHOWN: Final = 20
"""So many lines at most, however tall the terminal is."""

PAGE_PERCENT: Final = 90
"""How much of the screen's height a page may take; the styles have it too."""

FRAME_ROWS: Final = 8
"""What a page takes around its lines: border, padding, title and detail, each with a row of air."""

LOW_ROWS: Final = 14
"""A lower screen leaves the air out, and has the whole height."""

LOW_FRAME_ROWS: Final = 4


class Told(LineList, can_focus=True):
    """Paragraphs, wrapped to the page."""

    def __init__(self, paragraphs: Sequence[Sequence[Fragment]]) -> None:
        super().__init__()
        self._paragraphs = paragraphs

    def make(self, cells: int) -> Sequence[Line]:
        return [line for fragments in self._paragraphs for line in wrap(fragments, max(10, cells - 1))]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As tall as its lines, and no taller than leaves the title and the detail on the page."""
        low = viewport.height < LOW_ROWS
        room = viewport.height * PAGE_PERCENT // 100 - FRAME_ROWS
        room = viewport.height - LOW_FRAME_ROWS if low else room
        return max(1, min(ROWS_SHOWN, room, len(self.make(width))))


class Tell(Page[None]):
    """`detail` says what can be done besides reading."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("c,y", "copy", "Copy"),
    ]

    def __init__(self, title: str, paragraphs: Sequence[Sequence[Fragment]], detail: str = "") -> None:
        super().__init__()
        self._title = title
        lines = [[Fragment(paintable(text), role) for text, role in line] for line in paragraphs]
        self._text = "\n".join("".join(fragment.text for fragment in line).rstrip() for line in lines)
        self._told = Told(lines)
        self._detail = detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide"):
            yield Static(Content(paintable(self._title)), classes="question")
            yield self._told
            yield Static(Content(f"{self._detail}c copies · Esc closes"), classes="detail below")

    def action_copy(self) -> None:
        if self.copied(self._text):
            self.query_one(".detail", Static).update(Content("Copied. Esc closes"))
