"""The host's own terminal, on which a shared program's output goes as it is.

Strategy: the program's bytes go through, but for what asks the terminal something, since the emulator alone
answers. A terminal that takes its time makes the program wait, as any terminal does; one that takes nothing
for a second (a dead line, a stopped window) no longer does: what comes is left out, and once it takes
something again, all of it is painted anew. So a host's line never holds up guests.
"""

import contextlib
import fcntl
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

PATIENCE_S: Final = 1.0

PIECE_BYTES: Final = 512
"""What is written at a time where writing may wait."""

NOTICE_CHARS: Final = 200


class Cleaner(Protocol):
    """Takes out what asks the terminal something; what is cut off waits for the rest."""

    def feed(self, data: bytes) -> bytes: ...


class Output:
    """All may be called from any thread."""

    def __init__(self, descriptor: int, cleaner: Cleaner, repaint: Callable[[], bytes]) -> None:
        """`repaint` gives what puts the terminal into the state of the emulator, whatever it shows now."""
        self._descriptor, self._blocking = _own_way_to(descriptor)
        self._cleaner, self._repaint = cleaner, repaint
        self._shown = True
        self._behind = False
        self._lock = threading.RLock()

    def write(self, data: bytes) -> None:
        """What the program has written."""
        with self._lock:
            clean = self._cleaner.feed(data)
            if not self._shown:
                return
            if self._behind:
                self.catch_up()
            elif not self._put(clean, PATIENCE_S):
                self._behind = True

    def show(self, shown: bool) -> None:
        """Whether anything is written; when it is again, all is painted anew."""
        with self._lock:
            again = shown and not self._shown
            self._shown = shown
            if again:
                self._behind = True
                self.catch_up()

    @property
    def behind(self) -> bool:
        """Something was left out, and is not painted yet."""
        return self._behind and self._shown

    def catch_up(self) -> None:
        """Paints anew, where the terminal takes something."""
        with self._lock:
            if self.behind and self._ready(0) and self._put(self._repaint(), PATIENCE_S):
                self._behind = False

    def notice(self, title: str) -> None:
        """Rings, and shows `title`, which has no control characters, as the window's."""
        with self._lock:
            if self._shown and not self._behind:
                text = title[:NOTICE_CHARS]
                self._put(f"\x1b]2;{text}\x1b\\\a".encode(), 0)

    def close(self, last: bytes = b"") -> None:
        """`last` is written, where that is quick."""
        with self._lock:
            if not self._shown or self._behind:
                last = self._repaint() + last
            self._put(last, PATIENCE_S)
            self._shown = False
            os.close(self._descriptor)

    def _ready(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return any(state & select.POLLOUT for _, state in poll.poll(1000 * seconds))

    def _put(self, data: bytes, patience: float) -> bool:
        """Whether all of it was taken. `patience`: how long it may be that nothing is taken at all."""
        left = memoryview(data)
        until = time.monotonic() + patience
        while left:
            if not self._ready(max(0.0, until - time.monotonic())):
                return False
            try:
                count = os.write(self._descriptor, left[:PIECE_BYTES] if self._blocking else left)
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
                continue
            except OSError:  # the terminal is gone
                return False
            left = left[count:]
            until = time.monotonic() + patience
        return True


def _own_way_to(descriptor: int) -> tuple[int, bool]:
    """A descriptor that does not wait, where there can be one: how others wait on theirs is not changed.

    Returns whether writing may wait."""
    for path in (f"/proc/self/fd/{descriptor}", f"/dev/fd/{descriptor}"):
        with contextlib.suppress(OSError):
            if os.isatty(descriptor):
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY), False
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3), True
