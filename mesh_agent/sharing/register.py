"""The transfers of one courier: those that are open, by name, and those that are over, of which something may
still come."""

from collections import OrderedDict, deque
from typing import Any, Final

from mesh_agent.machines.sending import Sending
from mesh_agent.sharing.incoming import Incoming
from mesh_agent.sharing.outgoing import Outgoing
from protocol.errors import PeerOutOfOrder

OPEN_MAX: Final = 256
"""Transfers that are open at a time, of each direction."""

CLOSED_MAX: Final = 1_024
"""Transfers that are over and still known."""


class Register:
    """
    Attributes:
        outgoing, incoming: open, by the sender's name for them; no name is in both.
    """

    def __init__(self) -> None:
        self.outgoing: dict[str, Outgoing] = {}
        self.incoming: dict[str, Incoming] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()
        self._last_sent: deque[Sending] = deque(maxlen=CLOSED_MAX)

    def one(self, transfer: str) -> Outgoing | Incoming | None:
        return self.outgoing.get(transfer) or self.incoming.get(transfer)

    def all(self) -> list[Outgoing | Incoming]:
        return [*self.outgoing.values(), *self.incoming.values()]

    def was(self, transfer: str) -> bool:
        """It was open before, so that something of it may be on its way."""
        return transfer in self._closed

    def add(self, one: Outgoing | Incoming) -> None:
        table: dict[str, Any] = self.outgoing if isinstance(one, Outgoing) else self.incoming
        table[one.machine.transfer] = one
        self._closed.pop(one.machine.transfer, None)

    def close(self, one: Outgoing | Incoming) -> None:
        """It is over."""
        transfer = one.machine.transfer
        if isinstance(one, Outgoing):
            self._last_sent.append(one.machine)
            self.outgoing.pop(transfer, None)
        elif self.incoming.get(transfer) is one:
            del self.incoming[transfer]
        self.forget(transfer)

    def forget(self, transfer: str) -> None:
        """What comes of it from now on is late, and no fault."""
        self._closed[transfer] = None
        while len(self._closed) > CLOSED_MAX:
            self._closed.popitem(last=False)

    def lane_lost(self, number: int) -> None:
        """What it had has to go another way, or is not owed any more."""
        for machine in (*(out.machine for out in self.outgoing.values()), *self._last_sent):
            machine.lane_lost(number)

    # ── by what comes: None where it is over; PeerOutOfOrder where there never was one ───────────

    def received(self, transfer: str) -> Incoming | None:
        incoming = self.incoming.get(transfer)
        if incoming is None:
            self._expect_closed(transfer)
        return None if incoming is None or incoming.machine.over else incoming

    def sent(self, transfer: str) -> Outgoing | None:
        out = self.outgoing.get(transfer)
        if out is None:
            self._expect_closed(transfer)
        return None if out is None or out.machine.over else out

    def either(self, transfer: str) -> Outgoing | Incoming | None:
        return self.received(transfer) if transfer in self.incoming else self.sent(transfer)

    def _expect_closed(self, transfer: str) -> None:
        if transfer not in self._closed:
            raise PeerOutOfOrder
