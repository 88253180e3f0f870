"""A thread that does one thing after another, each of which the loop waits for.

Strategy: what an executor does, with less: there, what comes out goes through two futures, a lock and three
turns of the loop; here through one future and two turns. On a virtual machine that is a tenth of a
millisecond for each piece of a file. Whoever stops waiting does not stop the thread: `idle` waits for that.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

Result = TypeVar("Result")
Order = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Hand:
    """Belongs to the loop in which it is made. Its thread begins with the first order."""

    def __init__(self, name: str) -> None:
        self._name: Final = name
        self._loop = asyncio.get_running_loop()
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._undone = 0

    @property
    def busy(self) -> bool:
        """Something that it was given is not done, whether or not anybody waits for it."""
        return self._undone > 0

    def do(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        """After what it was given before; the future brings what `work` returns or raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        future: asyncio.Future[Result] = self._loop.create_future()
        self._undone += 1
        self._orders.put((work, future))
        return future

    async def idle(self) -> None:
        """Returns once all is done that it was given so far."""
        if self.busy:
            await self.do(lambda: None)

    def close(self) -> None:
        """Ends the thread. Once it is idle; it is given nothing more."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()

    # ── what comes out ───────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            work, future = order
            outcome: tuple[Any, BaseException | None]
            try:
                outcome = work(), None
            except BaseException as error:  # noqa: BLE001 - it is for whoever waits
                outcome = None, error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._tell, future, *outcome)
            del order, work, future, outcome  # what they hold is let go before the next comes

    def _tell(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        self._undone -= 1
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
