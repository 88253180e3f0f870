"""How often frames come: after each, the loop is left alone for a time that depends on what it took.

Strategy: many messages a second come together into few frames, and painting takes a third of the time at
most, also where the machine is slow. Nothing here asks for the time, so that it can be tried without waiting.
"""

from typing import Final

REST: Final = 2.0
"""How many times as long as a frame took passes before the next, so that a third of the time is painting."""

REST_MAX_S: Final = 0.1
"""A single slow frame, such as the first of a large screen, does not stop painting for longer."""


class Pacing:
    """Times are seconds of any clock."""

    def __init__(self) -> None:
        self._resting_until = float("-inf")

    def may_paint(self, now: float) -> bool:
        """Whether the loop has had its rest after the last frame."""
        return now >= self._resting_until

    def painted(self, began: float, ended: float) -> None:
        """A frame was made; where nothing was to be painted, that took no time, and no rest follows."""
        self._resting_until = ended + min(REST * (ended - began), REST_MAX_S)
