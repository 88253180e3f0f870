"""What rings here, as it is told: the one place that says that a call began to ring, or rings no more.

Strategy: `ringing.RingingCalls` knows what rings and until when; here are the clock, the timer that ends what
rang for too long, and the events.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from mesh_agent.calls.ringing import Ring, RingingCalls
from mesh_agent.calls.state import CallRinging, RingEnd, Ringing
from protocol.calls import Device

_OWN_ENDS: Final[dict[str, RingEnd]] = {"declined": "refused", "busy": "busy", "often": "missed"}
"""What it means here that another connection of this person says of a call."""


class Bell:
    """In the loop."""

    def __init__(self, publish: Callable[[CallRinging], None], clock: Callable[[], float]) -> None:
        self._publish, self._clock = publish, clock
        self._rings = RingingCalls()
        self._timer: asyncio.TimerHandle | None = None

    def all(self) -> list[Ring]:
        """In the order they began."""
        return self._rings.all()

    def get(self, call_id: str) -> Ring | None:
        return self._rings.get(call_id)

    def of_room(self, room_id: str) -> Ring | None:
        """The first that rings for this room."""
        return next((ring for ring in self._rings.all() if ring.shown.room_id == room_id), None)

    def ring(self, shown: Ringing, devices: tuple[Device, ...]) -> Literal["known", "new", "busy", "often"]:
        """`busy`, `often`: it does not ring, and the caller is to be told so."""
        added = self._rings.add(shown, devices, self._clock())
        if added == "new":
            self._publish(CallRinging(shown.call_id, shown))
            self._arm()
        return added

    def no_longer(self, call_id: str, how: RingEnd, *, beside: bool = False) -> Ring | None:
        """`beside`: another program of this device has dealt with it. None: it did not ring."""
        ring = self._rings.pop(call_id)
        if ring is not None:
            self._rings.settle(call_id, self._clock())
            self._publish(CallRinging(call_id, None, how, ring.shown.name, beside))
            self._arm()
        return ring

    def settled_by_own(self, call_id: str, reason: str, *, beside: bool) -> None:
        """Another connection of this person, of this device (`beside`) or another one, has dealt with it."""
        if self.no_longer(call_id, _OWN_ENDS.get(reason, "elsewhere"), beside=beside) is None:
            self.settle(call_id)

    def offline(self, user_id: str) -> None:
        """No device of theirs has a line: what they alone are in rings no more, unless they come back."""
        for ring in self.all():
            if {device.user_id for device in ring.devices} == {user_id}:
                self.no_longer(ring.shown.call_id, "missed")
                self.forget(ring.shown.call_id)

    def settle(self, call_id: str) -> bool:
        """It is not to ring, however often that is said. Whether that is new."""
        return self._rings.settle(call_id, self._clock())

    def forget(self, call_id: str) -> None:
        """It may ring again."""
        self._rings.forget(call_id)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.close()
        due = self._rings.next_due()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(due - self._clock(), 0), self._expire)

    def _expire(self) -> None:
        self._timer = None
        for ring in self._rings.expired(self._clock()):
            self._publish(CallRinging(ring.shown.call_id, None, "missed", ring.shown.name))
        self._arm()
