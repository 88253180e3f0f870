"""Further lanes of a meeting: who opens them where, and how each proves that it belongs.

Strategy: `machines.lanes` says what is proven; here it goes over real lanes. All lanes are known to one
object, so that they end with the meeting.
"""

import asyncio
from collections.abc import Awaitable, Callable

from mesh_agent.machines.hello import HELLO_S
from mesh_agent.machines.lanes import LaneBook
from mesh_agent.net.base import Lane, LaneLost, Listener
from mesh_agent.net.handshake import next_frame, refuse, send_frames
from protocol import limits
from protocol.errors import MeshError, WrongLane
from protocol.peer import P2pLane


class FurtherLanes:
    """The lanes beside the main one, at one end."""

    def __init__(self, book: LaneBook) -> None:
        self._book = book
        self._listener: Listener | None = None
        self._waiting: list[Lane] = []
        self._theirs: dict[int, Lane] = {}
        self._mine: dict[int, Lane] = {}
        self.arrived = asyncio.Event()
        """The other end has opened one."""

    def listen(self, listener: Listener) -> None:
        """`listener` is given each lane that the other end has opened, and opens."""
        self._listener = listener
        waiting, self._waiting = self._waiting, []
        for lane in waiting:
            listener(lane)

    async def admit(self, lane: Lane, first: P2pLane) -> None:
        """A lane came whose first frame is this; it is refused where it does not belong. Raises: LaneLost."""
        try:
            answer = self._book.admit(first)
        except WrongLane as error:
            await refuse(lane, error)
            return
        await send_frames(lane, [answer])
        before, self._theirs[first.lane] = self._theirs.get(first.lane), lane
        if before is not None:
            await before.close()
        self.arrived.set()
        if self._listener is not None:
            self._listener(lane)
        else:
            self._waiting.append(lane)  # no more of them than there are numbers

    async def open(self, count: int, connect: Callable[[], Awaitable[Lane]]) -> list[Lane]:
        """Up to `count` lanes, opened side by side; those that cannot be had are missing."""
        free = [number for number in range(1, limits.LANES + 1) if number not in self._mine]
        found = await asyncio.gather(*(self._open(number, connect) for number in free[:count]))
        return [lane for lane in found if lane is not None]

    async def _open(self, number: int, connect: Callable[[], Awaitable[Lane]]) -> Lane | None:
        try:
            lane = await connect()
        except (LaneLost, OSError):
            return None
        self._mine[number] = lane
        opened = False
        try:
            async with asyncio.timeout(HELLO_S):
                await send_frames(lane, [self._book.opening(number)])
                self._book.require_ok(await next_frame(lane), number)
            opened = True
        except (MeshError, TimeoutError):
            return None
        finally:
            if not opened:
                del self._mine[number]
                await lane.close()
        return lane

    def forget(self, lane: Lane) -> None:
        """It is lost: its number may serve again."""
        self._mine = {number: known for number, known in self._mine.items() if known is not lane}
        self._theirs = {number: known for number, known in self._theirs.items() if known is not lane}

    @property
    def lanes(self) -> list[Lane]:
        return [*self._mine.values(), *self._theirs.values()]

    async def close(self) -> None:
        await asyncio.gather(*(lane.close() for lane in self.lanes))
