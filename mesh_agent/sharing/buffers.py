"""Buffers for chunks that come, used again and again.

Strategy: fresh memory costs a page fault for every 4 KiB, so a buffer that was written to disk serves the
next chunk; the last of them, of which the processor has most at hand. How many there are at once is bounded,
whatever the other end sends: whoever wants one more waits, and does not read from its lane meanwhile.
"""

import asyncio
import mmap
from typing import Final

from mesh_agent.files.memory import memory

BUFFERS: Final = 64
"""In use at once."""

KEPT_BYTES: Final = 32 * 1024 * 1024
"""Of those that are free."""


class Buffers:
    """Hands out views of exactly the size that is asked for."""

    def __init__(self) -> None:
        self._permits = asyncio.Semaphore(BUFFERS)
        self._free: list[mmap.mmap] = []
        self._kept = 0

    @property
    def exhausted(self) -> bool:
        return self._permits.locked()

    async def take(self, size: int) -> memoryview:
        """Give it back with `give`; its content is whatever was in it before."""
        await self._permits.acquire()
        for at in reversed(range(len(self._free))):
            if len(self._free[at]) >= size:
                buffer = self._free.pop(at)
                self._kept -= len(buffer)
                return memoryview(buffer)[:size]
        return memoryview(memory(size))[:size]

    def give(self, view: memoryview) -> None:
        buffer = view.obj
        assert isinstance(buffer, mmap.mmap)
        view.release()
        if self._kept + len(buffer) <= KEPT_BYTES:
            self._free.append(buffer)
            self._kept += len(buffer)
        self._permits.release()
