"""When what waits for the sockets is written: in paced rounds, or in the next turn of the loop.

Strategy: a round of writes is followed by a pause that is longer than it took, so that under load a round
carries many messages to each socket, and at rest none waits. A round is written a slice a turn of the loop.
Answers are not paced at all: a sender who waits for an acknowledgement is written to in the next turn. A
socket that takes nothing is left to itself and looked at now and then; nobody is awaited.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from mesh_server.ws.outbound import Outbound

PACE: Final = 3.0
"""How many times as long as a round of writes took the pause after it is."""

PACE_MAX_S: Final = 0.1
"""The longest pause between two rounds."""

SLICE: Final = 100
"""Sockets written to in one turn of the loop: about a millisecond's work."""

STALLED_POLL_S: Final = 0.1
"""How often sockets that do not drain are looked at."""


class Rounds:
    """Which connections have something to be written, and the timers that see to it."""

    def __init__(self) -> None:
        self._dirty: set[Outbound] = set()
        self._stalled: set[Outbound] = set()
        self._urgent: set[Outbound] = set()
        self._urgent_timer: asyncio.Handle | None = None
        self._timer: asyncio.Handle | None = None
        self._stalled_timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self._round: list[Outbound] = []
        self._round_s = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits but for sockets that take nothing now."""
        return self._timer is None and self._urgent_timer is None and not self._dirty

    def add(self, outbounds: Iterable[Outbound]) -> None:
        """Something waits for each of them, and goes with the next round."""
        self._dirty.update(outbounds)
        self._schedule()

    def at_once(self, outbound: Outbound) -> None:
        """Something waits for it that goes in the next turn of the loop, with all that waited before it."""
        self._urgent.add(outbound)
        if self._urgent_timer is None:
            self._urgent_timer = asyncio.get_running_loop().call_soon(self._write_urgent)

    def forget(self, outbound: Outbound) -> None:
        """It is over; safe to call twice."""
        self._dirty.discard(outbound)
        self._urgent.discard(outbound)
        self._stalled.discard(outbound)

    def _write_urgent(self) -> None:
        self._urgent_timer = None
        urgent, self._urgent = self._urgent, set()
        self._dirty -= urgent
        self._write(urgent)

    def _schedule(self) -> None:
        if self._timer is None and self._dirty:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._not_before, loop.time()), self._begin)

    def _begin(self) -> None:
        self._round, self._dirty = list(self._dirty), set()
        self._round_s = 0.0
        self._write_slice()

    def _write_slice(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        rest = len(self._round) - SLICE
        self._write(self._round[max(rest, 0) :])
        del self._round[max(rest, 0) :]
        now = loop.time()
        self._round_s += now - began
        if self._round:
            self._timer = loop.call_soon(self._write_slice)
        else:
            self._timer = None
            self._not_before = now + min(PACE * self._round_s, PACE_MAX_S)
            self._schedule()

    def _write(self, outbounds: Iterable[Outbound]) -> None:
        for outbound in outbounds:
            if not outbound.flush():
                self._stalled.add(outbound)
        if self._stalled and self._stalled_timer is None:
            loop = asyncio.get_running_loop()
            self._stalled_timer = loop.call_later(STALLED_POLL_S, self._retry_stalled)

    def _retry_stalled(self) -> None:
        self._stalled_timer = None
        self._dirty |= self._stalled
        self._stalled.clear()
        self._schedule()
