"""A lane to the host of a terminal, as frames: those for us go to who watches, theirs go to the host.

Strategy: nothing is read from the lane before what came was taken, so that a slow watcher costs no memory:
the host, which waits for what was read to be acknowledged, tells the latest state then. A frame that has no
place here ends it, and the host is told why.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from mesh_agent.net.base import Lane, LaneLost
from mesh_agent.sharing.line import Line
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

FROM_HOST: Final[tuple[type, ...]] = (TermState, TermOpened, TermStatus, TermGrant, TermLines, TermClose)

Tell = Callable[[bytes], Awaitable[None]]
"""Is given the bytes of one frame; returns when it may be given the next."""


class Passing:
    """One lane."""

    def __init__(
        self,
        lane: Lane,
        tell: Tell,
        *,
        passes: tuple[type, ...] = FROM_HOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`passes`: the frames that `tell` is given."""
        self._line = Line(lane, 0, clock)
        self._tell, self._passes, self._clock = tell, passes, clock
        self._reader = FrameReader()
        self._unknown = 0

    async def run(self) -> None:
        """Until the lane is lost. Raises: MeshError, why."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self._read(), self._write(), self._look_after()):
                    tasks.create_task(work)
        except ExceptionGroup as errors:
            error = errors.exceptions[0]
            if isinstance(error, PeerFault):
                await self._part(error)
            raise error from None
        finally:
            self._line.lose()

    def put(self, data: bytes) -> None:
        """Whole frames for the host; where too many wait, the lane is stuck, and they are lost."""
        self._reader.feed(data)
        for frame in self._reader.frames():
            with contextlib.suppress(PeerTooMany):
                self._line.put(frame)

    async def written(self) -> None:
        """Returns when all of them are out, or that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._line.written()

    async def _read(self) -> None:
        while True:
            try:
                frame = await self._line.frame()
            except PeerFrameUnknown as error:
                self._refuse(error)
            else:
                await self._heard(frame)

    async def _heard(self, frame: PeerFrame) -> None:
        line = self._line
        if isinstance(frame, self._passes):
            line.held_up = True
            await self._tell(encode_frame(frame))
            line.held_up = False
        elif isinstance(frame, P2pPing):
            if not frame.answer:
                line.put(P2pPing(stamp=frame.stamp, answer=True))
        elif isinstance(frame, P2pError):
            if frame.code != PeerFrameUnknown.code:
                raise MeshError.from_wire(frame.code, frame.message)
        else:
            raise PeerOutOfOrder

    def _refuse(self, error: MeshError) -> None:
        self._unknown += 1
        if self._unknown > UNKNOWN_MAX:
            raise error
        self._line.put(P2pError(code=error.code, message=error.message))

    async def _write(self) -> None:
        while True:
            if not await self._line.write_queued():
                await self._line.wake.wait()
                self._line.wake.clear()

    async def _look_after(self) -> None:
        """Whether anybody is there. Raises: LaneLost."""
        line = self._line
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock()
            if line.held_up:
                line.heard_at = now
            elif now - line.heard_at > DEAD_S:
                raise LaneLost
            elif now - max(line.heard_at, line.pinged_at) > PING_S:
                line.ping()

    async def _part(self, error: MeshError) -> None:
        with contextlib.suppress(MeshError, TimeoutError):
            self._line.put(P2pError(code=error.code, message=error.message))
            async with asyncio.timeout(GOODBYE_S):
                while await self._line.write_queued():
                    pass
