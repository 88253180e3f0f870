"""The pictures of others: decoded where somebody looks at them, and made as large as their tiles.

Strategy: one thread decodes for all parties, since a small picture takes less than a millisecond. Each party
has a short queue; where it is full, the line or this machine is too slow, and it goes on at the next
keyframe. Only pictures for which it is time, and after which no newer one waits, become cells.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import av
from av import VideoFrame

from mesh_agent.media.orders import Painted, Tile
from mesh_agent.media.video.raster import Raster, usable
from mesh_agent.media.video.reorder import is_key, key_size
from mesh_agent.media.video.scene import Scene
from mesh_agent.media.video.sources import CLOSE_S

WAITING_MAX: Final = 16
"""Encoded pictures of one party that wait for the thread."""

PIXELS_MAX: Final = 2560 * 1600
"""Of a picture of somebody else: a larger one would cost more than a call is worth, and is not decoded."""

TILES_MAX: Final = 16
RATE_MAX: Final = 60.0


class Pace:
    """Says of which pictures it is time, at so many a second."""

    def __init__(self) -> None:
        self._due = float("-inf")

    def now(self, rate: float, now: float) -> bool:
        pause = 1 / rate
        # what comes a little early, by jitter, is as good as on time
        if now < self._due - pause / 3:
            return False
        self._due = max(self._due + pause, now)
        return True


class _Viewed:
    """One party that is looked at, or only recorded (without a tile).

    `waiting` is shared with the loop, the rest is the thread's.
    """

    def __init__(self, tile: Tile | None) -> None:
        self.raster = None if tile is None else Raster(tile)
        self.waiting: deque[bytes] = deque()
        self.broken = True
        self.pace = Pace()
        self.frame: VideoFrame | None = None
        self.again = False
        self._decoder = _decoder()

    def decode(self, data: bytes) -> bool:
        """Whether it could be."""
        if is_key(data):
            width, height = key_size(data) or (0, 0)
            if not 0 < width * height <= PIXELS_MAX:
                return False
        try:
            frames = self._decoder.decode(av.Packet(data))
        except (av.FFmpegError, ValueError):
            self._decoder = _decoder()
            return False
        if frames:
            self.frame = frames[-1]
        return True


def _decoder() -> av.VideoCodecContext:
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    return decoder


class Watching:
    """`painted`, and `broke` (the party whose pictures need a keyframe), are called in its thread."""

    def __init__(self, painted: Callable[[Painted], None], broke: Callable[[str], None]) -> None:
        self._painted, self._broke = painted, broke
        self._rate = 15.0
        self._scene: Scene | None = None
        self._viewed: dict[str, _Viewed] = {}
        self._changed = threading.Condition()
        self._over = False
        self._decoded = 0
        self._thread: threading.Thread | None = None

    @property
    def decoded(self) -> int:
        """Pictures, ever."""
        return self._decoded

    def view(self, tiles: Sequence[Tile], rate: float) -> list[str]:
        """Parties that are looked at now and were not before: they need a keyframe."""
        new = []
        wanted = {tile.party: tile for tile in tiles[:TILES_MAX] if usable(tile)}
        with self._changed:
            self._rate = min(max(rate, 0.2), RATE_MAX)
            for party in self._viewed.keys() - wanted.keys():
                if self._scene is None:
                    del self._viewed[party]
                else:
                    self._viewed[party].raster = None
            for party, tile in wanted.items():
                viewed = self._viewed.get(party)
                if viewed is None:
                    self._viewed[party] = _Viewed(tile)
                    new.append(party)
                elif viewed.raster is None or viewed.raster.tile != tile:
                    viewed.raster = Raster(tile)
                    viewed.again = True
            self._changed.notify()
        if wanted:
            self._begin()
        return new

    def record(self, scene: Scene | None) -> None:
        """From now on all parties are decoded, and shown there; None: no longer."""
        with self._changed:
            self._scene = scene
            if scene is None:
                self._viewed = {
                    party: each for party, each in self._viewed.items() if each.raster is not None
                }
        if scene is not None:
            self._begin()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
            self._thread.start()

    def take(self, party: str, data: bytes) -> bool:
        """An encoded picture. False: a keyframe is needed. Never waits."""
        with self._changed:
            viewed = self._viewed.get(party)
            if viewed is None:
                if self._scene is None or len(self._viewed) >= 2 * TILES_MAX:
                    return True
                viewed = self._viewed[party] = _Viewed(None)
            if viewed.broken and not is_key(data):
                return False
            if len(viewed.waiting) >= WAITING_MAX:
                viewed.waiting.clear()
                viewed.broken = not is_key(data)
                if viewed.broken:
                    return False
            viewed.broken = False
            viewed.waiting.append(data)
            self._changed.notify()
        return True

    def show(self, party: str, frame: VideoFrame) -> None:
        """A picture that is decoded already: our own. In whatever thread it comes."""
        scene = self._scene
        if scene is not None:
            scene.put(party, frame)
        with self._changed:
            viewed = self._viewed.get(party)
            if viewed is None:
                return
            viewed.frame = frame
            viewed.again = True
            self._changed.notify()

    def forget(self, party: str) -> None:
        """It is connected anew: what comes next has nothing to do with what came."""
        scene = self._scene
        if scene is not None:
            scene.drop(party)
        with self._changed:
            viewed = self._viewed.get(party)
            if viewed is None:
                return
            if viewed.raster is None:
                del self._viewed[party]
            else:
                self._viewed[party] = _Viewed(viewed.raster.tile)

    def not_taken(self, party: str) -> None:
        """What was painted last has not been told: what looks alike is to be painted, too."""
        with self._changed:
            viewed = self._viewed.get(party)
            if viewed is not None and viewed.raster is not None:
                viewed.raster = Raster(viewed.raster.tile)

    def close(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    # ── the thread ──────────────────────────────────────────────────────────────────────────────

    def _next(self) -> tuple[str, _Viewed, bytes | None] | None:
        """What is to be done next, for whoever waits; None at the end."""
        with self._changed:
            while not self._over:
                for party, viewed in self._viewed.items():
                    if viewed.waiting:
                        # the next one of another party comes before the next one of this one
                        self._viewed[party] = self._viewed.pop(party)
                        return party, viewed, viewed.waiting.popleft()
                    if viewed.again:
                        return party, viewed, None
                self._changed.wait()
        return None

    def _run(self) -> None:
        while (work := self._next()) is not None:
            party, viewed, data = work
            if data is None:
                viewed.again = False
                self._paint(viewed, anew=party != "")
            elif viewed.decode(data):
                self._decoded += 1
                scene = self._scene
                if scene is not None and viewed.frame is not None:
                    scene.put(party, viewed.frame)
                if not viewed.waiting:
                    self._paint(viewed, anew=False)
            else:
                viewed.broken = True
                self._broke(party)

    def _paint(self, viewed: _Viewed, *, anew: bool) -> None:
        raster = viewed.raster
        if raster is None or viewed.frame is None:
            return
        if viewed.pace.now(self._rate, time.monotonic()) or anew:
            painted = raster.painted(viewed.frame)
            if painted is not None:
                self._painted(painted)
