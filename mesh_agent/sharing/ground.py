"""What all transfers of one courier stand on: the main line, credit, threads, buffers, and whom to tell."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from mesh_agent.machines.credit import Granting, Pace, Spending
from mesh_agent.sharing.buffers import Buffers
from mesh_agent.sharing.line import Clock, Line
from mesh_agent.sharing.transferring import Ask, OpenSink
from protocol.errors import MeshError
from protocol.peer import PeerFrame

T = TypeVar("T")

QUICK_THREADS: Final = max(1, min(3, (os.cpu_count() or 1) // 2))
"""Read, hash and write chunks. The other half of the machine encrypts, decrypts and leads: more threads would
take turns with those, for no use."""

SLOW_THREADS: Final = 2
"""Open and finish, which may read all that is there."""
TELL_S: Final = 0.05
"""What was written is told so much later at most, where nothing else is on its way."""


@dataclass
class Ground:
    """
    Attributes:
        quick, slow: threads for single chunks, and for what takes long.
        changed: is told that the state of a transfer is another.
        feed: looks whether there is something to read and send.
    """

    main: Line
    clock: Clock
    quick: Executor
    slow: Executor
    granting: Granting
    pace: Pace
    ask: Ask
    open_sink: OpenSink
    changed: Callable[[Any], None]
    feed: Callable[[], None]
    spending: Spending = field(default_factory=Spending)
    buffers: Buffers = field(default_factory=Buffers)
    lost: MeshError | None = None
    _telling: asyncio.TimerHandle | None = None

    def put(self, frame: PeerFrame | None) -> None:
        """On the main line; None is nothing."""
        if frame is not None and self.lost is None:
            self.main.put(frame)

    def tell_credit(self, *, all_of_it: bool = False) -> None:
        """`all_of_it`: also what is not worth a frame of its own yet. What is due for no other reason than
        that nothing more is on its way waits a moment: on a quick line something is, and for the processor a
        frame on the main lane is as much as a chunk on another.
        """
        while self.granting.plenty or (all_of_it and self.granting.untold):
            self.put(self.granting.frame())
        if self.granting.due and self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_S, self._tell_what_is_due)

    def _tell_what_is_due(self) -> None:
        self._telling = None
        if self.granting.due:
            self.put(self.granting.frame())

    async def slowly(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.slow, function, *args)

    def quickly(self, function: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self.quick, function, *args)


def in_words(error: Exception) -> tuple[str, str]:
    """The code and the sentence that the other end is told of what went wrong here with files."""
    if isinstance(error, MeshError):
        return error.code, error.message
    if isinstance(error, OSError) and error.strerror:
        return "failed", f"It cannot be read or written: {error.strerror}."
    return "failed", "It cannot be read or written."
