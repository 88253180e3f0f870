"""One at a time for each key, in the order of coming.

Tries to sign in to one account take turns, so that each is judged by how the one before it ended: a
thousand guesses sent at once are no better than a thousand in a row, and keep one core busy, not all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from protocol.errors import RateLimited

LINE_MAX: Final = 64
"""Who may wait for one key, the one whose turn it is included."""

_RETRY_AFTER_S: Final = 5.0


class _Line:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.length = 0


class Turns:
    """`async with turns.take(key): …`; raises RateLimited where the line is full."""

    def __init__(self, *, line_max: int = LINE_MAX) -> None:
        self._line_max = line_max
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def take(self, key: str) -> AsyncIterator[None]:
        line = self._lines.setdefault(key, _Line())
        if line.length >= self._line_max:
            raise RateLimited(retry_after=_RETRY_AFTER_S)
        line.length += 1
        try:
            async with line.lock:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[key]

    def __len__(self) -> int:
        return len(self._lines)
