"""A moving picture as sixels: a fixed palette, and all of it at once with numpy.

Strategy: each pixel becomes one number out of band, colour, column and row in the band; sorted, they are in
the order in which a terminal reads them. Neighbours that are alike are one run then, each run is one line of
a table with the bytes that say it, and what is left empty in the table is dropped. So the work follows what
is in the picture, and nothing is done pixel by pixel. One pixel of ours may be a square of several of the
terminal's: that makes a picture of few pixels as large as its cells at no more cost.

What begins and ends a sixel sequence is not among it: whoever writes it to a terminal looks at it first.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

BAND: Final = 6
"""Rows of the terminal's pixels that are one row of sixels."""

SQUARES: Final = (1, 2, 3, 6)
"""Sides that one of our pixels may have, in the terminal's: a whole number of them is in a band."""

SIDE_MAX: Final = 1000
"""Pixels across and down, at most; xterm takes no more where nobody told it otherwise."""

_LEVELS: Final = 6
"""Of red, green and blue, of each as many, so that grey stays grey: 216 of a terminal's 256 colours."""

_COLUMN_BITS: Final = 10
_ROW_BITS: Final = 3

_THRESHOLDS: Final = (
    np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float64) / 16 - 15 / 32
)
"""What is added to a pixel, by its place, in steps of the palette: so a colour between two of them becomes a
mixture of both instead of an edge where there is none."""

_MIXED: Final = 0.5
"""How much of it: all would say each colour truly, and take three times the bytes."""


def _level_table(weight: int) -> NDArray[np.uint8]:
    """For each threshold and each value of a channel, its part of the colour's number."""
    values = np.arange(256) * (_LEVELS - 1) / 255
    mixed = values[None, :] + _MIXED * _THRESHOLDS.reshape(16, 1)
    return (np.clip(np.rint(mixed), 0, _LEVELS - 1) * weight).astype(np.uint8)


_TABLES: Final = [_level_table(weight) for weight in (_LEVELS * _LEVELS, _LEVELS, 1)]
COLOURS: Final = _LEVELS**3


def colour(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a colour of the palette, in hundredths."""
    step = 100 // (_LEVELS - 1)
    return number // _LEVELS**2 * step, number // _LEVELS % _LEVELS * step, number % _LEVELS * step


def _words(texts: "list[str]", width: int) -> NDArray[np.uint8]:
    """A table of them, filled up with zeros."""
    return np.array([list(text.encode().ljust(width, b"\0")) for text in texts], np.uint8)


_DEFINITIONS: Final = ["#{};2;{};{};{}".format(number, *colour(number)).encode() for number in range(COLOURS)]
_CHOOSE: Final = _words([f"#{number}" for number in range(COLOURS)], 4)
_SKIP: Final = _words(["?" * n if n < 4 else f"!{n}?" for n in range(SIDE_MAX + 1)], 6)
_TIMES: Final = _words(["" if n < 4 else f"!{n}" for n in range(SIDE_MAX + 1)], 5)
_WIDTH: Final = 1 + 4 + 6 + 5 + 3


def numbers(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours of the palette that come nearest; pixels: rows, columns, red, green and blue."""
    down, across = pixels.shape[:2]
    found = np.empty((down, across), np.uint8)
    for y in range(4):
        for x in range(4):
            part = pixels[y::4, x::4]
            red, green, blue = (table[4 * y + x] for table in _TABLES)
            found[y::4, x::4] = red[part[..., 0]] + green[part[..., 1]] + blue[part[..., 2]]
    return found


def encode(pixels: NDArray[np.uint8], square: int, across: int, down: int) -> bytes:
    """Sixels of a picture, `across` and `down` of the terminal's pixels large, each at most `SIDE_MAX`.

    `pixels`: rows, columns, red, green and blue. `square`: how many of the terminal's one of them is, across
    and down; all together cover the picture, and what is beyond its edges is cut off.
    """
    found = numbers(pixels)
    lines, columns, bits = _columns(found, square, down)
    head = f'"1;1;{across};{down}'.encode()
    used = b"".join(_DEFINITIONS[number] for number in np.flatnonzero(np.bincount(found.ravel())))
    return head + used + _said(lines, columns, bits, square, across)


def _columns(
    found: NDArray[np.uint8], square: int, down: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint8]]:
    """Each column of a colour in a band, in order: band and colour, the column, and which rows have it."""
    height, width = found.shape
    per_band = BAND // square
    y = np.arange(height, dtype=np.uint32)[:, None]
    keys = (y // per_band) << 8 | found
    keys = (keys << _COLUMN_BITS | np.arange(width, dtype=np.uint32)) << _ROW_BITS | y % per_band
    keys = np.sort(keys, axis=None)
    places = keys >> _ROW_BITS
    starts = _starts(places[1:] != places[:-1])
    masks = np.array([((1 << square) - 1) << (row * square) for row in range(8)]).astype(np.uint8)
    bits = np.bitwise_or.reduceat(masks[keys & 7], starts).astype(np.uint8)
    places = places[starts]
    lines = (places >> _COLUMN_BITS).astype(np.uint32)
    if rest := down % BAND:
        bits[(lines >> 8) == down // BAND] &= np.uint8((1 << rest) - 1)
    return lines, (places & ((1 << _COLUMN_BITS) - 1)).astype(np.uint32), bits


def _said(
    lines: NDArray[np.uint32],
    columns: NDArray[np.uint32],
    bits: NDArray[np.uint8],
    square: int,
    across: int,
) -> bytes:
    """The bytes: for each run what begins its line, what is left empty before it, and itself."""
    begins = (lines[1:] != lines[:-1]) | (columns[1:] != columns[:-1] + 1) | (bits[1:] != bits[:-1])
    starts = _starts(begins)
    ends = np.append(starts[1:], len(lines)) - 1
    line, sixel = lines[starts], bits[starts] + np.uint8(63)
    left = columns[starts].astype(np.intp) * square
    right = np.minimum((columns[ends].astype(np.intp) + 1) * square, across)
    first = np.concatenate(([True], line[1:] != line[:-1]))
    before = np.where(first, 0, np.concatenate(([0], right[:-1])))
    count = right - left
    table = np.zeros((len(starts), _WIDTH), np.uint8)
    band = line >> 8
    downwards = np.concatenate(([False], band[1:] != band[:-1]))
    table[first, 0] = ord("$")
    table[downwards, 0] = ord("-")
    table[0, 0] = 0
    table[first, 1:5] = _CHOOSE[line[first] & 255]
    table[:, 5:11] = _SKIP[left - before]
    table[:, 11:16] = _TIMES[count]
    table[:, 16] = sixel
    table[:, 17] = np.where((count == 2) | (count == 3), sixel, 0)
    table[:, 18] = np.where(count == 3, sixel, 0)
    return table.tobytes().translate(None, b"\0")


def _starts(differs: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.concatenate(([0], np.flatnonzero(differs) + 1))
