"""Rows of a shared terminal on a person's own one: the bytes that change what it shows.

Strategy: what was painted last is remembered, cell by cell, and only what differs is painted again, between
synchronized-update marks, so that a slow line carries little and nothing flickers. The terminal is not
believed to agree on how wide a character is: after what not all agree on, the cursor is placed anew. Colours
are told in as many as the terminal has. Nothing that came from somebody else is ever part of an escape
sequence, and controls in a text are replaced once more, whoever has cleaned it before.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import east_asian_width

from mesh_agent.terminal.rows import safe_run
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
    Cursor,
    Run,
)

Runs = Sequence[Run]

ENTER: Final = b"\x1b[?1049h\x1b[?7l\x1b[H\x1b[2J"
"""The other screen, and nothing that is written past the edge goes on in the next row."""

LEAVE: Final = b"\x1b[0m\x1b[0 q\x1b[?7h\x1b[?25h\x1b[?1049l"

STYLES_MAX: Final = 4_096
"""Styles whose sequences are remembered."""

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_SHAPES: Final = (2, 4, 6)
_FLAGS: Final = (
    (BOLD, "1"),
    (FAINT, "2"),
    (ITALIC, "3"),
    (BLINK, "5"),
    (INVERSE, "7"),
    (INVISIBLE, "8"),
    (STRUCK, "9"),
    (OVERLINED, "53"),
)
_UNDERLINES: Final = ("", "\x1b[4m", "\x1b[21m", "\x1b[4m\x1b[4:3m", "\x1b[4m\x1b[4:4m", "\x1b[4m\x1b[4:5m")
"""The further kinds come after a plain one, for a terminal that knows no others."""


class Cell(NamedTuple):
    """`text` is empty where the cell before it goes on."""

    text: str
    foreground: int = 0
    background: int = 0
    attributes: int = 0
    width: int = 1


BLANK: Final = Cell(" ")


def cells_of(runs: Iterable[Run], columns: int) -> list[Cell]:
    """The row as `columns` cells; what does not fit as a whole is left out."""
    cells: list[Cell] = []
    for text, foreground, background, attributes, width, cluster in map(_parts, runs):
        for character in (text,) if cluster else text:
            if len(cells) + width > columns:
                break
            cells.append(Cell(character, foreground, background, attributes, width))
            if width > 1:
                cells.append(Cell("", foreground, background, attributes, 0))
    return cells + [BLANK] * (columns - len(cells))


def _parts(run: Run) -> tuple[str, int, int, int, int, bool]:
    text = safe_run(run).text
    return text, run.foreground, run.background, run.attributes, run.width, run.cluster


def window(cells: Sequence[Cell], left: int, columns: int) -> list[Cell]:
    """`columns` cells from `left` on; half a wide character is a blank."""
    cut = list(cells[left : left + columns])
    cut += [BLANK] * (columns - len(cut))
    if cut and not cut[0].text:
        cut[0] = cut[0]._replace(text=" ", width=1)
    if cut and cut[-1].width > 1:
        cut[-1] = cut[-1]._replace(text=" ", width=1)
    return cut


def inverted(cells: Iterable[Cell]) -> list[Cell]:
    """As a terminal in reverse mode shows them."""
    return [cell._replace(attributes=cell.attributes ^ INVERSE) for cell in cells]


def colours_of(environment: Mapping[str, str]) -> int:
    """How many colours the terminal has that these variables tell of."""
    term = environment.get("TERM", "")
    if environment.get("COLORTERM", "") in {"truecolor", "24bit"} or term.endswith("-direct"):
        return RGB
    return 256 if "256" in term or term.startswith(("xterm-kitty", "alacritty", "foot", "wezterm")) else 16


class Painter:
    """One terminal of a person."""

    def __init__(self, columns: int, rows: int, colours: int = RGB) -> None:
        self._colours = colours
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """It has another size now; or somebody else has painted on it. All is painted anew."""
        self.columns, self.rows = columns, rows
        self._shown: list[list[Cell]] | None = None
        self._cursor: Cursor | None = None

    def paint(self, lines: Sequence[Sequence[Cell]], cursor: Cursor | None) -> bytes:
        """Shows `lines`, each of `columns` cells; what is below them is blank. Empty where nothing differs.

        `cursor`: where it stands; None, or outside: it is hidden.
        """
        pieces: list[str] = []
        if self._shown is None:
            pieces.append("\x1b[0m\x1b[H\x1b[2J")
            self._shown = [[BLANK] * self.columns for _ in range(self.rows)]
        for row in range(self.rows):
            wanted = lines[row] if row < len(lines) else [BLANK] * self.columns
            if wanted != self._shown[row]:
                self._paint_row(pieces, row, self._shown[row], wanted)
                self._shown[row] = list(wanted)
        if not pieces and cursor == self._cursor:
            return b""
        style = "\x1b[0m" if pieces else ""
        self._cursor = cursor
        return "".join((_BEGIN, "\x1b[?25l", *pieces, style, self._place(cursor), _END)).encode()

    def _place(self, cursor: Cursor | None) -> str:
        inside = cursor is not None and cursor.column < self.columns and cursor.row < self.rows
        if cursor is None or not (inside and cursor.visible):
            return ""
        at = f"\x1b[{cursor.row + 1};{cursor.column + 1}H"
        return f"{at}\x1b[{_SHAPES[cursor.shape]} q\x1b[?25h"

    def _paint_row(self, pieces: list[str], row: int, old: Sequence[Cell], new: Sequence[Cell]) -> None:
        first, last = _differing(old, new)
        blank_from = len(new)
        while blank_from > first and new[blank_from - 1] == BLANK:
            blank_from -= 1
        pieces.append(f"\x1b[{row + 1};{first + 1}H")
        self._paint_cells(pieces, new[first : min(last, blank_from)], first)
        if blank_from < last:
            pieces.append(f"\x1b[{blank_from + 1}G\x1b[0m\x1b[K")

    def _paint_cells(self, pieces: list[str], cells: Sequence[Cell], column: int) -> None:
        style: tuple[int, int, int] | None = None
        before = _SURE
        for at, cell in enumerate(cells, column):
            if not cell.text:
                continue
            doubt = _doubt(cell.text, cell.width)
            if before > _SURE and (doubt != before or doubt == _DOUBTFUL):
                pieces.append(f"\x1b[{at + 1}G")
            wanted = cell[1:4]
            if wanted != style:
                pieces.append(sequence_of(*wanted, self._colours))
                style = wanted
            # A terminal that thinks it narrower leaves no part of what was there before.
            pieces.append(f"\x1b[{cell.width}X{cell.text}" if doubt == _DOUBTFUL else cell.text)
            before = doubt


_SURE, _NARROW, _DOUBTFUL = range(3)
"""How wide it is all terminals agree on; most do, and others may be wrong within a run; or who knows."""


def _doubt(text: str, width: int) -> int:
    if text.isascii() and width == 1:
        return _SURE
    if len(text) > 1 or width > 1:
        return _DOUBTFUL
    return _NARROW if east_asian_width(text) == "A" else _SURE if text.isprintable() else _DOUBTFUL


def _differing(old: Sequence[Cell], new: Sequence[Cell]) -> tuple[int, int]:
    """From where and to where two rows of the same length differ; no character of either is cut in two."""
    first, last = 0, len(new)
    while first < last and old[first] == new[first]:
        first += 1
    while last > first and old[last - 1] == new[last - 1]:
        last -= 1
    while first > 0 and not (old[first].text and new[first].text):
        first -= 1
    while last < len(new) and not (old[last].text and new[last].text):
        last += 1
    return first, last


# ── colours and styles ───────────────────────────────────────────────────────────────────────────


@lru_cache(STYLES_MAX)
def sequence_of(foreground: int, background: int, attributes: int, colours: int = RGB) -> str:
    """What makes a terminal with so many `colours` write in that style, whatever it was before."""
    words = ["0", *(word for flag, word in _FLAGS if attributes & flag)]
    words += _colour(foreground, colours, 30) + _colour(background, colours, 40)
    underline = attributes >> UNDERLINE_SHIFT & 7
    return f"\x1b[{';'.join(words)}m{_UNDERLINES[underline] if underline < len(_UNDERLINES) else ''}"


def _colour(colour: int, colours: int, base: int) -> list[str]:
    if colour == 0:
        return []
    if colour >= RGB:
        red, green, blue = colour >> 16 & 255, colour >> 8 & 255, colour & 255
        if colours >= RGB:
            return [f"{base + 8};2;{red};{green};{blue}"]
        index = _nearest(red, green, blue)
    else:
        index = min(colour - 1, 255)
    if colours < 256 and index > 15:
        index = _nearest_of_16(*_rgb_of(index))
    if index < 16:
        return [f"{base + index}" if index < 8 else f"{base + 60 + index - 8}"]
    return [f"{base + 8};5;{index}"]


_STEPS: Final = (0, 95, 135, 175, 215, 255)
_SIXTEEN: Final = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205)),
    *((229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255)),
    *((255, 0, 255), (0, 255, 255), (255, 255, 255)),
)
"""As an xterm has them."""


def _nearest(red: int, green: int, blue: int) -> int:
    """Of the cube and the greys of 256 colours."""
    cube = [_step(part) for part in (red, green, blue)]
    grey = max(0, min(23, round(((red + green + blue) / 3 - 8) / 10)))
    candidates = (16 + 36 * cube[0] + 6 * cube[1] + cube[2], 232 + grey)
    return min(candidates, key=lambda index: _distance(_rgb_of(index), (red, green, blue)))


def _step(part: int) -> int:
    return min(range(len(_STEPS)), key=lambda step: abs(_STEPS[step] - part))


def _nearest_of_16(red: int, green: int, blue: int) -> int:
    return min(range(16), key=lambda index: _distance(_SIXTEEN[index], (red, green, blue)))


def _rgb_of(index: int) -> tuple[int, int, int]:
    if index < 16:
        return _SIXTEEN[index]
    if index >= 232:
        level = 8 + 10 * (index - 232)
        return level, level, level
    red, green, blue = (index - 16) // 36, (index - 16) // 6 % 6, (index - 16) % 6
    return _STEPS[red], _STEPS[green], _STEPS[blue]


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
