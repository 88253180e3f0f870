"""Who calls us: bounded, and forgotten when it was answered, taken back, or went on for too long. No IO."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from mesh_agent.calls.state import Ringing
from mesh_agent.machines.call import RING_S
from protocol.calls import Device

RINGING_MAX: Final = 8
"""Calls that ring at a time; further ones are not told of."""

PATIENCE_S: Final = 5.0
"""How much longer than its caller would it rings, where the end of it was lost."""

CALLS_MAX: Final = 6
CALLS_S: Final = 60.0
"""So many calls of one person in so many seconds are told of."""

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

    def all(self) -> list[Ring]:
        """In the order they began."""
        return list(self._rings.values())

    def get(self, call_id: str) -> Ring | None:
        return self._rings.get(call_id)

    def add(self, shown: Ringing, devices: tuple[Device, ...], now: float) -> bool:
        """Whether it is new, and is to be told of."""
        known = shown.call_id in self._rings
        if not known and (len(self._rings) >= RINGING_MAX or not self._may(shown.user_id, now)):
            return False
        self._rings[shown.call_id] = Ring(shown, devices, now + RING_S + PATIENCE_S)
        return not known

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
