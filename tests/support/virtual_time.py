"""A loop whose clock jumps to what happens next, so that minutes of waiting take no time; and work without
threads.

virtually(coroutine)
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, Final, TypeVar

T = TypeVar("T")

LONGEST_S: Final = 100_000.0
"""Whoever waits for longer waits in vain."""

LOOK_S: Final = 0.02
LOOKS: Final = 100_000
"""So often is looked for a condition, at most."""


class _Jumping(selectors.SelectSelector):
    """Never waits: what would have been waited for has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            self.now += LONGEST_S if timeout is None else max(0.0, timeout)
            if self.now >= LONGEST_S:
                raise AssertionError("nothing will ever happen")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class Inline(Executor):
    """Does at once what it is given, on the loop's own thread, which leaves nothing to chance."""

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        future: Future[T] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is the future's
            future.set_exception(error)
        return future


def virtually(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def in_time(condition: Callable[[], object]) -> None:
    """Returns once `condition()` is true, after however many seconds of the loop. Raises: AssertionError."""
    for _ in range(LOOKS):
        if condition():
            return
        await asyncio.sleep(LOOK_S)
    raise AssertionError("waited in vain")
