"""How many connections may be open: in all, of one address, of one person.

Strategy: a cap counts places that are taken and left again, by who has them; no clock, no IO. What anyone may
ask for over a connection is in `limits`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Self

from mesh_server.limits import Limits
from mesh_server.services.addresses import Network, is_ours, network
from protocol.errors import RateLimited

FULL_RETRY_S: Final = 10.0
"""When to try again where the server, an address or a user has as many connections as it may."""


class Place:
    """One of the places that a cap counts, until it is left; small, since every connection has two."""

    __slots__ = ("_caps", "_counts", "_key")

    def __init__(self, caps: "ConnectionCaps | None", counts: Counter[str], key: str | None) -> None:
        self._caps, self._counts, self._key = caps, counts, key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """To be called once."""
        if self._caps is not None:
            self._caps.open -= 1
        if self._key is not None:
            self._counts[self._key] -= 1
            if not self._counts[self._key]:
                del self._counts[self._key]


class TcpCaps:
    """How many TCP connections are open, whatever they are for; `refused` counts those that were too many."""

    def __init__(self, most: int, per_address: int, *, trusted: Sequence[Network] = ()) -> None:
        self._most, self._per_address, self._trusted = most, per_address, trusted
        self._by_address: Counter[str] = Counter()
        self.open = 0
        self.refused: Counter[str] = Counter()

    def enter(self, host: str) -> str | None:
        """One more from there: what it is to give to `leave`, or None where it may not be."""
        if self.open >= self._most:
            self.refused["tcp"] += 1
            return None
        place = "" if is_ours(host, self._trusted) else network(host)
        if place:
            if self._by_address[place] >= self._per_address:
                self.refused["tcp_address"] += 1
                return None
            self._by_address[place] += 1
        self.open += 1
        return place

    def leave(self, place: str) -> None:
        self.open -= 1
        if place:
            self._by_address[place] -= 1
            if not self._by_address[place]:
                del self._by_address[place]

    def __len__(self) -> int:
        """Addresses that are counted."""
        return len(self._by_address)


class ConnectionCaps:
    """Who has how many WebSockets open; one more than may be is told to come back later."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self._by_user: Counter[str] = Counter()
        self.open = 0
        self.refused: Counter[str] = Counter()

    def one_from(self, address: str | None) -> Place:
        """For as long as a connection lasts. Raises: RateLimited."""
        if self.open >= self._limits.connections:
            self._refuse("all", "This server has as many connections as it takes.")
        most = self._limits.connections_per_address
        if address is not None and self._by_address[address] >= most:
            self._refuse("address", "Your address has as many connections as one may have.")
        self.open += 1
        return self._place(self, self._by_address, address)

    def one_of(self, user_id: str) -> Place:
        """For as long as a user's connection lasts. Raises: RateLimited."""
        if self._by_user[user_id] >= self._limits.connections_per_user:
            self._refuse("user", "You have as many connections as one person may have.")
        return self._place(None, self._by_user, user_id)

    @staticmethod
    def _place(caps: "ConnectionCaps | None", counts: Counter[str], key: str | None) -> Place:
        if key is not None:
            counts[key] += 1
        return Place(caps, counts, key)

    def _refuse(self, scope: str, text: str) -> None:
        self.refused[scope] += 1
        raise RateLimited(text, retry_after=FULL_RETRY_S)

    def __len__(self) -> int:
        """Addresses and users that are counted."""
        return len(self._by_address) + len(self._by_user)
