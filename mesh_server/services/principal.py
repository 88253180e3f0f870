"""Who is asking."""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from mesh_server.store.base import Actor
from protocol.rest import UserRole

CACHED_MAX: Final = 20_000
"""Devices that a server remembers between two requests, a few hundred bytes each."""


class Principal(Struct, frozen=True, kw_only=True):
    """One user on one of their devices, signed in; every service takes it as its first argument.

    Attributes:
        by_token: it is a program that came in by a personal token.
        address: where this request came from.
    """

    user_id: str
    username: str
    display_name: str
    role: UserRole
    device_id: str
    by_token: bool = False
    address: str = ""

    def actor(self, now: int) -> Actor:
        """Who the audit log names for what is done now."""
        return Actor(id=self.user_id, name=self.username, address=self.address, at=now)


class SignedInDevice(Struct, frozen=True, kw_only=True):
    """A principal, the moment (milliseconds) that the device signed in, and the one that its token ends."""

    principal: Principal
    signed_in_at: int
    expires_at: int | None = None


class PrincipalCache:
    """Who each device is, so that a request costs no query; past its bound the one unasked for longest goes.

    `generation` changes whenever something is forgotten. Whoever reads the store to fill the cache must
    find it unchanged afterwards, or may have read what has been revoked since.
    """

    def __init__(self, *, entries_max: int = CACHED_MAX) -> None:
        self.generation = 0
        self._entries_max = entries_max
        self._by_device: OrderedDict[str, SignedInDevice] = OrderedDict()
        self._by_token: OrderedDict[bytes, str] = OrderedDict()

    def get(self, device_id: str) -> SignedInDevice | None:
        entry = self._by_device.get(device_id)
        if entry is not None:
            self._by_device.move_to_end(device_id)
        return entry

    def put(self, entry: SignedInDevice) -> None:
        self._by_device[entry.principal.device_id] = entry
        if len(self._by_device) > self._entries_max:
            self._by_device.popitem(last=False)

    def device_of_token(self, token_hash: bytes) -> str | None:
        """Whether the device is still signed in is another question."""
        return self._by_token.get(token_hash)

    def put_token(self, token_hash: bytes, device_id: str) -> None:
        self._by_token[token_hash] = device_id
        if len(self._by_token) > self._entries_max:
            self._by_token.popitem(last=False)

    def forget_device(self, device_id: str) -> None:
        self.generation += 1
        self._by_device.pop(device_id, None)

    def forget_user(self, user_id: str) -> None:
        self.generation += 1
        for device_id, entry in list(self._by_device.items()):
            if entry.principal.user_id == user_id:
                del self._by_device[device_id]

    def forget_all(self) -> None:
        self.generation += 1
        self._by_device.clear()

    def __len__(self) -> int:
        return len(self._by_device)
