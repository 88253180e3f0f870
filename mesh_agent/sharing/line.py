"""A lane as frames, with what waits to be written to it.

Strategy: two tasks a lane, one that reads and one that writes, so that neither end ever waits for the other
to read before it reads itself. Frames wait in a queue with a limit; raw bytes go from the lane straight
into their buffer. Reads of raw bytes begin small and grow while the lane is quick: on a slow one it shows
early that something moves, and a quick one is not held up by a wake-up for every few kilobytes.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from mesh_agent.machines.throughput import Throughput
from mesh_agent.net.base import Came, Lane, LaneLost
from protocol import limits
from protocol.errors import PeerTooMany
from protocol.peer import FrameReader, P2pPing, PeerFrame, encode_frame

READ_BYTES: Final = 16 * 1024
"""What is read at a time while frames are looked for; of a chunk, no more than this is copied twice."""

PIECE_MIN_BYTES: Final = 16 * 1024
PIECE_FIRST_BYTES: Final = 64 * 1024
QUICK_S: Final = 0.1
SLOW_S: Final = 0.5
"""A piece that came quicker is followed by a larger one, a slower one by a smaller."""

QUEUE_MAX: Final = 2_048
"""Frames that wait to be written to one lane; more is a peer that asks, and does not read."""

QUEUE_LOW: Final = 16
"""Whoever has many frames to tell waits until fewer than this are queued."""

WRITE_FRAMES: Final = 64
"""Frames that are written at once."""

Clock = Callable[[], float]


def _behind(came: Came, at: int, end: int) -> None:
    """Of a piece that begins there."""
    came(at + end)


class Line:
    """One lane. `number` tells it from others of the same courier; 0 is the main one.

    Attributes:
        heard_at: when bytes last came.
        pinged_at: when we last asked for some.
        held_up: it is not read from now, as what came is not written yet.
        wake: set when there may be something to write.
    """

    def __init__(self, lane: Lane, number: int, clock: Clock) -> None:
        self.lane: Final = lane
        self.number: Final = number
        self.wake: Final = asyncio.Event()
        self.heard_at = self.pinged_at = clock()
        self.throughput: Final = Throughput(clock(), costly=lane.engine == "quic")
        self.held_up = False
        self.lost = False
        self._clock = clock
        self._stamp = 0
        self._echoes: dict[int, asyncio.Event] = {}
        self._reader = FrameReader()
        self._piece = PIECE_FIRST_BYTES
        self._queue: deque[PeerFrame] = deque()
        self._low = asyncio.Event()
        self._low.set()
        self._empty = asyncio.Event()
        self._empty.set()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    async def frame(self) -> PeerFrame:
        """The next. Raises: PeerFault, LaneLost."""
        while (frame := self._reader.frame()) is None:
            data = await self.lane.read(READ_BYTES)
            if not data:
                raise LaneLost
            self.heard_at = self._clock()
            self._reader.feed(data)
        return frame

    async def fill(self, view: memoryview, moved: Callable[[], None], came: Came | None = None) -> None:
        """The next raw bytes of the last chunk; `moved` is called with each piece, `came` as
        `Lane.read_into` does. Raises: LaneLost.
        """
        held = self._reader.take_raw(len(view))
        view[: len(held)] = held
        at, end = len(held), len(view)
        while at < end:
            before = self._clock()
            piece = min(self._piece, end - at)
            come = None if came is None else partial(_behind, came, at)
            await self.lane.read_into(view[at : at + piece], come)
            self._reader.skip_raw(piece)
            at += piece
            self.heard_at = self._clock()
            self._measure(piece, self.heard_at - before)
            moved()

    def _measure(self, piece: int, seconds: float) -> None:
        if seconds < QUICK_S and piece == self._piece:
            self._piece = min(2 * self._piece, limits.CHUNK_MAX_BYTES)
        elif seconds > SLOW_S:
            self._piece = max(self._piece // 2, PIECE_MIN_BYTES)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def put(self, frame: PeerFrame) -> None:
        """To be written as soon as the lane takes it. Raises: PeerTooMany"""
        if len(self._queue) >= QUEUE_MAX:
            raise PeerTooMany
        self._queue.append(frame)
        self._empty.clear()
        if len(self._queue) >= QUEUE_LOW:
            self._low.clear()
        self.wake.set()

    async def room(self) -> None:
        """Returns when few frames wait."""
        await self._low.wait()

    async def written(self) -> None:
        """Returns when nothing is queued any more."""
        await self._empty.wait()

    async def write_queued(self) -> bool:
        """Returns whether there was anything. Raises: LaneLost"""
        if not self._queue:
            return False
        count = min(len(self._queue), WRITE_FRAMES)
        await self.lane.write(b"".join(encode_frame(self._queue.popleft()) for _ in range(count)))
        if len(self._queue) < QUEUE_LOW:
            self._low.set()
        if not self._queue:
            self._empty.set()
        return True

    # ── is there anybody? ────────────────────────────────────────────────────────────────────────

    def ping(self) -> int:
        """Asks for an answer; returns what tells it from others. Raises: PeerTooMany"""
        self.pinged_at = self._clock()
        self._stamp += 1
        self.put(P2pPing(stamp=self._stamp))
        return self._stamp

    def answered(self, stamp: int) -> None:
        echo = self._echoes.get(stamp)
        if echo is not None:
            echo.set()

    async def echo(self) -> None:
        """Returns once all that was written before has been read at the other end, or the lane is lost."""
        if self.lost:
            return
        stamp = self.ping()
        self._echoes[stamp] = asyncio.Event()
        try:
            await self._echoes[stamp].wait()
        finally:
            del self._echoes[stamp]

    def lose(self) -> None:
        """It is gone: nobody waits for it any more."""
        self.lost = True
        for event in (self.wake, self._low, self._empty, *self._echoes.values()):
            event.set()
