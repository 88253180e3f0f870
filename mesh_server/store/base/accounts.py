"""People, their devices and refresh tokens."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.audit import Actor
from mesh_server.store.base.rooms import Joined
from protocol.rest import Registration, UserRole


class UserRecord(Struct, kw_only=True, frozen=True):
    """`password_expires_at`: until when a password that was handed out is good for signing in, once."""

    id: str
    username: str
    username_key: str
    display_name: str
    role: UserRole
    password_hash: bytes
    created_at: int
    status_text: str = ""
    hides_reads: bool = False
    password_expires_at: int | None = None
    suspended_at: int | None = None
    deleted_at: int | None = None

    @property
    def is_active(self) -> bool:
        return self.suspended_at is None and self.deleted_at is None


class DeviceRecord(Struct, kw_only=True, frozen=True):
    """`signed_in_at` tells one signing in from the next; `revoked_at` is set while it is signed out.

    A device with a `token_hash` is a personal token, which ends at `expires_at` where it has one.
    """

    id: str
    user_id: str
    name: str
    created_at: int
    signed_in_at: int
    last_seen_at: int
    key_fingerprint: str | None = None
    revoked_at: int | None = None
    token_hash: bytes | None = None
    expires_at: int | None = None


class SignedIn(Struct, kw_only=True, frozen=True):
    """A device and its user."""

    user: UserRecord
    device: DeviceRecord


class RefreshRecord(Struct, kw_only=True, frozen=True):
    token_hash: bytes
    device_id: str
    issued_at: int
    expires_at: int
    spent_at: int | None = None


class AccountStore(Protocol):
    """`on_revoked` is called with the id of each device that a call signed out, once that is on disk."""

    async def create_user(
        self,
        user: UserRecord,
        device: DeviceRecord,
        token: RefreshRecord,
        *,
        registration: Registration,
        invite: bytes | None = None,
        then: Callable[[Joined], object] = lambda _joined: None,
    ) -> UserRecord:
        """The first user of all becomes `admin`, whatever the record says, and needs no invite.

        `invite` is the hash of a code; its room is joined in the same transaction, and `then` told of it.

        Raises:
            UsernameTaken: a user of this `username_key` exists, or did.
            RegistrationClosed, InviteRequired: `registration` says so, and there is a user already.
            InviteInvalid, RoomFull
        """
        ...

    async def count_users(self) -> int: ...

    async def get_user(self, user_id: str) -> UserRecord | None: ...

    async def get_user_by_key(self, username_key: str) -> UserRecord | None:
        """Not one that was deleted."""
        ...

    async def is_name_free(self, username_key: str) -> bool:
        """Whether nobody has this name, or had it before they were deleted."""
        ...

    async def set_display_name(self, user_id: str, display_name: str) -> None: ...

    async def set_hides_reads(self, user_id: str, hides_reads: bool) -> None: ...

    async def set_status_text(self, user_id: str, status_text: str) -> None: ...

    async def set_password(
        self,
        user_id: str,
        password_hash: bytes,
        *,
        instead_of: bytes,
        keep_device: str,
        now: int,
        on_revoked: Callable[[str], None],
    ) -> bool:
        """Also signs out every other device of the user, their personal tokens included.

        False where `instead_of` is no longer the hash.
        """
        ...

    async def sign_in_device(
        self, device: DeviceRecord, token: RefreshRecord, *, password_hash: bytes
    ) -> bool:
        """Stores the device as it is given, new or known, with this as its one refresh token.

        A known one keeps its user, its `created_at` and its key. False where the user's hash is another by
        now: who signs in with a password while it is changed must not stay behind. A password that was handed
        out is used up by this. Raises: AccountSuspended.
        """
        ...

    async def get_device(self, device_id: str) -> SignedIn | None:
        """The device, signed in or not, with its user."""
        ...

    async def list_devices(self, user_id: str) -> list[DeviceRecord]:
        """Those that are signed in, the last seen first; personal tokens are not among them."""
        ...

    async def set_device_name(self, user_id: str, device_id: str, name: str) -> DeviceRecord | None:
        """None where this user has none such signed in."""
        ...

    async def revoke_other_devices(
        self,
        user_id: str,
        keep_device: str,
        *,
        now: int,
        on_revoked: Callable[[str], None],
        ssh_keys: bool = False,
    ) -> None:
        """Personal tokens too; `ssh_keys`: and the keys of the ssh door, in the same moment."""
        ...

    async def revoke_device(
        self, user_id: str, device_id: str, *, now: int, on_revoked: Callable[[str], None]
    ) -> bool:
        """Signs it out and forgets its refresh tokens; False where this user has none such signed in."""
        ...

    async def set_last_seen(self, seen: dict[str, int]) -> None:
        """Device id -> time, for several at once; a time before the stored one changes nothing."""
        ...

    async def set_device_key(self, device_id: str, fingerprint: str) -> None: ...

    async def rotate_refresh(
        self,
        token_hash: bytes,
        next_hash: bytes,
        *,
        now: int,
        expires_at: int,
        on_revoked: Callable[[str], None],
    ) -> SignedIn | None:
        """Spends a refresh token and stores the next one of its device, in one transaction.

        None where the token is unknown, expired or spent. A spent one used again is a sign of theft
        (RFC 9700 section 4.14.2), so it signs its device out; but where `next_hash` is known already as a
        token of the device that is not spent, this is the same request once more, and it may go on.
        """
        ...


class TokenStore(Protocol):
    """Personal tokens: devices that come in by a secret of their own. `by`: who is named in the audit log."""

    async def create_token(self, token: DeviceRecord, *, by: Actor | None = None) -> None:
        """Raises: UserNotFound, UserSuspended, TooManyTokens."""
        ...

    async def list_tokens(self, user_id: str, now: int) -> list[DeviceRecord]:
        """Those that can still be used, the last made first."""
        ...

    async def find_token(self, token_hash: bytes) -> str | None:
        """The id of its device, unless it was revoked."""
        ...

    async def revoke_token(
        self,
        user_id: str,
        token_id: str,
        *,
        now: int,
        on_revoked: Callable[[str], None],
        by: Actor | None = None,
    ) -> bool:
        """False where this user has no such token."""
        ...

    async def expire_tokens(self, *, now: int, on_revoked: Callable[[str], None]) -> None:
        """Revokes those whose time is over, so that what they opened is closed."""
        ...
