"""A place for one thing, from one thread to another: what comes later replaces what was not taken."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """`passed_over`: things in whose place another one came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thing: T | None = None
        self._closed = False
        self.passed_over = 0

    def put(self, thing: T) -> None:
        """Never waits."""
        with self._changed:
            self.passed_over += self._thing is not None
            self._thing = thing
            self._changed.notify()

    def take(self, wait_s: float) -> T | None:
        """Waits until there is something; None after `wait_s`, or once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._thing is not None or self._closed, wait_s)
            thing, self._thing = self._thing, None
            return thing

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
