"""Cells of a shared terminal as a row that Textual paints.

Strategy: the host says what stands in a cell and how wide it is; here that only gets its colours. The first
sixteen of the palette are those of the theme's terminal colours, as other programs have them; the rest are as
every terminal has them. Neighbours of one style are one segment.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mesh_agent.terminal.painter import BLANK, Cell
from protocol.peer_terminal import (
    BLINK,
    BOLD,
    FAINT,
    INVERSE,
    INVISIBLE,
    ITALIC,
    OVERLINED,
    RGB,
    STRUCK,
    UNDERLINE_SHIFT,
)

DOUBLE: Final = 2
_CURSOR: Final = 1 << 30
"""A bit of our own, beside the attributes of a cell: the cursor is here."""


@lru_cache(4_096)
def _colour(colour: int) -> Color | None:
    if not colour:
        return None
    if colour >= RGB:
        return Color.from_rgb(colour >> 16 & 255, colour >> 8 & 255, colour & 255)
    return Color.from_ansi(min(colour, 256) - 1)


@lru_cache(4_096)
def style_of(foreground: int, background: int, attributes: int, base: Style) -> Style:
    """`base`: how a cell looks that has no style of its own."""
    underline = attributes >> UNDERLINE_SHIFT & 7
    inverse = bool(attributes & INVERSE) != bool(attributes & _CURSOR)
    return base + Style(
        color=_colour(foreground),
        bgcolor=_colour(background),
        bold=bool(attributes & BOLD),
        dim=bool(attributes & FAINT),
        italic=bool(attributes & ITALIC),
        blink=bool(attributes & BLINK),
        reverse=inverse,
        conceal=bool(attributes & INVISIBLE),
        strike=bool(attributes & STRUCK),
        overline=bool(attributes & OVERLINED),
        underline=underline not in (0, DOUBLE),
        underline2=underline == DOUBLE,
    )


def strip_of(cells: Sequence[Cell], base: Style) -> Strip:
    """A row; its width is the number of cells."""
    segments = [
        Segment("".join(cell.text for cell in group), style_of(*key, base))
        for key, group in groupby(cells, key=lambda cell: (cell.foreground, cell.background, cell.attributes))
    ]
    return Strip(segments, len(cells))


def with_cursor(cells: Sequence[Cell], column: int, *, hollow: bool) -> list[Cell]:
    """The row with the cursor in it; `hollow`: what is typed goes elsewhere."""
    marked = list(cells)
    cell = marked[column] if column < len(marked) else BLANK
    if not cell.text and column:  # the second half of a wide one: the whole is marked
        column -= 1
        cell = marked[column]
    mark = 1 << UNDERLINE_SHIFT if hollow else _CURSOR
    for at in range(column, min(column + max(1, cell.width), len(marked))):
        marked[at] = marked[at]._replace(attributes=marked[at].attributes | mark)
    return marked


def with_selection(cells: Sequence[Cell], start: int, end: int) -> list[Cell]:
    """The row with what is selected in it; `start` and `end` count its characters, -1 is its end."""
    marked, at = list(cells), 0
    for column, cell in enumerate(cells):
        if start <= at and (end < 0 or at < end):
            marked[column] = cell._replace(attributes=cell.attributes ^ INVERSE)
        at += len(cell.text)
    return marked
