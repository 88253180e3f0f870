"""A thread in which what a program has written is taken, while more of it is read.

Strategy: reading a pseudo-terminal and feeding an emulator each keep a processor busy, so they are done side
by side. What waits between the two has a limit, and is taken together, since a larger piece costs less. A
little that comes while nothing waits is taken at once where it was read: the echo of a key has no need to go
through a second thread, and a program that only echoes never begins one.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

AHEAD_BYTES: Final = 1024 * 1024
"""What may wait; while it does, nothing more is read and the program waits, as in any terminal."""

TOGETHER_BYTES: Final = 256 * 1024
"""What is taken at a time, or one piece."""

AT_ONCE_BYTES: Final = 1024
"""A piece up to this long is taken where it was read, where nothing waits."""


class Taker:
    """To be called from one thread, the reader's."""

    def __init__(self, take: Callable[[bytes], None], room: Callable[[], None]) -> None:
        """`take` is given the pieces in their order, by one thread at a time; `room` is called, in the thread
        of this, when less waits than before."""
        self._take, self._room = take, room
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._last = False
        self._thread: threading.Thread | None = None

    @property
    def full(self) -> bool:
        """Nothing more is to be put in now."""
        return self._waiting >= AHEAD_BYTES

    def put(self, data: bytes) -> None:
        """`data` is taken now or soon, after all that was put in before."""
        with self._changed:
            if self._waiting or len(data) > AT_ONCE_BYTES:
                self._waiting += len(data)
                self._pieces.append(data)
                self._changed.notify()
                data = b""
        if data:
            self._take(data)
        elif self._thread is None:
            self._thread = threading.Thread(target=self._run, name="terminal-taker", daemon=True)
            self._thread.start()

    def drop(self) -> None:
        """What waits is not taken any more."""
        with self._changed:
            self._waiting -= sum(map(len, self._pieces))
            self._pieces.clear()

    def end(self) -> None:
        """Returns when all that waits was taken; nothing is put in after."""
        with self._changed:
            self._last = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while data := self._next():
            self._take(data)
            with self._changed:
                self._waiting -= len(data)
            self._room()

    def _next(self) -> bytes:
        """What waits, as much as is taken together; nothing at the end."""
        with self._changed:
            while not self._pieces and not self._last:
                self._changed.wait()
            pieces: list[bytes] = []
            size = 0
            while self._pieces and (not pieces or size + len(self._pieces[0]) <= TOGETHER_BYTES):
                pieces.append(self._pieces.popleft())
                size += len(pieces[-1])
        return b"".join(pieces)
