"""The BLAKE3 of a whole file whose chunks come in about the right order.

Strategy: a chunk is hashed from memory, while it is at hand, as soon as it is its turn. A thread whose chunk
comes next but for those that other threads have in hand right now waits for them, which is never long; of
what comes a little too early otherwise, as several lanes bring it, a copy is kept. Whatever came earlier than
that is read again when its turn has come, mostly from the system's cache. So little is left to do at the end.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from mesh_agent.files.grid import Grid
from mesh_agent.files.sparse import ZEROS

Reader = Callable[[int], bytes | memoryview | None]
"""The bytes of a chunk that was here before its turn; None for a hole."""

CAUGHT_UP: Final = 16
"""Chunks that are read again at a time, by one thread, while others wait to be written."""

EARLY_BYTES: Final = 16 * 1024 * 1024
"""Of a chunk whose turn comes within so many bytes, a copy is kept."""


class Whole:
    """May be used by several threads. `next`: chunks up to here were hashed."""

    def __init__(self, grid: Grid) -> None:
        from blake3 import blake3

        self._hasher = blake3()
        self._grid = grid
        self._guard = threading.Condition()
        self._hashing = False
        """One thread is, without the guard; only that one changes `next`."""
        self._in_hand: set[int] = set()
        self._early: dict[int, bytes] = {}
        self._early_most = EARLY_BYTES // grid.chunk_bytes
        self.next = 0

    @property
    def reads_from(self) -> int:
        """What is at hand now and stands behind this offset comes too early, and will be read again."""
        return (self.next + self._early_most + 1) * self._grid.chunk_bytes

    @contextmanager
    def in_hand(self, index: int) -> Iterator[None]:
        """A thread reads or writes this chunk, and will let it `pass_by`, unless it fails."""
        with self._guard:
            self._in_hand.add(index)
        try:
            yield
        finally:
            with self._guard:
                self._in_hand.discard(index)
                self._guard.notify_all()

    def pass_by(self, index: int, data: bytes | memoryview) -> None:
        """A chunk is at hand, and hashed if it is its turn, or will be once others in hand have passed."""
        with self._guard:
            self._guard.wait_for(lambda: not self._comes_soon(index))
            if self.next < index <= self.next + self._early_most:
                self._early[index] = bytes(data)
            if self.next != index:
                return
            self._hashing = True
        try:
            self._take(data)
            while (early := self._pop_early()) is not None:
                self._take(early)
        finally:
            self._rest()

    def _comes_soon(self, index: int) -> bool:
        """All chunks before it whose turn has not come are in hand: of them, the first waits for none. Or it
        is its turn, but for the thread that hashes now.
        """
        if self.next >= index:
            return self.next == index and self._hashing
        before = range(self.next, index)
        return len(before) <= len(self._in_hand) and self._in_hand.issuperset(before)

    def catch_up(self, is_here: Callable[[int], bool], read: Reader) -> None:
        """A few of those that are here and whose turn has come; nothing where another thread is at it."""
        with self._guard:
            if self._hashing:
                return
            self._hashing = True
        try:
            for _ in range(CAUGHT_UP):
                if self.next >= self._grid.chunks or self._will_pass(self.next) or not is_here(self.next):
                    return
                self._take_next(read)
        finally:
            self._rest()

    def _will_pass(self, index: int) -> bool:
        with self._guard:
            return index in self._in_hand and index not in self._early

    def finish(self, read: Reader) -> bytes:
        """All of them, then the hash. Raises: what `read` does."""
        with self._guard:
            self._guard.wait_for(lambda: not self._hashing)
            self._hashing = True
        try:
            while self.next < self._grid.chunks:
                self._take_next(read)
            return bytes(self._hasher.digest())
        finally:
            self._rest()

    def _take_next(self, read: Reader) -> None:
        early = self._pop_early()
        self._take(read(self.next) if early is None else early)

    def _pop_early(self) -> bytes | None:
        with self._guard:
            return self._early.pop(self.next, None)

    def _rest(self) -> None:
        with self._guard:
            self._hashing = False
            self._guard.notify_all()

    def _take(self, data: bytes | memoryview | None) -> None:
        if data is None:
            size = self._grid.length(self.next)
            while size:
                self._hasher.update(ZEROS[:size])
                size -= min(size, ZEROS.nbytes)
        else:
            self._hasher.update(data)
        with self._guard:
            self.next += 1
            self._guard.notify_all()
