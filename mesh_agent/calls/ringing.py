"""Who calls us: bounded, and forgotten when it was answered, taken back, or went on for too long. No IO."""

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from mesh_agent.calls.state import Ringing
from mesh_agent.machines.call_rings import RING_S
from protocol.calls import Device

RINGING_MAX: Final = 8
"""Calls that ring at a time; further ones are not told of."""

PATIENCE_S: Final = 5.0
"""How much longer than its caller would it rings, where the end of it was lost."""

CALLS_MAX: Final = 6
CALLS_S: Final = 60.0
"""So many calls of one person in so many seconds are told of."""

SETTLED_MAX: Final = 64
"""Calls that were dealt with, and may be said to ring once more by a caller who has not heard of that yet."""

PEOPLE_MAX: Final = 64
"""People whose calls are counted; past it, those who called longest ago are not."""


@dataclass(frozen=True, slots=True)
class Ring:
    """`devices`: of those who are in the call, the caller's first."""

    shown: Ringing
    devices: tuple[Device, ...]
    until: float


class RingingCalls:
    """`now` is on the monotonic clock."""

    def __init__(self) -> None:
        self._rings: dict[str, Ring] = {}
        self._calls: dict[str, deque[float]] = {}
        self._settled: dict[str, float] = {}

    def all(self) -> list[Ring]:
        """In the order they began."""
        return list(self._rings.values())

    def get(self, call_id: str) -> Ring | None:
        return self._rings.get(call_id)

    def add(
        self, shown: Ringing, devices: tuple[Device, ...], now: float
    ) -> Literal["new", "known", "busy", "often"]:
        """`new`: it is to be told of. `busy`: so many ring already; `often`: so many of that person did.
        Those are refused once, and known from then on."""
        call_id = shown.call_id
        if now < self._settled.get(call_id, now):
            return "known"
        known = call_id in self._rings
        if not known:
            refused: Literal["busy", "often", ""] = (
                "busy"
                if len(self._rings) >= RINGING_MAX
                else ""
                if self._may(shown.user_id, now)
                else "often"
            )
            if refused:
                self.settle(call_id, now)
                return refused
        self._rings[call_id] = Ring(shown, devices, now + RING_S + PATIENCE_S)
        return "known" if known else "new"

    def settle(self, call_id: str, now: float) -> bool:
        """It was dealt with, and rings no more, however often that is said. Whether that is new."""
        new = now >= self._settled.pop(call_id, now)
        self._settled[call_id] = now + RING_S + PATIENCE_S
        while len(self._settled) > SETTLED_MAX:
            self._settled.pop(next(iter(self._settled)))
        return new

    def forget(self, call_id: str) -> None:
        """It may ring again."""
        self._settled.pop(call_id, None)

    def _may(self, user_id: str, now: float) -> bool:
        before = self._calls.pop(user_id, None) or deque(maxlen=CALLS_MAX)
        self._calls[user_id] = before
        while len(self._calls) > PEOPLE_MAX:
            self._calls.pop(next(iter(self._calls)))
        if len(before) == CALLS_MAX and now - before[0] < CALLS_S:
            return False
        before.append(now)
        return True

    def pop(self, call_id: str) -> Ring | None:
        return self._rings.pop(call_id, None)

    def expired(self, now: float) -> list[Ring]:
        """Those that have rung for too long, which are gone now."""
        late = [ring for ring in self._rings.values() if now >= ring.until]
        for ring in late:
            del self._rings[ring.shown.call_id]
        return late

    def next_due(self) -> float | None:
        return min((ring.until for ring in self._rings.values()), default=None)
