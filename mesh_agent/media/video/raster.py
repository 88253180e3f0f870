"""A picture as the halves of cells that a terminal shows.

Strategy: swscale makes it small, averaging what falls into one half (which is about as wide as it is high),
and turns it into red, green and blue at once. Colours are made coarser here, as the painter of stills does:
what is alike then costs the pipe and the terminal little. Where a picture and its tile differ little in
shape, the picture fills the tile and loses something at its sides; where they differ much, it is whole, with
black around it. So is a screen always: what stands at its edges is read.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from mesh_agent.media.orders import Painted, Tile

COLUMNS_MAX: Final = 400
ROWS_MAX: Final = 200
"""Of a tile; a larger one is none."""

CROPPED_MAX: Final = 0.2
"""The part of a picture that may fall outside its tile."""

_COARSE: Final = bytes(round((value >> 3) * 255 / 31) for value in range(256))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a tile a picture is, in halves; what lies outside the tile is cut off."""

    x: int
    y: int
    width: int
    height: int


def place(width: int, height: int, columns: int, rows: int, *, whole: bool = False) -> Place:
    """For a picture of `width` x `height` square pixels in a tile of so many cells; all at least 1."""
    across, down = columns, 2 * rows
    fit, cover = sorted((across / width, down / height))
    scale = cover if not whole and 1 - fit / cover <= CROPPED_MAX else fit
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    return Place((across - wide) // 2, (down - high) // 2, wide, high)


def usable(tile: Tile) -> bool:
    return 1 <= tile.columns <= COLUMNS_MAX and 1 <= tile.rows <= ROWS_MAX


class Raster:
    """Of one tile. To be used in one thread at a time."""

    def __init__(self, tile: Tile) -> None:
        self.tile = tile
        self._scaler = VideoReformatter()
        self._last = b""

    def painted(self, frame: VideoFrame) -> Painted | None:
        """None where it looks as the last one did."""
        tile = self.tile
        at = place(frame.width, frame.height, tile.columns, tile.rows, whole=tile.whole)
        small = self._scaler.reformat(
            frame, width=at.width, height=at.height, format="rgb24", interpolation=Interpolation.AREA
        )
        halves = _cut(np.asarray(small.to_ndarray(), np.uint8), at, tile.columns, 2 * tile.rows)
        pixels = halves.tobytes().translate(_COARSE)
        if pixels == self._last:
            return None
        self._last = pixels
        return Painted(party=tile.party, columns=tile.columns, rows=tile.rows, pixels=pixels)


def _cut(small: NDArray[np.uint8], at: Place, across: int, down: int) -> NDArray[np.uint8]:
    """As large as the tile: cut off where it is larger, black where it is smaller."""
    small = small[max(0, -at.y) :, max(0, -at.x) :][:down, :across]
    if small.shape[:2] == (down, across):
        return small
    whole = np.zeros((down, across, 3), np.uint8)
    top, left = max(0, at.y), max(0, at.x)
    whole[top : top + small.shape[0], left : left + small.shape[1]] = small
    return whole
