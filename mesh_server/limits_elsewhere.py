"""Rates over nodes: who asks several of them is held to what one of them would give.

Strategy: a node counts what it has granted, and tells the others of a bucket once that is less than half
full, a second later at most; they take as much from theirs. So ordinary use is never told, whoever spreads
over N nodes gets half a burst of each at first, and then all nodes together give what one would. What the
bus loses is granted; rates guard against too much, and are no account.
No IO; the bus is an argument.
"""

import asyncio
from collections import Counter
from typing import Final, NoReturn

from mesh_server.bus.base import Bus, BusMessage, Spent, SpentOf
from mesh_server.limits import SCOPES, Caller, Kind, Limiter

TICK_S: Final = 1.0
"""How often it is told."""

TOLD_FROM: Final = 0.5
"""How much of a bucket has to be missing for it to be told."""

STEP: Final = 500
"""Buckets in one message."""

UNTOLD_MAX: Final = 50_000
"""Buckets that are counted; past it all are forgotten, and granted."""


class LimitsElsewhere:
    def __init__(self, limiter: Limiter, bus: Bus, *, node_id: str) -> None:
        self._limiter, self._bus, self._node_id = limiter, bus, node_id
        self._untold: Counter[tuple[Kind, int, str]] = Counter()
        limiter.on_spent = self._spent

    def _spent(self, kind: Kind, caller: Caller) -> None:
        if len(self._untold) > UNTOLD_MAX:
            self._untold.clear()
        for scope, key in enumerate(caller):
            if key is not None:
                self._untold[kind, scope, key] += 1

    async def keep(self) -> NoReturn:
        """For ever."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tell()

    def tell(self) -> None:
        """Of buckets that run low, what was taken here; what has filled up again counts no more."""
        low: list[SpentOf] = []
        kept: Counter[tuple[Kind, int, str]] = Counter()
        for place, times in self._untold.items():
            missing, share = self._limiter.missing(*place)
            if share >= TOLD_FROM:
                low.append(SpentOf(place[0], SCOPES[place[1]], place[2], min(times, missing)))
            elif missing:
                kept[place] = min(times, missing)
        self._untold = kept
        for start in range(0, len(low), STEP):
            self._bus.publish(Spent(self._node_id, low[start : start + STEP]))

    def on_bus(self, message: BusMessage) -> None:
        if isinstance(message, Spent) and message.node_id != self._node_id:
            for spent in message.spent:
                self._limiter.spent_elsewhere(spent.kind, spent.scope, spent.key, spent.times)
