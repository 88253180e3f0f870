"""One row across the screen: something on the left, something on the right that never gives way."""

from collections.abc import Iterable

from textual.strip import Strip
from textual.widget import Widget

from mesh_tui.layout.cells import Fragment, Line, fit, width
from mesh_tui.theme import Palette


class Bar(Widget):
    """Paints fragments at both ends of a row; what does not fit is cut from the left part."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._left: tuple[Fragment, ...] = ()
        self._right: tuple[Fragment, ...] = ()
        self._palette: Palette | None = None

    def put(self, left: Iterable[Fragment] = (), right: Iterable[Fragment] = ()) -> None:
        """Shows other fragments; paints only if they are others."""
        parts = tuple(left), tuple(right)
        if parts != (self._left, self._right):
            self._left, self._right = parts
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def render_line(self, y: int) -> Strip:
        palette = self._palette = self._palette or Palette(self)
        if y:
            return Strip.blank(self.size.width, palette.style(""))
        right = fit(self._right, self.size.width)
        taken = sum(width(fragment.text) for fragment in right)
        left = fit(self._left, self.size.width - taken - (1 if right else 0))
        between = self.size.width - taken - sum(width(fragment.text) for fragment in left)
        return palette.strip(Line((*left, Fragment(" " * between), *right)), self.size.width)
