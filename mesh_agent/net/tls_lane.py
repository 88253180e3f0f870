"""One lane over TLS 1.3 and TCP, once the handshake is done.

Strategy: OpenSSL and the kernel do the work (`tls_stream`), in two threads of the lane's own, one that reads
and one that writes, so that nothing of it runs in the loop. Bytes go from the caller's buffers to OpenSSL and
from OpenSSL into the caller's buffer.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Literal, TypeVar

from mesh_agent.net.base import Buffer, Came, LaneLost, Way
from mesh_agent.net.hand import Hand
from mesh_agent.net.tls_stream import TlsStream
from protocol.limits import PEER_READ_BYTES

CLOSE_S: Final = 2.0
"""What a lane that is closed takes to get rid of what was written."""

REST_S: Final = 0.2
"""What the other end has then to close as well."""

AHEAD_BYTES: Final = 4_096
"""A read takes as many, where they are there: a frame before the other end is known is read byte by byte, and
a thread's turn for each of them would cost a busy machine the time that the whole hello has. And so many are
taken after what fills a buffer, where they are there: of a file, the head of the next chunk."""

Result = TypeVar("Result")


class TlsLane:
    """A TLS connection in two threads. See `mesh_agent.net.base.Lane`.

    A `read_into` or `write` that is cancelled ends the lane: nobody could say where in the stream it stopped.
    """

    engine: Final[Literal["tls"]] = "tls"
    way: Final[Way] = "direct"

    def __init__(self, stream: TlsStream) -> None:
        """Takes over a connection whose handshake is done."""
        self._stream = stream
        self._reader, self._writer = Hand("tls-lane-read"), Hand("tls-lane-write")
        self._lost: LaneLost | None = None
        self._closed = False
        self._ahead = b""
        self._reading: asyncio.Future[bytes] | None = None
        self._writing: asyncio.Future[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether this end has closed it."""
        return self._closed

    # ── in the loop ──────────────────────────────────────────────────────────────────────────────

    def _start(self, hand: Hand, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        if self._lost is not None:
            raise self._lost
        return hand.do(work)

    async def _outcome(self, hand: Hand, future: "asyncio.Future[Result]") -> Result:
        """Waits for a thread; whatever goes wrong, and being cancelled, ends the lane. Raises: LaneLost."""
        try:
            return await future
        except asyncio.CancelledError:
            self._abort(LaneLost())
            await hand.idle()
            raise
        except (OSError, ValueError) as fault:
            raise self._abort(_told(fault)) from fault

    def _abort(self, why: LaneLost) -> LaneLost:
        """It is over; threads that wait wake up. Gives the first reason."""
        if self._lost is None:
            self._lost = why
            self._stream.break_off()
        return self._lost

    async def write(self, *pieces: Buffer) -> None:
        self._writing = self._start(self._writer, lambda: self._stream.put(pieces))
        await self._outcome(self._writer, self._writing)

    async def read(self, limit: int) -> bytes:
        if not self._ahead:
            if self._reading is None:
                size = min(max(limit, AHEAD_BYTES), PEER_READ_BYTES)
                self._reading = self._start(self._reader, lambda: self._stream.some(size))
            reading = self._reading
            try:
                self._ahead = await asyncio.shield(reading)
            except (OSError, ValueError) as fault:
                raise self._abort(_told(fault)) from fault
            finally:
                if reading.done():
                    self._reading = None
        taken, self._ahead = self._ahead[:limit], self._ahead[limit:]
        return taken

    async def read_into(self, view: memoryview, came: Came | None = None) -> None:
        view = view.cast("B")
        at = 0
        while at < len(view) and (self._ahead or self._reading):
            piece = await self.read(len(view) - at)
            if not piece:
                raise self._abort(LaneLost("The other device ended the line in the middle of something."))
            view[at : at + len(piece)] = piece
            at += len(piece)
        if at < len(view):
            filling = self._start(self._reader, lambda: self._stream.fill(view, at, AHEAD_BYTES, came))
            self._ahead = await self._outcome(self._reader, filling)

    async def close(self) -> None:
        if self._closed:
            return
        if self._writing is not None and self._lost is None:
            await asyncio.wait([self._writing], timeout=CLOSE_S)
        if self._lost is None and not self._writer.busy:
            await self._writer.do(self._stream.finish)
            if not self._reader.busy:
                await self._rest()
        self._abort(LaneLost("The line to the other device was closed."))
        self._closed = self._stream.closed = True
        await self._reader.idle()
        await self._writer.idle()
        if self._reading is not None and self._reading.done() and not self._reading.cancelled():
            self._reading.exception()
        self._reader.close()
        self._writer.close()
        self._stream.close()

    async def _rest(self) -> None:
        """Takes what still comes: a socket that is closed with something unread cuts off what it sent."""
        with contextlib.suppress(TimeoutError, LaneLost):
            async with asyncio.timeout(REST_S):
                while await self.read(PEER_READ_BYTES):
                    pass


def _told(fault: Exception) -> LaneLost:
    if isinstance(fault, TimeoutError):
        return LaneLost("The other device does not answer any more.")
    return LaneLost()
