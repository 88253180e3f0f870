"""A picture as sixels: painted over cells that are left empty, once the frame around it is there.

Strategy: the cells are characters that no text has, each with marks that say which row and column of which
picture it is; they are painted as blanks. So whether all of a picture is on the screen, and whether a frame
has painted over it, is read from the cells alone (`standing`), and taking it away is painting other cells
there. The process that decodes also encodes, with at most 256 colours, fewer where that takes too many bytes;
what it says is looked at for anything but sixels. Terminals that paint them are known by name; none is asked.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mesh_tui.layout.cells import Fragment, Line
from mesh_tui.pictures.encoding import BYTES_MOST
from mesh_tui.pictures.kitty import CELL_MOST, MARKS, MOST

if TYPE_CHECKING:
    from mesh_tui.ways import Outside

PLACEHOLDER: Final = "\U0010eeef"
PIXELS_MOST: Final = 1_500_000
SIDE_MOST: Final = 1_000
"""Pixels that xterm takes at most across, and down, where nobody told it otherwise."""

NUMBERS: Final = MOST

_CELL: Final = re.compile(f"({PLACEHOLDER}[{''.join(MARKS)}]{{3}})")
_UNIT: Final = 4
_SIXELS: Final = b'!"#$-0123456789;' + bytes(range(0x3F, 0x7F))
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
_SINCE: Final[dict[str, tuple[int, int]]] = {
    "foot": (0, 0),
    "wezterm": (0, 0),
    "mlterm": (0, 0),
    "contour": (0, 0),
    "iterm": (0, 0),
    "sixel": (0, 0),
    "windows terminal": (1, 22),
}
"""A part of a terminal's name, and the first of its versions that paints sixels."""


class Sixels(NamedTuple):
    """What is written for a picture, and the cells that it takes."""

    columns: int
    rows: int
    sequence: str


def cell_of(outside: "Outside", cell: tuple[int, int], *, named: bool = True) -> tuple[int, int] | None:
    """The pixels of a cell; None where the terminal is not known to paint sixels, or does not say how large
    its cells are: a picture would reach over its own.

    `named`: False where the person says that it does; tmux takes them as they are, where it was built so.
    """
    if not all(cell) or max(cell) > CELL_MOST or outside.wrap == "screen":
        return None
    if named and (outside.wrap or not outside.names or not _knows(outside.names[0].casefold())):
        return None
    return cell


def _knows(name: str) -> bool:
    version = _VERSION.search(name)
    number = (int(version[1]), int(version[2])) if version else (0, 0)
    return any(part in name and number >= since for part, since in _SINCE.items())


def room(columns: int, rows: int, cell: tuple[int, int]) -> tuple[int, int]:
    """The cells that a picture may have, of so many."""
    columns = min(columns, MOST, SIDE_MOST // cell[0])
    rows = min(rows, MOST, SIDE_MOST // cell[1], PIXELS_MOST // max(1, columns * cell[0] * cell[1]))
    return columns, rows


def sequence(said: bytes) -> str | None:
    """What to write; None where there is anything but sixels in what was said, or too much of it."""
    if not 0 < len(said) <= BYTES_MOST or said.translate(None, _SIXELS):
        return None
    return f"\x1bP7;1q{said.decode('ascii')}\x1b\\"


# ── the cells ────────────────────────────────────────────────────────────────────────────────────


def lines(number: int, columns: int, rows: int) -> list[Line]:
    """The rows of cells at which the picture of this number (below `NUMBERS`) is seen."""
    return [Line((Fragment("".join(_unit(number, x, y) for x in range(columns))),)) for y in range(rows)]


def _unit(number: int, x: int, y: int) -> str:
    return f"{PLACEHOLDER}{MARKS[number]}{MARKS[y]}{MARKS[x]}"


@lru_cache(maxsize=16)
def _units(number: int, columns: int, rows: int) -> list[list[str]]:
    return [[_unit(number, x, y) for x in range(columns)] for y in range(rows)]


def split(text: str) -> list[str]:
    """Its cells of pictures, one by one, and what is between them, which may be empty."""
    return _CELL.split(text)


def is_cell(unit: str) -> bool:
    """Whether it is one of a picture."""
    return len(unit) == _UNIT and unit[0] == PLACEHOLDER


def standing(
    screen: Sequence[Sequence[str | None]], number: int, columns: int, rows: int
) -> tuple[int, int] | None:
    """Where the picture's first cell is (x, y) on a screen that has all of them; else None.

    None too where the last row of the screen is among them: some terminals scroll after a picture there.
    """
    wanted = _units(number, columns, rows)
    first = wanted[0][0]
    found = next(((texts.index(first), y) for y, texts in enumerate(screen) if first in texts), None)
    if found is None or found[1] + rows >= len(screen):
        return None
    left, top = found
    whole = all(screen[top + y][left : left + columns] == row for y, row in enumerate(wanted))
    return found if whole else None


class Held:
    """The pictures that are painted over their cells, by number."""

    def __init__(self) -> None:
        self._pictures: dict[int, Sixels] = {}
        self._touched: set[int] = set()
        self._renewed: dict[int, None] = {}
        self._stands = False

    def hold(self, number: int, picture: Sixels | None) -> None:
        """From now on; None: nothing is."""
        if picture is None:
            self._pictures.pop(number, None)
            self._renewed.pop(number, None)
        else:
            self._pictures[number] = picture

    def renew(self, number: int, picture: Sixels) -> None:
        """The next one of a picture that moves: `next_renewed` paints it, whether or not its cells change."""
        self._pictures[number] = picture
        self._renewed[number] = None  # one that waits already keeps its turn

    @property
    def renewed(self) -> bool:
        """Whether a picture that moves waits to be painted."""
        return bool(self._renewed)

    def next_renewed(self, screen: Sequence[Sequence[str | None]]) -> str:
        """What paints the one that has waited for longest, of those of which all cells are on the screen.

        Those of which not all are will be painted with them.
        """
        while self._renewed:
            number = next(iter(self._renewed))
            del self._renewed[number]
            if said := self._over(number, screen):
                return said
        return ""

    def touch(self, unit: str) -> None:
        """This cell of a picture was painted as a blank."""
        self._touched.add(MARKS.index(unit[1]))
        self._stands = True

    def stands(self, *screens: Sequence[Sequence[str | None]]) -> bool:
        """Whether there are cells of a picture on these screens; none may be moved by the terminal then."""
        if self._stands:
            self._stands = any(is_cell(unit or "") for screen in screens for row in screen for unit in row)
        return self._stands

    def over(self, screen: Sequence[Sequence[str | None]]) -> str:
        """What paints the pictures of which cells were painted, where all of one is on the screen."""
        touched = sorted(self._touched & self._pictures.keys())
        self._touched.clear()
        return "".join(self._over(number, screen) for number in touched)

    def _over(self, number: int, screen: Sequence[Sequence[str | None]]) -> str:
        columns, rows, said = self._pictures[number]
        place = standing(screen, number, columns, rows)
        return f"\x1b[{place[1] + 1};{place[0] + 1}H{said}" if place else ""
