"""How quick a lane is, by what the receiver says it has written, so that a slow one holds up no quick ones.

Strategy: what a lane has carried, over the time in which it was busy. Each lane gets a few chunks, by which
it becomes known; one that is then many times slower than the best (QUIC beside TLS on one machine) would
add little, take the processor from the others, and keep the last chunk waiting. So it is left alone, but
for a few chunks now and then, to see whether that is still so. A lane that costs much of the processor is
held against one that costs little by the same measure, without that factor: what both share is the line,
which the cheap one fills as well, or the processor, of which it makes more; and on a line that loses packets
the costly one is the quicker, and is used.

A costly lane makes a cheap one beside it slow, by the processor that it takes: held against what that shows
then, it would be taken for the quicker one to the end. So it is held against what the cheap ones do by
themselves. They are looked at alone before it has its first chunk, and again when that was long ago.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
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

SHOW_S: Final = 0.5
"""Costly lanes rest so long at most, or `KNOWN` chunks, so that a cheap one shows what it does alone; ..."""

AGAIN_S: Final = 0.5
"""... and again after so long, twice that, and so on up to `TRY_S`, where it never was alone meanwhile."""


@dataclass(slots=True)
class _Measure:
    """What was carried lately, in so many seconds."""

    carried: int = 0
    busy_s: float = 0.0

    def add(self, size: int, seconds: float, most: int) -> None:
        self.carried += size
        self.busy_s += seconds
        if self.carried > most:
            self.carried //= 2
            self.busy_s /= 2

    @property
    def rate(self) -> float:
        """Bytes a second; 0 where nothing is known."""
        return self.carried / max(self.busy_s, 1e-6)


class Throughput:
    """Of one lane. All times are of the caller's clock.

    Attributes:
        costly: each byte takes several times as much of the processor as one of a lane that is not.
    """

    def __init__(self, now: float, *, costly: bool = False) -> None:
        self.costly = costly
        self._chunk = 0
        self._all = _Measure()
        self._alone = _Measure()
        """Of a cheap lane: while no costly one had anything on its way."""
        self._alone_at = now
        self._look_at = now
        self._look_again_s = AGAIN_S
        self._owed = 0
        self._rested_at = -math.inf
        self._since = now
        self._tried_at = now

    def busy_until(self, now: float) -> float:
        """When something was last on its way."""
        return now if self._owed else self._rested_at

    def sent(self, size: int, now: float) -> None:
        if not self._owed:
            self._since = now
        if not self._chunk:
            self._look_at = now
        self._chunk = max(self._chunk, size)
        self._owed += size
        self._tried_at = now

    def written(self, size: int, now: float, *, costly_until: float = -math.inf) -> None:
        """So many bytes that went over it are on the receiver's disk. `costly_until`: when a costly lane was
        last busy.
        """
        since, self._since = self._since, now
        seconds = now - since
        self._pay(size, now)
        self._all.add(size, seconds, REMEMBERED * self._chunk)
        if costly_until <= since and not self.costly:
            self._alone.add(size, seconds, REMEMBERED * self._chunk)
            self._alone_at = now

    def forgiven(self, size: int, now: float) -> None:
        """Of so many bytes nobody will tell any more: what they belonged to is over."""
        self._pay(size, now)

    def _pay(self, size: int, now: float) -> None:
        if self._owed:
            self._owed = max(0, self._owed - size)
            self._rested_at = now

    @property
    def known(self) -> bool:
        return self._all.carried >= self._trial > 0

    @property
    def may_show(self) -> bool:
        """It is not known, and may have another chunk to become so."""
        return not self.known and (self._all.carried + self._owed < self._trial or not self._chunk)

    @property
    def _trial(self) -> int:
        """Bytes by which it becomes known: whole chunks, and at least one."""
        return min(KNOWN * self._chunk, max(self._chunk, KNOWN_BYTES))

    def rate(self, now: float) -> float:
        """Bytes a second; 0 where nothing is known."""
        waiting = now - self._since
        rate = self._all.rate
        return min(rate, self._owed / waiting) if self._owed and waiting > DOUBT_S else rate

    def rate_alone(self, now: float) -> float:
        """What a cheap lane does, or did a while ago, with no costly one beside it."""
        silent = self._owed and now - self._since > DOUBT_S
        rate = self.rate(now)
        return rate if silent or now - self._alone_at > TRY_S else max(rate, self._alone.rate)

    def is_looked_at(self, now: float) -> bool:
        """Whether costly lanes rest now, as it shows what it does alone."""
        if not self._chunk:
            return True
        if now - max(self._alone_at, self._look_at + SHOW_S) > self._look_again_s:
            self._look_at, self._alone = now, _Measure()
            self._look_again_s = min(2 * self._look_again_s, TRY_S)
        return now - self._look_at < SHOW_S and self._alone.carried < KNOWN * self._chunk

    def is_worth_it(self, lanes: Sequence["Throughput"], now: float) -> bool:
        """Whether it should have the next chunk, beside all that live (itself among them). There is always
        one that should.
        """
        if self.known and now - self._tried_at > TRY_S:
            self._all = _Measure()
        if self.costly:
            if any(self.gives_way_to(lane, now) for lane in lanes):
                return False
        elif any(lane.gives_way_to(self, now) for lane in lanes):
            return True
        known = [lane for lane in lanes if lane.known]
        if not known:
            return True
        if not self.known:
            return self.may_show
        return all(self._keeps_up_with(lane, now) for lane in known)

    def gives_way_to(self, other: "Throughput", now: float) -> bool:
        """A costly lane to a cheap one that is looked at; not where that is known to be far slower."""
        if not self.costly or other.costly:
            return False
        slower = self.known and other.known and SLOWER * other.rate(now) < self.rate(now)
        return not slower and other.is_looked_at(now)

    def _keeps_up_with(self, other: "Throughput", now: float) -> bool:
        if self.costly == other.costly:
            return SLOWER * self.rate(now) >= other.rate(now)
        if self.costly:
            return self.rate(now) >= other.rate_alone(now)
        return SLOWER * self.rate_alone(now) >= other.rate(now)
