"""Who was to come and has not been heard of since: asked, and after a few questions taken for gone. No IO.

Strategy: whoever is not connected yet is only known by what it has said over the server. So each word of it
counts; where none comes, it is asked whether it is there, which its agent answers at once, whatever its sound
and pictures do. Questions are counted, and not seconds, so that a program that itself stood still for a
while does not take others for gone. While there is no line, nobody is asked.
"""

from collections.abc import Iterable
from typing import Final

ASK_EVERY_S: Final = 3.0
ASKS: Final = 7
"""So many questions without an answer, and a moment for the last one; then it is gone. A machine may stand
still for 20 s."""


class Silence:
    """Attributes:
    line: whether there is one to the server. Set it by `line_up` and `line_lost`.
    """

    def __init__(self) -> None:
        self.line = True
        self._asked: dict[str, tuple[int, float]] = {}
        """By device: questions without an answer, and when the next one is due."""

    def heard(self, device_id: str, now: float) -> None:
        """It has said something."""
        self._asked[device_id] = 0, now + ASK_EVERY_S

    def forget(self, device_id: str) -> None:
        self._asked.pop(device_id, None)

    def line_up(self, now: float) -> None:
        """What was asked before may not have arrived."""
        self.line = True
        for device_id in self._asked:
            self.heard(device_id, now)

    def line_lost(self) -> None:
        self.line = False

    def is_gone(self, device_id: str, now: float) -> bool:
        asks, at = self._asked.get(device_id, (0, now))
        return self.line and asks >= ASKS and now >= at

    def due(self, device_id: str, now: float) -> bool:
        """Whether it is to be asked now; the next time is later, then."""
        asks, at = self._asked.get(device_id, (0, now))
        if not self.line or now < at:
            return False
        self._asked[device_id] = asks + 1, now + ASK_EVERY_S
        return True

    def times(self, device_ids: Iterable[str]) -> list[float]:
        """When something is due."""
        return [self._asked[each][1] for each in device_ids if each in self._asked] if self.line else []
