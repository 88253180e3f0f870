"""Pictures of a screen as text that can be compared: what stands in each cell, and how it looks.

Strategy: one file a screen and size holds its rows as they are read, then the same rows as letters, each of
which stands for one look, then what each letter looks like theme by theme. So a theme changes a line of the
legend, and a word that moves changes its own row. What no two runs share (a port, how long the way to the
server takes) is covered.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, zip_longest
from string import ascii_letters
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

LINES: Final = 40
"""Of a difference that are worth reading."""

_LETTERS: Final = ascii_letters + "".join(map(chr, (*range(0x3B1, 0x3CA), *range(0x430, 0x450))))
_PORT: Final = re.compile(r"(?<=127\.0\.0\.1:)\d{5}")
_LAG: Final = re.compile(r"(?<=● connected) \d+ ms")
_WIDE: Final = "\0"
"""The second cell of a wide character."""


class Cell(NamedTuple):
    text: str
    look: str


Rows = Sequence[Sequence[Cell]]


def rows_of(strips: Iterable[Iterable[Segment]]) -> Rows:
    """What Textual would paint, cell by cell."""
    rows = []
    for strip in strips:
        cells: list[Cell] = []
        for segment in strip:
            look = look_of(segment.style or Style())
            for text in _graphemes(segment.text):
                cells += [Cell(text, look), *[Cell(_WIDE, look)] * (cell_len(text) - 1)]
        rows.append(_covered(cells))
    return rows


def _graphemes(text: str) -> Iterable[str]:
    """Characters with those of no width that follow them."""
    return re.findall(r".[\u0300-\u036f\ufe0f\u200d]*(?:(?<=\u200d).\ufe0f?)*", text)


def _covered(cells: list[Cell]) -> list[Cell]:
    text = "".join(cell.text[0] for cell in cells)
    if (port := _PORT.search(text)) is not None:
        for place in range(*port.span()):
            cells[place] = cells[place]._replace(text="0")
    if (lag := _LAG.search(text)) is not None:
        after = cells[-1] if cells[-1].text == " " else cells[lag.start() - 1]
        for place in range(lag.start(), lag.start() + len(" 99999 ms")):
            if cells[place].text in " ms0123456789":
                cells[place] = Cell(" ", after.look)
    return cells


def look_of(style: Style) -> str:
    """`bold #f92672 on #272822`"""
    words = [
        word for word in ("bold", "dim", "italic", "underline", "reverse", "strike") if getattr(style, word)
    ]
    words += [style.color.name] if style.color else []
    words += ["on", style.bgcolor.name] if style.bgcolor else []
    return " ".join(words) or "plain"


def describe(pictures: Mapping[str, Rows]) -> str:
    """The file for one screen in one size, of its pictures by theme.

    The text is that of the first theme; where another shows another one, that is a part of how it looks.
    """
    first = next(iter(pictures.values()))
    texts = [_text(row) for row in first]
    legend: dict[tuple[str, ...], str] = {}
    letters = []
    for number in range(len(texts)):
        cells = zip(*(rows[number] for rows in pictures.values()), strict=True)
        looks = (tuple(_in_theme(cell, of_first=alike[0]) for cell in alike) for alike in cells)
        named = [legend.setdefault(look, _LETTERS[len(legend)]) for look in looks]
        letters.append("".join(f"{letter}{len(list(run))}" for letter, run in groupby(named)))
    lines = [f"│{text}│" for text in texts]
    lines += ["", *letters, ""]
    for look, letter in legend.items():
        lines += [f"{letter} {theme}: {words}" for theme, words in zip(pictures, look, strict=True)]
    return "\n".join(lines) + "\n"


def _in_theme(cell: Cell, *, of_first: Cell) -> str:
    return cell.look if cell.text == of_first.text else f"{cell.text!r} {cell.look}"


def _text(row: Sequence[Cell]) -> str:
    return "".join(cell.text for cell in row if cell.text != _WIDE)


class Read(NamedTuple):
    """A file, taken apart: rows of text, each row's letter for each cell, letter -> theme -> look."""

    texts: list[str]
    letters: list[str]
    looks: dict[str, dict[str, str]]


def read(described: str) -> Read:
    texts, letters, legend = (part.split("\n") for part in described.strip("\n").split("\n\n"))
    looks: dict[str, dict[str, str]] = {}
    for line in legend:
        letter, theme, words = line[0], *line[2:].split(": ", 1)
        looks.setdefault(letter, {})[theme] = words
    return Read(texts, [_spelled(row) for row in letters], looks)


def _spelled(row: str) -> str:
    return "".join(letter * int(length) for letter, length in re.findall(r"(\D)(\d+)", row))


def difference(before: str, after: str) -> list[str]:
    """What is otherwise in the second of two files, row by row in words; empty where nothing is."""
    old, new = read(before), read(after)
    lines: list[str] = []
    for number, (was, now) in enumerate(zip_longest(old.texts, new.texts, fillvalue="")):
        if was != now:
            lines += [f"row {number} was {was}", f"{'is now':>{len(f'row {number} was')}} {now}"]
        elif number < min(len(old.letters), len(new.letters)):
            lines += _other_looks(f"row {number}", now, _looks(old, number), _looks(new, number))
    hidden = len(lines) - LINES
    return lines if hidden <= 0 else [*lines[:LINES], f"and {hidden} lines more"]


def _looks(picture: Read, number: int) -> list[dict[str, str]]:
    return [picture.looks[letter] for letter in picture.letters[number]]


def _other_looks(
    where: str, text: str, old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]
) -> Iterable[str]:
    """A line for each stretch of cells and each theme in which they look otherwise."""
    cells = [cell for letter in text[1:-1] for cell in (letter, *[""] * (cell_len(letter) - 1))]
    for theme in new[0]:
        pairs = [(was.get(theme, "nothing"), now[theme]) for was, now in zip(old, new, strict=False)]
        place = 0
        for (was, now), run in groupby(pairs):
            length = len(list(run))
            if was != now:
                words = "".join(cells[place : place + length]).strip()
                stretch = f"cells {place} to {place + length - 1}, “{words}”"
                yield f"{where}, {stretch}, {theme}: was {was}, is {now}"
            place += length
