"""What everybody shows, side by side in one picture, for a recording.

Strategy: the newest picture of each party is kept, by whatever thread decoded it; whoever writes the
recording asks for all of them together when it is time for one. Who has shown nothing for a while is in it
no more.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

WIDTH: Final = 640
HEIGHT: Final = 360
PARTIES_MAX: Final = 16
GONE_S: Final = 3.0
"""Who shows something sends a picture every fraction of a second, also where nothing moves."""


class Scene:
    """Safe to be used by any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._frames: dict[str, tuple[VideoFrame, float]] = {}
        self._scaler = VideoReformatter()

    def put(self, party: str, frame: VideoFrame) -> None:
        with self._lock:
            if party in self._frames or len(self._frames) < PARTIES_MAX:
                self._frames[party] = frame, self._clock()

    def drop(self, party: str) -> None:
        with self._lock:
            self._frames.pop(party, None)

    def picture(self) -> VideoFrame:
        """All that is shown now, in yuv420p; black where nobody shows anything. For one thread alone."""
        with self._lock:
            oldest = self._clock() - GONE_S
            self._frames = {party: each for party, each in self._frames.items() if each[1] >= oldest}
            frames = [self._frames[party][0] for party in sorted(self._frames)]
        planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        planes[:HEIGHT] = 16
        across, down = grid(len(frames))
        width, height = WIDTH // across, HEIGHT // down
        for index, frame in enumerate(frames):
            row, column = divmod(index, across)
            self._paste(planes, frame, column * width, row * height, width, height)
        return VideoFrame.from_ndarray(planes, format="yuv420p")

    def _paste(
        self, planes: NDArray[np.uint8], frame: VideoFrame, x: int, y: int, width: int, height: int
    ) -> None:
        """Whole, in the middle of its tile; all of it at even places, as its colours are of 2x2 pixels."""
        scale = min(width / frame.width, height / frame.height)
        wide = max(2, min(round(frame.width * scale), width) & ~1)
        high = max(2, min(round(frame.height * scale), height) & ~1)
        left, top = (x + (width - wide) // 2) & ~1, (y + (height - high) // 2) & ~1
        small = self._scaler.reformat(
            frame, width=wide, height=high, format="yuv420p", interpolation=Interpolation.AREA
        )
        pixels = np.asarray(small.to_ndarray(), np.uint8)
        planes[top : top + high, left : left + wide] = pixels[:high]
        whole = planes[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
        part = pixels[high:].reshape(2, high // 2, wide // 2)
        whole[:, top // 2 : (top + high) // 2, left // 2 : (left + wide) // 2] = part


def grid(count: int) -> tuple[int, int]:
    """Columns and rows for so many pictures."""
    across = max(1, math.ceil(math.sqrt(count)))
    return across, max(1, math.ceil(count / across))
