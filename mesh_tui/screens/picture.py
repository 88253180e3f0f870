"""A picture on a page of its own, as large as the screen has room for."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.cells import Fragment, Line, wrap
from mesh_tui.pictures.shelf import Shown
from mesh_tui.screens.base import Page
from mesh_tui.transfers import name_of
from mesh_tui.widgets.lines import LineList


class Sight(LineList, can_focus=True):
    """The picture at `path`, or why it cannot be seen."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make(self, cells: int) -> Sequence[Line]:
        page = self.screen
        assert isinstance(page, PicturePage)
        height = self.scrollable_content_region.height
        background = self.background_colors[1].rgb
        shelf = page.mesh.pictures
        ground = "{:02x}{:02x}{:02x}".format(*background)
        shown = shelf.get(self._path, cells, height, ground, self._came, large=True)
        page.tell(shown)
        if shown is None:
            return [Line((Fragment("…", "muted"),))]
        if shown.error:
            return list(wrap([Fragment(shown.error, "failed")], max(10, cells)))
        return shown.rows

    def _came(self) -> None:
        if self.is_mounted:
            self.remake()


class PicturePage(Page[None]):
    """See the module."""

    HERE = ("page",)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,l", "dismiss", "Close")]

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content(name_of(self._path.name, 60)), classes="question")
            yield Sight(self._path)
            yield Static(Content("Esc closes"), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(Sight).focus()

    def tell(self, shown: Shown | None) -> None:
        """Says how large the picture is, once that is known."""
        size = f"{shown.size[0]} × {shown.size[1]} pixels · " if shown is not None and shown.rows else ""
        self.query_one(".detail", Static).update(Content(f"{size}Esc closes"))
