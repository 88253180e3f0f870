"""A picture of few colours as sixels, in the process that decoded it.

Strategy: a row of sixels is six rows of pixels. For each colour in it, a translation of each of these rows
has its bit where that colour is, and all are added as one large number: nothing is done pixel by pixel.
"""

import re
from collections.abc import Sequence
from typing import Final

BAND: Final = 6
"""Rows of pixels that are one row of sixels."""

COLOURS: Final = (256, 64, 16)
"""How many are tried, one after the other, until it takes no more than `BYTES_MOST`."""

BYTES_MOST: Final = 4_000_000
_RUN: Final = re.compile(rb"([?-~])\1{3,}")


def encode(across: int, pixels: bytes, palette: bytes) -> bytes:
    """Sixels without what begins and ends them.

    Args:
        across: pixels in a row.
        pixels: one byte each, a place in `palette`, row by row.
        palette: red, green, blue, one byte each.
    """
    rows = [pixels[at : at + across] for at in range(0, len(pixels), across)]
    used = sorted(set(pixels))
    colours = "".join(
        "#{};2;{};{};{}".format(place, *(round(part * 100 / 255) for part in palette[3 * place :][:3]))
        for place in used
    )
    masks = {place: _masks(place) for place in used}
    bands = (_band(rows[at : at + BAND], masks) for at in range(0, len(rows), BAND))
    return f'"1;1;{across};{len(rows)}{colours}'.encode() + b"-".join(bands)


def _masks(place: int) -> list[bytes]:
    """For each row of a band, what makes of a pixel its bit where it has this colour."""
    return [bytes(place) + bytes((1 << row,)) + bytes(255 - place) for row in range(BAND)]


def _band(rows: Sequence[bytes], masks: dict[int, list[bytes]]) -> bytes:
    across = len(rows[0])
    lift = int.from_bytes(b"?" * across)
    lines = []
    for place in sorted(set(b"".join(rows))):
        bits = 0
        for row, mask in zip(rows, masks[place], strict=False):
            bits |= int.from_bytes(row.translate(mask))
        line = (bits + lift).to_bytes(across).rstrip(b"?")
        lines.append(b"#%d%b" % (place, _RUN.sub(_shorter, line)))
    return b"$".join(lines)


def _shorter(run: re.Match[bytes]) -> bytes:
    return b"!%d%b" % (len(run[0]), run[1])
