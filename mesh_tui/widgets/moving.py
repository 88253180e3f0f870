"""A picture that moves, on the screen: only rows that have changed are painted again.

Strategy: rows are given to the compositor as they are (`pictures.moving`), past Textual's own styling of
lines, which would take each apart. Where a picture is smaller than its place it stands in the middle.
"""

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from mesh_agent.calls.state import Picture
from mesh_tui.pictures.moving import HalvesStrip


class MovingPicture(Widget):
    """Shows what was put last; nothing before."""

    DEFAULT_CSS = "MovingPicture { width: 1fr; height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None
        self._rows: list[Strip | None] = []

    @property
    def picture(self) -> Picture | None:
        return self._picture

    def put(self, picture: Picture | None) -> None:
        """Shows it instead of the one before; None: nothing."""
        before, self._picture = self._picture, picture
        if picture is before:
            return
        if picture is None or before is None or _size(before) != _size(picture):
            self._rows = [None] * (picture.rows if picture else 0)
            self.refresh()
            return
        left, top = self._corner(picture)
        for rows in changed_rows(before.pixels, picture.pixels, picture.columns):
            self._rows[rows.start : rows.stop] = [None] * len(rows)
            self.refresh(Region(left, top + rows.start, picture.columns, len(rows)))

    def _corner(self, picture: Picture) -> tuple[int, int]:
        return max(0, (self.size.width - picture.columns) // 2), max(
            0, (self.size.height - picture.rows) // 2
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        return [self._line(y).crop(crop.x, crop.right) for y in range(crop.y, crop.bottom)]

    def _line(self, y: int) -> Strip:
        width, style = self.size.width, self.rich_style
        picture = self._picture
        left, top = self._corner(picture) if picture else (0, 0)
        if picture is None or not 0 <= y - top < len(self._rows):
            return Strip.blank(width, style)
        strip = self._rows[y - top]
        if strip is None:
            strip = self._rows[y - top] = _strip(picture, y - top)
        if strip.cell_length == width:
            return strip
        right = width - left - strip.cell_length
        return Strip.join([Strip.blank(left, style), strip, Strip.blank(max(0, right), style)]).crop(0, width)


def _size(picture: Picture) -> tuple[int, int]:
    return picture.columns, picture.rows


def _strip(picture: Picture, row: int) -> Strip:
    across = 3 * picture.columns
    at = 2 * row * across
    return HalvesStrip(picture.pixels[at : at + across], picture.pixels[at + across : at + 2 * across])


def changed_rows(before: bytes, after: bytes, columns: int) -> Sequence[range]:
    """Rows of cells that differ between two pictures of `columns`, near ones joined."""
    across = 2 * 3 * columns
    runs: list[range] = []
    for row in range(len(after) // across):
        if before[row * across : (row + 1) * across] != after[row * across : (row + 1) * across]:
            if runs and runs[-1].stop == row:
                runs[-1] = range(runs[-1].start, row + 1)
            else:
                runs.append(range(row, row + 1))
    return runs
