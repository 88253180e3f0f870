"""A picture as a terminal shows it: as the halves of cells, or as pixels where it takes those.

Strategy: swscale makes it small, averaging what falls into one half (which is about as wide as it is high),
and turns it into red, green and blue at once. Colours are made coarser here, as the painter of stills does:
what is alike then costs the pipe and the terminal little. Where a picture and its tile differ little in
shape, the picture fills the tile and loses something at its sides; where they differ much, it is whole, with
black around it. So is a screen always: what stands at its edges is read. A picture gets no more pixels than
it came with: the terminal makes them larger, or one of them is a square of several.
"""

import zlib
from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from mesh_agent.media.orders import Form, Painted, Tile
from mesh_agent.media.video import sixels

COLUMNS_MAX: Final = 400
ROWS_MAX: Final = 200
"""Of a tile; a larger one is none."""

SIDE_MAX: Final[dict[Form, int]] = {"halves": 0, "rgb": 8_192, "sixels": sixels.SIDE_MAX}
"""Of the terminal's pixels across a tile, and down; a larger one is none."""

PIXELS_MAX: Final = 128 * 1024
"""Of a picture that is told as pixels: 480x270, say."""

COMPRESSION: Final = 1
"""Of zlib: what the next level saves is not worth its time."""

CROPPED_MAX: Final = 0.2
"""The part of a picture that may fall outside its tile."""

_COARSE: Final = bytes(round((value >> 3) * 255 / 31) for value in range(256))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a tile a picture is, in halves or pixels; what lies outside the tile is cut off."""

    x: int
    y: int
    width: int
    height: int


def place(width: int, height: int, columns: int, rows: int, *, whole: bool = False) -> Place:
    """For a picture of `width` x `height` square pixels in a tile of so many cells; all at least 1."""
    return _placed(width, height, columns, 2 * rows, whole=whole)


def _placed(width: int, height: int, across: int, down: int, *, whole: bool) -> Place:
    fit, cover = sorted((across / width, down / height))
    scale = cover if not whole and 1 - fit / cover <= CROPPED_MAX else fit
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    return Place((across - wide) // 2, (down - high) // 2, wide, high)


def usable(tile: Tile) -> bool:
    if not (1 <= tile.columns <= COLUMNS_MAX and 1 <= tile.rows <= ROWS_MAX):
        return False
    most = SIDE_MAX[tile.form]
    return not most or (1 <= tile.across <= most and 1 <= tile.down <= most)


class Grid(NamedTuple):
    """Of how many pixels a picture is made; `square`: so many of the terminal's one is, across and down."""

    across: int
    down: int
    square: int = 1


def grid(width: int, height: int, tile: Tile) -> Grid:
    """For a picture that came in this size."""
    if tile.form == "halves":
        return Grid(tile.columns, 2 * tile.rows)
    larger = _placed(width, height, tile.across, tile.down, whole=tile.whole).width / width
    fewer = max(1.0, larger, sqrt(tile.across * tile.down / PIXELS_MAX))
    if tile.form == "rgb":
        return Grid(max(1, round(tile.across / fewer)), max(1, round(tile.down / fewer)))
    square = next((side for side in sixels.SQUARES if side + 0.5 >= fewer), sixels.SQUARES[-1])
    return Grid(-(-tile.across // square), -(-tile.down // square), square)


class Raster:
    """Of one tile. To be used in one thread at a time."""

    def __init__(self, tile: Tile) -> None:
        self.tile = tile
        self._scaler = VideoReformatter()
        self._last: tuple[Grid, bytes] = (Grid(0, 0), b"")

    def painted(self, frame: VideoFrame) -> Painted | None:
        """None where it looks as the last one did."""
        tile = self.tile
        made = grid(frame.width, frame.height, tile)
        small = self._small(frame, made)
        pixels = small.tobytes().translate(_COARSE)
        if (made, pixels) == self._last:
            return None
        self._last = made, pixels
        across, down = made.across, made.down
        if tile.form == "rgb":
            pixels = zlib.compress(pixels, COMPRESSION)
        elif tile.form == "sixels":
            across, down = tile.across, tile.down
            pixels = sixels.encode(small, made.square, across, down)
        return Painted(
            party=tile.party,
            columns=tile.columns,
            rows=tile.rows,
            pixels=pixels,
            form=tile.form,
            across=across,
            down=down,
        )

    def _small(self, frame: VideoFrame, made: Grid) -> NDArray[np.uint8]:
        """Its pixels, as many as are made of it."""
        at = _placed(frame.width, frame.height, made.across, made.down, whole=self.tile.whole)
        small = self._scaler.reformat(
            frame, width=at.width, height=at.height, format="rgb24", interpolation=Interpolation.AREA
        )
        return _cut(np.asarray(small.to_ndarray(), np.uint8), at, made.across, made.down)


def _cut(small: NDArray[np.uint8], at: Place, across: int, down: int) -> NDArray[np.uint8]:
    """As large as the tile: cut off where it is larger, black where it is smaller."""
    small = small[max(0, -at.y) :, max(0, -at.x) :][:down, :across]
    if small.shape[:2] == (down, across):
        return small
    whole = np.zeros((down, across, 3), np.uint8)
    top, left = max(0, at.y), max(0, at.x)
    whole[top : top + small.shape[0], left : left + small.shape[1]] = small
    return whole
