"""The public keys that people come in by at the ssh door."""

from typing import Protocol

from msgspec import Struct


class SshKeyRecord(Struct, frozen=True, kw_only=True):
    """`fingerprint`: SHA-256 of the key, as ssh shows it; more is not needed to know it again."""

    id: str
    user_id: str
    fingerprint: str
    kind: str
    name: str
    created_at: int


class SshKeyStore(Protocol):
    """Keys go with the password: whoever sets another one, or is signed out everywhere, has none."""

    async def create_key(self, new: SshKeyRecord) -> None:
        """One that the person has already is in its place. Raises: TooManySshKeys."""
        ...

    async def list_keys(self, user_id: str) -> list[SshKeyRecord]:
        """The oldest first."""
        ...

    async def remove_key(self, user_id: str, key_id: str) -> bool:
        """Whether it was there."""
        ...

    async def has_key(self, username_key: str, fingerprint: str) -> bool:
        """Whether somebody who may sign in has that name and this key."""
        ...
