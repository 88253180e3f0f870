"""A process of the agent, as the agent holds it: started, told, listened to, ended.

Strategy: it is a child with a pipe in and a pipe out. It reads the end of its input as the end of its parent,
so that it never outlives it. It is in a session of its own, because Ctrl+C is for its parent to act upon.
What it says that is not a report is for the log.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from msgspec import Struct

from mesh_agent.sharing.errors import HelperEnded
from mesh_agent.sharing.orders import Order, Report, Said, Stop, next_report, pack

log = logging.getLogger(__name__)

STOP_S: Final = 3.0
"""How long it has for a goodbye, after which it is killed."""

UNREAD_BYTES: Final = 1024 * 1024
"""What a pipe holds of reports before the process has to wait."""

_ROOT: Final = str(Path(__file__).resolve().parents[2])
_PROGRAM: Final = """\
import gc, sys
gc.disable()
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
from importlib import import_module
main = import_module(sys.argv[2]).main
gc.freeze()
gc.enable()
main()
"""
"""With `-P`, so that nothing in the folder where a person happens to be is ever imported. What is loaded
stays for good: it is searched for garbage neither now nor later."""


O = TypeVar("O", bound=Struct)  # noqa: E741 — of the orders
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Program(Generic[O, R]):
    """What a process runs: `main()` of `module`, which takes orders of the type O and tells R.

    next_report: reads the next one from the pipe; `Said` is none that anybody else gets.
    """

    module: str
    next_report: Callable[[asyncio.StreamReader], Awaitable[R | Said | None]]


CARRIER: Final[Program[Order, Report]] = Program("mesh_agent.sharing.worker", next_report)
"""Moves the files of one session."""


class Helper(Generic[O, R]):
    """A running process."""

    def __init__(self, program: Program[O, R], process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._program, self._process = program, process
        self._orders, self._reports = process.stdin, process.stdout

    @classmethod
    async def start(cls, program: Program[O, R], *, fds: Sequence[int] = ()) -> "Helper[O, R]":
        """`fds`: open files that it gets, too. Raises: HelperEnded: it cannot be started."""
        shown = log.isEnabledFor(logging.DEBUG)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-c", _PROGRAM, _ROOT, program.module),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None if shown else asyncio.subprocess.DEVNULL,
                limit=UNREAD_BYTES,
                start_new_session=True,
                pass_fds=tuple(fds),
            )
        except OSError as error:
            raise HelperEnded(f"No further process can be started: {error.strerror}.") from None
        return cls(program, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, order: O | Stop) -> None:
        """Where it has ended, `report` tells that."""
        if not self._orders.is_closing():
            self._orders.write(pack(order))

    async def report(self) -> R | None:
        """What it says next; None once it has ended."""
        while isinstance(report := await self._program.next_report(self._reports), Said):
            log.info("helper %d: %s", self.pid, report.text)
        return report

    async def stop(self) -> None:
        """Ends it, politely where that is quick. Never raises."""
        self.tell(Stop())
        self._orders.close()
        try:
            async with asyncio.timeout(STOP_S):
                # What it still says must go somewhere, or it waits for ever.
                while await self._reports.read(UNREAD_BYTES):
                    pass
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            with contextlib.suppress(asyncio.CancelledError):
                await self._process.wait()
