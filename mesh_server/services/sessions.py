"""Who is signed in, as this process knows it.

Asked with every request, and forgotten in the moment of revoking, on every node that hears of it. A node that
may not have heard asks the store about everybody anew.
"""

from collections.abc import Callable
from typing import Final

from mesh_server.bus.base import BusMessage, DeviceRevoked, UserChanged
from mesh_server.ids import Clock
from mesh_server.services.principal import PrincipalCache

SEEN_MAX: Final = 10_000
"""Devices whose last signs of life wait to be stored; past it they are stored later than others."""


class Sessions:
    """`on_revoked` is called with the id of each device that is signed out, `on_changed` with that of a user
    of whom something else is so than was, once that is on disk."""

    def __init__(
        self,
        *,
        clock: Clock,
        on_revoked: Callable[[str], None],
        on_changed: Callable[[str], None] = lambda _user_id: None,
    ) -> None:
        self.principals = PrincipalCache()
        self._clock, self._on_revoked, self._on_changed = clock, on_revoked, on_changed
        self._seen: dict[str, int] = {}

    def revoked(self, device_id: str) -> None:
        """To be called as the commit returns that signed it out."""
        self.principals.forget_device(device_id)
        self._on_revoked(device_id)

    def changed(self, user_id: str) -> None:
        """To be called as the commit returns that made another of them."""
        self.principals.forget_user(user_id)
        self._on_changed(user_id)

    def on_bus(self, message: BusMessage) -> None:
        """Also what another node has done is forgotten here."""
        match message:
            case DeviceRevoked(device_id=device_id):
                self.principals.forget_device(device_id)
            case UserChanged(user_id=user_id):
                self.principals.forget_user(user_id)
            case _:
                pass

    def saw(self, device_id: str) -> None:
        """The device is there now."""
        if device_id in self._seen or len(self._seen) < SEEN_MAX:
            self._seen[device_id] = self._clock()

    def seen_at(self, device_id: str) -> int:
        """When it was seen, where that is not stored yet; else 0."""
        return self._seen.get(device_id, 0)

    def take_seen(self) -> dict[str, int]:
        """What is to be stored now."""
        seen, self._seen = self._seen, {}
        return seen
