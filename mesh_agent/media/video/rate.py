"""How large, how often and with how many bits pictures are sent: what the worst line takes.

Strategy: pure; the clock is an argument. Each leg has a guess, which falls where packets are lost or the
other end sees them come later and later (REMB), and grows slowly where neither is so. A busy computer sees
them late, too, so that counts only where the way itself has become longer. All legs get the same pictures,
since they are encoded once, so the lowest guess counts. The encoder begins anew, with a keyframe, when it is
to spend otherwise, so there are few steps, and going up waits longer than going down.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Step:
    """`size`: of the shorter side, in pixels, of a camera's picture. `rate`: pictures a second."""

    kbps: int
    size: int
    rate: float


STEPS: Final = (
    Step(40, 90, 6),
    Step(70, 90, 10),
    Step(120, 120, 15),
    Step(200, 180, 15),
    Step(350, 180, 15),
    Step(600, 180, 15),
    Step(1_000, 270, 15),
    Step(1_600, 360, 15),
)
"""From a line that takes next to nothing to one of a house; terminals show no more than 180 well."""

BEGIN_KBPS: Final = 250.0
"""What a leg is taken to be good for before anything is known of it."""

LOSS_BAD: Final = 0.1
LOSS_GOOD: Final = 0.03
"""Above the one, the line is overfilled; below the other it is not (wireless ones lose a little always)."""

GROWTH: Final = 1.08
"""A second, where nothing is lost."""

USED: Final = 0.7
"""What the other end says of the line (REMB) means something where at least this part of it is used: it never
says much more than what came."""

QUEUE_S: Final = 0.06
"""So much longer than at its best, and there is a queue somewhere on the way."""

FORGETS: Final = 0.005
"""What is forgotten a second of how short the way once was."""

DOWN_S: Final = 1.0
UP_S: Final = 5.0
"""At least so long from one step to another."""

FAILED_S: Final = 15.0
UP_MOST_S: Final = 60.0
"""Where a step up is taken back so soon, the next one waits twice as long, up to a minute."""

LEGS_MAX: Final = 64


@dataclass(slots=True)
class _Line:
    kbps: float = BEGIN_KBPS
    loss: float = 0.0
    told_at: float = 0.0
    shortest_s: float | None = None
    longer_s: float | None = None

    def measure(self, round_trip_s: float | None) -> None:
        if round_trip_s is None:
            return
        before = round_trip_s if self.shortest_s is None else self.shortest_s
        self.shortest_s = min(round_trip_s, before + FORGETS * (round_trip_s - before))
        self.longer_s = round_trip_s - self.shortest_s


class Rate:
    """`kbps`: at most so much for each leg, with pictures alone."""

    def __init__(self, kbps: int) -> None:
        self._most = max(float(kbps), STEPS[0].kbps)
        self._lines: dict[str, _Line] = {}
        self._changed_at = float("-inf")
        self._up_s = UP_S
        self._up_at = float("-inf")
        self._at = self._fitting()

    def heard(self, party: str, loss: float, round_trip_s: float | None, now: float) -> None:
        """About once a second: the part of the last packets that is missing there, how long the way is."""
        line = self._line(party)
        line.measure(round_trip_s)
        since, line.told_at, line.loss = min(now - line.told_at, 2.0), now, loss
        if loss > LOSS_BAD:
            line.kbps *= 1 - loss / 2
        elif loss < LOSS_GOOD and since > 0:
            line.kbps *= GROWTH**since
        self._bound(line)

    def estimated(self, party: str, kbps: float, sent_kbps: float) -> None:
        """What the party thinks the line takes (REMB), and what is sent to it now."""
        line = self._line(party)
        queues = line.longer_s is None or line.longer_s > QUEUE_S or line.loss >= LOSS_GOOD
        if queues and sent_kbps >= USED * kbps and kbps < line.kbps:
            line.kbps = kbps
            self._bound(line)

    def stuck(self, party: str) -> None:
        """Pictures were left out, because those before them have not gone yet."""
        line = self._line(party)
        line.kbps *= 0.7
        self._bound(line)

    def gone(self, party: str) -> None:
        self._lines.pop(party, None)

    def step(self, now: float) -> Step:
        """How to encode now."""
        fitting = self._fitting()
        waited = now - self._changed_at
        if fitting < self._at and waited >= DOWN_S:
            failed = now - self._up_at < FAILED_S
            self._up_s = min(2 * self._up_s, UP_MOST_S) if failed else UP_S
            self._at, self._changed_at = fitting, now
        elif fitting > self._at and waited >= self._up_s:
            self._at, self._changed_at, self._up_at = self._at + 1, now, now
        return STEPS[self._at]

    def _line(self, party: str) -> _Line:
        if party not in self._lines and len(self._lines) >= LEGS_MAX:
            self._lines.pop(next(iter(self._lines)))
        return self._lines.setdefault(party, _Line())

    def _bound(self, line: _Line) -> None:
        line.kbps = min(max(line.kbps, STEPS[0].kbps), self._most)

    def _fitting(self) -> int:
        worst = min([BEGIN_KBPS, self._most] if not self._lines else self._kbps())
        return max((at for at, step in enumerate(STEPS) if step.kbps <= worst), default=0)

    def _kbps(self) -> list[float]:
        return [self._most, *(line.kbps for line in self._lines.values())]
