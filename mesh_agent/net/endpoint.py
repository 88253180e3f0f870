"""Connections that share a path, and which of them a datagram is for.

Strategy: whatever has arrived is taken at once; each datagram goes to the connection whose id it names (RFC
9000, 5.2), and then each lane sends what that brought about. A client may have several connections over one
hole, a server has one socket for all. What names no connection is dropped without an answer, unless it asks
for one and a server listens; how many of those are answered at a time is bounded.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from mesh_agent.net.base import LaneLost, Listener, Way
from mesh_agent.net.certificates import Certificate
from mesh_agent.net.connection import Address, configuration
from mesh_agent.net.engine import Engine
from mesh_agent.net.path import LARGEST_BYTES, SMALLEST_BYTES, DatagramPath
from mesh_agent.net.quic_lane import CONNECT_S, QuicLane
from mesh_agent.net.udp import UdpSocket

STRANGERS: Final = 16
"""Handshakes that a server answers at a time; more of them are not heard."""

LANES: Final = 64
"""Connections of one endpoint."""

TURN_DATAGRAMS: Final = 64
"""What has arrived is worked on until it was so many, then lanes have a turn to send: one that looks whether
it has to, after each few, looks in vain nearly always."""

PEER: Final = "peer"
"""The address of the other end of a path that has but one."""

_ID_BYTES: Final = 8


class Port(Protocol):
    """What an endpoint sits on: datagrams with addresses."""

    async def send(self, datagrams: Sequence[bytes], address: Address) -> None: ...
    async def receive(self) -> tuple[Address, Sequence[bytes]]: ...
    def more(self) -> tuple[Address, Sequence[bytes]] | None:
        """What came with it, and is at hand."""

    def close(self) -> None: ...


class _PathPort:
    """A path to one other end, as a port."""

    def __init__(self, path: DatagramPath) -> None:
        self._path = path

    async def send(self, datagrams: Sequence[bytes], address: Address) -> None:
        del address
        await self._path.send(datagrams)

    async def receive(self) -> tuple[Address, Sequence[bytes]]:
        return PEER, await self._path.receive()

    def more(self) -> tuple[Address, Sequence[bytes]] | None:
        return None

    def close(self) -> None:
        self._path.close()


class Endpoint:
    """Connections that share a path: for `connect_quic`, where several lanes go through one hole."""

    def __init__(self, port: Port, *, way: Way, first_bytes: int, limit_bytes: int) -> None:
        self.way: Final = way
        self.first_bytes: Final = first_bytes
        self.limit_bytes: Final = limit_bytes
        self._port = port
        self._lanes: dict[bytes, QuicLane] = {}
        self._accept: Callable[[bytes], QuicLane | None] | None = None
        self._reader = asyncio.get_running_loop().create_task(self._receive())

    @classmethod
    def over(cls, path: DatagramPath) -> "Endpoint":
        """On a path to one other end."""
        return cls(_PathPort(path), way=path.way, first_bytes=path.first_bytes, limit_bytes=path.limit_bytes)

    @classmethod
    def on(
        cls, opened: socket.socket, *, way: Way = "direct", limit_bytes: int = LARGEST_BYTES
    ) -> "Endpoint":
        """On a bound UDP socket that does not block. `limit_bytes`: the largest datagram that is tried."""
        return cls(UdpSocket(opened), way=way, first_bytes=SMALLEST_BYTES, limit_bytes=limit_bytes)

    async def connect(
        self,
        address: Address,
        *,
        certificate: Certificate,
        peer_fingerprint: str,
        owns: bool = False,
        within_s: float = CONNECT_S,
    ) -> QuicLane:
        """A lane to whoever is at `address` and has that certificate. `owns`: it ends this endpoint with it.

        Raises:
            WrongCertificate: who answers has another one.
            LaneLost: nobody answers, or the path is gone.
        """
        engine = Engine.client(
            certificate,
            peer_fingerprint,
            address=address,
            now=asyncio.get_running_loop().time(),
            datagram_bytes=self.first_bytes,
            limit_bytes=self.limit_bytes,
        )
        lane = QuicLane(self, engine, owns=owns)
        self._know(lane, engine)
        await lane.opened(within_s)
        self._know(lane, engine)
        return lane

    def accept(
        self,
        on_lane: Listener,
        *,
        certificate: Certificate,
        peer_fingerprint: str | None = None,
    ) -> None:
        """Answers connections from now on, and gives each lane whose other end is known to `on_lane`."""
        settings = configuration(certificate, client=False, datagram_bytes=self.first_bytes)
        strangers: set[asyncio.Task[None]] = set()

        async def introduce(lane: QuicLane, engine: Engine) -> None:
            with contextlib.suppress(LaneLost):
                await lane.opened()
                self._know(lane, engine)
                on_lane(lane)

        def answer(destination: bytes) -> QuicLane | None:
            if len(strangers) >= STRANGERS or len(set(self._lanes.values())) >= LANES:
                return None
            engine = Engine.server(
                settings, peer_fingerprint, destination=destination, limit_bytes=self.limit_bytes
            )
            lane = QuicLane(self, engine, owns=False)
            self._lanes[destination] = lane
            self._know(lane, engine)
            task = asyncio.get_running_loop().create_task(introduce(lane, engine))
            strangers.add(task)
            task.add_done_callback(strangers.discard)
            return lane

        self._accept = answer

    def _know(self, lane: QuicLane, engine: Engine) -> None:
        """Datagrams for any of the engine's ids are the lane's."""
        for identifier in engine.ids:
            self._lanes[identifier] = lane

    async def transmit(self, batch: Sequence[tuple[bytes, Address]]) -> None:
        """Sends what an engine has built. Raises: LaneLost."""
        first = batch[0][1]
        if all(address is first or address == first for _, address in batch):
            await self._port.send([datagram for datagram, _ in batch], first)
            return
        for datagram, address in batch:
            await self._port.send([datagram], address)

    async def _receive(self) -> None:
        try:
            while True:
                burst: tuple[Address, Sequence[bytes]] | None = await self._port.receive()
                worked_on = 0
                while burst is not None:
                    self._dispatch(*burst)
                    worked_on += len(burst[1])
                    burst = self._port.more() if worked_on < TURN_DATAGRAMS else None
                await asyncio.sleep(0)  # senders have a turn
        except LaneLost as lost:
            why = lost
        self._drop_all(why)

    def _dispatch(self, address: Address, datagrams: Sequence[bytes]) -> None:
        """Gives runs of datagrams that name the same connection to its lane."""
        run: list[bytes] = []
        to: QuicLane | None = None
        for datagram in datagrams:
            lane = self._lane_of(datagram)
            if lane is not to and run:
                if to is not None:
                    to.feed(run, address)
                run = []
            to = lane
            run.append(datagram)
        if to is not None:
            to.feed(run, address)

    def _lane_of(self, datagram: bytes) -> QuicLane | None:
        """The lane that a datagram names, made where it asks for a new one and that is allowed."""
        if not datagram:
            return None
        if not datagram[0] & 0x80:
            return self._lanes.get(datagram[1 : 1 + _ID_BYTES])
        if len(datagram) < 7:
            return None
        identifier = datagram[6 : 6 + datagram[5]]
        lane = self._lanes.get(identifier)
        asks = len(datagram) >= SMALLEST_BYTES and datagram[0] & 0xF0 == 0xC0 and len(identifier) >= _ID_BYTES
        if lane is None and self._accept is not None and asks:
            lane = self._accept(identifier)
        return lane

    def _drop_all(self, why: LaneLost) -> None:
        for lane in set(self._lanes.values()):
            lane.drop(why)

    def forget(self, lane: QuicLane) -> None:
        """The lane is over."""
        self._lanes = {name: known for name, known in self._lanes.items() if known is not lane}

    def _end(self) -> None:
        self._port.close()
        self._reader.cancel()

    async def close(self) -> None:
        """Closes all lanes, and the path. Never raises."""
        self._accept = None
        await asyncio.gather(*(lane.close() for lane in set(self._lanes.values())))
        self._end()
        await asyncio.wait([self._reader])
