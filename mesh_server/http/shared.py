"""One look for many who ask."""

import asyncio
from collections.abc import Awaitable, Callable


class Shared:
    """Calls `look` once for everyone who asks while it runs and up to `hold_s` seconds after it began.

    Everyone gets the one outcome, also where that is an error.
    """

    def __init__(
        self, look: Callable[[], Awaitable[None]], *, clock: Callable[[], float], hold_s: float
    ) -> None:
        self._look = look
        self._clock = clock
        self._hold_s = hold_s
        self._began = 0.0
        self._task: asyncio.Future[None] | None = None

    async def __call__(self) -> None:
        if self._task is None or (self._task.done() and self._clock() - self._began >= self._hold_s):
            self._began = self._clock()
            self._task = asyncio.ensure_future(self._look())
        # Shielded: one who hangs up must not spoil it for the others.
        await asyncio.shield(self._task)
