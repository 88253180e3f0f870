"""Accounts as whoever runs the server sees them, and what ends them."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.accounts import UserRecord
from mesh_server.store.base.audit import Actor
from mesh_server.store.base.rooms import Left, MyRoom
from protocol.rest import AccountState, UserRole


class AccountRecord(Struct, kw_only=True, frozen=True):
    """`devices` are those that are signed in; `rooms` does not count DMs."""

    user: UserRecord
    devices: int
    tokens: int
    rooms: int
    last_seen_at: int | None


class AccountQuery(Struct, kw_only=True, frozen=True):
    """`words`: part of a name's key, or of a display name. `cursor`: only ids after it."""

    words: str | None = None
    state: AccountState | None = None
    role: UserRole | None = None
    cursor: str | None = None


class Departure(Struct, kw_only=True, frozen=True):
    """What the end of an account changed: who was signed out, which rooms it left, which DMs it closed.

    A closed DM is as the other person sees it.
    """

    device_ids: list[str]
    left: list[Left]
    closed: list[MyRoom]


class PeopleStore(Protocol):
    """`by` is named in the audit log. Every act raises UserNotFound, also for who was deleted."""

    async def list_accounts(self, query: AccountQuery, limit: int) -> list[AccountRecord]:
        """The oldest first."""
        ...

    async def get_account(self, user_id: str) -> AccountRecord | None: ...

    async def suspend_user(
        self, user_id: str, *, reason: str, by: Actor, on_revoked: Callable[[str], None]
    ) -> None:
        """Signs every device out and revokes tokens and invites; nothing changes for who is suspended.

        Raises: LastAdmin.
        """
        ...

    async def restore_user(self, user_id: str, *, by: Actor) -> None: ...

    async def delete_user(
        self,
        user_id: str,
        *,
        by: Actor,
        then: Callable[[Departure], None],
        password_hash: bytes | None = None,
    ) -> bool:
        """Takes everything from it but what it said, and its name from that; the name stays reserved.

        False where `password_hash` is given and no longer the user's. Raises: LastAdmin.
        """
        ...

    async def set_user_role(self, user_id: str, role: UserRole, *, by: Actor) -> None:
        """Raises: LastAdmin."""
        ...

    async def hand_out_password(
        self,
        user_id: str,
        password_hash: bytes,
        *,
        expires_at: int,
        by: Actor,
        on_revoked: Callable[[str], None],
    ) -> None:
        """A password that is good for signing in once, until then; every device is signed out."""
        ...

    async def sign_out_user(self, user_id: str, *, by: Actor, on_revoked: Callable[[str], None]) -> None: ...
