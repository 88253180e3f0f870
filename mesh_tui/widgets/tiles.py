"""Who is in a call, on the screen: tiles with their pictures, or a list where there are none."""

from collections.abc import Sequence

from textual.strip import Strip

from mesh_agent.calls.state import Picture
from mesh_tui.layout.call import Box, Face, caption, empty_tile, listed, statistics
from mesh_tui.layout.cells import Fragment, Line, clip, width, wrap
from mesh_tui.theme import Palette
from mesh_tui.widgets.lines import LineList
from mesh_tui.widgets.moving import MovingPicture


class Tile(MovingPicture):
    """Somebody's picture, and a row below it with their name."""

    DEFAULT_CSS = "Tile { position: absolute; background: $surface; }"

    def __init__(self, face: Face) -> None:
        super().__init__()
        self.face = face
        self._palette: Palette | None = None

    @property
    def picture_size(self) -> tuple[int, int]:
        """Cells that a picture has here."""
        return self.size.width, max(0, self.size.height - 1)

    def place(self, box: Box) -> None:
        self.styles.offset = (box.x, box.y)
        self.styles.width, self.styles.height = box.columns, box.rows

    def update(self, face: Face, picture: Picture | None) -> None:
        """What there is of them now."""
        fits = picture is not None and (picture.columns, picture.rows) == self.picture_size
        if picture is not None and not fits and self.picture is not None:
            picture = self.picture  # one of another size is still on its way; the next one fits
        self.put(picture if face.shows else None)
        if face != self.face:
            self.face = face
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def _corner(self, picture: Picture) -> tuple[int, int]:
        wide, high = self.picture_size
        return max(0, (wide - picture.columns) // 2), max(0, (high - picture.rows) // 2)

    def _line(self, y: int) -> Strip:
        cells, high = self.size.width, self.picture_size[1]
        palette = self._palette = self._palette or Palette(self)
        if y == high:
            plain = self.app.current_theme.ansi
            return palette.strip(caption(self.face, cells, plain=plain), cells)
        if self.picture is not None:
            return super()._line(y)
        if y == high // 2:
            words = clip(empty_tile(self.face), cells)
            blank = Fragment(" " * ((cells - width(words)) // 2))
            return palette.strip(Line((blank, Fragment(words, "muted"))), cells)
        return Strip.blank(cells, palette.style(""))


class Faces(LineList):
    """A list of everybody, what is wrong with devices, and figures where they are wanted."""

    DEFAULT_CSS = "Faces { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Sequence[Face], Sequence[str], bool] = ((), (), False)

    def put(self, faces: Sequence[Face], sentences: Sequence[str], *, figures: bool) -> None:
        if (shown := (faces, sentences, figures)) != self._shown:
            self._shown = shown
            self.remake()

    def make(self, cells: int) -> Sequence[Line]:
        faces, sentences, figures = self._shown
        lines = [Line(()), *listed(faces, cells)]
        if figures:
            lines += [Line(()), *statistics(faces, cells)]
        for sentence in sentences:
            lines.append(Line(()))
            rows = wrap([Fragment(sentence, "pinned")], max(2, cells - 4))
            lines += [Line((Fragment("  "), *row.fragments)) for row in rows]
        return lines
