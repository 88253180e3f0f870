"""A hole through the routers between two devices, punched with ICE (RFC 8445) by aioice.

Strategy: only servers that our own server has named are asked; without any, ICE goes by the addresses of the
machine alone. Both ends gather, tell each other, and check all pairs; whoever asked for the session decides
(controls). To QUIC the hole is one other end that never changes its name, whatever pair ICE sends by. ICE
itself goes on asking whether the other end still wants to be sent to (consent, RFC 7675).
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import aioice

from mesh_agent.net.addresses import is_loopback
from mesh_agent.net.base import LaneLost, Way
from mesh_agent.net.path import SMALLEST_BYTES
from mesh_agent.net.rendezvous import CANDIDATES_MAX, IceSide, read_candidate
from protocol.rest import IceServer

LARGEST_BYTES: Final = 1_452
"""What Ethernet carries of UDP over IPv6: sockets of ICE may cut what is larger, which many routers drop."""

STUN_PORT: Final = "3478"
"""Where it is not named (RFC 8489 section 9)."""

PUNCH_S: Final = 15.0
"""How long checks go on."""

BATCH: Final = 64
"""Datagrams that are handed over at once."""


QUEUE_DATAGRAMS: Final = 4_096
"""What has come through and nobody has taken; what is more is lost, as on any network."""


class _Connection(aioice.Connection):
    """aioice's connection, with a bound on what waits to be taken."""

    def data_received(self, data: bytes, component: int) -> None:
        if self._queue.qsize() < QUEUE_DATAGRAMS:
            super().data_received(data, component)

    def waiting(self) -> list[bytes]:
        """What can be taken without waiting."""
        taken: list[bytes] = []
        while len(taken) < BATCH and not self._queue.empty():
            item = self._queue.get_nowait()
            if item is None:  # the end, which `recv` is to see
                self._queue.put_nowait(None)
                break
            taken.append(item[0])
        return taken


class IcePath:
    """A `DatagramPath` through a hole."""

    way: Final[Way] = "punched"
    first_bytes: Final = SMALLEST_BYTES
    limit_bytes: Final = LARGEST_BYTES

    def __init__(self, connection: _Connection, close: Callable[[], None]) -> None:
        self._connection = connection
        self.close = close

    async def send(self, datagrams: Sequence[bytes]) -> None:
        try:
            for datagram in datagrams:
                await self._connection.send(datagram)
        except (ConnectionError, OSError):
            raise LaneLost from None

    async def receive(self) -> Sequence[bytes]:
        try:
            return [await self._connection.recv(), *self._connection.waiting()]
        except ConnectionError:
            raise LaneLost from None


class Ice:
    """One end of one attempt to punch a hole."""

    def __init__(self, *, controlling: bool, servers: Iterable[IceServer]) -> None:
        self._connection = _Connection(controlling, stun_server=stun_server(servers))
        self._closing: asyncio.Task[None] | None = None

    async def gather(self) -> IceSide | None:
        """Where this end may be reached; takes up to 5 s where a server does not answer. None: nowhere."""
        await self._connection.gather_candidates()
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
        return IcePath(connection, self.close)

    def close(self) -> None:
        """Ends it, with whatever goes through the hole."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._connection.close())

    async def ended(self) -> None:
        """Returns once everything is closed, after `close`."""
        if self._closing is not None:
            await asyncio.wait([self._closing])


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
