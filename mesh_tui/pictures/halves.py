"""A picture as rows of cells: the upper half of each has one colour, its background the other.

Strategy: colours are made coarser (five bits each), which nobody sees in squares of half a cell, so that
neighbours are more often alike: what is alike is one run, and costs the line to the terminal one change of
colours instead of many.
"""

from itertools import groupby
from typing import TYPE_CHECKING, Final

from mesh_tui.layout.cells import Fragment, Line

if TYPE_CHECKING:
    from mesh_tui.pictures.loading import Picture

_COARSE: Final = bytes(round((value >> 3) * 255 / 31) for value in range(256))


def lines(picture: "Picture") -> list[Line]:
    """One for each two rows of pixels, `picture.columns` cells wide; roles are those of `colours`."""
    pixels = picture.pixels.translate(_COARSE).hex()
    across = 6 * picture.columns
    rows = [pixels[start : start + across] for start in range(0, len(pixels), across)]
    return [Line(_row(upper, lower)) for upper, lower in zip(rows[::2], rows[1::2], strict=True)]


def _row(upper: str, lower: str) -> tuple[Fragment, ...]:
    cells = (f"#{upper[at : at + 6]}#{lower[at : at + 6]}" for at in range(0, len(upper), 6))
    return tuple(Fragment("▀" * len(list(run)), role) for role, run in groupby(cells))


def colours(role: str) -> tuple[str, str] | None:
    """Of the upper and the lower half, as `#rrggbb`; None where the role is no cell of a picture."""
    return (role[:7], role[7:]) if len(role) == 14 and role[0] == role[7] == "#" else None
