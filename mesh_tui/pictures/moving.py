"""A picture that moves, as rows that are quickly painted: halves of cells, and what the terminal is told.

Strategy: a `Segment` and a `Style` for each of thousands of cells, many times a second, cost more than all
else, so a row gives the SGR parameters of its cells alone; `painted` takes them over as they are, and
`between` goes from one cell to the next without asking what a style consists of. Colours have five bits
each, so there are few enough of them that the words for each are made once. What Textual itself asks a row
for, where a page lies above it, is made only then.
"""

from itertools import groupby
from typing import Final

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

HALF: Final = "▀"
_PAPER: Final = ";48;"


class _Words(dict[bytes, str]):
    """What the terminal is told of a colour, by its three bytes; at most 32,768 of them."""

    def __init__(self, colours: ColorSystem, *, foreground: bool) -> None:
        super().__init__()
        self._colours, self._foreground = colours, foreground

    def __missing__(self, colour: bytes) -> str:
        there = Color.from_rgb(*colour).downgrade(self._colours)
        words = self[colour] = ";".join(there.get_ansi_codes(self._foreground))
        return words


_INKS: Final = {system: _Words(system, foreground=True) for system in ColorSystem}
_PAPERS: Final = {system: _Words(system, foreground=False) for system in ColorSystem}


class HalvesStrip(Strip):
    """One row of cells of a picture.

    Args:
        upper, lower: 3 bytes (red, green, blue) for each cell.
    """

    def __init__(self, upper: bytes, lower: bytes) -> None:
        super().__init__((), len(upper) // 3)
        self.upper = upper
        self.lower = lower
        self._made: list[Segment] | None = None

    @property
    def _segments(self) -> list[Segment]:
        if self._made is None:
            cells = list(zip(_triples(self.upper), _triples(self.lower), strict=True))
            self._made = [
                Segment(HALF * len(list(run)), Style(color=_colour(upper), bgcolor=_colour(lower)))
                for (upper, lower), run in groupby(cells)
            ]
        return self._made

    @_segments.setter
    def _segments(self, _: list[Segment]) -> None:
        """Textual's own constructor has none to give."""

    def styles(self, colours: ColorSystem) -> list[str]:
        """The SGR parameters of each cell."""
        inks, papers = _INKS[colours], _PAPERS[colours]
        upper, lower = self.upper, self.lower
        return [f"{inks[upper[at : at + 3]]};{papers[lower[at : at + 3]]}" for at in range(0, len(upper), 3)]


def _triples(colours: bytes) -> list[bytes]:
    return [colours[at : at + 3] for at in range(0, len(colours), 3)]


def _colour(colour: bytes) -> Color:
    return Color.from_rgb(*colour)


def is_plain(style: str) -> bool:
    """Whether it is two colours out of many and nothing else, as those of `HalvesStrip`."""
    return style.startswith("38;") and _PAPER in style and "\0" not in style


def between(styles: list[str], start: int, end: int, before: str) -> tuple[str, int]:
    """What paints halves from `start` on, as long as their styles are plain, and to before `end`.

    Args:
        before: the style that the terminal has now, a plain one.

    Returns: what to send, and where it got to; the terminal has the style of the cell before that then.
    """
    sent: list[str] = []
    put = sent.append
    ink, _, paper = before.partition(_PAPER)
    last, x = before, start
    for x in range(start, end):
        style = styles[x]
        if style is not last and style != last:
            if not style.startswith("38;"):
                break
            new_ink, found, new_paper = style.partition(_PAPER)
            if not found or "\0" in new_paper:
                break
            if new_paper == paper:
                put(f"\x1b[{new_ink}m")
            elif new_ink == ink:
                put(f"\x1b[48;{new_paper}m")
            else:
                put(f"\x1b[{style}m")
            ink, paper, last = new_ink, new_paper, style
        put(HALF)
    else:
        x = end
    return "".join(sent), x
