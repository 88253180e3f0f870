"""The test picture: colour bars, a bar that moves, and a number that can be read from cells again.

Strategy: the number is drawn as a row of black and white blocks, with parity, as large as they can be, so
that it survives the encoder, a lossy line and forty columns: who looks at what a terminal shows can tell
which picture it is, and so how late it is and which ones are missing.
"""

from typing import Final

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from mesh_agent.media.video.raster import place

WIDTH: Final = 320
HEIGHT: Final = 180

BITS: Final = 12
NUMBERS: Final = 1 << BITS
"""After so many, it begins again at 0."""

BARS: Final = ((180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212))
"""Of each colour bar: luma and chroma (Y, Cb, Cr of BT.601): white, yellow, cyan, green, magenta, red."""

COLOURS: Final = ((191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0))
"""The same as red, green and blue, roughly."""

_BLOCK: Final = 16
"""Pixels that a block is wide; all blocks are in the middle, since the sides may be cut off."""

_BLOCKS: Final = BITS + 4
"""A white one, a black one, the number, its parity, and that the other way round."""

_LEFT: Final = (WIDTH - _BLOCK * _BLOCKS) // 2
_BARS_BOTTOM: Final = 104
_TOP, _BOTTOM = 116, 164
_BLACK, _WHITE, _GREY = 16, 235, 64


def _base() -> NDArray[np.uint8]:
    """Planes as `VideoFrame.from_ndarray` takes them: luma over chroma."""
    planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    luma = planes[:HEIGHT]
    luma[:] = _GREY
    chroma = planes[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    edges = [round(WIDTH * each / len(BARS)) // 2 * 2 for each in range(len(BARS) + 1)]
    for (y, cb, cr), left, right in zip(BARS, edges, edges[1:], strict=False):
        luma[:_BARS_BOTTOM, left:right] = y
        chroma[0, : _BARS_BOTTOM // 2, left // 2 : right // 2] = cb
        chroma[1, : _BARS_BOTTOM // 2, left // 2 : right // 2] = cr
    return planes


_BASE: Final = _base()


def draw(number: int) -> VideoFrame:
    """The picture of this number, in yuv420p."""
    planes = _BASE.copy()
    for index, bit in enumerate(_bits(number % NUMBERS)):
        left = _LEFT + _BLOCK * index
        planes[_TOP:_BOTTOM, left : left + _BLOCK] = _WHITE if bit else _BLACK
    moving = 4 * number % WIDTH
    planes[_BOTTOM + 4 : HEIGHT - 4, moving : moving + 24] = _WHITE
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def _bits(number: int) -> list[int]:
    bits = [number >> place & 1 for place in reversed(range(BITS))]
    parity = sum(bits) & 1
    return [1, 0, *bits, parity, 1 - parity]


def _looked_at(pixels: bytes, columns: int, rows: int) -> tuple[NDArray[np.uint8], float, float, float]:
    """The halves, and how a point of the picture becomes one of them: x, y, scale."""
    at = place(WIDTH, HEIGHT, columns, rows)
    halves = np.frombuffer(pixels, np.uint8).reshape(2 * rows, columns, 3)
    return halves, at.x, at.y, at.width / WIDTH


def read(pixels: bytes, columns: int, rows: int) -> int | None:
    """The number in a picture of so many cells (`state.Picture`); None where there is none to be read."""
    halves, x, y, scale = _looked_at(pixels, columns, rows)
    row = int(y + scale * (_TOP + _BOTTOM) / 2)
    levels = []
    for index in range(_BLOCKS):
        column = int(x + scale * (_LEFT + _BLOCK * (index + 0.5)))
        if not 0 <= column < columns or not 0 <= row < 2 * rows:
            return None
        levels.append(int(halves[row, column].sum()))
    white, black = levels[0], levels[1]
    if white - black < 200:
        return None
    bits = [int(level > (white + black) / 2) for level in levels]
    number = int("".join(map(str, bits[2 : 2 + BITS])), 2)
    return number if bits == _bits(number) else None


def bars(pixels: bytes, columns: int, rows: int) -> list[tuple[int, int, int]]:
    """The colours where the bars are, to be compared with `COLOURS`."""
    halves, x, y, scale = _looked_at(pixels, columns, rows)
    row = int(y + scale * _BARS_BOTTOM / 2)
    found = []
    for index in range(len(BARS)):
        column = int(x + scale * WIDTH * (index + 0.5) / len(BARS))
        red, green, blue = halves[row, min(max(column, 0), columns - 1)].tolist()
        found.append((red, green, blue))
    return found
