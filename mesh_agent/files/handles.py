"""Open files, so many and no more, for threads that use several of them again and again."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

HELD: Final = 16
"""Files that stay open though nobody uses them now."""


class Handles:
    """Descriptors by number; who uses one has it to the end, whatever else is opened meanwhile."""

    def __init__(self, opener: Callable[[int], int]) -> None:
        self._opener = opener
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, list[int]] = OrderedDict()

    @contextmanager
    def use(self, number: int) -> Iterator[int]:
        """A descriptor of that file, which no other thread uses meanwhile. Raises: what the opener does."""
        fd = self._take(number)
        try:
            yield fd
        finally:
            self._give(number, fd)

    def _take(self, number: int) -> int:
        with self._lock:
            held = self._idle.get(number)
            if held:
                fd = held.pop()
                if not held:
                    del self._idle[number]
                return fd
        return self._opener(number)

    def _give(self, number: int, fd: int) -> None:
        closing = []
        with self._lock:
            self._idle.setdefault(number, []).append(fd)
            self._idle.move_to_end(number)
            while sum(map(len, self._idle.values())) > HELD:
                _, fds = self._idle.popitem(last=False)
                closing += fds
        for each in closing:
            os.close(each)

    def close(self) -> None:
        """Those that nobody uses."""
        with self._lock:
            idle = [fd for fds in self._idle.values() for fd in fds]
            self._idle.clear()
        for fd in idle:
            os.close(fd)
