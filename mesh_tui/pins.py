"""Holds what follows a character of doubtful width in its place.

Strategy: Unicode, terminals and multiplexers disagree about how wide emoji sequences, new emoji, private-use
icons and many scripts are, and no program can ask. So such a run is painted between a saved cursor and a
jump: save the cursor (DECSC), blank the cells that the run was measured to take, restore (DECRC), paint it,
restore again and step over those cells (CUF). Whatever the terminal made of it, the next character stands
where it belongs. Frames are pinned unit by unit where they are turned into bytes (`painted`); one pass over
the finished output does it for whatever else is written.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

from mesh_tui.pictures import sixel
from mesh_tui.pictures.kitty import CELLS, PLACEHOLDER

KEPT: Final = 128
"""Texts whose units are kept: what a frame paints, borders above all, the next one mostly paints again."""

_SURE: Final = (
    "\x00-\u02ff\u0370-\u052f\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u2318\u2320-\u23cf"
    "\u2400-\u24ff\u2500-\u25fc\u2600-\u2603\u2610-\u2612\u2713-\u2718\u2800-\u28ff\u2e80-\u2fdf\u3001-\u3029"
    "\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60"
)
"""Characters whose width every terminal of today agrees on."""

_EXTENDS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200d\u20d0-\u20ff\ufe00-\ufe0f\u3099\u309a"
_ESCAPE: Final = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])"
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_DOUBTFUL: Final = re.compile(f"[^{_SURE}]")
_RUN: Final = re.compile(f"(?P<escape>{_ESCAPE})|(?:[^\x00-\x1f](?=[{_EXTENDS}]))?[^{_SURE}]+", re.DOTALL)


def pin(output: str) -> str:
    """`output`, which may hold escape sequences, with every doubtful run pinned to its measured width."""
    if output.isascii() or not _DOUBTFUL.search(output):
        return output
    return _RUN.sub(_pin_run, output)


@lru_cache(maxsize=KEPT)
def units(text: str) -> tuple[tuple[str, int], ...]:
    """What of `text` is painted as one, and how many cells it takes: letters, and runs of doubtful width.

    Control characters are left out, whoever let them come this far.
    """
    return tuple(_split(text))


def _split(text: str) -> Iterator[tuple[str, int]]:
    if text.startswith(PLACEHOLDER) and CELLS.fullmatch(text):
        yield from ((text[at : at + 3], 1) for at in range(0, len(text), 3))
        return
    if sixel.PLACEHOLDER in text:
        for piece in filter(None, sixel.split(text)):
            yield from [(piece, 1)] if sixel.is_cell(piece) else _units(piece)
    else:
        yield from _units(text)


def _units(text: str) -> Iterator[tuple[str, int]]:
    end = 0
    text = _CONTROL.sub("", text)
    for match in _RUN.finditer(text):
        yield from ((letter, cell_len(letter)) for letter in text[end : match.start()])
        yield match[0], cell_len(match[0])
        end = match.end()
    yield from ((letter, cell_len(letter)) for letter in text[end:])


def pinned(unit: str, cells: int) -> str:
    """How a unit (marks may have been added to it) is painted; the same object where there is no doubt."""
    if unit[:1] == PLACEHOLDER and CELLS.fullmatch(unit):
        return unit
    return _pin(unit, cells) if len(unit) > 1 or _DOUBTFUL.match(unit) else unit


def _pin_run(match: re.Match[str]) -> str:
    run = match[0]
    return run if match["escape"] else _pin(run, cell_len(run))


def _pin(run: str, cells: int) -> str:
    if not cells:
        return f"\x1b7{run}\x1b8"
    # Saved twice, since there are emulators that forget what they restored.
    return f"\x1b7{' ' * cells}\x1b8\x1b7{run}\x1b8\x1b[{cells}C"
