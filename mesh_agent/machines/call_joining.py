"""Whom one asks to be let in, and for how long. No IO; clocks are given.

Strategy: all who may be in the call are asked again and again until the first of them says that it is; that
one tells of the others.
"""

from collections.abc import Collection, Sequence
from typing import Final

from mesh_agent.machines.call_parts import Say
from protocol.calls import CALL_PARTIES, Device, Join, Sends

JOIN_EVERY_S: Final = 2.0
JOIN_S: Final = 6.0
"""How often, and for how long, who joins asks whether anybody is there."""

ASKED_MAX: Final = 2 * CALL_PARTIES
"""Devices of which others have said that they are there, and that were asked."""


class Joining:
    """Attributes:
    on: somebody is waited for to let us in.
    targets: devices or users who may be in it.
    """

    def __init__(self) -> None:
        self.on = False
        self.targets: Sequence[str] = ()
        self._until = self._at = 0.0

    def begin(self, targets: Sequence[str], now: float) -> None:
        self.on, self.targets = True, list(targets)
        self._until, self._at = now + JOIN_S, now + JOIN_EVERY_S

    def end(self) -> None:
        self.on = False

    def asks(self, device: Device) -> bool:
        """Whether we wait for that one to let us in."""
        return self.on and bool({device.device_id, device.user_id} & set(self.targets))

    def say(self, known: Collection[str], sends: Sends) -> list[Say]:
        """To all but those that are `known`."""
        if not self.on:
            return []
        join = Join(fresh=True, sends=sends)
        return [Say("answer", target, join) for target in self.targets if target not in known]

    def is_late(self, now: float) -> bool:
        return self.on and now >= self._until

    def due_again(self, now: float) -> bool:
        """Whether they are to be asked now; the next time is later, then."""
        if not self.on or now < self._at:
            return False
        self._at = now + JOIN_EVERY_S
        return True

    def times(self) -> tuple[float, ...]:
        """When something is due."""
        return (self._until, self._at) if self.on else ()
