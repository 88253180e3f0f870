"""What is told of each leg once a second: losses, delays, and what goes through it."""

import time
from collections import deque
from typing import Final

from mesh_agent.media.hearing import Hearing
from mesh_agent.media.jitter import RATE, Counts
from mesh_agent.media.leg import Leg
from mesh_agent.media.orders import LegStatistics

LOOK_BACK: Final = 6
"""Losses and rates are those between now and so many looks before."""


class Counting:
    """Of one leg, looked at about once a second."""

    def __init__(self) -> None:
        self._before: deque[tuple[float, int, int, int, int]] = deque(maxlen=LOOK_BACK)

    def look(self, leg: Leg, hearing: Hearing | None, waiting_ms: float) -> LegStatistics:
        """`waiting_ms`: how long sound waits behind the hearing until it is heard."""
        sound_in, sound_out = leg.sound_in, leg.sound_out
        counts = Counts() if hearing is None else hearing.jitter.counts
        now = (
            time.monotonic(),
            counts.received,
            counts.lost,
            sound_in.bytes + leg.pictures_in.bytes,
            sound_out.bytes + leg.pictures_out.bytes,
        )
        self._before.append(now)
        at, received, lost, came, went = (new - old for new, old in zip(now, self._before[0], strict=True))
        pictures, missed = leg.pictures_seen
        kilobits = 8 / 1_000 / at if at else 0.0
        due = received + lost
        return LegStatistics(
            party=leg.party,
            loss=lost / due if due > 0 else 0.0,
            jitter_ms=1_000 * sound_in.jitter / RATE,
            delay_ms=0.0 if hearing is None else hearing.delay_ms + waiting_ms,
            round_trip_ms=None if leg.round_trip_s is None else 1_000 * leg.round_trip_s,
            received_kbps=kilobits * came,
            sent_kbps=kilobits * went,
            concealed_ms=1_000 * counts.concealed / RATE,
            recovered_ms=1_000 * counts.recovered / RATE,
            pictures=pictures,
            pictures_lost=missed,
        )
