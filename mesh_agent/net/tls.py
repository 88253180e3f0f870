"""Lanes over TLS 1.3 and TCP, where two devices reach each other that way: several times as fast as QUIC.

Strategy: OpenSSL and the kernel do the work, in two threads of the lane's own, one that reads and one that
writes, so that nothing of it runs in the loop. Bytes go from the caller's buffers to OpenSSL and from OpenSSL
into the caller's buffer. An OpenSSL object is for one thread at a time, so the socket does not block: a
thread holds the lane's lock for what can be done at once, and waits for the socket without it. What counts of
a certificate is its fingerprint: the client compares it before it sends anything of a lane; who the client
is, its first frame proves. A connection that ends without TLS saying so is lost, not ended.
"""

import asyncio
import contextlib
import os
import select
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh_agent.net.base import Buffer, LaneLost, Listener, Way, WrongCertificate
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.connection import fits
from protocol.limits import PEER_READ_BYTES
from protocol.version import ALPN

CONNECT_S: Final = 10.0
"""Connecting and the handshake together."""

CLOSE_S: Final = 2.0
"""What a lane that is closed takes to get rid of what was written."""

REST_S: Final = 0.2
"""What the other end has then to close as well."""

STALL_S: Final = 60.0
"""A write that gets nothing through for so long means that nobody is there."""

STRANGERS: Final = 16
"""Handshakes of a server at a time; who comes then waits in the kernel's queue, which is as short."""

_KEEPALIVE: Final = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 4, "TCP_KEEPCNT": 3}
"""An idle lane notices within these seconds that the other end is gone."""

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


# ── connecting ───────────────────────────────────────────────────────────────────────────────────


def _context(side: int, certificate: Certificate | None) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ALPN])
    if certificate is not None:
        context.num_tickets = 0
        _load(context, certificate)
    return context


def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
    """`ssl` takes keys from files alone: one that only this user can read, gone at once."""
    key = serialization.load_der_private_key(certificate.key, None)
    pem = x509.load_der_x509_certificate(certificate.der).public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.TemporaryDirectory(prefix="mesh-") as folder:
        path = Path(folder, "session.pem")
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
        context.load_cert_chain(path)


def _tune(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in _KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


def _shake(
    connection: socket.socket, context: ssl.SSLContext, server: bool, within_s: float
) -> ssl.SSLSocket:
    """In a thread. Raises: OSError; the connection is closed then."""
    connection.settimeout(within_s)
    secured = context.wrap_socket(
        connection, server_side=server, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    try:
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


async def _secure(
    connection: socket.socket, context: ssl.SSLContext, *, server: bool, within_s: float
) -> ssl.SSLSocket:
    """The handshake, in a thread that is gone afterwards. Raises: OSError, also when it takes too long."""
    _tune(connection)
    number = os.dup(connection.fileno())
    waker = socket.socket(connection.family, connection.type, fileno=number)
    thread = ThreadPoolExecutor(1, thread_name_prefix="tls-handshake")
    work = asyncio.get_running_loop().run_in_executor(thread, _shake, connection, context, server, within_s)
    try:
        async with asyncio.timeout(within_s):
            secured = await asyncio.shield(work)
    except BaseException:
        with contextlib.suppress(OSError):
            waker.shutdown(socket.SHUT_RDWR)
        await asyncio.wait([work])
        if work.exception() is None:
            work.result().close()
        raise
    finally:
        thread.shutdown(wait=True)
        waker.close()
    if secured.selected_alpn_protocol() != ALPN:
        secured.close()
        raise OSError("another protocol")
    return secured


async def connect_tls(
    address: tuple[str, int], *, peer_fingerprint: str, within_s: float = CONNECT_S
) -> TlsLane:
    """A lane to the TLS server at a numeric address that has the certificate with that fingerprint.

    Raises:
        WrongCertificate: who answers has another one; it was sent nothing.
        LaneLost: nobody answers in `within_s` seconds.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        async with asyncio.timeout(within_s):
            await loop.sock_connect(connection, address)
        context = _context(ssl.PROTOCOL_TLS_CLIENT, None)
        secured = await _secure(connection, context, server=False, within_s=within_s)
    except (OSError, TimeoutError) as fault:
        connection.close()
        raise LaneLost("The other device did not answer.") from fault
    except BaseException:
        connection.close()
        raise
    if not fits(secured.getpeercert(binary_form=True) or b"", peer_fingerprint):
        secured.close()
        raise WrongCertificate
    return TlsLane(secured)


class TlsServer:
    """Accepts lanes. Made by `listen`.

    Attributes:
        addresses: where it listens, host and port.
    """

    def __init__(self, sockets: list[socket.socket], on_lane: Listener, context: ssl.SSLContext) -> None:
        self.addresses: Final = tuple(opened.getsockname()[:2] for opened in sockets)
        self._sockets = sockets
        self._on_lane = on_lane
        self._context = context
        self._gate = asyncio.Semaphore(STRANGERS)
        self._lanes: set[TlsLane] = set()
        loop = asyncio.get_running_loop()
        self._tasks = {loop.create_task(self._accept(opened)) for opened in sockets}

    @classmethod
    async def listen(
        cls, places: Iterable[tuple[str, int]], on_lane: Listener, *, certificate: Certificate
    ) -> "TlsServer":
        """Listens on numeric addresses (port 0: any), and gives each lane to `on_lane`, unproved.

        Raises: OSError, for a place that cannot be had; nothing is left open then.
        """
        context = _context(ssl.PROTOCOL_TLS_SERVER, certificate)
        with contextlib.ExitStack() as undone:
            sockets = []
            for host, port in places:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                opened = socket.create_server((host, port), family=family, backlog=STRANGERS)
                undone.callback(opened.close)
                opened.setblocking(False)
                sockets.append(opened)
            undone.pop_all()
        return cls(sockets, on_lane, context)

    async def _accept(self, opened: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._gate.acquire()
            try:
                connection, _ = await loop.sock_accept(opened)
            except OSError:  # no more descriptors, or it was gone already
                self._gate.release()
                await asyncio.sleep(0.1)
                continue
            except BaseException:
                self._gate.release()
                raise
            task = loop.create_task(self._introduce(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _introduce(self, connection: socket.socket) -> None:
        try:
            secured = await _secure(connection, self._context, server=True, within_s=CONNECT_S)
        except (OSError, TimeoutError):
            return
        finally:
            connection.close()  # where it was not taken over
            self._gate.release()
        lane = TlsLane(secured)
        self._lanes = {known for known in self._lanes if not known.closed} | {lane}
        self._on_lane(lane)

    async def close(self) -> None:
        """Stops listening, and closes the lanes that it accepted. Never raises."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for opened in self._sockets:
            opened.close()
        await asyncio.gather(*(lane.close() for lane in self._lanes))
