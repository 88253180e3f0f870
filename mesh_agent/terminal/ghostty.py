"""Ghostty's terminal core as the emulator (libghostty-vt, by way of pyghostty).

Strategy: its render state says which rows changed, and `ghostty_view` makes runs of their cells. How it reads
a cell is compared with what was written when this module is loaded; where they differ it refuses to load.

What has scrolled away is read by a second render state, with the view moved there and back. How many lines
that are is counted with a mark that is put on the top row before bytes are fed, and looked for afterwards.

Everything outside of text and cells is off: images, clipboards, notifications, files.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from pyghostty._ffi import ffi, lib, union_fn

from mesh_agent.terminal.emulator import REPLY_BYTES, SCROLLBACK, TITLE_CHARS, UPDATES, fitting
from mesh_agent.terminal.ghostty_view import View, must
from mesh_agent.terminal.modes import modes_of
from protocol.peer_terminal import (
    ALTERNATE_SCREEN,
    BOLD,
    RGB,
    Cursor,
    Run,
)
from protocol.text import clean_line

ffi.cdef("""
typedef struct { size_t row; uint64_t _pad; } MeshViewportValue;
typedef struct { GhosttyTerminalScrollViewportTag tag; MeshViewportValue value; } MeshViewport;
""")

_CELL_BYTES: Final = 8
_SPARE_CELLS: Final = 10
"""What a line takes besides its cells, in cells."""

_PIECE: Final = 4_096
"""Of what would scroll away most of the lines that are kept, so much is read at a time."""

_KEYBOARD: Final = re.compile(rb"\x1b\[\?\d+u")
"""The answer that keys can be told in kitty's way. They are not: guests have other terminals."""


class Ghostty:
    """See `Emulator`."""

    def __init__(self, columns: int, rows: int, *, scrollback: int = SCROLLBACK) -> None:
        self.columns, self.rows = columns, rows = fitting(columns, rows)
        self.title, self.bells, self.above = "", 0, 0
        self._scrollback, self._kept = scrollback, 0
        handle = ffi.new("GhosttyTerminal*")
        must(lib.ghostty_terminal_new(ffi.NULL, handle, columns, rows), "terminal")
        self._terminal = handle[0]
        self._reply = bytearray()
        self._whole, self._titled = True, False
        self._mark = ffi.NULL
        self._scroll = union_fn("ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, MeshViewport)")
        self._callbacks = [
            self._set("WRITE_PTY", ffi.callback("GhosttyTerminalWritePtyFn", self._write_pty)),
            self._set("BELL", ffi.callback("GhosttyTerminalBellFn", self._bell)),
            self._set("TITLE_CHANGED", ffi.callback("GhosttyTerminalTitleChangedFn", self._title)),
        ]
        self._set("SCROLLBACK_MAX_LINES", ffi.new("size_t*", scrollback))
        self._set_held()
        self._set("KITTY_IMAGE_STORAGE_LIMIT", ffi.new("uint64_t*", 0))
        self._screen = View(self._terminal)
        self._history = View(self._terminal)
        self._put_mark()

    def _set_held(self) -> None:
        """As many bytes as the lines take: past that the library uses the oldest ones' memory again.

        Past its limit of lines it gives memory back and asks for new, with which it is five times slower.
        """
        held = self._scrollback * (self.columns + _SPARE_CELLS) * _CELL_BYTES
        self._set("SCROLLBACK_MAX_BYTES", ffi.new("size_t*", held))

    def close(self) -> None:
        if self._terminal is not None:
            self._screen.close()
            self._history.close()
            self._drop_mark()
            lib.ghostty_terminal_free(self._terminal)
            self._terminal = None

    def __del__(self) -> None:
        self.close()

    @property
    def kept(self) -> int:
        """See `Emulator`."""
        return 0 if self._alternate else self._kept

    @property
    def updating(self) -> bool:
        """See `Emulator`."""
        return self._mode(UPDATES)

    # ── what the program does ────────────────────────────────────────────────────────────────────

    def feed(self, data: bytes) -> bytes:
        """See `Emulator`."""
        if b"\x7f" in data:  # it would be a character of its own, which it is on no terminal
            data = data.replace(b"\x7f", b"")
        for piece in self._pieces(data):
            lib.ghostty_terminal_vt_write(self._terminal, piece, len(piece))
            self._count()
        if self._titled:
            self._read_title()
        reply = bytes(self._reply)
        self._reply.clear()
        return reply

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """So that the mark is not scrolled out of what is kept, which would lose the count."""
        if data.count(b"\n") + len(data) // self.columns <= self._scrollback // 2:
            yield data
            return
        for at in range(0, len(data), _PIECE):
            yield data[at : at + _PIECE]

    def _write_pty(self, _terminal: Any, _data: Any, text: Any, length: int) -> None:
        if len(self._reply) + length <= REPLY_BYTES:
            reply = ffi.buffer(text, length)[:]
            if not _KEYBOARD.fullmatch(reply):
                self._reply += reply

    def _bell(self, _terminal: Any, _data: Any) -> None:
        self.bells += 1

    def _title(self, _terminal: Any, _data: Any) -> None:
        self._titled = True

    def _read_title(self) -> None:
        self._titled = False
        found = ffi.new("GhosttyString*")
        if not lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_TITLE, found) and found.ptr:
            text = bytes(ffi.buffer(found.ptr, min(found.len, 4 * TITLE_CHARS))).decode(errors="ignore")
            self.title = clean_line(text)[:TITLE_CHARS]
        else:
            self.title = ""

    def resize(self, columns: int, rows: int) -> None:
        """See `Emulator`."""
        columns, rows = fitting(columns, rows)
        if (columns, rows) == (self.columns, self.rows):
            return
        self.columns, self.rows, self._whole = columns, rows, True
        must(lib.ghostty_terminal_resize(self._terminal, columns, rows, 8, 16), "resize")
        self._set_held()
        if not self._alternate:
            self._kept = self._get("SCROLLBACK_ROWS", "size_t")
            self.above += self._kept
        self._put_mark()

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────

    def changed(self) -> Iterable[tuple[int, list[Run]]]:
        """See `Emulator`."""
        self._screen.update()
        whole, self._whole = self._whole, False
        return list(self._screen.rows(dirty=not whole))

    def cursor(self) -> Cursor:
        """See `Emulator`; as it was when `changed` was asked."""
        found = self._screen.cursor()
        if found.row < self.rows and found.column < self.columns:
            return found
        return Cursor(0, 0, visible=False)

    def modes(self) -> int:
        """See `Emulator`."""
        return modes_of(self._mode) | (ALTERNATE_SCREEN if self._alternate else 0)

    def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """See `Emulator`."""
        oldest = self.above - self.kept
        begin, end = max(first, oldest), min(first + count, self.above)
        if begin >= end:
            return begin, []
        found: list[list[Run]] = []
        try:
            while len(found) < end - begin:
                self._look_at(begin - oldest + len(found))
                self._history.update()
                wanted = min(end - begin - len(found), self.rows)
                page = [runs for _, runs in islice(self._history.rows(dirty=False), wanted)]
                found += page
                if len(page) < wanted:
                    break
        finally:
            view = ffi.new("MeshViewport*")
            view.tag = lib.GHOSTTY_SCROLL_VIEWPORT_BOTTOM
            self._scroll(self._terminal, view[0])
        return begin, found

    def _look_at(self, row: int) -> None:
        view = ffi.new("MeshViewport*")
        view.tag, view.value.row = lib.GHOSTTY_SCROLL_VIEWPORT_ROW, row
        self._scroll(self._terminal, view[0])

    # ── counting what scrolls away ───────────────────────────────────────────────────────────────

    def _put_mark(self) -> None:
        self._drop_mark()
        if self._alternate:
            return
        point = ffi.new("GhosttyPointS*")
        point.tag = lib.GHOSTTY_POINT_TAG_ACTIVE
        track = union_fn(
            "ghostty_terminal_grid_ref_track",
            "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyTrackedGridRef*)",
        )
        mark = ffi.new("GhosttyTrackedGridRef*")
        if not track(self._terminal, point[0], mark):
            self._mark = mark[0]

    def _drop_mark(self) -> None:
        if self._mark != ffi.NULL:
            lib.ghostty_tracked_grid_ref_free(self._mark)
            self._mark = ffi.NULL

    def _count(self) -> None:
        """The mark stood on the top row: what is above it had scrolled away before, the rest has since."""
        if self._alternate:
            return
        now = self._get("SCROLLBACK_ROWS", "size_t")
        if self._mark != ffi.NULL and lib.ghostty_tracked_grid_ref_has_value(self._mark):
            at = ffi.new("GhosttyPointCoordinate*")
            tag = lib.GHOSTTY_POINT_TAG_SCREEN
            if not lib.ghostty_tracked_grid_ref_point(self._mark, tag, at):
                if at.y == now == self._kept:
                    return
                self.above += max(0, now - at.y)
            else:
                self.above += now
        else:
            self.above += now
        self._kept = now
        self._put_mark()

    # ── asking the library ───────────────────────────────────────────────────────────────────────

    @property
    def _alternate(self) -> bool:
        return bool(
            self._get("ACTIVE_SCREEN", "GhosttyTerminalScreen") == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE
        )

    def _mode(self, number: int) -> bool:
        config = ffi.new("GhosttyTerminalModeConfig*")
        config.mode = number
        must(lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_MODE, config), "mode")
        return bool(config.value)

    def _get(self, what: str, kind: str) -> int:
        found = ffi.new(f"{kind}*")
        key = getattr(lib, f"GHOSTTY_TERMINAL_DATA_{what}")
        must(lib.ghostty_terminal_get(self._terminal, key, found), what)
        return int(found[0])

    def _set(self, what: str, value: Any) -> Any:
        must(
            lib.ghostty_terminal_set(self._terminal, getattr(lib, f"GHOSTTY_TERMINAL_OPT_{what}"), value),
            what,
        )
        return value


# ── is a word what it is taken for? ──────────────────────────────────────────────────────────────


def _sound() -> bool:
    """Whether rows are read as they were written, in what makes them different."""
    terminal = Ghostty(12, 2)
    terminal.feed("a\x1b[1;31mB\x1b[0m日e\u0301\x1b[48;2;1;2;3m\x1b[K".encode())
    rows = dict(terminal.changed())
    terminal.close()
    return rows[0] == [
        Run("a"),
        Run("B", 2, 0, BOLD),
        Run("日", width=2),
        Run("e\u0301", cluster=True),
        Run(" " * 7, 0, RGB | 0x010203),
    ]


if not _sound():
    raise ImportError("this libghostty-vt has other cells than are known")
