"""The process through which one shared terminal is watched: it meets the host, and passes frames both ways.

Strategy: orders come in on stdin, reports go out on stdout, nothing else does. It ends when the lane does, is
told to stop, or stdin ends: that is how the end of the agent shows.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from mesh_agent.net.meeting import Meeting
from mesh_agent.sharing.helping import help_agent
from mesh_agent.sharing.meeter import Meeter
from mesh_agent.sharing.orders import Begin, Frame, Lost, Met, Signal, Stop, next_order
from mesh_agent.sharing.pipes import Pipes
from mesh_agent.terminal.passing import FROM_HOST, Passing
from protocol.errors import MeshError

BETTER: Final = "terminal.better_way"
"""The code of an attempt that ends because a better way was found."""


class Watcher:
    """One attempt to watch. `passes`: the frames that are told to the agent; any other one ends it."""

    passes: tuple[type, ...] = FROM_HOST

    def __init__(self, pipes: Pipes, begin: Begin) -> None:
        self._pipes = pipes
        self._meeter = Meeter(begin, pipes.report)
        self._stopping = asyncio.Event()
        self._passing: Passing | None = None

    async def run(self) -> None:
        orders = asyncio.create_task(self._read_orders())
        try:
            self._pipes.report(await self._attempt())
        finally:
            orders.cancel()
            await asyncio.gather(orders, return_exceptions=True)

    async def _attempt(self) -> Lost:
        met = await _first(self._meeter.meet(), self._stopping.wait())
        if not isinstance(met, Meeting):
            return met if isinstance(met, Lost) else Lost(code="", message="")
        try:
            return await self._pass(met)
        finally:
            await met.close()

    async def _pass(self, meeting: Meeting) -> Lost:
        passing = self._passing = Passing(meeting.main, self._report, passes=self.passes)
        self._pipes.report(Met(way=meeting.way, identity=meeting.peer_identity))
        try:
            await _first(passing.run(), self._say_goodbye(passing), meeting.better.wait())
        except MeshError as error:
            return Lost(code=error.code, message=error.message)
        if meeting.better.is_set() and not self._stopping.is_set():
            return Lost(code=BETTER, message="A better way was found.", hoped=meeting.better_way)
        return Lost(code="", message="")

    async def _report(self, frame: bytes) -> None:
        self._pipes.report(Frame(data=frame))
        await self._pipes.drain()

    async def _say_goodbye(self, passing: Passing) -> None:
        await self._stopping.wait()
        await passing.written()

    async def _read_orders(self) -> None:
        while (order := await next_order(self._pipes.orders)) is not None and not isinstance(order, Stop):
            if isinstance(order, Signal):
                self._meeter.heard(order)
            elif isinstance(order, Frame) and self._passing is not None:
                self._passing.put(order.data)
        self._stopping.set()


async def _first(*works: Coroutine[Any, Any, Any]) -> Any:
    """What the first of them that ends returns or raises; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main(kind: type[Watcher] = Watcher) -> None:
    async def watch(pipes: Pipes, begin: Begin) -> None:
        with contextlib.suppress(ConnectionError):  # the agent has ended
            await kind(pipes, begin).run()

    help_agent(next_order, Begin, watch, "the helper")
