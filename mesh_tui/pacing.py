"""When frames come: after each, the loop is left alone for a time that depends on what it took.

Strategy: many messages a second come together into few frames, and painting takes a third of the time at
most, also where the machine is slow. Who sits at the keyboard comes first: while a letter is on its way to
the field in which it is written, which is painted alone, no other frame begins; and what another key has
changed waits for no rest. Nothing here asks for the time, so that it can be tried without waiting.
"""

from typing import Final

REST: Final = 2.0
"""How many times as long as a frame took passes before the next, so that a third of the time is painting."""

REST_MAX_S: Final = 0.1
"""A single slow frame, such as the first of a large screen, does not stop painting for longer."""

LETTER_MAX_S: Final = 0.05
"""So long at most other frames wait for a letter: it may change nothing, and nothing is painted for it."""


class Pacing:
    """Times are seconds of any clock. `typed` may be called in another thread."""

    def __init__(self) -> None:
        self._resting_until = float("-inf")
        self._letter_at = float("-inf")

    def may_paint(self, now: float) -> bool:
        """Whether the loop has had its rest after the last frame, and no letter comes before the next."""
        return now >= self._resting_until and now >= self._letter_at + LETTER_MAX_S

    def painted(self, began: float, ended: float) -> None:
        """A frame was made; where nothing was to be painted, that took no time, and no rest follows."""
        self._resting_until = ended + min(REST * (ended - began), REST_MAX_S)

    def typed(self, now: float) -> None:
        """A letter was read from the terminal. A second one does not make the others wait for longer."""
        if now >= self._letter_at + LETTER_MAX_S:
            self._letter_at = now

    def letter_painted(self) -> None:
        """The field in which it is written was painted, or is with the next frame."""
        self._letter_at = float("-inf")

    def answer(self) -> None:
        """A key that is no letter has had its effect: the frame that shows it waits for no rest."""
        self._resting_until = float("-inf")


class Evenly:
    """Something that is done once in so many seconds at most, but twice at once after a pause: where a key
    and what came of it are two changes, the second need not wait."""

    def __init__(self, every_s: float) -> None:
        self._every = every_s
        self._free_at = float("-inf")

    def wait(self, now: float) -> float:
        """In how many seconds it may be done; it is taken to be done then."""
        at = max(now, self._free_at)
        self._free_at = max(self._free_at, at - self._every) + self._every
        return at - now
