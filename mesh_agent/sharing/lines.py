"""All lanes of one courier: the tasks that read and write them, and what becomes of those that die.

Strategy: nothing that is read waits for anything to be written, so two ends that write to each other never
block. A further lane that dies is dropped, and its work goes to others; the main one takes everything with
it. A lane that says nothing for long is asked to, and one that does not answer is dead, whatever its engine
believes.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from typing import Any, Final

from mesh_agent.net.base import Lane, LaneLost
from mesh_agent.sharing.feeding import Feeder
from mesh_agent.sharing.line import Clock, Line
from protocol.errors import InternalError, MeshError, PeerFrameUnknown, PeerHashWrong
from protocol.peer import P2pError, PeerFrame

log = logging.getLogger(__name__)

UNKNOWN_MAX: Final = 100
"""Frames of kinds that are not known, of which each is refused; more are an attack."""

PING_S: Final = 10.0
DEAD_S: Final = 45.0
"""A lane that was silent for so long is asked to say something; then, it is dead."""

GOODBYE_S: Final = 1.0
"""What is queued at the end may take so long to be written."""

Handle = Callable[[Line, PeerFrame], Awaitable[None]]


class Lines:
    """
    Args:
        lines: filled here, and read by others: those that live. The first is the main one.
        handle: is given each frame that comes.
        fail: is told what is the end of everything.
        lost: is told the number of a further lane that died.
    """

    def __init__(
        self,
        lines: list[Line],
        clock: Clock,
        handle: Handle,
        fail: Callable[[MeshError], None],
        lost: Callable[[int], None],
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._handle = handle
        self._fail = fail
        self._lost = lost
        self._feeder: Feeder | None = None
        self._numbers = 0
        self._unknown = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, lane: Lane) -> Line:
        line = Line(lane, self._numbers, self._clock)
        self._numbers += 1
        if self._closed:
            self._task(lane.close())
            return line
        self._lines.append(line)
        if self._feeder is not None:
            self._begin(line)
        return line

    def start(self, feeder: Feeder) -> None:
        self._feeder = feeder
        for line in self._lines:
            self._begin(line)

    def _begin(self, line: Line) -> None:
        assert self._feeder is not None
        self._task(self._guarded(line, self._read))
        self._task(self._guarded(line, self._write))
        self._feeder.feed()

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, line: Line, serve: Callable[[Line], Awaitable[None]]) -> None:
        try:
            await serve(line)
        except LaneLost as error:
            self.drop(line, error)
        except MeshError as error:
            self._fail(error)
        except Exception:
            log.exception("a lane could not be served")
            self._fail(InternalError())

    async def _read(self, line: Line) -> None:
        while not line.lost:
            try:
                frame = await line.frame()
            except PeerFrameUnknown as error:
                self._refuse(line, error)
            else:
                await self._handle(line, frame)

    async def _write(self, line: Line) -> None:
        feeder = self._feeder
        assert feeder is not None
        while not line.lost:
            if await line.write_queued():
                continue
            job = feeder.take(line)
            if job is not None:
                await feeder.send(line, job)
                continue
            await line.wake.wait()
            line.wake.clear()

    def _refuse(self, line: Line, error: MeshError) -> None:
        self._unknown += 1
        if self._unknown > UNKNOWN_MAX:
            raise error
        line.put(P2pError(code=error.code, message=error.message))

    # ── those that die ───────────────────────────────────────────────────────────────────────────

    def drop(self, line: Line, error: MeshError) -> None:
        """It is gone."""
        if line.number == 0:
            self._fail(error)
        elif not line.lost:
            line.lose()
            self._lines.remove(line)
            self._lost(line.number)
            self._task(line.lane.close())

    def distrust(self, line: Line) -> None:
        """What came over it is not what was sent: the other end is told, and it is closed."""
        if line.number == 0:
            self._fail(PeerHashWrong())
        elif not line.lost:
            self._task(self._part_from(line))

    async def _part_from(self, line: Line) -> None:
        with contextlib.suppress(MeshError, TimeoutError):
            line.put(P2pError(code=PeerHashWrong.code, message=PeerHashWrong.text))
            async with asyncio.timeout(GOODBYE_S):
                await line.written()
        self.drop(line, PeerHashWrong())

    def look_after(self, now: float) -> None:
        """Whether each lives. Raises: MeshError."""
        for line in list(self._lines):
            if line.held_up:
                line.heard_at = now
            elif now - line.heard_at > DEAD_S:
                self.drop(line, LaneLost())
            elif now - max(line.heard_at, line.pinged_at) > PING_S:
                line.ping()

    def written(self, lanes: Mapping[Hashable, int]) -> None:
        """So many bytes of each lane's, by its number, are on the receiver's disk."""
        now = self._clock()
        costly = (line.throughput for line in self._lines if line.throughput.costly)
        costly_until = max((each.busy_until(now) for each in costly), default=-math.inf)
        for line in self._lines:
            if line.number in lanes:
                line.throughput.written(lanes[line.number], now, costly_until=costly_until)

    def forgiven(self, lanes: Mapping[Hashable, int]) -> None:
        """Of so many bytes of each lane's nothing will be heard any more."""
        now = self._clock()
        for line in self._lines:
            line.throughput.forgiven(lanes.get(line.number, 0), now)

    async def echo(self) -> None:
        """Returns once the other end has read all that was written before, on every lane that lives."""
        await asyncio.gather(*(line.echo() for line in self._lines))

    async def close(self) -> None:
        """Ends all tasks, and all lanes; one that comes later is closed at once."""
        self._closed = True
        for line in self._lines:
            line.lose()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        closing = [line.lane.close() for line in self._lines]
        await asyncio.gather(*tasks, *closing, return_exceptions=True)
