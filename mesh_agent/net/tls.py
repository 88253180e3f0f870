"""Lanes over TLS 1.3 and TCP, where two devices reach each other that way: several times as fast as QUIC.

Strategy: what counts of a certificate is its fingerprint: the client compares it before it sends anything of
a lane (`tls_lane`); who the client is, its first frame proves. Handshakes are made in threads that are gone
afterwards, so many at a time that strangers who say nothing cost little.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from OpenSSL import SSL

from mesh_agent.net.base import LaneLost, Listener, WrongCertificate
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.connection import fits
from mesh_agent.net.tls_lane import TlsLane
from mesh_agent.net.tls_records import tls_context
from mesh_agent.net.tls_stream import TlsStream
from protocol.version import ALPN

CONNECT_S: Final = 10.0
"""Connecting and the handshake together."""

STRANGERS: Final = 16
"""Handshakes of a server at a time; who comes then waits in the kernel's queue, which is as short."""

_KEEPALIVE: Final = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 4, "TCP_KEEPCNT": 3}
"""An idle lane notices within these seconds that the other end is gone."""


def _tune(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in _KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


def _shake(connection: socket.socket, context: SSL.Context, server: bool, within_s: float) -> TlsStream:
    """In a thread. Raises: OSError; the connection is closed then."""
    stream = TlsStream(connection, context, server=server)
    try:
        stream.shake(within_s)
    except BaseException:
        stream.close()
        raise
    return stream


async def _secure(
    connection: socket.socket, context: SSL.Context, *, server: bool, within_s: float
) -> TlsStream:
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
    if secured.protocol != ALPN:
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
        context = tls_context(None)
        secured = await _secure(connection, context, server=False, within_s=within_s)
    except (OSError, TimeoutError) as fault:
        connection.close()
        raise LaneLost("The other device did not answer.") from fault
    except BaseException:
        connection.close()
        raise
    if not fits(secured.certificate, peer_fingerprint):
        secured.close()
        raise WrongCertificate
    return TlsLane(secured)


class TlsServer:
    """Accepts lanes. Made by `listen`.

    Attributes:
        addresses: where it listens, host and port.
    """

    def __init__(self, sockets: list[socket.socket], on_lane: Listener, context: SSL.Context) -> None:
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
        context = tls_context(certificate)
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
