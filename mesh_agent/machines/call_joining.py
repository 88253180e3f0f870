"""Whom one asks to be let in, and for how long. No IO; clocks are given.

Strategy: all who may be in the call are asked again and again until the first of them says that it is; that
one tells of the others, and these are asked once. As many are let in as a call has room for.
"""

from collections.abc import Collection, Iterable, Sequence
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
        self._told: list[str] = []  # devices of which others have said that they are there

    def begin(self, targets: Sequence[str], now: float) -> None:
        self.on, self.targets = True, list(targets)
        self._until, self._at = now + JOIN_S, now + JOIN_EVERY_S

    def end(self) -> None:
        self.on = False

    def asks(self, device: Device) -> bool:
        """Whether we wait for that one to let us in."""
        return self.on and bool({device.device_id, device.user_id} & set(self.targets))

    def waits_for(self, device_id: str) -> bool:
        """Whether it means something that this one says to be there."""
        return self.on or device_id in self._told

    def ask_told(self, devices: Iterable[Device], known: Collection[str], sends: Sends) -> list[Say]:
        """Somebody in the call says that these are, too. `known`: devices, this one among them."""
        asked = []
        for device_id in (device.device_id for device in devices):
            if device_id not in known and len(known) < CALL_PARTIES and device_id not in self._told:
                self._told = [*self._told, device_id][-ASKED_MAX:]
                asked.append(Say("answer", device_id, Join(fresh=True, sends=sends)))
        return asked

    def forget_told(self) -> None:
        """They may be told of, and are asked, once more."""
        self._told = []

    @property
    def asked(self) -> list[str]:
        """Devices or users who may have heard us, and not we them."""
        return [*(self.targets if self.on else ()), *self._told]

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
