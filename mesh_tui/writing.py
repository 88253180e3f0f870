"""The thread that writes to the terminal: nobody else ever waits for it.

Strategy: frames first, in the order in which they came; what is said of pictures goes out when nothing else
waits, command by command (`aside`).
"""

import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from textual.drivers._writer_thread import WriterThread

from mesh_tui.aside import ASK, Aside

WAITING_BYTES: Final = 2_048
"""Bytes that may wait for the terminal before painting is put off."""

WRITE_BYTES: Final = 1_024

STOP_S: Final = 1.0
"""How long the end of the program waits for a terminal that takes nothing any more."""


class Writer(WriterThread):
    """Writes to the terminal in a thread of its own; `write` never blocks.

    Args:
        fileno: the terminal.
        drained: called from the thread, once after `waiting` was true and no longer is.
        lost: called from the thread when the terminal is gone.
        caught_up: called in any thread, once after `has_read` was false and no longer is.
    """

    def __init__(
        self,
        fileno: int,
        drained: Callable[[], None],
        lost: Callable[[], None],
        caught_up: Callable[[], None] = lambda: None,
    ) -> None:
        threading.Thread.__init__(self, daemon=True, name="mesh-output")
        self._fileno = fileno
        self._drained = drained
        self._lost = lost
        self._caught_up = caught_up
        self._changed = threading.Condition()
        self._buffer = bytearray()
        self._aside = Aside()
        self._stopped = False
        self._wanted = False
        self._reading = False

    @property
    def waiting(self) -> bool:
        """More waits than may; asking means wanting to hear when that is over."""
        with self._changed:
            self._wanted = len(self._buffer) > WAITING_BYTES
            return self._wanted

    def write(self, text: str) -> None:
        with self._changed:
            if not self._stopped:
                self._buffer += text.encode(errors="replace")
                self._changed.notify()

    @property
    def has_read(self) -> bool:
        """The terminal has read everything, as far as it says; asking means wanting to hear when it has."""
        with self._changed:
            self._reading = not self._all_read()
            return not self._reading

    def _all_read(self) -> bool:
        return not self._buffer and self._aside.has_read(time.monotonic())

    def write_asking(self, text: str) -> None:
        """As `write`; `has_read` is true again once the terminal has read that."""
        data = text.encode(errors="replace")
        with self._changed:
            if not self._stopped:
                self._buffer += data + ASK.encode()
                self._aside.wrote(len(data), time.monotonic())
                self._changed.notify()

    def say_aside(self, commands: Sequence[str], end: str = "", key: int = 0) -> None:
        """As `Aside.put`: to be written when nothing else waits."""
        with self._changed:
            if not self._stopped:
                self._aside.put(commands, end, key)
                self._changed.notify()

    @property
    def asked(self) -> bool:
        """The terminal may answer any moment how far it has read."""
        with self._changed:
            return self._aside.asked

    def answered(self) -> None:
        """It has."""
        with self._changed:
            self._aside.answered(time.monotonic())
            self._changed.notify()
            read = self._has_become_read()
        if read:
            self._caught_up()

    def _has_become_read(self) -> bool:
        """Everything has been, and somebody waits for that."""
        done = self._reading and self._all_read()
        self._reading = self._reading and not done
        return done

    def run(self) -> None:
        while piece := self._next():
            try:
                written = os.write(self._fileno, piece)
            except BlockingIOError:
                select.select([], [self._fileno], [], STOP_S)
                written = 0
            except OSError:
                with self._changed:
                    self._stopped = True
                    self._buffer.clear()
                self._lost()
                return
            self._took(written)

    def stop(self) -> None:
        """Lets what is waiting out, but does not wait for a terminal that takes nothing."""
        with self._changed:
            self._stopped = True
            self._buffer += self._aside.break_off()
            self._changed.notify()
        self.join(STOP_S)

    def _next(self) -> bytes:
        with self._changed:
            while not self._buffer and not self._stopped:
                now = time.monotonic()
                wait_s = self._aside.wait_s(now)
                if wait_s == 0:
                    self._buffer += self._aside.take(now)
                else:
                    self._changed.wait(wait_s)
            return bytes(self._buffer[:WRITE_BYTES])

    def _took(self, count: int) -> None:
        with self._changed:
            del self._buffer[:count]
            drained = self._wanted and len(self._buffer) <= WAITING_BYTES
            self._wanted = self._wanted and not drained
            read = self._has_become_read()
        if drained:
            self._drained()
        if read:
            self._caught_up()
