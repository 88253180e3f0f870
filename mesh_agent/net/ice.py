"""A hole through the routers between two devices, punched with ICE (RFC 8445) by aioice.

Strategy: only servers that our own server has named are asked; without any, ICE goes by the addresses of the
machine alone. Both ends gather, tell each other, and check all pairs; whoever asked for the session decides
(controls). To QUIC the hole is one other end that never changes its name, whatever pair ICE sends by. ICE
itself goes on asking whether the other end still wants to be sent to (consent, RFC 7675).
"""

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import aioice

from mesh_agent.net.addresses import is_loopback
from mesh_agent.net.base import LaneLost, Way
from mesh_agent.net.path import LARGEST_BYTES, SMALLEST_BYTES
from mesh_agent.net.rendezvous import CANDIDATES_MAX, IceSide, read_candidate
from mesh_agent.net.udp import UdpSocket
from protocol.rest import IceServer

STUN_PORT: Final = "3478"
"""Where it is not named (RFC 8489 section 9)."""

PUNCH_S: Final = 15.0
"""How long checks go on."""

CLOSE_S: Final = 1.0

STUN_BELOW: Final = 4
"""The first byte of what is STUN is less; of QUIC it is 64 at least (RFC 9443)."""


QUEUE_DATAGRAMS: Final = 4_096
"""What has come through and nobody has taken; what is more is lost, as on any network."""


class _Connection(aioice.Connection):
    """aioice's connection; what comes through it waits here, bounded, and so does the news of its end."""

    def __init__(self, *, controlling: bool, stun: tuple[str, int] | None) -> None:
        super().__init__(controlling, stun_server=stun)
        self.inbox: deque[bytes] = deque(maxlen=QUEUE_DATAGRAMS)
        self.news = asyncio.Event()
        self.over = False

    def data_received(self, data: bytes, component: int) -> None:
        del component
        self.inbox.append(data)
        self.news.set()

    async def close(self) -> None:
        """Called by this end, and by aioice where the other one no longer consents."""
        self.over = True
        self.news.set()
        await super().close()

    def chosen(self) -> Any:
        """The pair of addresses that is used now."""
        return self._nominated.get(1)


class IcePath:
    """A `DatagramPath` through a hole: aioice's socket, read and written in batches.

    aioice reads a datagram a turn, which is too slow for what goes through here. So its socket is read here,
    and what is STUN is given to aioice. What comes by another of its sockets still comes through aioice.
    """

    way: Final[Way] = "punched"
    first_bytes: Final = SMALLEST_BYTES
    limit_bytes: Final = LARGEST_BYTES

    def __init__(self, connection: _Connection, close: Callable[[], None]) -> None:
        self._connection, self._close = connection, close
        self._pair = connection.chosen()
        self._protocol = self._pair.protocol
        shared = self._protocol.transport.get_extra_info("socket")
        own = socket.socket(shared.family, shared.type, shared.proto, fileno=os.dup(shared.fileno()))
        own.setblocking(False)
        loop: Any = asyncio.get_running_loop()
        loop._remove_reader(shared.fileno())  # noqa: SLF001 - its transport has no way to let go of it
        self._udp = UdpSocket(own)
        self._to = self._pair.remote_addr + ((0, 0) if own.family == socket.AF_INET6 else ())
        self._pump = loop.create_task(self._read())

    async def _read(self) -> None:
        connection = self._connection
        with contextlib.suppress(LaneLost):
            while True:
                address, datagrams = await self._udp.receive()
                for datagram in datagrams:
                    if datagram and datagram[0] < STUN_BELOW:
                        self._protocol.datagram_received(datagram, address)
                    else:
                        connection.inbox.append(datagram)
                connection.news.set()
        connection.over = True
        connection.news.set()

    async def send(self, datagrams: Sequence[bytes]) -> None:
        if self._connection.over:
            raise LaneLost
        if self._connection.chosen() is self._pair:
            await self._udp.send(datagrams, self._to)
            return
        try:
            for datagram in datagrams:
                await self._connection.send(datagram)
        except (ConnectionError, OSError):
            raise LaneLost from None

    async def receive(self) -> Sequence[bytes]:
        connection = self._connection
        while not connection.inbox:
            if connection.over:
                raise LaneLost
            connection.news.clear()
            await connection.news.wait()
        taken = list(connection.inbox)
        connection.inbox.clear()
        return taken

    def close(self) -> None:
        self._pump.cancel()
        self._udp.close()
        self._close()


class Ice:
    """One end of one attempt to punch a hole."""

    def __init__(self, *, controlling: bool, servers: Iterable[IceServer]) -> None:
        self._connection = _Connection(controlling=controlling, stun=stun_server(servers))
        self._gathering: asyncio.Task[None] | None = None
        self._path: IcePath | None = None
        self._closing: asyncio.Task[None] | None = None

    async def gather(self) -> IceSide | None:
        """Where this end may be reached; takes up to 5 s where a server does not answer. None: nowhere."""
        self._gathering = asyncio.get_running_loop().create_task(self._connection.gather_candidates())
        await asyncio.shield(self._gathering)
        usable = []
        for candidate in self._connection.local_candidates:
            text = candidate.to_sdp()
            with contextlib.suppress(ValueError):
                read_candidate(text)
                usable.append(text)
        if not usable:
            return None
        return IceSide(
            ufrag=self._connection.local_username,
            pwd=self._connection.local_password,
            candidates=usable[:CANDIDATES_MAX],
        )

    async def punch(self, other: IceSide, *, same_machine: bool) -> IcePath:
        """The hole, once there is one. Raises: LaneLost, where there is none."""
        connection = self._connection
        connection.remote_username, connection.remote_password = other.ufrag, other.pwd
        for text in other.candidates:
            if same_machine or not is_loopback(read_candidate(text)[1]):
                await connection.add_remote_candidate(aioice.Candidate.from_sdp(text))
        await connection.add_remote_candidate(None)
        try:
            async with asyncio.timeout(PUNCH_S):
                await connection.connect()
        except (TimeoutError, ConnectionError):
            raise LaneLost("no packet came through") from None
        self._path = IcePath(connection, self.close)
        return self._path

    def close(self) -> None:
        """Ends it, with whatever goes through the hole."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())
            if self._path is not None:
                self._path.close()

    async def _close(self) -> None:
        """aioice does not give up a question to a STUN server while it gathers: it is waited for first."""
        if self._gathering is not None:
            await asyncio.wait([self._gathering])
        await self._connection.close()

    async def ended(self) -> None:
        """Returns once all is closed, after `close`, or soon: nobody waits for a STUN server's silence."""
        if self._closing is not None:
            await asyncio.wait([self._closing], timeout=CLOSE_S)


def stun_server(servers: Iterable[IceServer]) -> tuple[str, int] | None:
    """Host and port of the first STUN server of those.

    TURN is left out: it is for calls, and the server's own relay, which knows quotas, is there for the rest.
    """
    for url in (url for server in servers for url in server.urls):
        scheme, _, place = url.partition(":")
        host, colon, digits = place.rpartition(":")
        if not colon:
            host, digits = place, STUN_PORT
        if scheme == "stun" and host and digits.isascii() and digits.isdigit() and 0 < int(digits) < 65_536:
            return host.strip("[]"), int(digits)
    return None
