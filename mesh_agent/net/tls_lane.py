"""One lane over TLS 1.3 and TCP, once the handshake is done.

Strategy: OpenSSL and the kernel do the work, in two threads of the lane's own, one that reads and one that
writes, so that nothing of it runs in the loop. Bytes go from the caller's buffers to OpenSSL and from OpenSSL
into the caller's buffer. An OpenSSL object is for one thread at a time, so the socket does not block: a
thread holds the lane's lock for what can be done at once, and waits for the socket without it. A connection
that ends without TLS saying so is lost, not ended.
"""

import asyncio
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, TypeVar

from mesh_agent.net.base import Buffer, LaneLost, Way
from protocol.limits import PEER_READ_BYTES

CLOSE_S: Final = 2.0
"""What a lane that is closed takes to get rid of what was written."""

REST_S: Final = 0.2
"""What the other end has then to close as well."""

STALL_S: Final = 60.0
"""A write that gets nothing through for so long means that nobody is there."""

_IN: Final = 1

_OUT: Final = 4

Result = TypeVar("Result")


class TlsLane:
    """A TLS connection in two threads. See `mesh_agent.net.base.Lane`.

    A `read_into` or `write` that is cancelled ends the lane: nobody could say where in the stream it stopped.
    """

    engine: Final[Literal["tls"]] = "tls"
    way: Final[Way] = "direct"

    def __init__(self, secured: ssl.SSLSocket) -> None:
        """Takes over a connection whose handshake is done."""
        secured.setblocking(False)
        self._socket = secured
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="tls-lane")
        self._loop = asyncio.get_running_loop()
        self._lost: LaneLost | None = None
        self._closed = False
        self._ahead = b""
        self._reading: asyncio.Future[bytes] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._busy: set[asyncio.Future[object]] = set()

    @property
    def closed(self) -> bool:
        """Whether this end has closed it."""
        return self._closed

    # ── in threads ───────────────────────────────────────────────────────────────────────────────

    def _turn(self, operation: Callable[[], int], patience_s: float | None = None) -> int:
        """One read or write of OpenSSL, as soon as it can be. Raises: OSError."""
        while True:
            with self._lock:
                if self._closed:
                    raise OSError("closed")
                try:
                    return operation()
                except ssl.SSLWantReadError:
                    wanted = _IN
                except ssl.SSLWantWriteError:
                    wanted = _OUT
            if not _wait(self._socket, wanted, patience_s):
                raise TimeoutError

    def _fill(self, view: memoryview) -> None:
        """A turn is as many records as are there: one of them is a few microseconds."""
        at, end, receive = 0, len(view), self._socket.recv_into

        def records() -> int:
            nonlocal at
            while at < end:
                count = receive(view[at:])
                if not count:
                    raise OSError("ended in the middle")
                at += count
            return at

        self._turn(records)

    def _some(self, limit: int) -> bytes:
        """What is there, and at least one byte; empty at the end."""
        buffer = memoryview(bytearray(limit))
        at = self._turn(lambda: self._socket.recv_into(buffer))
        # Nothing more now, or the end: the next one will say.
        with self._lock, contextlib.suppress(OSError):
            while at and at < limit and not self._closed:
                count = self._socket.recv_into(buffer[at:])
                if not count:
                    break
                at += count
        return bytes(buffer[:at])

    def _put(self, pieces: tuple[Buffer, ...]) -> None:
        for piece in pieces:
            view = memoryview(piece).cast("B")
            while len(view):
                rest = view
                count = self._turn(
                    lambda rest=rest: self._socket.send(rest),  # type: ignore[misc]
                    STALL_S,
                )
                view = view[count:]

    def _finish(self) -> None:
        """Says that nothing more comes, and lets the other end take what is on its way."""
        with contextlib.suppress(OSError, ValueError):
            with self._lock, contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._socket.unwrap()
            socket.socket.shutdown(self._socket, socket.SHUT_WR)

    # ── in the loop ──────────────────────────────────────────────────────────────────────────────

    def _start(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        if self._lost is not None:
            raise self._lost
        future = self._loop.run_in_executor(self._threads, work)
        self._busy.add(future)  # type: ignore[arg-type]
        future.add_done_callback(self._busy.discard)
        return future

    async def _outcome(self, future: "asyncio.Future[None]") -> None:
        """Waits for a thread; whatever goes wrong, and being cancelled, ends the lane. Raises: LaneLost."""
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            self._abort(LaneLost())
            await asyncio.wait([future])
            _ = future.exception()
            raise
        except (OSError, ValueError) as fault:
            raise self._abort(_told(fault)) from fault

    def _abort(self, why: LaneLost) -> LaneLost:
        """It is over; threads that wait wake up. Gives the first reason."""
        if self._lost is None:
            self._lost = why
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        return self._lost

    async def write(self, *pieces: Buffer) -> None:
        self._writing = self._start(lambda: self._put(pieces))
        await self._outcome(self._writing)

    async def read(self, limit: int) -> bytes:
        if not self._ahead:
            if self._reading is None:
                size = min(limit, PEER_READ_BYTES)
                self._reading = self._start(lambda: self._some(size))
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

    async def read_into(self, view: memoryview) -> None:
        view = view.cast("B")
        at = 0
        while at < len(view) and (self._ahead or self._reading):
            piece = await self.read(len(view) - at)
            if not piece:
                raise self._abort(LaneLost("The other device ended the line in the middle of something."))
            view[at : at + len(piece)] = piece
            at += len(piece)
        if at < len(view):
            await self._outcome(self._start(lambda: self._fill(view[at:])))

    async def close(self) -> None:
        if self._closed:
            return
        if self._writing is not None and self._lost is None:
            await asyncio.wait([self._writing], timeout=CLOSE_S)
        if self._lost is None and (self._writing is None or self._writing.done()):
            await asyncio.wait([self._loop.run_in_executor(self._threads, self._finish)])
            if not self._busy:
                await self._rest()
        self._abort(LaneLost("The line to the other device was closed."))
        self._closed = True
        if self._busy:
            await asyncio.wait(set(self._busy))
        if self._reading is not None and self._reading.done() and not self._reading.cancelled():
            self._reading.exception()
        self._threads.shutdown(wait=True)
        self._socket.close()

    async def _rest(self) -> None:
        """Takes what still comes: a socket that is closed with something unread cuts off what it sent."""
        with contextlib.suppress(TimeoutError, LaneLost):
            async with asyncio.timeout(REST_S):
                while await self.read(PEER_READ_BYTES):
                    pass


def _wait(waited: socket.socket, wanted: int, patience_s: float | None) -> bool:
    """Until it can be read (`_IN`) or written (`_OUT`); False when that takes too long."""
    if not hasattr(select, "poll"):
        reads, writes = ([waited], []) if wanted == _IN else ([], [waited])
        return any(select.select(reads, writes, [], patience_s))
    poll = select.poll()
    poll.register(waited, wanted)
    return bool(poll.poll(None if patience_s is None else patience_s * 1_000))


def _told(fault: Exception) -> LaneLost:
    if isinstance(fault, TimeoutError):
        return LaneLost("The other device does not answer any more.")
    return LaneLost()
