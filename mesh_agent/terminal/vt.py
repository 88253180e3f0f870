"""pyte as the emulator, where there is no wheel of Ghostty's core: the same contract, in Python, and slower.

Strategy: sequences come whole from `tokens`, so that none that never ends reaches pyte, which would collect
it. Those that pyte does not know (the alternate screen, scrolling, repeating, the cursor's shape, what is
asked of the terminal) are a table here; all others are pyte's. What has scrolled away is kept as runs.
Colours of the palette from 16 on come out of pyte as 24-bit ones, and a change of the size breaks no line
anew.
"""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from itertools import islice
from typing import Any, Final

import pyte
from pyte.screens import Margins, StaticDefaultDict

from mesh_agent.terminal.emulator import SCROLLBACK, TITLE_CHARS, UPDATES, fitting
from mesh_agent.terminal.modes import modes_of
from mesh_agent.terminal.tokens import Tokens
from mesh_agent.terminal.vt_screen import PyteScreen, is_wide, private, runs_of
from protocol.peer_terminal import (
    ALTERNATE_SCREEN,
    APPLICATION_KEYPAD,
    Cursor,
    Run,
)
from protocol.text import clean_line

_CONTROLS: Final = re.compile("[\x80-\x9f\x00-\x06\x10-\x17\x19\x1c-\x1f\x7f]")
_CSI: Final = re.compile(r"\x1b\[([<-?]?)([0-9:;]*)([ -/]*)([@-~])")
_ALTERNATE: Final = frozenset({47, 1047, 1049})
_SAVES_CURSOR: Final = 1049
_KEEPS_CURSOR: Final = 1048
_PLACED: Final = frozenset("@ABCDEFGHIJKLMPXZ`adef")
"""Sequences that act where the cursor is, and after which no character wraps late."""

_CHARSETS: Final = frozenset("()")

_WORK_MOST: Final = 20_000
"""Cells that may be written, and ten times the rows scrolled, at a time, by sequences that ask for many."""


class Pyte:
    """See `Emulator`."""

    def __init__(self, columns: int, rows: int, *, scrollback: int = SCROLLBACK) -> None:
        columns, rows = fitting(columns, rows)
        self.columns, self.rows, self.title, self.above = columns, rows, "", 0
        self._history: deque[list[Run]] = deque(maxlen=scrollback)
        self._screen = PyteScreen(columns, rows, self._scrolled)
        self._stream = pyte.Stream(self._screen, strict=False)
        self._stream.use_utf8 = False  # what it is given is text already, and other sets are to be heeded
        self._tokens = Tokens()
        self._primary: tuple[Any, Any, Any] | None = None
        """Of the screen that is hidden by the alternate one: its rows, cursor and margins."""

        self._shape, self._last, self._keypad = 0, " ", False
        self._whole, self._work = True, 0
        self._own: Mapping[tuple[str, str, str], Callable[[list[int]], None]] = {
            ("", "", "b"): self._repeat,
            ("", "", "S"): lambda given: self._scroll(_first(given), up=True),
            ("", "", "T"): lambda given: self._scroll(_first(given), up=False),
            ("", "", "Z"): self._tab_back,
            ("", "", "I"): lambda given: self._times(_first(given), self._screen.tab),
            ("", "", "s"): lambda _: self._screen.save_cursor(),
            ("", "", "u"): lambda _: self._screen.restore_cursor(),
            ("", " ", "q"): self._take_shape,
            ("", "!", "p"): lambda _: self._soft_reset(),
            (">", "", "c"): lambda _: self._screen.write_process_input("\x1b[>0;10;1c"),
            ("?", "", "h"): lambda given: self._set_modes(given, on=True),
            ("?", "", "l"): lambda given: self._set_modes(given, on=False),
            ("", "", "J"): self._erase,
            ("", "", "`"): lambda given: self._screen.cursor_to_column(_first(given)),
        }

    def close(self) -> None:
        """Nothing is held that has to be given back."""

    @property
    def bells(self) -> int:
        return self._screen.rung

    @property
    def kept(self) -> int:
        return 0 if self._primary is not None else len(self._history)

    # ── what the program does ────────────────────────────────────────────────────────────────────

    def feed(self, data: bytes) -> bytes:
        """See `Emulator`."""
        self._work = _WORK_MOST
        for kind, text in self._tokens.feed(data):
            if kind == "text":
                self._draw(text)
            elif kind == "string":
                self._string(text)
            elif kind == "csi":
                self._sequence(text)
            else:
                self._escape(text)
        reply = bytes(self._screen.replies)
        self._screen.replies.clear()
        return reply

    def _draw(self, text: str) -> None:
        text = _CONTROLS.sub("", text)
        if text:
            self._pass(text)
            self._last = text[-1] if text[-1] >= " " else self._last

    def _pass(self, text: str) -> None:
        """To pyte, which lets go of its parser where it meets what it does not expect."""
        try:
            self._stream.feed(text)
        except (TypeError, ValueError, IndexError, KeyError):
            self._stream.detach(self._screen)
            self._stream.attach(self._screen)

    def _string(self, text: str) -> None:
        if not text.startswith("\x1b]"):
            return
        number, _, words = text[2:].rstrip("\x07\x18\x1a").removesuffix("\x1b\\").partition(";")
        if number in {"0", "2"}:
            self.title = clean_line(words)[:TITLE_CHARS]

    def _escape(self, text: str) -> None:
        if text in {"\x1b=", "\x1b>"}:
            self._keypad = text == "\x1b="
        elif text == "\x1bc":
            self._leave_alternate()
            self._shape, self._keypad, self.title = 0, False, ""
            self._screen.reset()
        elif text == "\x1bZ":
            self._screen.report_device_attributes()
        elif text == "\x1bE":
            self._screen.carriage_return()
            self._screen.linefeed()
        elif text in {"\x1bD", "\x1bM"}:
            self._screen.no_late_wrap()
            self._pass(text)
        elif len(text) == 2 or text[1] in _CHARSETS or text == "\x1b#8":
            self._pass(text)

    def _sequence(self, text: str) -> None:
        found = _CSI.fullmatch(text)
        if found is None:
            return
        marker, given, between, final = found.groups()
        if not marker and not between and final in _PLACED:
            self._screen.no_late_wrap()
        own = self._own.get((marker, between, final))
        if own is not None:
            own([min(int(part or 0), 9_999) for part in re.split("[:;]", given)])
        elif not between and (marker == "" or (marker == "?" and final in "hlJK")):
            self._pass(_plain_style(given) if final == "m" and not marker else text.replace(":", ";"))

    def _times(self, count: int, call: Callable[[], None]) -> None:
        for _ in range(min(count, self.columns + self.rows)):
            call()

    def _repeat(self, given: list[int]) -> None:
        self._screen.draw(self._last * self._affordable(_first(given)))

    def _affordable(self, count: int, cost: int = 1) -> int:
        """So many of `count` as may still be done of what was fed."""
        count = min(count, self._work // cost)
        self._work -= count * cost
        return count

    def _tab_back(self, given: list[int]) -> None:
        screen = self._screen
        for _ in range(min(_first(given), self.columns)):
            stops = [stop for stop in screen.tabstops if stop < screen.cursor.x]
            screen.cursor.x = max(stops, default=0)

    def _scroll(self, count: int, *, up: bool) -> None:
        screen = self._screen
        margins = screen.margins or Margins(0, screen.lines - 1)
        at = screen.cursor.y
        screen.cursor.y = margins.bottom if up else margins.top
        height = margins.bottom - margins.top + 1
        self._times(self._affordable(min(count, height), 10), screen.index if up else screen.reverse_index)
        screen.cursor.y = at

    def _take_shape(self, given: list[int]) -> None:
        self._shape = {3: 1, 4: 1, 5: 2, 6: 2}.get(given[0], 0)

    def _soft_reset(self) -> None:
        screen = self._screen
        screen.set_margins()
        screen.cursor.attrs = screen.default_char
        screen.cursor.hidden = False
        screen.mode -= {private(1), private(6)}

    def _erase(self, given: list[int]) -> None:
        if given[0] == 3:
            self._history.clear()
        else:
            self._screen.erase_in_display(given[0])

    def _set_modes(self, given: list[int], *, on: bool) -> None:
        for mode in given:
            if mode in _ALTERNATE:
                (self._enter_alternate if on else self._leave_alternate)(saves=mode == _SAVES_CURSOR)
            elif mode == _KEEPS_CURSOR:
                (self._screen.save_cursor if on else self._screen.restore_cursor)()
            elif mode != 3:  # the size is the person's
                (self._screen.set_mode if on else self._screen.reset_mode)(mode, private=True)

    def _enter_alternate(self, *, saves: bool = False) -> None:
        screen = self._screen
        if self._primary is None:
            self._primary = screen.buffer, copy(screen.cursor) if saves else None, screen.margins
            screen.buffer = defaultdict(lambda: StaticDefaultDict(screen.default_char))
            screen.margins = None
            self._whole = True

    def _leave_alternate(self, *, saves: bool = False) -> None:
        screen = self._screen
        if self._primary is not None:
            screen.buffer, cursor, screen.margins = self._primary
            self._primary = None
            if saves and cursor is not None:
                screen.cursor = cursor
            screen.ensure_hbounds()
            screen.ensure_vbounds()
            self._whole = True

    def _scrolled(self, runs: list[Run]) -> None:
        if self._primary is None:
            self._history.append(runs)
            self.above += 1

    def resize(self, columns: int, rows: int) -> None:
        """See `Emulator`."""
        columns, rows = fitting(columns, rows)
        if (columns, rows) == (self.columns, self.rows):
            return
        self.columns, self.rows, self._whole = columns, rows, True
        self._screen.resize(rows, columns)
        self._screen.ensure_hbounds()
        self._screen.ensure_vbounds()
        self.above += len(self._history)

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────

    def changed(self) -> Iterable[tuple[int, list[Run]]]:
        """See `Emulator`."""
        screen = self._screen
        rows = range(self.rows) if self._whole else sorted(row for row in screen.dirty if row < self.rows)
        self._whole = False
        screen.dirty.clear()
        return [(row, runs_of(screen.buffer[row], self.columns)) for row in rows]

    def cursor(self) -> Cursor:
        """See `Emulator`."""
        at = self._screen.cursor
        column, row = min(at.x, self.columns - 1), min(at.y, self.rows - 1)
        line = self._screen.buffer[row]
        if column and not line[column].data and is_wide(line[column - 1]):
            column -= 1  # it stands on the first half of a wide character
        return Cursor(column, row, not at.hidden, self._shape)

    @property
    def updating(self) -> bool:
        """See `Emulator`."""
        return private(UPDATES) in self._screen.mode

    def modes(self) -> int:
        """See `Emulator`."""
        held = self._screen.mode
        modes = modes_of(lambda number: private(number) in held)
        modes |= APPLICATION_KEYPAD if self._keypad else 0
        return modes | (ALTERNATE_SCREEN if self._primary is not None else 0)

    def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """See `Emulator`."""
        oldest = self.above - self.kept
        begin, end = max(first, oldest), min(first + count, self.above)
        if begin >= end or not self.kept:
            return begin, []
        return begin, list(islice(self._history, begin - oldest, end - oldest))


def _first(given: list[int]) -> int:
    return given[0] or 1


# ── styles ───────────────────────────────────────────────────────────────────────────────────────

_COLOURED: Final = {"5": 1, "2": 3}
"""How many numbers follow, by how a colour is told."""


def _plain_style(given: str) -> str:
    """What of a style pyte reads: it knows one kind of underline, of no other colour, and no colons."""
    numbers = iter(given.split(";"))
    words = [word for number in numbers for word in _words(number, numbers)]
    return f"\x1b[{';'.join(words)}m" if words else ""


def _words(number: str, rest: Iterator[str]) -> list[str]:
    first, colon, parts = number.partition(":")
    if first not in {"38", "48", "58"}:
        return ["24" if parts == "0" and first == "4" else first]
    if colon:
        told = parts.split(":")
        colour = told[:1] + told[1:][-_COLOURED.get(told[0], 0) :]
    else:
        way = next(rest, "")
        colour = [way, *islice(rest, _COLOURED.get(way, 0))]
    whole = len(colour) - 1 == _COLOURED.get(colour[0]) and all(colour)
    return [first, *colour] if whole and first != "58" else []
