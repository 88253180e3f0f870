"""What is sent next: chunks of all offers in turn, read a little ahead, to whichever lane is free.

Strategy: reading and hashing go on in threads while lanes write, so a few chunks are ready before a lane
asks. How many is bounded by the number of lanes, and none is read that may not be sent: a chunk is paid for
out of the credit before it is read. Offers take turns chunk by chunk, so a small one is not behind a large
one.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mesh_agent.machines.credit import Pace
from mesh_agent.net.base import Buffer
from mesh_agent.sharing.ground import Ground
from mesh_agent.sharing.line import Line
from mesh_agent.sharing.outgoing import Outgoing
from protocol.peer import FileChunk, encode_frame

AHEAD: Final = 2
"""Chunks that are ready, or being read, beside one for each lane."""

AHEAD_MAX: Final = 6


@dataclass(eq=False, slots=True)
class Job:
    """One chunk on its way from disk to a lane."""

    out: Outgoing
    index: int
    data: Buffer | None = None
    digest: bytes = b""


class Feeder:
    def __init__(self, ground: Ground, lines: Sequence[Line]) -> None:
        self._ground = ground
        self._lines = lines
        self._turns: deque[Outgoing] = deque()
        self._jobs: deque[Job] = deque()

    def add(self, out: Outgoing) -> None:
        self._turns.append(out)

    def remove(self, out: Outgoing) -> None:
        self._turns.remove(out)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def feed(self) -> None:
        """Reads as far ahead as it may."""
        ahead = min(AHEAD + len(self._lines), AHEAD_MAX)
        while len(self._jobs) < ahead and (job := self._pick()) is not None:
            self._jobs.append(job)
            job.out.reading += 1
            future = self._ground.quickly(job.out.source.read, job.index)
            future.add_done_callback(partial(self._was_read, job))

    def _pick(self) -> Job | None:
        for _ in range(len(self._turns)):
            out = self._turns[0]
            self._turns.rotate(-1)
            index = out.machine.pick()
            if index is not None:
                return Job(out, index)
        return None

    def _was_read(self, job: Job, future: "asyncio.Future[tuple[Buffer, bytes]]") -> None:
        job.out.reading -= 1
        error = future.exception()
        if error is None:
            job.data, job.digest = future.result()
            self.wake()
        else:
            self._jobs.remove(job)
            job.out.machine.put_back(job.index)
            assert isinstance(error, Exception)
            job.out.failed(error)
            self.feed()
        job.out.touch()

    def wake(self) -> None:
        """Every lane looks whether there is something for it."""
        for line in self._lines:
            line.wake.set()

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def take(self, line: Line) -> Job | None:
        """The first that is ready, and still wanted; none for a lane that is far slower than others."""
        lanes = [each.throughput for each in self._lines]
        if not line.throughput.is_worth_it(lanes, self._ground.clock()):
            return None
        for job in list(self._jobs):
            if job.data is None:
                continue
            self._jobs.remove(job)
            machine = job.out.machine
            if machine.over or machine.paused:
                machine.put_back(job.index)
                self.feed()
                continue
            return job
        return None

    async def send(self, line: Line, job: Job) -> None:
        """Raises: LaneLost; then what the lane had is for `Sending.lane_lost`."""
        machine, data = job.out.machine, job.data
        assert data is not None
        machine.sent(job.index, job.digest, line.number)
        line.throughput.sent(len(data), self._ground.clock())
        self.feed()
        frame = FileChunk(transfer=machine.transfer, index=job.index, length=len(data), hash=job.digest)
        paces = [pace for pace in (self._ground.pace, job.out.pace) if pace.rate is not None]
        if not paces:
            await line.lane.write(encode_frame(frame), data)
        else:
            await line.lane.write(encode_frame(frame))
            await self._send_slowly(line, job, memoryview(data), paces)
        job.out.source.give_back(data)
        self._moved(job)

    async def _send_slowly(self, line: Line, job: Job, data: memoryview, paces: list[Pace]) -> None:
        """A chunk that has begun is finished; without waiting, once nobody wants it any more."""
        at = 0
        while at < len(data):
            piece = min(pace.piece(len(data) - at) for pace in paces)
            await line.lane.write(data[at : at + piece])
            at += piece
            self._moved(job)
            wait = max(pace.take(piece, self._ground.clock()) for pace in paces)
            if wait and not job.out.machine.over:
                await asyncio.sleep(wait)

    def _moved(self, job: Job) -> None:
        job.out.machine.moved(self._ground.clock())
