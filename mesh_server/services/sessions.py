"""Who is signed in, as this process knows it.

Asked with every request, and forgotten in the moment of revoking.
"""

from collections.abc import Callable
from typing import Final

from mesh_server.ids import Clock
from mesh_server.services.principal import PrincipalCache

SEEN_MAX: Final = 10_000
"""Devices whose last signs of life wait to be stored; past it they are stored later than others."""


class Sessions:
    """`on_revoked` is called with the id of each device that is signed out, once that is on disk."""

    def __init__(self, *, clock: Clock, on_revoked: Callable[[str], None]) -> None:
        self.principals = PrincipalCache()
        self._clock, self._on_revoked = clock, on_revoked
        self._seen: dict[str, int] = {}

    def revoked(self, device_id: str) -> None:
        """To be called as the commit returns that signed it out."""
        self.principals.forget_device(device_id)
        self._on_revoked(device_id)

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
