"""When to look for garbage: while nobody types, and most often among what is new.

Strategy: Python's full collections of a client with some thousand messages take 60 to 110 ms, and with 50
messages a second there was one in every five seconds: the worst a person at the keyboard had to wait for. So
only the young are collected as Python sees fit, and the rest here. What a collection has left alive is put
aside with what the program began with (`gc.freeze`), so that the next one looks only at what has come since,
which takes some milliseconds. That one is made once the keyboard has been quiet for a while; or in the end
anyway, since what is garbage takes memory. Every `DEEP_EVERY`th time or so, when it is quiet, all is looked
at. Without new garbage nothing is done.
"""

import gc
from typing import Final

LOOK_S: Final = 5.0
QUIET_S: Final = 2.0
"""So long after the last key it is no longer likely that another comes at once."""

LATEST_S: Final = 300.0
"""So long at most somebody who goes on typing puts it off."""

WORTH: Final = 10
"""Collections of the young since the last full one, from which on Python itself would make one."""

MOST: Final = 50
"""So many of them do not wait for a quiet moment: some 350,000 objects have been made meanwhile, and what of
them is garbage may take tens of megabytes. With 50 messages a second that is after about 25 s."""

DEEP_EVERY: Final = 8
"""What was put aside may be garbage by now: a room that was left, messages scrolled away from. So it is
looked at as well, but never while somebody types: it takes 100 ms and more."""


def leave_the_old() -> None:
    """From now on Python makes no full collection by itself."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1_000_000)


class Collecting:
    """Times are seconds of any clock."""

    def __init__(self, now: float) -> None:
        self._key_at = self._done_at = now
        self._done = 0
        self._alone = False

    def take_over(self) -> None:
        """As `leave_the_old`, and what a collection leaves alive is put aside.

        For a program that has its process for itself: what is put aside is freed late, and others miss it.
        """
        leave_the_old()
        self._alone = True

    def active(self, now: float) -> None:
        """A key was pressed."""
        self._key_at = now

    def _is_quiet(self, now: float) -> bool:
        return now - self._key_at >= QUIET_S

    def is_due(self, now: float, passed: int) -> bool:
        """`passed`: collections of the young since the last full one."""
        waited = self._is_quiet(now) or now - self._done_at >= LATEST_S
        return passed >= MOST or (passed >= WORTH and waited)

    def is_deep(self, now: float) -> bool:
        """Whether the one that is due looks at all there is."""
        return self._done >= DEEP_EVERY and self._is_quiet(now)

    def look(self, now: float) -> None:
        """Collects, if that is due."""
        if not self.is_due(now, gc.get_count()[2]):
            return
        deep = self.is_deep(now)
        if deep and self._alone:
            gc.unfreeze()
        gc.collect()
        if self._alone:
            gc.freeze()
        self._done_at, self._done = now, 0 if deep else self._done + 1
