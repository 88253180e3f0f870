"""Lanes without sockets: bytes in memory, with a delay, and ends that come at any frame or byte."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from mesh_agent.net.base import Buffer, Came, LaneLost, Way
from protocol.peer import FrameReader, PeerFrame

HELD_BYTES: Final = 512 * 1024
"""What one end may have written that the other has not read, before it waits."""

Watch = Callable[[PeerFrame], bool]
"""Is shown each frame before it is written; False cuts the lane in its place."""


class MemoryLane:
    """One end. `watch` may be set before anything is written."""

    engine: Literal["quic", "tls"] = "tls"
    way: Way = "direct"

    def __init__(self, delay_s: float = 0.0) -> None:
        self.other: MemoryLane
        self.watch: Watch | None = None
        self.read_bytes = 0
        self.cut_off = False
        self.rate: float | None = None
        """Bytes a second that it takes."""
        self.deaf = False
        """What comes is lost, and nobody notices."""
        self.spoil: Callable[[memoryview], memoryview] = lambda data: data
        """Changes what comes."""
        self.delay_s = delay_s
        self._held: deque[memoryview] = deque()
        self._on_way: deque[Callable[[], None]] = deque()
        self._size = 0
        self._ended = False
        self._news = asyncio.Event()
        self._reader = FrameReader()

    def cut(self) -> None:
        """As if the cable was: both ends lose it, and what was on its way is gone."""
        for end in (self, self.other):
            end.cut_off = True
            end._held.clear()
            end._size = 0
            end._news.set()

    async def write(self, *pieces: Buffer) -> None:
        for piece in pieces:
            await self._pass(piece) if self.watch else await self._send(piece)

    async def read(self, limit: int) -> bytes:
        await self._until_some()
        if not self._held:
            return b""
        return bytes(self._take(limit))

    async def read_into(self, view: memoryview, came: Came | None = None) -> None:
        at = 0
        while at < len(view):
            await self._until_some()
            if not self._held:
                raise LaneLost
            some = self._take(len(view) - at)
            view[at : at + len(some)] = some
            at += len(some)
            if came is not None:
                came(at)

    async def close(self) -> None:
        await asyncio.sleep(0)
        self._later(self.other._end)

    # ── the other end ────────────────────────────────────────────────────────────────────────────

    async def _send(self, piece: Buffer) -> None:
        while self.other._size > HELD_BYTES and not self.cut_off and not self._ended:
            self.other._news.clear()
            await self.other._news.wait()
        if self.rate:
            await asyncio.sleep(len(piece) / self.rate)
        if self.cut_off or self._ended:
            raise LaneLost
        if len(piece):
            self.other._size += len(piece)
            self._later(self.other._put, memoryview(bytes(piece)))

    def _later(self, function: Callable[..., None], *args: memoryview) -> None:
        if not self.delay_s:
            function(*args)
            return
        self._on_way.append(partial(function, *args))
        asyncio.get_running_loop().call_later(self.delay_s, lambda: self._on_way.popleft()())

    def _put(self, data: memoryview) -> None:
        if not self.cut_off and not self.deaf:
            self._held.append(self.spoil(data))
            self._news.set()

    def _end(self) -> None:
        """The other end has closed it."""
        self._ended = True
        self._news.set()
        self.other._news.set()

    async def _until_some(self) -> None:
        while not self._held and not self._ended and not self.cut_off:
            self._news.clear()
            await self._news.wait()
        if self.cut_off:
            raise LaneLost

    def _take(self, limit: int) -> memoryview:
        some = self._held.popleft()
        if len(some) > limit:
            self._held.appendleft(some[limit:])
            some = some[:limit]
        self._size -= len(some)
        self.read_bytes += len(some)
        self._news.set()
        return some

    # ── frame by frame ───────────────────────────────────────────────────────────────────────────

    async def _pass(self, piece: Buffer) -> None:
        """Sends byte for byte what was given, and shows the watch each frame in it before its last byte."""
        data = memoryview(piece)
        while len(data):
            if self._reader.raw:
                some = data[: self._reader.raw]
                self._reader.skip_raw(len(some))
                await self._send(some)
                data = data[len(some) :]
                continue
            frame, used = self._next(data)
            if frame is not None and self.watch is not None and not self.watch(frame):
                await self._send(data[: used // 2])
                self.cut()
                raise LaneLost
            await self._send(data[:used])
            data = data[used:]

    def _next(self, data: memoryview) -> tuple[PeerFrame | None, int]:
        """The frame that is complete with the first `used` bytes of `data`."""
        for used in range(1, len(data) + 1):
            self._reader.feed(data[used - 1 : used])
            frame = self._reader.frame()
            if frame is not None:
                return frame, used
        return None, len(data)


def lane_pair(delay_s: float = 0.0) -> tuple[MemoryLane, MemoryLane]:
    """Both ends of one lane."""
    one, other = MemoryLane(delay_s), MemoryLane(delay_s)
    one.other, other.other = other, one
    return one, other
