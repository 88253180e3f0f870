"""Brings what was written to the disk while more comes, and gives back the memory that it took.

Strategy: a system that is left alone gathers what is written until much of its memory is taken, and then
writes all of it at once: the last step of a large file would be one long wait, and everything else on the
machine would have to be read again. So the disk begins with each stretch as soon as it is written; the
stretches of a moment ago are waited for, which holds the sender back to what the disk can do, and then leave
memory. What will be read again soon stays, however much it is. It is an offer to the system and no promise:
what has to be on the disk is flushed all the same. Only Linux takes it.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from mesh_agent.files.system import start_writing, wait_until_written

BEHIND_BYTES: Final = 48 * 1024 * 1024
"""What was written last, and is not waited for."""


class _Written(NamedTuple):
    number: int
    offset: int
    size: int


class Behind:
    """May be used by several threads.

    Args:
        use: a descriptor of a file by its number, as `Handles.use` gives it.
        most: bytes that are not waited for.

    Attributes:
        reads_from: of a single file, the offset from which on it will be read again.
    """

    def __init__(self, use: Callable[[int], AbstractContextManager[int]], most: int = BEHIND_BYTES) -> None:
        self._most = most
        self.reads_from: int | None = None
        self._use = use
        self._lock = threading.Lock()
        self._last: deque[_Written] = deque()
        self._bytes = 0
        self._works = hasattr(os, "posix_fadvise")

    def may_leave(self, end: int) -> bool:
        """What ends there in its file need not stay in memory."""
        return self.reads_from is None or end <= self.reads_from

    def wrote(self, fd: int, number: int, offset: int, size: int) -> None:
        """So many bytes were written to that file, which `fd` is. Raises: OSError: the disk failed."""
        if not self._works:
            return
        if not start_writing(fd, offset, size):
            self._works = False
            return
        for old in self._push(_Written(number, offset, size)):
            if old.number == number:
                self._leave(fd, old)
            else:
                with self._use(old.number) as other:
                    self._leave(other, old)

    def _push(self, written: _Written) -> list[_Written]:
        left = []
        with self._lock:
            self._last.append(written)
            self._bytes += written.size
            while self._bytes > self._most:
                old = self._last.popleft()
                self._bytes -= old.size
                left.append(old)
        return left

    def _leave(self, fd: int, old: _Written) -> None:
        wait_until_written(fd, old.offset, old.size)
        if self.may_leave(old.offset + old.size):
            os.posix_fadvise(fd, old.offset, old.size, os.POSIX_FADV_DONTNEED)
