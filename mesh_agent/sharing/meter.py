"""How quick each transfer is, and who is told: bounded in rate, whatever goes on.

Strategy: bytes done are looked at a few times a second, and the rate is their growth over the last seconds. A
change of state is told at once, mere progress only with the tick, and nothing where nothing has moved.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from mesh_agent.sharing.transferring import Progress

OVER_S: Final = 3.0
"""The rate is that of so many seconds."""

SAMPLES: Final = 64


class Measured(Protocol):
    """An `Outgoing` or `Incoming`."""

    def progress(self, rate: float, lanes: int) -> Progress: ...


class Meters:
    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._samples: WeakKeyDictionary[Measured, deque[tuple[float, int]]] = WeakKeyDictionary()
        self._told: WeakKeyDictionary[Measured, Progress] = WeakKeyDictionary()

    def tell(self, now: float, all_of_them: Iterable[Measured], lanes: int) -> None:
        """What has moved since the last time."""
        for one in all_of_them:
            samples = self._samples.setdefault(one, deque(maxlen=SAMPLES))
            done = one.progress(0.0, lanes).done
            samples.append((now, done))
            while now - samples[0][0] > OVER_S:
                samples.popleft()
            self._say(one, one.progress(self._rate(one), lanes))

    def changed(self, one: Measured, lanes: int) -> None:
        """Its state is another: now."""
        self._say(one, one.progress(self._rate(one), lanes))

    def last(self, one: Measured, lanes: int) -> None:
        """It is over."""
        self._say(one, one.progress(0.0, lanes))

    def _rate(self, one: Measured) -> float:
        samples = self._samples.get(one)
        if not samples or len(samples) < 2:
            return 0.0
        (first, before), (last, done) = samples[0], samples[-1]
        return max(0.0, (done - before) / (last - first)) if last > first else 0.0

    def _say(self, one: Measured, progress: Progress) -> None:
        if self._told.get(one) != progress:
            self._told[one] = progress
            self._tell(progress)
