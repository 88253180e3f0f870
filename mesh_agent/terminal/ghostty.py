"""Ghostty's terminal core as the emulator (libghostty-vt, by way of pyghostty).

Strategy: its render state says which rows changed, and hands over the cells of a row as an array of 64-bit
words. A word has what is needed to cut a row into runs (character, width, and the number of its style), so
that the library is asked only once a run, for what the style looks like. The layout of that word is the
library's own affair: it is compared with what the library itself says of some cells when this module is
loaded, and where it is another one the module refuses to load.

What has scrolled away is read by a second render state, with the view moved there and back. How many lines
that are is counted with a mark that is put on the top row before bytes are fed, and looked for afterwards.

Everything outside of text and cells is off: images, clipboards, notifications, files.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from pyghostty._ffi import GhosttyError, ffi, lib, union_fn

from mesh_agent.terminal.emulator import REPLY_BYTES, SCROLLBACK, TITLE_CHARS
from protocol import limits
from protocol.peer_terminal import (
    ALTERNATE_SCREEN,
    APPLICATION_CURSOR,
    APPLICATION_KEYPAD,
    BLINK,
    BOLD,
    BRACKETED_PASTE,
    FAINT,
    FOCUS_EVENTS,
    INVERSE,
    INVISIBLE,
    ITALIC,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
    OVERLINED,
    REVERSE_SCREEN,
    RGB,
    STRUCK,
    UNDERLINE_SHIFT,
    Cursor,
    Run,
)
from protocol.text import clean_line

ffi.cdef("""
typedef struct { size_t row; uint64_t _pad; } MeshViewportValue;
typedef struct { GhosttyTerminalScrollViewportTag tag; MeshViewportValue value; } MeshViewport;
""")

# ── a cell ───────────────────────────────────────────────────────────────────────────────────────

_TAG: Final = 0b11
_CONTENT_SHIFT: Final = 2
_CONTENT: Final = 0xFFFFFF
_STYLE_SHIFT: Final = 26
_STYLE: Final = 0xFFFF
_WIDE_SHIFT: Final = 42
_SHAPE: Final = _STYLE << _STYLE_SHIFT | 0b11 << _WIDE_SHIFT | _TAG
"""What cells of one run have in common."""

_CLUSTER, _PALETTE, _RGB = 1, 2, 3
"""Tags: more than one character; no character, and a background of the palette or not."""

_WIDE, _TAIL = 1, 2

_ATTRIBUTES: Final = {
    "bold": BOLD,
    "faint": FAINT,
    "italic": ITALIC,
    "blink": BLINK,
    "inverse": INVERSE,
    "invisible": INVISIBLE,
    "strikethrough": STRUCK,
    "overline": OVERLINED,
}
_SHAPES: Final = {
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_UNDERLINE: 1,
    lib.GHOSTTY_RENDER_STATE_CURSOR_VISUAL_STYLE_BAR: 2,
}
_MODES: Final = (
    (1, APPLICATION_CURSOR),
    (66, APPLICATION_KEYPAD),
    (2004, BRACKETED_PASTE),
    (1004, FOCUS_EVENTS),
    (5, REVERSE_SCREEN),
)
_MOUSE: Final = ((1003, 4), (1002, 3), (1000, 2), (9, 1))
_MOUSE_FORMATS: Final = ((1006, 2), (1015, 3), (1005, 1))
_LOOK_LINES: Final = 200

_Key = tuple[int, int, int]


def _must(result: int, what: str) -> None:
    if result:
        raise GhosttyError(f"{what} failed: {result}")


def _colour(colour: Any) -> int:
    if colour.tag == lib.GHOSTTY_STYLE_COLOR_PALETTE:
        return 1 + int(colour.value.palette)
    if colour.tag == lib.GHOSTTY_STYLE_COLOR_RGB:
        rgb = colour.value.rgb
        return RGB | int(rgb.r) << 16 | int(rgb.g) << 8 | int(rgb.b)
    return 0


class _View:
    """A render state: the rows of one view of a terminal, as runs."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._state = ffi.new("GhosttyRenderState*")
        self._rows = ffi.new("GhosttyRenderStateRowIterator*")
        self._cells = ffi.new("GhosttyRenderStateRowCells*")
        self._y = ffi.new("uint16_t*")
        self._words = ffi.new("GhosttyCellsView*")
        self._style = ffi.new("GhosttyStyle*")
        self._style.size = ffi.sizeof("GhosttyStyle")
        self._string = ffi.new("GhosttyString*")
        self._length = ffi.new("uint32_t*")
        self._characters = ffi.new("uint32_t[]", limits.CLUSTER_CHARS)
        _must(lib.ghostty_render_state_new(ffi.NULL, self._state), "render state")
        _must(lib.ghostty_render_state_row_iterator_new(ffi.NULL, self._rows), "row iterator")
        _must(lib.ghostty_render_state_row_cells_new(ffi.NULL, self._cells), "row cells")

    def close(self) -> None:
        lib.ghostty_render_state_row_cells_free(self._cells[0])
        lib.ghostty_render_state_row_iterator_free(self._rows[0])
        lib.ghostty_render_state_free(self._state[0])

    def update(self) -> None:
        _must(lib.ghostty_render_state_update(self._state[0], self._terminal), "update")

    def cursor(self) -> Cursor:
        found = ffi.new("GhosttyRenderStateCursor*")
        found.size = ffi.sizeof("GhosttyRenderStateCursor")
        _must(
            lib.ghostty_render_state_get(self._state[0], lib.GHOSTTY_RENDER_STATE_DATA_CURSOR, found),
            "cursor",
        )
        column = found.viewport_x - (1 if found.wide_tail else 0) if found.viewport_has_value else 0
        row = found.viewport_y if found.viewport_has_value else 0
        visible = bool(found.visible and found.viewport_has_value)
        return Cursor(column, row, visible, _SHAPES.get(found.visual_style, 0))

    def rows(self, *, dirty: bool) -> Iterator[tuple[int, list[Run]]]:
        """The rows that changed, or all, from the top."""
        kind = lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR
        _must(lib.ghostty_render_state_get(self._state[0], kind, self._rows), "rows")
        iterator, row = self._rows[0], 0
        while True:
            if dirty:
                if not lib.ghostty_render_state_row_iterator_next_dirty(iterator, self._y):
                    break
                row = self._y[0]
            elif not lib.ghostty_render_state_row_iterator_next(iterator):
                break
            kind = lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW
            _must(lib.ghostty_render_state_row_get(iterator, kind, self._words), "cells")
            yield row, self._runs(iterator)
            row += 1
        _must(lib.ghostty_render_state_clean(self._state[0]), "clean")

    def _runs(self, iterator: Any) -> list[Run]:
        data = bytes(ffi.buffer(self._words.ptr, 8 * self._words.len)).rstrip(b"\0")
        if not data:
            return []
        words = memoryview(data + bytes(-len(data) % 8)).cast("Q")
        self._looked = False
        styles: dict[int, _Key] = {0: (0, 0, 0)}
        runs: list[Run] = []
        text: list[str] = []
        key = start = -1
        for column, word in enumerate(words):
            wide = word >> _WIDE_SHIFT & 0b11
            if wide == _TAIL:
                continue
            tag = word & _TAG
            shape = word & _SHAPE if tag < _PALETTE else word & (_SHAPE | _CONTENT << _CONTENT_SHIFT)
            if shape != key or tag == _CLUSTER:
                if text:
                    runs.append(self._run(iterator, words[start], start, "".join(text), styles))
                    text = []
                key, start = shape, column
            character = word >> _CONTENT_SHIFT & _CONTENT if tag < _PALETTE else 0
            text.append(chr(character) if character else " ")
        runs.append(self._run(iterator, words[start], start, "".join(text), styles))
        return _trimmed(runs)

    def _run(self, iterator: Any, word: int, column: int, text: str, styles: dict[int, _Key]) -> Run:
        number = word >> _STYLE_SHIFT & _STYLE
        tag = word & _TAG
        if number not in styles:
            self._select(iterator, column)
            styles[number] = self._look()
        foreground, background, attributes = styles[number]
        content = word >> _CONTENT_SHIFT & _CONTENT
        if tag == _PALETTE:
            background = 1 + (content & 0xFF)
        elif tag == _RGB:
            background = RGB | (content & 0xFF) << 16 | (content & 0xFF00) | content >> 16
        width = 2 if word >> _WIDE_SHIFT & 0b11 == _WIDE else 1
        if tag == _CLUSTER:
            self._select(iterator, column)
            return Run(self._cluster() or text, foreground, background, attributes, width, cluster=True)
        return Run(text, foreground, background, attributes, width)

    def _select(self, iterator: Any, column: int) -> None:
        """The cell that is looked at next. The cells of a row are asked for once, and only where needed."""
        if not self._looked:
            kind = lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS
            _must(lib.ghostty_render_state_row_get(iterator, kind, self._cells), "cells")
            self._looked = True
        _must(lib.ghostty_render_state_row_cells_select(self._cells[0], column), "cell")

    def _look(self) -> _Key:
        kind = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE
        _must(lib.ghostty_render_state_row_cells_get(self._cells[0], kind, self._style), "style")
        style = self._style
        attributes = sum(bit for name, bit in _ATTRIBUTES.items() if getattr(style, name))
        attributes |= (style.underline & 0b111) << UNDERLINE_SHIFT
        return _colour(style.fg_color), _colour(style.bg_color), attributes

    def _cluster(self) -> str:
        """All characters of the selected cell, as many as are told of one."""
        cells = self._cells[0]
        kind = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_LEN
        _must(lib.ghostty_render_state_row_cells_get(cells, kind, self._length), "cluster")
        count = self._length[0]
        buffer = self._characters if count <= limits.CLUSTER_CHARS else ffi.new("uint32_t[]", count)
        kind = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_BUF
        _must(lib.ghostty_render_state_row_cells_get(cells, kind, buffer), "cluster")
        return "".join(chr(buffer[place]) for place in range(min(count, limits.CLUSTER_CHARS)))


def _trimmed(runs: list[Run]) -> list[Run]:
    """Without the empty cells at the end that have no style."""
    last = runs[-1]
    if last.width == 1 and not (last.foreground or last.background or last.attributes or last.cluster):
        text = last.text.rstrip(" ")
        runs[-1:] = [Run(text)] if text else []
    return runs


class Ghostty:
    """See `Emulator`."""

    def __init__(self, columns: int, rows: int, *, scrollback: int = SCROLLBACK) -> None:
        self.columns, self.rows = columns, rows
        self.title, self.bells, self.above, self.kept = "", 0, 0, 0
        handle = ffi.new("GhosttyTerminal*")
        _must(lib.ghostty_terminal_new(ffi.NULL, handle, columns, rows), "terminal")
        self._terminal = handle[0]
        self._reply = bytearray()
        self._whole = True
        self._mark = ffi.NULL
        self._scroll = union_fn("ghostty_terminal_scroll_viewport", "void(*)(GhosttyTerminal, MeshViewport)")
        self._callbacks = [
            self._set("WRITE_PTY", ffi.callback("GhosttyTerminalWritePtyFn", self._write_pty)),
            self._set("BELL", ffi.callback("GhosttyTerminalBellFn", self._bell)),
            self._set("TITLE_CHANGED", ffi.callback("GhosttyTerminalTitleChangedFn", self._title)),
        ]
        self._set("SCROLLBACK_MAX_LINES", ffi.new("size_t*", scrollback))
        self._set("KITTY_IMAGE_STORAGE_LIMIT", ffi.new("uint64_t*", 0))
        self._screen = _View(self._terminal)
        self._history = _View(self._terminal)
        self._put_mark()

    def close(self) -> None:
        if self._terminal is not None:
            self._screen.close()
            self._history.close()
            self._drop_mark()
            lib.ghostty_terminal_free(self._terminal)
            self._terminal = None

    def __del__(self) -> None:
        self.close()

    # ── what the program does ────────────────────────────────────────────────────────────────────

    def feed(self, data: bytes) -> bytes:
        """See `Emulator`."""
        if b"\x7f" in data:  # it would be a character of its own, which it is on no terminal
            data = data.replace(b"\x7f", b"")
        lib.ghostty_terminal_vt_write(self._terminal, data, len(data))
        self._count()
        reply = bytes(self._reply)
        self._reply.clear()
        return reply

    def _write_pty(self, _terminal: Any, _data: Any, text: Any, length: int) -> None:
        if len(self._reply) + length <= REPLY_BYTES:
            self._reply += ffi.buffer(text, length)[:]

    def _bell(self, _terminal: Any, _data: Any) -> None:
        self.bells += 1

    def _title(self, _terminal: Any, _data: Any) -> None:
        found = ffi.new("GhosttyString*")
        if not lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_TITLE, found) and found.ptr:
            text = bytes(ffi.buffer(found.ptr, min(found.len, 4 * TITLE_CHARS))).decode(errors="ignore")
            self.title = clean_line(text)[:TITLE_CHARS]
        else:
            self.title = ""

    def resize(self, columns: int, rows: int) -> None:
        """See `Emulator`."""
        if (columns, rows) == (self.columns, self.rows):
            return
        self.columns, self.rows, self._whole = columns, rows, True
        _must(lib.ghostty_terminal_resize(self._terminal, columns, rows, 8, 16), "resize")
        if not self._alternate:
            self.kept = self._get("SCROLLBACK_ROWS", "size_t")
            self.above += self.kept
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
        modes = sum(bit for number, bit in _MODES if self._mode(number))
        modes |= ALTERNATE_SCREEN if self._alternate else 0
        mouse = next((told for number, told in _MOUSE if self._mode(number)), 0)
        form = next((told for number, told in _MOUSE_FORMATS if self._mode(number)), 0)
        return modes | mouse << MOUSE_SHIFT | form << MOUSE_FORMAT_SHIFT

    def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """See `Emulator`."""
        oldest = self.above - self.kept
        begin, end = max(first, oldest), min(first + count, self.above)
        if begin >= end or self._alternate:
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
                if at.y == now == self.kept:
                    return
                self.above += max(0, now - at.y)
            else:
                self.above += now
        else:
            self.above += now
        self.kept = now
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
        _must(lib.ghostty_terminal_get(self._terminal, lib.GHOSTTY_TERMINAL_DATA_MODE, config), "mode")
        return bool(config.value)

    def _get(self, what: str, kind: str) -> int:
        found = ffi.new(f"{kind}*")
        key = getattr(lib, f"GHOSTTY_TERMINAL_DATA_{what}")
        _must(lib.ghostty_terminal_get(self._terminal, key, found), what)
        return int(found[0])

    def _set(self, what: str, value: Any) -> Any:
        _must(
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
