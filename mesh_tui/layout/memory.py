"""What was worked out before, kept for when it is asked for again, as far as it fits.

Strategy: what was asked for longest ago goes first. What a value weighs is said by who keeps it, so that a
few large ones count as much as many small ones, and the memory has a limit whatever people write.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """At most `limit` of weight together; what alone weighs more is not kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """The value, which counts as asked for; None where there is none any more."""
        if (found := self._kept.get(key)) is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Key, value: Value, weight: int) -> None:
        """`weight`: at least 1."""
        if weight > self._limit:
            return
        if (old := self._kept.pop(key, None)) is not None:
            self._weight -= old[1]
        self._kept[key] = value, weight
        self._weight += weight
        while self._weight > self._limit:
            self._weight -= self._kept.popitem(last=False)[1][1]
