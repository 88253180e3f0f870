"""The BLAKE3 of a whole file whose chunks come in about the right order.

Strategy: a chunk that is next is hashed from memory, at once, while it is at hand; whatever came before its
turn is read again when its turn has come, mostly from the system's cache. So little is left to do at the
end.
"""

import threading
from collections.abc import Callable
from typing import Final

from mesh_agent.files.grid import Grid
from mesh_agent.files.sparse import ZEROS

Reader = Callable[[int], bytes | memoryview | None]
"""The bytes of a chunk that was here before its turn; None for a hole."""

CAUGHT_UP: Final = 4
"""Chunks that are read again at a time while others wait to be written."""


class Whole:
    """May be used by several threads. `next`: chunks up to here were hashed."""

    def __init__(self, grid: Grid) -> None:
        from blake3 import blake3

        self._hasher = blake3()
        self._grid = grid
        self._lock = threading.Lock()
        self.next = 0

    def pass_by(self, index: int, data: bytes | memoryview) -> None:
        """A chunk is at hand, and hashed if it is its turn."""
        if index == self.next and self._lock.acquire(blocking=False):
            try:
                if index == self.next:
                    self._take(data)
            finally:
                self._lock.release()

    def catch_up(self, is_here: Callable[[int], bool], read: Reader) -> None:
        """A few of those that are here and whose turn has come; nothing where another thread is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            for _ in range(CAUGHT_UP):
                if self.next >= self._grid.chunks or not is_here(self.next):
                    return
                self._take(read(self.next))
        finally:
            self._lock.release()

    def finish(self, read: Reader) -> bytes:
        """All of them, then the hash. Raises: what `read` does."""
        with self._lock:
            while self.next < self._grid.chunks:
                self._take(read(self.next))
            return bytes(self._hasher.digest())

    def _take(self, data: bytes | memoryview | None) -> None:
        if data is None:
            size = self._grid.length(self.next)
            while size:
                self._hasher.update(ZEROS[:size])
                size -= min(size, ZEROS.nbytes)
        else:
            self._hasher.update(data)
        self.next += 1
