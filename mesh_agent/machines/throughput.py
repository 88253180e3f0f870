"""How quick a lane is, by what the receiver says it has written, so that a slow one holds up no quick ones.

Strategy: what a lane has carried, over the time in which it was busy. Each lane gets a few chunks, by which
it becomes known; one that is then many times slower than the best (QUIC beside TLS on one machine) would
add little, take the processor from the others, and keep the last chunk waiting. So it is left alone, but
for a few chunks now and then, to see whether that is still so. A lane that costs much of the processor is
held against one that costs little by the same measure, without that factor: what both share is the line,
which the cheap one fills as well, or the processor, of which it makes more; and on a line that loses packets
the costly one is the quicker, and is used. It shows what it can after the cheap ones have had their turn.
"""

from collections.abc import Sequence
from typing import Final

KNOWN: Final = 4
"""Chunks after which a lane is known; until then it has no more than these, beside one that is; ..."""

KNOWN_BYTES: Final = 4 * 1024 * 1024
"""... or these bytes, where that is less."""

REMEMBERED: Final = 32
"""Chunks after which what was long ago counts half."""

SLOWER: Final = 8
"""A lane that is so many times slower than the best is left alone, ..."""

TRY_S: Final = 10.0
"""... for so many seconds."""

DOUBT_S: Final = 1.0
"""A lane that owes an answer for longer is taken for no quicker than that shows."""


class Throughput:
    """Of one lane. All times are of the caller's clock.

    Attributes:
        costly: each byte takes several times as much of the processor as one of a lane that is not.
    """

    def __init__(self, now: float, *, costly: bool = False) -> None:
        self.costly = costly
        self._chunk = 0
        self._carried = 0
        self._busy_s = 0.0
        self._owed = 0
        self._since = now
        self._tried_at = now

    def sent(self, size: int, now: float) -> None:
        if not self._owed:
            self._since = now
        self._chunk = max(self._chunk, size)
        self._owed += size
        self._tried_at = now

    def written(self, size: int, now: float) -> None:
        """So many bytes that went over it are on the receiver's disk."""
        self._busy_s += now - self._since
        self._since = now
        self._carried += size
        self._owed = max(0, self._owed - size)
        if self._carried > REMEMBERED * self._chunk:
            self._carried //= 2
            self._busy_s /= 2

    def forgiven(self, size: int) -> None:
        """Of so many bytes nobody will tell any more: what they belonged to is over."""
        self._owed = max(0, self._owed - size)

    @property
    def known(self) -> bool:
        return self._carried >= self._trial > 0

    @property
    def may_show(self) -> bool:
        """It is not known, and may have another chunk to become so."""
        return not self.known and (self._carried + self._owed < self._trial or not self._chunk)

    @property
    def _trial(self) -> int:
        """Bytes by which it becomes known: whole chunks, and at least one."""
        return min(KNOWN * self._chunk, max(self._chunk, KNOWN_BYTES))

    def rate(self, now: float) -> float:
        """Bytes a second; 0 where nothing is known."""
        waiting = now - self._since
        rate = self._carried / max(self._busy_s, 1e-6)
        return min(rate, self._owed / waiting) if self._owed and waiting > DOUBT_S else rate

    def is_worth_it(self, lanes: Sequence["Throughput"], now: float) -> bool:
        """Whether it should have the next chunk, beside all that live (itself among them). There is always
        one that should.
        """
        if self.known and now - self._tried_at > TRY_S:
            self._carried, self._busy_s = 0, 0.0
        if self.costly and not self.known and any(lane.may_show and not lane.costly for lane in lanes):
            return False
        rates = [(lane.rate(now), lane) for lane in lanes if lane.known]
        if not rates:
            return True
        if not self.known:
            return self.may_show
        rate = self.rate(now)
        return all(
            rate * (1 if self.costly and not lane.costly else SLOWER) >= other for other, lane in rates
        )
