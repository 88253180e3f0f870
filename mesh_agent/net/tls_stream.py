"""TLS 1.3 over a TCP socket, for one thread that reads and one that writes.

Strategy: OpenSSL gets its records from memory and puts them into memory (`tls_records`), and the socket is
read and written here, many records at a time: where OpenSSL has the socket it asks for the head of each
record and for its body, and writes each of 16 KiB by itself, which cost both ends of a large file half as
much again as all of encryption. Its object is for one thread at a time; what is locked here never waits, so
neither thread holds up the other for longer than the encryption of one batch. What TLS itself has to say
while bytes are read goes with what is written next. A connection that ends without TLS saying so is lost,
not ended.
"""

import contextlib
import select
import socket
import threading
import time
from typing import Final

from OpenSSL import SSL

from mesh_agent.net.base import Buffer, Came
from mesh_agent.net.tls_records import MoreWanted, TlsRecords

BATCH_BYTES: Final = 256 * 1024
"""What is encrypted at a time: it stays in the processor's own cache."""

STALL_S: Final = 60.0
"""A write that gets nothing through for so long means that nobody is there."""

_IN: Final = 1

_OUT: Final = 4


class TlsStream:
    """One connection. All of it is for threads: what cannot be done at once, waits.

    Attributes:
        closed: nothing is read or written any more, whatever waits.
    """

    def __init__(self, connection: socket.socket, context: SSL.Context, *, server: bool) -> None:
        """Takes over what is connected; `connection` itself is closed then."""
        self.closed = False
        self._socket = socket.socket(connection.family, connection.type, fileno=connection.detach())
        self._tls = TlsRecords(context, server=server)
        self._lock = threading.Lock()

    # ── before anything else ─────────────────────────────────────────────────────────────────────

    def shake(self, within_s: float) -> None:
        """The handshake. Raises: OSError, also when it takes too long; `close` is the caller's."""
        self._socket.setblocking(False)
        until = time.monotonic() + within_s
        while True:
            try:
                self._tls.shake()
            except MoreWanted:
                self._send(self._tls.taken(), _left(until))
                self._receive(_left(until))
            except OSError:
                with contextlib.suppress(OSError):
                    self._socket.send(self._tls.taken())  # what is wrong
                raise
            else:
                self._send(self._tls.taken(), _left(until))
                return

    @property
    def protocol(self) -> str | None:
        """What both ends speak over it (ALPN)."""
        return self._tls.protocol

    @property
    def certificate(self) -> bytes:
        """The other end's, as DER; empty where it has none."""
        return self._tls.certificate

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def fill(self, view: memoryview, at: int, more: int, came: Came | None = None) -> bytes:
        """Fills `view` from `at` on. Returns what comes after it, up to so many bytes, as far as it is there.

        `came`: see `Lane.read_into`. Raises: OSError, also where the end comes before it is full.
        """
        while at < len(view):
            count = self._read(view[at:])
            if not count:
                raise OSError("ended in the middle")
            at += count
            if came is not None:
                came(at)
        ahead = memoryview(bytearray(more))
        try:
            return bytes(ahead[: self._decrypt(ahead)])
        except OSError:
            return b""  # there is nothing yet; or it is broken, which whoever reads on will see

    def some(self, limit: int) -> bytes:
        """What is there, and at least one byte; empty at the end. Raises: OSError."""
        view = memoryview(bytearray(limit))
        return bytes(view[: self._read(view)])

    def _read(self, view: memoryview) -> int:
        """What is there, and at least one byte; 0 where the other end has said that there will be no more."""
        while True:
            try:
                return self._decrypt(view)
            except MoreWanted:
                self._receive()

    def _decrypt(self, view: memoryview) -> int:
        with self._lock:
            if self.closed:
                raise OSError("closed")
            return self._tls.read(view)

    def _receive(self, patience_s: float | None = None) -> None:
        """Waits for bytes of the socket. Raises: OSError."""
        while True:
            if self.closed:
                raise OSError("closed")
            try:
                count = self._socket.recv_into(self._tls.space)
            except BlockingIOError:
                _wait(self._socket, _IN, patience_s)
            else:
                break
        with self._lock:
            self._tls.feed(count)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def put(self, pieces: tuple[Buffer, ...]) -> None:
        """All of them, in order. Raises: OSError; TimeoutError where nobody takes any of it for long."""
        waiting = 0
        for piece in pieces:
            view = memoryview(piece).cast("B")
            for at in range(0, len(view), BATCH_BYTES):
                waiting += self._encrypt(view[at : at + BATCH_BYTES])
                if waiting >= BATCH_BYTES:
                    waiting = self._flush()
        self._flush()

    def _encrypt(self, batch: memoryview) -> int:
        with self._lock:
            if self.closed:
                raise OSError("closed")
            self._tls.write(batch)
        return len(batch)

    def _flush(self) -> int:
        """Returns what is left to be sent: nothing."""
        while True:
            with self._lock:
                records = self._tls.taken()
            if not records:
                return 0
            self._send(records, STALL_S)

    def _send(self, rest: memoryview, patience_s: float) -> None:
        while len(rest):
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                if self.closed:
                    raise OSError("closed") from None
                _wait(self._socket, _OUT, patience_s)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Says that nothing more comes, and lets the other end take what is on its way."""
        with contextlib.suppress(OSError, ValueError):
            with self._lock:
                self._tls.finish()
                records = self._tls.taken()
            self._socket.send(records)
            self._socket.shutdown(socket.SHUT_WR)

    def break_off(self) -> None:
        """Threads that wait wake up, with an error."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Once no thread uses it any more."""
        self.closed = True
        self._socket.close()


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _wait(waited: socket.socket, wanted: int, patience_s: float | None) -> None:
    """Until it can be read (`_IN`) or written (`_OUT`). Raises: TimeoutError."""
    if not hasattr(select, "poll"):
        reads, writes = ([waited], []) if wanted == _IN else ([], [waited])
        ready = any(select.select(reads, writes, [], patience_s))
    else:
        poll = select.poll()
        poll.register(waited, wanted)
        ready = bool(poll.poll(None if patience_s is None else patience_s * 1_000))
    if not ready:
        raise TimeoutError
