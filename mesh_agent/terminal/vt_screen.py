"""pyte's screen, mended where it is no terminal's: margins, late wraps, marks on characters, saved cursors.

Strategy: only what programs are seen to depend on; what scrolls away is told to whoever keeps it.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from itertools import groupby
from typing import Any, Final

import pyte
from pyte.screens import Char, Margins, wcwidth

from mesh_agent.terminal.emulator import REPLY_BYTES
from protocol import limits
from protocol.peer_terminal import BLINK, BOLD, INVERSE, ITALIC, RGB, STRUCK, UNDERLINE_SHIFT, Run

_NAMES: Final = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_COLOURS: Final[Mapping[str, int]] = {
    "default": 0,
    **{name: 1 + number for number, name in enumerate(_NAMES)},
    **{f"bright{name}": 9 + number for number, name in enumerate(_NAMES)},
    "bfightmagenta": 14,  # as pyte spells it
}
_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_JOINER: Final = "\u200d"
_JAMO: Final = frozenset(map(chr, range(0x1160, 0x1200)))
"""Vowels and finals, which complete the syllable before them."""


def private(mode: int) -> int:
    return mode << 5


def _colour(name: str) -> int:
    known = _COLOURS.get(name)
    if known is not None:
        return known
    return RGB | int(name, 16)


_Key = tuple[int, int, int, int, bool]


def _key(char: Char) -> _Key:
    attributes = (
        char.bold * BOLD
        | char.italics * ITALIC
        | char.blink * BLINK
        | char.reverse * INVERSE
        | char.strikethrough * STRUCK
        | char.underscore << UNDERLINE_SHIFT
    )
    cluster = len(char.data) > 1
    return _colour(char.fg), _colour(char.bg), attributes, 2 if is_wide(char) else 1, cluster


def is_wide(char: Char) -> bool:
    return bool(char.data) and wcwidth(char.data[0]) == 2


def _cells(line: Mapping[int, Char], columns: int) -> Iterator[Char]:
    """Without second halves of wide characters; of one that was broken, what is left is blank."""
    column = 0
    while column < columns:
        char = line[column]
        whole = column + 1 < columns and not line[column + 1].data
        if is_wide(char) and whole:
            column += 1
        elif not char.data or is_wide(char):
            char = char._replace(data=" ")
        yield char
        column += 1


def runs_of(line: Mapping[int, Char], columns: int) -> list[Run]:
    """A row of pyte's, of which an empty character is the second half of a wide one."""
    cells = [(_key(char), char.data) for char in _cells(line, columns)]
    runs: list[Run] = []
    for key, group in groupby(cells, key=lambda cell: cell[0]):
        if key[-1]:
            runs += [Run(text[: limits.CLUSTER_CHARS], *key) for _, text in group]
        else:
            runs.append(Run("".join(text for _, text in group), *key))
    if runs and _key_of(runs[-1]) == (0, 0, 0, 1, False):
        text = runs[-1].text.rstrip(" ")
        runs[-1:] = [Run(text)] if text else []
    return runs


def _key_of(run: Run) -> _Key:
    return run.foreground, run.background, run.attributes, run.width, run.cluster


class PyteScreen(pyte.Screen):
    """pyte's, which tells what scrolls away at the top."""

    def __init__(self, columns: int, lines: int, scrolled: Callable[[list[Run]], None]) -> None:
        self.scrolled = scrolled
        self.replies = bytearray()
        self.rung = 0
        super().__init__(columns, lines)

    def index(self) -> None:
        margins = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y > margins.bottom:  # pyte would go back between the margins
            self.cursor.y = min(self.cursor.y + 1, self.lines - 1)
            return
        if self.cursor.y == margins.bottom and margins.top == 0:
            self.scrolled(runs_of(self.buffer[0], self.columns))
        super().index()

    def reverse_index(self) -> None:
        if self.margins is not None and self.cursor.y < self.margins.top:
            self.cursor.y = max(self.cursor.y - 1, 0)
            return
        super().reverse_index()

    def linefeed(self) -> None:
        self.no_late_wrap()
        super().linefeed()

    def no_late_wrap(self) -> None:
        """The next character does not wrap, though the row is full: pyte's cursor waits beyond the edge."""
        self.cursor.x = min(self.cursor.x, self.columns - 1)

    def cursor_up(self, count: int | None = None) -> None:
        """The margin stops it only from within."""
        top = self.margins.top if self.margins and self.cursor.y >= self.margins.top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), top)

    def cursor_down(self, count: int | None = None) -> None:
        """The margin stops it only from within."""
        within = self.margins is not None and self.cursor.y <= self.margins.bottom
        bottom = self.margins.bottom if self.margins and within else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), bottom)

    def alignment_display(self) -> None:
        super().alignment_display()
        self.margins = None
        self.cursor.x = self.cursor.y = 0

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """Where lines are counted from the margin, one beyond the other margin is the last one."""
        if line and self.margins is not None and private(6) in self.mode:
            line = min(line, self.margins.bottom - self.margins.top + 1)
        super().cursor_position(line, column)

    def bell(self, *_: Any) -> None:
        self.rung += 1

    def write_process_input(self, data: str) -> None:
        if len(self.replies) + len(data) <= REPLY_BYTES:
            self.replies += data.encode()

    def draw(self, data: str) -> None:
        if data.isascii():
            super().draw(data)
            return
        for character in data:
            width = wcwidth(character)
            if width == 2 and self.cursor.x == self.columns - 1 and private(7) in self.mode:
                self.cursor.x = self.columns  # there is no room for both halves: it wraps first
            if width > 0:
                super().draw(character)
            elif _is_mark(character):
                self._mark(character)

    def _mark(self, mark: str) -> None:
        """Puts it on what was written before, as far as there is room in a cluster."""
        line, at = self.buffer[self.cursor.y], self.cursor.x - 1
        if at > 0 and not line[at].data:
            at -= 1  # the second half of a wide one
        if at >= 0 and 0 < len(line[at].data) < limits.CLUSTER_CHARS:
            line[at] = line[at]._replace(data=line[at].data + mark)
            self.dirty.add(self.cursor.y)

    def save_cursor(self) -> None:
        """There is one place for it; pyte would keep all."""
        self.savepoints.clear()
        super().save_cursor()

    def restore_cursor(self) -> None:
        """It can be given back again; pyte would forget it."""
        saved = [point._replace(cursor=copy(point.cursor)) for point in self.savepoints]
        super().restore_cursor()
        self.savepoints[:] = saved


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in _MARKS or character == _JOINER or character in _JAMO
