"""Engines at the ends of a link that does not exist: rate, delay, queue, loss, disorder, in virtual time.

Strategy: no sockets, no clock: an event is a datagram that arrives or a timer that is due, and time jumps
from one to the next, so that ten seconds of a slow link take as long as the work in them. All chance comes
from one seed. Timers are a millisecond coarse, as an event loop's are.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mesh_agent.net.engine import SEND_BYTES, Engine

COARSE_S: Final = 0.001
_HEADERS: Final = 28
"""What IP and UDP add to a datagram."""


@dataclass
class Link:
    """One direction. `rate`: bytes a second (None: no limit); `delay_s`: one way; shares from 0 to 1.

    `queue_bytes`: what waits before the bottleneck; what comes on top is dropped.
    """

    rate: float | None = None
    delay_s: float = 0.0
    loss: float = 0.0
    late: float = 0.0
    late_s: float = 0.005
    twice: float = 0.0
    queue_bytes: float = math.inf
    largest: int = 65_535
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    dropped: int = 0
    carried: int = 0
    free_at: float = 0.0
    down: bool = False

    def arrivals(self, size: int, now: float) -> list[float]:
        """When a datagram sent now arrives: never, once, or twice."""
        size += _HEADERS
        if self.down or size - _HEADERS > self.largest or self.chance.random() < self.loss:
            self.dropped += 1
            return []
        leaves = now
        if self.rate is not None:
            waiting = max(0.0, self.free_at - now) * self.rate
            if waiting + size > self.queue_bytes:
                self.dropped += 1
                return []
            leaves = self.free_at = max(now, self.free_at) + size / self.rate
        self.carried += size
        at = leaves + self.delay_s
        if self.chance.random() < self.late:
            at += self.chance.random() * self.late_s
        return [at, at + COARSE_S] if self.chance.random() < self.twice else [at]


@dataclass
class End:
    """One engine, what it still has to write, and what it read. It reads what comes, unless told not to."""

    engine: Engine
    link: Link
    name: str
    left: int = 0
    got: int = 0
    reads: bool = True
    kept: list[bytes] | None = None
    peer: "End" = field(init=False)

    def work(self) -> None:
        """What the program above the engine does."""
        engine = self.engine
        while self.left and engine.ready and engine.lost is None and engine.unconfirmed < SEND_BYTES:
            piece = min(self.left, 64 * 1024)
            engine.write(bytes(piece))
            self.left -= piece
        if self.reads and engine.incoming:
            data = b"".join(engine.incoming)
            engine.incoming.clear()
            engine.took(len(data))
            self.got += len(data)
            if self.kept is not None:
                self.kept.append(data)


class World:
    """Ends and links under one virtual clock.

    Attributes:
        now: seconds since it began.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.ends: list[End] = []
        self._arrivals: list[tuple[float, int, End, bytes]] = []
        self._numbers = itertools.count()

    def connect(
        self, client: Engine, serve: Callable[[bytes], Engine], there: Link, back: Link
    ) -> tuple[End, End]:
        """Puts a client and the server that answers it at the ends of two links."""
        first = client.send(self.now)
        destination = first[0][0][6 : 6 + first[0][0][5]]
        left, right = End(client, there, "client"), End(serve(destination), back, "server")
        left.peer, right.peer = right, left
        self.ends += [left, right]
        self._post(left, first)
        return left, right

    def _post(self, end: End, batch: list[tuple[bytes, Any]]) -> None:
        for datagram, _ in batch:
            for at in end.link.arrivals(len(datagram), self.now):
                heapq.heappush(self._arrivals, (at, next(self._numbers), end.peer, datagram))

    def _flush(self, end: End) -> None:
        end.work()
        while batch := end.engine.send(self.now):
            self._post(end, batch)
            end.work()

    def _next(self) -> float | None:
        times = [at for end in self.ends if (at := end.engine.timer()) is not None]
        due = math.inf
        if times:
            due = max(min(times), math.ceil(min(times) / COARSE_S) * COARSE_S)
        if self._arrivals:
            due = min(due, self._arrivals[0][0])
        return due if due < math.inf else None

    def run(self, until: Callable[[], object], *, limit_s: float = 60.0) -> bool:
        """Lets time pass until it is true; False after `limit_s`."""
        ends_at = self.now + limit_s
        for end in self.ends:
            self._flush(end)
        while not until():
            due = self._next()
            if due is None or due > ends_at:
                self.now = ends_at
                return False
            # Not before its time, and not at its very time either, as no real timer is.
            self.now = max(self.now, due + 1e-6)
            while self._arrivals and self._arrivals[0][0] <= self.now:
                _, _, end, datagram = heapq.heappop(self._arrivals)
                end.engine.receive([datagram], end.peer.name, self.now)
            for end in self.ends:
                at = end.engine.timer()
                if at is not None and at <= self.now:
                    end.engine.on_timer(self.now)
                self._flush(end)
        return True
