"""Two machines and what lies between them, in virtual time.

Lanes have delays of their own, die with what they carry, and deliver some of it twice. No IO; all that is
random comes from a seed."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from blake3 import blake3

from mesh_agent.machines.credit import Granting, Spending
from mesh_agent.machines.receiving import Receiving
from mesh_agent.machines.sending import Sending
from protocol.peer import FileChunk, FileHole, FileMeta, P2pCredit, Range

CHUNK: Final = 64 * 1024


@dataclass(frozen=True)
class Even:
    """The grid of one file."""

    size: int
    each: int = CHUNK

    @property
    def chunks(self) -> int:
        return -(-self.size // self.each)

    def length(self, index: int) -> int:
        return min(self.each, self.size - index * self.each)

    def bytes_of(self, first: int, count: int) -> int:
        return min(self.size, (first + count) * self.each) - first * self.each


def chunk_hash(index: int) -> bytes:
    return blake3(b"%d" % index).digest()


def meta(size: int, transfer: str = "t", **fields: object) -> FileMeta:
    values = {"name": "a.bin", "mtime": 0, "mode": 0o644, "chunk_bytes": CHUNK} | fields
    return FileMeta(transfer=transfer, size=size, **values)  # type: ignore[arg-type]


@dataclass
class World:
    """Seconds, and what happens when."""

    random: Random
    now: float = 0.0
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def after(self, seconds: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), happens))

    def step(self) -> bool:
        if not self._events:
            return False
        self.now, _, happens = heapq.heappop(self._events)
        happens()
        return True


@dataclass
class Line:
    """One lane: in order, slow by its own measure; once dead, what it carries is gone."""

    world: World
    name: int
    latency: float
    alive: bool = True
    busy: bool = False
    _clear_at: float = 0.0

    def carry(self, seconds: float, arrives: Callable[[], None]) -> None:
        self._clear_at = max(self._clear_at, self.world.now) + seconds
        at = self._clear_at + self.latency - self.world.now
        self.world.after(at, lambda: arrives() if self.alive else None)


class Pair:
    """A sender and a receiver of one file with holes, over lanes that come and go."""

    def __init__(self, seed: int, size: int, have: list[Range], holes: list[Range], window: int) -> None:
        self.world = World(Random(seed))
        self.grid = Even(size)
        self.spending = Spending()
        self.granting = Granting(window)
        self.sending = Sending("t", size, self.grid, holes, self.spending, 0.0)
        self.receiving = Receiving(meta(size), self.granting, 0.0)
        self.lines: list[Line] = []
        self.written: list[int] = []
        self.most_outstanding = 0
        self.main = Line(self.world, 0, 0.05)
        self.sending.announced()
        accept = self.receiving.accept(self.grid, have, 0.0)
        self._give_credit()
        self.sending.accepted(accept, 0.0)
        for hole in self.sending.holes_to_tell:
            self._tell_hole(FileHole(transfer="t", first=hole.first, count=hole.count))
        self.sending.opened()

    def _tell_hole(self, frame: FileHole) -> None:
        self.main.carry(0.0, lambda: self.receiving.hole(frame, self.world.now))

    # ── lanes ────────────────────────────────────────────────────────────────────────────────────

    def open_lane(self) -> Line:
        line = Line(self.world, len(self.lines) + 1, self.world.random.uniform(0.01, 0.3))
        self.lines.append(line)
        return line

    def lose_lane(self, line: Line) -> None:
        line.alive = False
        self.granting.lane_lost()
        self.sending.lane_lost(line.name)
        self.feed()

    def feed(self) -> None:
        for line in self.lines:
            if line.alive and not line.busy:
                self._send_next(line)

    def _send_next(self, line: Line) -> None:
        index = self.sending.pick()
        if index is None:
            return
        self.sending.sent(index, chunk_hash(index), line.name)
        length = self.grid.length(index)
        frame = FileChunk(transfer="t", index=index, length=length, hash=chunk_hash(index))
        line.busy = True
        seconds = self.world.random.uniform(0.001, 0.05)
        line.carry(seconds, lambda: self._arrives(frame))
        if self.world.random.random() < 0.1:
            line.carry(0.0, lambda: self._arrives(frame))
        self.world.after(seconds, lambda: self._sent(line))

    def _sent(self, line: Line) -> None:
        line.busy = False
        self.feed()

    # ── the receiver ─────────────────────────────────────────────────────────────────────────────

    def _arrives(self, frame: FileChunk) -> None:
        if self.receiving.over:
            return
        if not self.receiving.chunk(frame, self.world.now):
            return
        outstanding = self.granting.arrived - self.granting.released
        self.most_outstanding = max(self.most_outstanding, outstanding)
        if self.world.random.random() < 0.05:
            self.receiving.not_here(frame.index)  # it was not what it should be
            self.world.after(1.0, lambda: self._comes_again(frame))
            return
        self.world.after(self.world.random.uniform(0.001, 0.1), lambda: self._is_written(frame))

    def _comes_again(self, frame: FileChunk) -> None:
        self._arrives(frame)

    def _is_written(self, frame: FileChunk) -> None:
        self.written.append(frame.index)
        self.receiving.written(frame.index, frame.hash)
        if self.granting.due:
            self._give_credit()

    def _give_credit(self) -> None:
        frame = self.granting.frame()
        self.main.carry(0.0, lambda: self._takes_credit(frame))

    def _takes_credit(self, frame: P2pCredit) -> None:
        self.spending.raised(frame.limit)
        for each in frame.written:
            self.sending.written(each.first, each.count, self.world.now)
        if self.sending.complete:
            assert self.sending.digest is not None
            done = self.sending.told(self.sending.digest.digest(), self.world.now)
            self.main.carry(0.0, lambda: self._finish(done))
        self.feed()

    def _finish(self, done: object) -> None:
        self.receiving.was_done(done, self.world.now)  # type: ignore[arg-type]
        answer = self.receiving.finished()
        self.main.carry(0.0, lambda: self.sending.was_done(answer))
