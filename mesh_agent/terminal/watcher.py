"""The process through which one shared terminal is watched: it meets the host, and passes frames both ways.

Strategy: orders come in on stdin, reports go out on stdout, nothing else does. Nothing is read from the lane
before the agent has taken most of what was told it, so that a slow one costs no memory: the host, which waits
for what was read to be acknowledged, tells the latest state then. What is no frame of a terminal ends it.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from mesh_agent.net.base import LaneLost
from mesh_agent.net.meeting import Meeting
from mesh_agent.sharing.line import Line
from mesh_agent.sharing.meeter import Meeter
from mesh_agent.sharing.orders import Begin, Frame, Lost, Met, Signal, Stop, next_order
from mesh_agent.sharing.pipes import Logged, Pipes
from protocol.errors import MeshError, PeerFault, PeerFrameUnknown, PeerOutOfOrder, PeerTooMany
from protocol.peer import FrameReader, P2pError, P2pPing, PeerFrame, encode_frame
from protocol.peer_terminal import TermClose, TermGrant, TermLines, TermOpened, TermState, TermStatus

PING_S: Final = 2.0
DEAD_S: Final = 8.0
"""A lane that is silent for so long is asked for an answer; is given up. A person sits and looks at it."""

TICK_S: Final = 1.0

GOODBYE_S: Final = 1.0
"""What a goodbye may take."""

UNKNOWN_MAX: Final = 100
"""Frames of kinds that are not known here, after which the other side is given up."""

BETTER: Final = "terminal.better_way"
"""The code of an attempt that ends because a better way was found."""

FROM_HOST: Final = (TermState, TermOpened, TermStatus, TermGrant, TermLines, TermClose)


class Watcher:
    """One attempt to watch. `passes`: the frames that are told to the agent; any other one ends it."""

    passes: tuple[type, ...] = FROM_HOST

    def __init__(self, pipes: Pipes, begin: Begin, clock: Callable[[], float] = time.monotonic) -> None:
        self._pipes, self._clock = pipes, clock
        self._begin = begin
        self._meeter = Meeter(begin, pipes.report)
        self._stopping = asyncio.Event()
        self._line: Line | None = None
        self._reader = FrameReader()
        self._unknown = 0

    async def run(self) -> None:
        orders = asyncio.create_task(self._read_orders())
        try:
            self._pipes.report(await self._attempt())
        finally:
            orders.cancel()
            await asyncio.gather(orders, return_exceptions=True)

    async def _attempt(self) -> Lost:
        met = await self._first(self._meeter.meet(), self._stopping.wait())
        if not isinstance(met, Meeting):
            return met if isinstance(met, Lost) else Lost(code="", message="")
        try:
            return await self._pass(met)
        finally:
            await met.close()

    async def _first(self, *works: Coroutine[Any, Any, Any]) -> Any:
        """What the first of them that ends returns or raises; the others are cancelled."""
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task for task in tasks if task in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass(self, meeting: Meeting) -> Lost:
        line = self._line = Line(meeting.main, 0, self._clock)
        self._pipes.report(Met(way=meeting.way, identity=meeting.peer_identity))
        try:
            await self._first(
                self._read(line),
                self._write(line),
                self._look_after(line),
                self._say_goodbye(line),
                meeting.better.wait(),
            )
        except LaneLost as error:
            return Lost(code=error.code, message=error.message)
        except MeshError as error:
            await self._part(line, error)
            return Lost(code=error.code, message=error.message)
        finally:
            line.lose()
        if meeting.better.is_set() and not self._stopping.is_set():
            return Lost(code=BETTER, message="A better way was found.", hoped=meeting.better_way)
        return Lost(code="", message="")

    # ── the lane ─────────────────────────────────────────────────────────────────────────────────

    async def _read(self, line: Line) -> None:
        while True:
            try:
                frame = await line.frame()
            except PeerFrameUnknown as error:
                self._refuse(line, error)
            else:
                await self._heard(line, frame)

    async def _heard(self, line: Line, frame: PeerFrame) -> None:
        if isinstance(frame, self.passes):
            self._pipes.report(Frame(data=encode_frame(frame)))
            line.held_up = True
            await self._pipes.drain()
            line.held_up = False
        elif isinstance(frame, P2pPing):
            if not frame.answer:
                line.put(P2pPing(stamp=frame.stamp, answer=True))
        elif isinstance(frame, P2pError):
            if frame.code != PeerFrameUnknown.code:
                raise MeshError.from_wire(frame.code, frame.message)
        else:
            raise PeerOutOfOrder

    def _refuse(self, line: Line, error: MeshError) -> None:
        self._unknown += 1
        if self._unknown > UNKNOWN_MAX:
            raise error
        line.put(P2pError(code=error.code, message=error.message))

    async def _write(self, line: Line) -> None:
        while True:
            if not await line.write_queued():
                await line.wake.wait()
                line.wake.clear()

    async def _look_after(self, line: Line) -> None:
        """Whether anybody is there. Raises: LaneLost."""
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock()
            if line.held_up:
                line.heard_at = now
            elif now - line.heard_at > DEAD_S:
                raise LaneLost
            elif now - max(line.heard_at, line.pinged_at) > PING_S:
                line.ping()

    async def _say_goodbye(self, line: Line) -> None:
        """Returns when we are to stop, and what is queued was written or takes too long."""
        await self._stopping.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await line.written()

    async def _part(self, line: Line, error: MeshError) -> None:
        """The other side broke the contract, and is told so."""
        if isinstance(error, PeerFault):
            with contextlib.suppress(MeshError, TimeoutError):
                line.put(P2pError(code=error.code, message=error.message))
                async with asyncio.timeout(GOODBYE_S):
                    while await line.write_queued():
                        pass

    # ── orders ───────────────────────────────────────────────────────────────────────────────────

    async def _read_orders(self) -> None:
        while (order := await next_order(self._pipes.orders)) is not None and not isinstance(order, Stop):
            if isinstance(order, Signal):
                self._meeter.heard(order)
            elif isinstance(order, Frame):
                self._tell(order)
        self._stopping.set()

    def _tell(self, order: Frame) -> None:
        line = self._line
        if line is None:
            return
        self._reader.feed(order.data)
        for frame in self._reader.frames():
            with contextlib.suppress(PeerTooMany):  # the lane is stuck; what is typed meanwhile is lost
                line.put(frame)


async def run(kind: type[Watcher] = Watcher) -> None:
    pipes = await Pipes.open()
    begin = await next_order(pipes.orders)
    if not isinstance(begin, Begin):
        return
    logging.getLogger().addHandler(Logged(pipes.report))
    logging.getLogger().setLevel(logging.INFO)
    try:
        await kind(pipes, begin).run()
    except ConnectionError:
        pass  # the agent has ended
    except Exception:
        logging.exception("the helper failed")
    await pipes.flush()


def main() -> None:
    """Never returns."""
    try:
        asyncio.run(run())
    finally:
        os._exit(0)
