"""Who is in a call, on the screen: tiles with their pictures, or a list where there are none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual.strip import Strip

from mesh_agent.calls.state import Picture
from mesh_tui.layout.call import Box, Face, caption, empty_tile, listed
from mesh_tui.layout.call_figures import statistics
from mesh_tui.layout.cells import Fragment, Line, clip, width, wrap
from mesh_tui.theme import Palette
from mesh_tui.widgets.lines import LineList
from mesh_tui.widgets.moving import MovingPicture

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp
    from mesh_tui.pictures.live import Live, Sight


class Tile(MovingPicture):
    """Somebody's picture, and a row below it with their name."""

    DEFAULT_CSS = "Tile { position: absolute; background: $surface; }"

    def __init__(self, face: Face) -> None:
        super().__init__()
        self.face = face
        self._palette: Palette | None = None
        self._sight: Sight | None = None
        self._last: Picture | None = None

    @property
    def picture_size(self) -> tuple[int, int]:
        """Cells that a picture has here."""
        return self.size.width, max(0, self.size.height - 1)

    def place(self, box: Box) -> None:
        self.styles.offset = (box.x, box.y)
        self.styles.width, self.styles.height = box.columns, box.rows

    @property
    def picture(self) -> Picture | None:
        return self._last if self._sight is not None else super().picture

    @property
    def _live(self) -> "Live":
        return cast("MeshApp", self.app).calls.live

    def on_unmount(self) -> None:
        if self._sight is not None:
            self._live.close(self._sight)

    def update(self, face: Face, picture: Picture | None) -> None:
        """What there is of them now."""
        if not face.shows or picture is None:
            self._look_at(None)
            self.put(None)
        elif picture.form != "halves":
            self._show(picture)
        elif self.picture is None or (picture.columns, picture.rows) == self.picture_size:
            self._look_at(None)
            self.put(picture)
        if face != self.face:
            self.face = face
            self.refresh()

    def _show(self, picture: Picture) -> None:
        """One that the terminal shows itself."""
        sight, size = self._sight, (picture.columns, picture.rows)
        if sight is not None and sight.closed:
            self._look_at(sight := None)
        if size != self.picture_size or picture is self._last:
            return  # one of another size is still on its way; the next one fits
        if sight is None or (sight.columns, sight.rows) != size:
            if (sight := self._live.sight(picture)) is None:
                return
            self._look_at(sight)
            self.put(None)
        self._last = picture
        sight.show(picture)

    def _look_at(self, sight: "Sight | None") -> None:
        if sight is not self._sight:
            if self._sight is not None:
                self._live.close(self._sight)
            self._sight, self._last = sight, None
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def _corner(self, picture: "Picture | Sight") -> tuple[int, int]:
        wide, high = self.picture_size
        return max(0, (wide - picture.columns) // 2), max(0, (high - picture.rows) // 2)

    def _line(self, y: int) -> Strip:
        cells, high = self.size.width, self.picture_size[1]
        palette = self._palette = self._palette or Palette(self)
        if y == high:
            plain = self.app.current_theme.ansi
            return palette.strip(caption(self.face, cells, plain=plain), cells)
        if self._sight is not None:
            return self._line_of(self._sight, y, palette)
        if self.picture is not None:
            return super()._line(y)
        if y == high // 2:
            words = clip(empty_tile(self.face), cells)
            blank = Fragment(" " * ((cells - width(words)) // 2))
            return palette.strip(Line((blank, Fragment(words, "muted"))), cells)
        return Strip.blank(cells, palette.style(""))

    def _line_of(self, sight: "Sight", y: int, palette: Palette) -> Strip:
        cells = self.size.width
        left, top = self._corner(sight)
        if not 0 <= y - top < sight.rows:
            return Strip.blank(cells, palette.style(""))
        fragments = sight.lines[y - top].fragments
        return palette.strip(Line((Fragment(" " * left), *fragments)), cells)


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
