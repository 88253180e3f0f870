"""A list of rows that scrolls, painted by line; the base of every list here."""

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mesh_tui.compositing import finished, is_plain
from mesh_tui.layout.cells import Line
from mesh_tui.theme import Palette


class LineList(ScrollView):
    """Shows lines that are made for its width: `make` is asked again when that changes."""

    DEFAULT_CSS = "LineList { overflow-x: hidden; }"

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._lines: Sequence[Line] = ()
        self._palette: Palette | None = None

    def make(self, cells: int) -> Sequence[Line]:
        """The rows, each at most `cells` wide."""
        raise NotImplementedError

    def remake(self) -> None:
        """What the rows are made of has changed."""
        cells = self.scrollable_content_region.width
        if cells:
            self._lines = self.make(cells)
            self.virtual_size = Size(cells, len(self._lines))
            self.refresh()

    def on_resize(self) -> None:
        self.remake()

    def watch_show_vertical_scrollbar(self) -> None:
        """Its bar takes a cell from the rows, and no resize tells of that."""
        self.remake()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def line(self, row: int) -> Line:
        return self._lines[row] if 0 <= row < len(self._lines) else Line(())

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows as they are, where nothing surrounds them."""
        if not is_plain(self):
            return super().render_lines(crop)
        return finished(self, [self.render_line(y) for y in crop.line_range], crop)

    def render_line(self, y: int) -> Strip:
        palette = self._palette = self._palette or Palette(self)
        return palette.strip(self.line(round(self.scroll_y) + y), self.size.width)
