"""Rows of cells out of Ghostty's render state, as runs.

Strategy: the state hands over the cells of a row as an array of 64-bit words. A word has what is needed to
cut a row into runs (character, width, and the number of its style), so that the library is asked only once a
run, for what the style looks like. The layout of that word is the library's own affair: `ghostty` compares it
with what it ought to be when it is loaded.
"""

from collections.abc import Iterator
from typing import Any, Final

from pyghostty._ffi import GhosttyError, ffi, lib

from protocol import limits
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
_LOOKS_KEPT: Final = 20_000
"""Styles that were read once; a screen of cells that all differ has as many as cells."""

_select: Final = lib.ghostty_render_state_row_cells_select
_get: Final = lib.ghostty_render_state_row_cells_get
_STYLED: Final = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_STYLE

_Key = tuple[int, int, int]


def must(result: int, what: str) -> None:
    if result:
        raise GhosttyError(f"{what} failed: {result}")


def _colour(colour: Any) -> int:
    if colour.tag == lib.GHOSTTY_STYLE_COLOR_PALETTE:
        return 1 + int(colour.value.palette)
    if colour.tag == lib.GHOSTTY_STYLE_COLOR_RGB:
        rgb = colour.value.rgb
        return RGB | int(rgb.r) << 16 | int(rgb.g) << 8 | int(rgb.b)
    return 0


def _read(style: Any) -> _Key:
    attributes = sum(bit for name, bit in _ATTRIBUTES.items() if getattr(style, name))
    attributes |= (style.underline & 0b111) << UNDERLINE_SHIFT
    return _colour(style.fg_color), _colour(style.bg_color), attributes


class View:
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
        self._style_bytes = ffi.buffer(self._style)
        self._looks: dict[bytes, _Key] = {}
        self._length = ffi.new("uint32_t*")
        self._characters = ffi.new("uint32_t[]", limits.CLUSTER_CHARS)
        must(lib.ghostty_render_state_new(ffi.NULL, self._state), "render state")
        must(lib.ghostty_render_state_row_iterator_new(ffi.NULL, self._rows), "row iterator")
        must(lib.ghostty_render_state_row_cells_new(ffi.NULL, self._cells), "row cells")

    def close(self) -> None:
        lib.ghostty_render_state_row_cells_free(self._cells[0])
        lib.ghostty_render_state_row_iterator_free(self._rows[0])
        lib.ghostty_render_state_free(self._state[0])

    def update(self) -> None:
        must(lib.ghostty_render_state_update(self._state[0], self._terminal), "update")

    def cursor(self) -> Cursor:
        found = ffi.new("GhosttyRenderStateCursor*")
        found.size = ffi.sizeof("GhosttyRenderStateCursor")
        must(
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
        must(lib.ghostty_render_state_get(self._state[0], kind, self._rows), "rows")
        iterator, row = self._rows[0], 0
        while True:
            if dirty:
                if not lib.ghostty_render_state_row_iterator_next_dirty(iterator, self._y):
                    break
                row = self._y[0]
            elif not lib.ghostty_render_state_row_iterator_next(iterator):
                break
            kind = lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW
            must(lib.ghostty_render_state_row_get(iterator, kind, self._words), "cells")
            yield row, self._runs(iterator)
            row += 1
        must(lib.ghostty_render_state_clean(self._state[0]), "clean")

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
            must(lib.ghostty_render_state_row_get(iterator, kind, self._cells), "cells")
            self._looked = True
        must(_select(self._cells[0], column), "cell")

    def _look(self) -> _Key:
        must(_get(self._cells[0], _STYLED, self._style), "style")
        looks = bytes(self._style_bytes)
        known = self._looks.get(looks)
        if known is None:
            if len(self._looks) >= _LOOKS_KEPT:
                self._looks.clear()
            known = self._looks[looks] = _read(self._style)
        return known

    def _cluster(self) -> str:
        """All characters of the selected cell, as many as are told of one."""
        cells = self._cells[0]
        kind = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_LEN
        must(_get(cells, kind, self._length), "cluster")
        count = self._length[0]
        buffer = self._characters if count <= limits.CLUSTER_CHARS else ffi.new("uint32_t[]", count)
        kind = lib.GHOSTTY_RENDER_STATE_ROW_CELLS_DATA_GRAPHEMES_BUF
        must(_get(cells, kind, buffer), "cluster")
        return "".join(chr(buffer[place]) for place in range(min(count, limits.CLUSTER_CHARS)))


def _trimmed(runs: list[Run]) -> list[Run]:
    """Without the empty cells at the end that have no style."""
    last = runs[-1]
    if last.width == 1 and not (last.foreground or last.background or last.attributes or last.cluster):
        text = last.text.rstrip(" ")
        runs[-1:] = [Run(text)] if text else []
    return runs
