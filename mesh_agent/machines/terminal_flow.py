"""How much of a screen one viewer is told, and when: the latest, and never more than it has read. No IO.

Strategy: a viewer that has not acknowledged enough is told nothing, and then the latest state at once,
whatever came between. So what it costs is bounded by its own speed, and nobody waits for it. Those who only
look on share a budget of states, so that a host with many guests pays little more than with a few; what
changes after a pause is told at once, however many they are.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

UNREAD_STATES: Final = 16
UNREAD_BYTES: Final = 64 * 1024
"""What a viewer is told before it has acknowledged any of it; one state may be longer than that."""

RATE: Final = 60
"""States a second, at most; no eye sees more."""

FEW: Final = 4
"""So many who only look on are told as often as if each were alone."""

RATE_OF_ALL: Final = 100
"""States a second for all together, where more than `FEW` look on: each state costs the host a packet."""

RATE_LEAST: Final = 5
"""States a second that each of them may always be told."""

ECHO_S: Final = 0.01
"""For so long after it has input a program's answer to that is waited for, to be told in the same state. Else
the news that it has it would go first, and the answer would have to wait for the next state."""

EARLY: Final = 0.01
"""Of a period: a clock that is so little before a moment that all share is at that moment."""


def rate_of(viewers: int) -> float:
    """States a second for one of so many who only look on."""
    return RATE if viewers <= FEW else max(RATE_LEAST, RATE_OF_ALL / viewers)


class Flow:
    """One viewer. Times are seconds of a clock that never runs back.

    Attributes:
        base: the state that was told last; 0 before.
    """

    def __init__(self) -> None:
        self.base = 0
        self._echo = 0
        self._echo_since: float | None = None
        self._unread: deque[tuple[int, int]] = deque()
        self._unread_bytes = 0
        self._next = 0.0

    def due(self, number: int, echo: int, now: float) -> float | None:
        """In how many seconds state `number` may be told; None: not before something is acknowledged, or
        there is nothing to tell. A new `echo` is told even where nothing else changes within `ECHO_S`."""
        waits = 0.0
        if number <= self.base:
            if echo <= self._echo:
                return None
            if self._echo_since is None:
                self._echo_since = now
            waits = max(0.0, self._echo_since + ECHO_S - now)
        if self._unread and (len(self._unread) >= UNREAD_STATES or self._unread_bytes >= UNREAD_BYTES):
            return None
        return max(waits, self.rests(now))

    def rests(self, now: float) -> float:
        """For how many seconds it is told nothing, whatever changes."""
        return max(0.0, self._next - now)

    def told(self, number: int, echo: int, frames: Sequence[bytes], now: float, rate: float = RATE) -> None:
        """It was told state `number` with these frames. `rate`: states a second.

        Those who share the budget are due at the same moments, so that one waking and one encoding of the
        screen serve them all: at the next of these moments, so within one of their periods.
        """
        self.base, self._echo, self._echo_since = number, echo, None
        size = sum(map(len, frames))
        self._unread.append((number, size))
        self._unread_bytes += size
        self._next = now + 1 / rate if rate >= RATE else (math.floor(now * rate + EARLY) + 1) / rate

    def acknowledged(self, number: int) -> None:
        """It has read all up to state `number`. What it cannot have read says nothing."""
        while self._unread and self._unread[0][0] <= number <= self.base:
            self._unread_bytes -= self._unread.popleft()[1]
