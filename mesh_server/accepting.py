"""Connections as they come in: counted before anything of them is read, and closed where there are too many.

Strategy: a connection costs a file and memory from the moment that it is accepted, so that is when it is
counted. A protocol hears of a plain connection at that moment, and counts it itself. Of one over TLS it hears
when the handshake is done, which may never begin; so there the sockets are accepted here, counted, and handed
on for their handshake. One that is too many is closed without a word: whoever opens that many does not
listen, and anyone else tries again.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Final

from mesh_server.http.guest import HttpGuest

log = logging.getLogger(__name__)

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

AT_ONCE: Final = 100
"""Connections over TLS that are accepted in one turn of the loop."""

PAUSE_S: Final = 0.5
"""How long nobody is accepted where the process has no files or no memory for it."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""This machine lacks one of the addresses that a name has."""

_EVERYWHERE: Final = "::"

Make = Callable[[], HttpGuest]


class Door:
    """Where one address is reached. `make` gives the protocol of a connection."""

    def __init__(self, make: Make, tls: ssl.SSLContext | None, *, handshake_s: float) -> None:
        self._make, self._tls, self._handshake_s = make, tls, handshake_s
        self._open: list[asyncio.Server | _TlsDoor] = []

    async def open(self, host: str, port: int) -> int:
        """Listens; returns the port. Raises: OSError."""
        loop = asyncio.get_running_loop()
        listening = await listen_at(host, port)
        port = int(listening[0].getsockname()[1])
        for sock in listening:
            if self._tls is None:
                self._open.append(await loop.create_server(self._make, sock=sock, backlog=BACKLOG))
            else:
                self._open.append(_TlsDoor(sock, self._make, self._tls, self._handshake_s))
        return port

    def close(self) -> None:
        """No new connections; those that are open go on. Safe to call twice."""
        for one in self._open:
            one.close()
        self._open.clear()


class _TlsDoor:
    """One listening socket."""

    def __init__(self, sock: socket.socket, make: Make, tls: ssl.SSLContext, handshake_s: float) -> None:
        self._sock, self._make, self._tls, self._handshake_s = sock, make, tls, handshake_s
        self._loop = asyncio.get_running_loop()
        self._shaking: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None
        sock.listen(BACKLOG)
        self._begin()

    def close(self) -> None:
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()
        for task in self._shaking:
            task.cancel()

    def _begin(self) -> None:
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                log.error("no connection can be accepted: %s", error.strerror)  # noqa: TRY400 - that is all
                self._loop.remove_reader(self._sock)
                self._resuming = self._loop.call_later(PAUSE_S, self._begin)
                return
            guest = self._make()
            if guest.enter(address[0]):
                task = self._loop.create_task(self._shake_hands(connection, guest))
                self._shaking.add(task)
                task.add_done_callback(self._shaking.discard)
            else:
                connection.close()

    async def _shake_hands(self, connection: socket.socket, guest: HttpGuest) -> None:
        try:
            connection.setblocking(False)
            await self._loop.connect_accepted_socket(
                lambda: guest, connection, ssl=self._tls, ssl_handshake_timeout=self._handshake_s
            )
        except (OSError, asyncio.CancelledError):  # it hung up, or its handshake failed or took too long
            guest.leave()
            connection.close()


async def listen_at(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of `host`, bound and not listening yet. Raises: OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    return _listen(addresses, dual=host == _EVERYWHERE)


def _listen(addresses: Iterable[tuple[int, tuple[object, ...]]], *, dual: bool) -> list[socket.socket]:
    """A socket an address, of those that this machine has. Raises: OSError."""
    made: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address in addresses:
            try:
                made.append(_listen_at(family, address, dual=dual))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
        if missing is not None and not made:
            raise missing
    except OSError:
        for listening in made:
            listening.close()
        raise
    return made


def _listen_at(family: int, address: tuple[object, ...], *, dual: bool) -> socket.socket:
    """`dual`: IPv4 as well, by the addresses of IPv6 that stand for those of IPv4."""
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not dual))
        listening.bind(address)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
