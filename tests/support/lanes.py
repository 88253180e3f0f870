"""Pairs of engines, paths and certificates for tests of what carries bytes between two agents."""

import asyncio
import functools
from collections import deque
from collections.abc import Sequence

from mesh_agent.net.base import LaneLost, Way
from mesh_agent.net.certificates import Certificate, make_certificate
from mesh_agent.net.connection import configuration
from mesh_agent.net.engine import Engine
from scripts.bench.simulated import End, Link, World


@functools.cache
def certificate(name: str) -> Certificate:
    """The same one for the same name."""
    del name
    return make_certificate(1_700_000_000.0)


def pair(
    world: World,
    there: Link | None = None,
    back: Link | None = None,
    *,
    pins: str = "bob",
    admits: str | None = "alice",
    size: int = 1_200,
    limit: int = 1_200,
) -> tuple[End, End]:
    """Alice's engine, which connects, and bob's. `pins`, `admits`: whose certificate each of them expects."""
    alice, bob = certificate("alice"), certificate("bob")
    client = Engine.client(
        alice,
        certificate(pins).fingerprint,
        address="server",
        now=world.now,
        datagram_bytes=size,
        limit_bytes=limit,
    )
    settings = configuration(bob, client=False, datagram_bytes=size)
    admitted = None if admits is None else certificate(admits).fingerprint

    def serve(destination: bytes) -> Engine:
        return Engine.server(settings, admitted, destination=destination, limit_bytes=limit)

    return world.connect(client, serve, there or Link(delay_s=0.01), back or Link(delay_s=0.01))


def opened(world: World, *links: Link, size: int = 1_200, limit: int = 1_200) -> tuple[End, End]:
    """Such a pair after the handshake."""
    left, right = pair(world, *links, size=size, limit=limit)
    assert world.run(lambda: left.engine.ready and right.engine.ready)
    return left, right


class MemoryPath:
    """One end of a path without sockets. `pairs` makes both."""

    def __init__(self, way: Way = "relay", size: int = 1_200) -> None:
        self.way: Way = way
        self.first_bytes = self.limit_bytes = size
        self.other: MemoryPath = self
        self.sent = 0
        self._waiting: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._closed = False

    @classmethod
    def pairs(cls, way: Way = "relay", size: int = 1_200) -> "tuple[MemoryPath, MemoryPath]":
        left, right = cls(way, size), cls(way, size)
        left.other, right.other = right, left
        return left, right

    async def send(self, datagrams: Sequence[bytes]) -> None:
        if self._closed:
            raise LaneLost
        self.sent += len(datagrams)
        self.other._waiting.extend(datagrams)
        self.other._some.set()

    async def receive(self) -> Sequence[bytes]:
        while not self._waiting:
            if self._closed:
                raise LaneLost
            self._some.clear()
            await self._some.wait()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def close(self) -> None:
        self._closed = True
        self._some.set()
