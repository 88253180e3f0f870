"""Which way to the other device is taken: all are tried side by side, the best in time wins. No IO.

    trying ──a lane is there──> found        best of them, if nothing better may still come in time: taken
      └────── it failed ─────> failed        all of them: no way

Strategy: a better way gets a head start and no more. `direct` is taken as soon as it is there; a hole and the
relay are held back until what is better has failed or has had its time (`HEAD_START_S`, from when both
ends knew of each other). What comes later than the way that was taken, and is better, is `better`.
"""

from collections.abc import Iterable
from typing import Final

from mesh_agent.net.base import Way

ORDER: Final[tuple[Way, ...]] = ("direct", "punched", "relay")
"""The best first."""

HEAD_START_S: Final[dict[Way, float]] = {"direct": 0.0, "punched": 0.6, "relay": 2.0}
"""How long a way that is there waits for a better one."""

RELAY_AFTER_S: Final = 0.5
"""The relay is not even asked before this: most people on one network never need it."""

HOPED_S: Final = 6.0
"""The same for whatever is worse than a way that is known to come."""

MEET_S: Final = 30.0
"""After so long there is no way."""


class Race:
    """The ways of one attempt. Times are seconds of a clock that never runs back.

    Attributes:
        taken: the way that was chosen.
        failed: why each way failed that did, in a few words.
    """

    def __init__(self, ways: Iterable[Way], *, now: float, hoped: Way | None = None) -> None:
        self._trying = set(ways)
        self._began = now
        self._hoped = hoped
        self._found: set[Way] = set()
        self.taken: Way | None = None
        self.failed: dict[Way, str] = {}

    def found(self, way: Way) -> bool:
        """A lane is there. True: it is better than the one that was taken before it came."""
        self._trying.discard(way)
        self._found.add(way)
        return self.taken is not None and _better(way, self.taken)

    def lost(self, way: Way, why: str) -> None:
        """It cannot be had, or no longer."""
        self._trying.discard(way)
        self._found.discard(way)
        self.failed[way] = why

    def choose(self, now: float) -> Way | None:
        """The way to take now; None while it is too early, or there is none."""
        best = next((way for way in ORDER if way in self._found), None)
        if self.taken is None and best is not None and now >= self._ripe(best):
            self.taken = best
        return self.taken

    def due(self) -> float:
        """When to ask again though nothing happened."""
        end = self._began + MEET_S
        return min([end, *(self._ripe(way) for way in self._found)])

    def over(self, now: float) -> bool:
        """There is no way."""
        nothing = not self._trying and not self._found
        return self.taken is None and (nothing or (now >= self._began + MEET_S and not self._found))

    def still_better(self, way: Way) -> bool:
        """Whether trying that one goes on now that one is taken."""
        return self.taken is not None and _better(way, self.taken)

    def why_not(self) -> str:
        """A sentence of what was tried."""
        still = dict.fromkeys(self._trying, "nobody answered")
        return tried(self.failed | still)

    def _ripe(self, way: Way) -> float:
        """When a way that is there is taken."""
        if not any(_better(other, way) for other in self._trying):
            return self._began
        hoped = self._hoped is not None and self._hoped in self._trying and _better(self._hoped, way)
        return self._began + (HOPED_S if hoped else HEAD_START_S[way])


def _better(one: Way, other: Way) -> bool:
    return ORDER.index(one) < ORDER.index(other)


SAYS: Final[dict[Way, str]] = {
    "direct": "directly",
    "punched": "through the routers between (a punched hole)",
    "relay": "through the server",
}


def tried(failed: dict[Way, str]) -> str:
    """A sentence of what was tried, and why it did not work."""
    if not failed:
        return "No way to the other device may be tried."
    told = "; ".join(f"{SAYS[way]}: {_within(failed[way])}" for way in ORDER if way in failed)
    return f"No way to the other device was found. Tried {told}."


def _within(sentence: str) -> str:
    """As a part of another sentence."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")
