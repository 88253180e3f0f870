"""A page of lines to read: who is here, a link, what a command takes."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.cells import Fragment, Line, paintable, wrap
from mesh_tui.screens.base import Page
from mesh_tui.widgets.lines import LineList

ROWS_SHOWN = 20


class Told(LineList, can_focus=True):
    """Paragraphs, wrapped to the page."""

    def __init__(self, paragraphs: Sequence[Sequence[Fragment]]) -> None:
        super().__init__()
        self._paragraphs = paragraphs

    def make(self, cells: int) -> Sequence[Line]:
        lines = [line for fragments in self._paragraphs for line in wrap(fragments, max(10, cells - 1))]
        self.styles.height = min(ROWS_SHOWN, max(1, len(lines)))
        return lines


class Tell(Page[None]):
    """`detail` says what can be done besides reading."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Close")]

    def __init__(self, title: str, paragraphs: Sequence[Sequence[Fragment]], detail: str = "") -> None:
        super().__init__()
        self._title = title
        self._told = Told([[Fragment(paintable(text), role) for text, role in line] for line in paragraphs])
        self._detail = detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide"):
            yield Static(Content(paintable(self._title)), classes="question")
            yield self._told
            yield Static(Content(f"{self._detail}Esc closes"), classes="detail below")
