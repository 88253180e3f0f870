"""The connections of a call, one for each pair of devices: begun, tried again, given up. No IO.

Strategy: the device with the lower id makes the offers. A leg has a number that only grows; what does not
come to stand in time is made anew after a pause, a few times. When that is, the one who offers decides: who
has taken an offer waits for it as long as it may take at most. Clocks are given.
"""

from collections.abc import Callable
from typing import Final

from mesh_agent.machines.call_parts import OFFERS_BURST, OFFERS_S, Effect, MakeOffer, Peer, Say
from protocol.calls import Again

LEGS_S: Final = (20.0, 25.0, 35.0, 45.0)
"""How long a leg may take to stand: longer at each try, since a machine that is too busy for the first would
else begin anew for ever what is nearly done."""

LOST_S: Final = 12.0
"""How long one that has fallen silent may come back by itself."""

PAUSES_S: Final = (0.5, 2.0, 5.0)
"""Before each further try; then the device is out."""
assert len(LEGS_S) == len(PAUSES_S) + 1


class Legs:
    """Of one device."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        """`wall_ms`: milliseconds since 1970, of which the first number of a leg is made."""
        self._wall_ms = wall_ms
        self._number = 0

    def begin(self, peer: Peer, now: float) -> list[Effect]:
        """Makes the leg, or waits until the other end does."""
        peer.due, peer.retry_at = now + LEGS_S[peer.tries], None
        if peer.offers:
            self._number = max(self._number + 1, self._wall_ms())
            peer.number = self._number
            return [MakeOffer(peer.device.device_id, peer.number)]
        return [Say("ice", peer.device.device_id, Again(number=peer.number))] if peer.tries else []

    def fell(self, peer: Peer, now: float) -> bool:
        """It is no good. Returns whether there is another try, later."""
        if peer.retry_at is not None:
            return True
        if peer.tries >= len(PAUSES_S):
            return False
        peer.retry_at = now + PAUSES_S[peer.tries]
        peer.tries += 1
        return True

    def takes(self, peer: Peer, number: int, now: float) -> bool:
        """Whether an offer with this number is taken: a later one, and no flood of them."""
        if peer.offers or number <= peer.number:
            return False
        peer.offers_left = min(OFFERS_BURST, peer.offers_left + (now - peer.offered_at) / OFFERS_S)
        peer.offered_at = now
        if peer.offers_left < 1:
            return False
        peer.offers_left -= 1
        peer.number, peer.due, peer.retry_at = number, now + LEGS_S[-1], None
        return True
