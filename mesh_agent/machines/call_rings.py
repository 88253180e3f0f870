"""Whom one rings, and for how long. No IO; clocks are given.

Strategy: that somebody is rung is said again and again, for devices that come meanwhile; who has not come by
the end is told that the call was missed.
"""

from collections.abc import Iterable
from typing import Final

from mesh_agent.machines.call_parts import Rung, Say
from protocol.calls import HangUp, Ring

RING_S: Final = 45.0
RING_EVERY_S: Final = 5.0
"""How long somebody is rung, and how often that is said."""


class Rings:
    """Attributes:
    rung: by user, all that there were.
    """

    def __init__(self) -> None:
        self.rung: dict[str, Rung] = {}
        self._ring = Ring()
        self._until = self._at = 0.0

    def begin(self, people: Iterable[tuple[str, str]], ring: Ring, now: float) -> list[Say]:
        """Rings these users (id, name)."""
        self.rung = {user_id: Rung(user_id, name) for user_id, name in people}
        self._ring, self._until, self._at = ring, now + RING_S, now + RING_EVERY_S
        return self.again()

    def ringing(self) -> list[Rung]:
        """Those of whom nothing has come yet."""
        return [each for each in self.rung.values() if not each.how]

    def again(self) -> list[Say]:
        return [Say("offer", each.user_id, self._ring) for each in self.ringing()]

    def taken_back(self, reason: HangUp) -> list[Say]:
        return [Say("hangup", each.user_id, reason=reason) for each in self.ringing()]

    def came(self, user_id: str) -> None:
        if user_id in self.rung:
            self.rung[user_id].how = "came"

    def went(self, user_id: str, how: HangUp) -> None:
        """Whoever came is out again, before anything was heard."""
        if user_id in self.rung:
            self.rung[user_id].how = how

    def ended(self, user_id: str, how: HangUp) -> Rung | None:
        """This user does not come; None where that is nothing new."""
        each = self.rung.get(user_id)
        if each is None or each.how:
            return None
        each.how = how
        return each

    def over(self) -> list[Rung]:
        """Those who were missed: nobody is rung any more."""
        missed = self.ringing()
        for each in missed:
            each.how = "missed"
        return missed

    def is_late(self, now: float) -> bool:
        return now >= self._until

    def due_again(self, now: float) -> bool:
        """Whether it is to be said now; the next time is later, then."""
        if now < self._at:
            return False
        self._at = now + RING_EVERY_S
        return True

    def times(self) -> tuple[float, ...]:
        """When something is due."""
        return (self._until, self._at) if self.ringing() else ()
