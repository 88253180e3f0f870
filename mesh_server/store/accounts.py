"""Users, their devices and refresh tokens.

Revoking is one statement a step, so that what another transaction did meanwhile is seen by its row count
and never overwritten.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.exc import IntegrityError

from mesh_server.store.base import DeviceRecord, Joined, RefreshRecord, SignedIn, UserRecord
from mesh_server.store.database import Database
from mesh_server.store.invites import register_by_invite
from mesh_server.store.ssh_keys import remove_keys_of
from mesh_server.store.tables import devices, meta, refresh_tokens, users
from protocol.errors import AccountSuspended, InviteRequired, RegistrationClosed, UsernameTaken
from protocol.rest import Registration


class SqlAccounts:
    """`AccountStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

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
        def tell(outcome: tuple[UserRecord, Joined | None]) -> None:
            if outcome[1] is not None:
                then(outcome[1])

        asked = (user, device, token, registration, invite)
        created, _ = await self._db.write(_create_user, *asked, then=tell)
        return created

    async def count_users(self) -> int:
        return await self._db.read(_count_users)

    async def get_user(self, user_id: str) -> UserRecord | None:
        return await self._db.read(get_user, users.c.id == user_id)

    async def get_user_by_key(self, username_key: str) -> UserRecord | None:
        return await self._db.read(get_user, users.c.username_key == username_key)

    async def is_name_free(self, username_key: str) -> bool:
        return await self._db.read(_is_name_free, username_key)

    async def set_display_name(self, user_id: str, display_name: str) -> None:
        await self._db.write(_set_user, users.c.id == user_id, {"display_name": display_name})

    async def set_hides_reads(self, user_id: str, hides_reads: bool) -> None:
        await self._db.write(_set_user, users.c.id == user_id, {"hides_reads": hides_reads})

    async def set_status_text(self, user_id: str, status_text: str) -> None:
        await self._db.write(_set_user, users.c.id == user_id, {"status_text": status_text})

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
        revoked = await self._db.write(
            _set_password,
            user_id,
            password_hash,
            instead_of,
            keep_device,
            now,
            then=lambda revoked: for_each(on_revoked)(revoked or []),
        )
        return revoked is not None

    async def sign_in_device(
        self, device: DeviceRecord, token: RefreshRecord, *, password_hash: bytes
    ) -> bool:
        return await self._db.write(_sign_in_device, device, token, password_hash)

    async def get_device(self, device_id: str) -> SignedIn | None:
        return await self._db.read(_get_device, device_id)

    async def list_devices(self, user_id: str) -> list[DeviceRecord]:
        return await self._db.read(_list_devices, user_id)

    async def set_device_name(self, user_id: str, device_id: str, name: str) -> DeviceRecord | None:
        return await self._db.write(_set_device_name, user_id, device_id, name)

    async def revoke_device(
        self, user_id: str, device_id: str, *, now: int, on_revoked: Callable[[str], None]
    ) -> bool:
        mine = sa.and_(devices.c.user_id == user_id, devices.c.id == device_id)
        revoked = await self._db.write(revoke, mine, now, then=for_each(on_revoked))
        return bool(revoked)

    async def revoke_other_devices(
        self,
        user_id: str,
        keep_device: str,
        *,
        now: int,
        on_revoked: Callable[[str], None],
        ssh_keys: bool = False,
    ) -> None:
        asked = (user_id, keep_device, now, ssh_keys)
        await self._db.write(_revoke_others, *asked, then=for_each(on_revoked))

    async def set_last_seen(self, seen: dict[str, int]) -> None:
        await self._db.write(_set_last_seen, seen)

    async def set_device_key(self, device_id: str, fingerprint: str) -> None:
        await self._db.write(_set_device_key, device_id, fingerprint)

    async def rotate_refresh(
        self,
        token_hash: bytes,
        next_hash: bytes,
        *,
        now: int,
        expires_at: int,
        on_revoked: Callable[[str], None],
    ) -> SignedIn | None:
        device_id = await self._db.read(_device_of_token, token_hash)
        if device_id is None:  # a guess must not cost a turn of the one thread that writes
            return None
        token = RefreshRecord(token_hash=next_hash, device_id=device_id, issued_at=now, expires_at=expires_at)

        def tell(outcome: SignedIn | list[str] | None) -> None:
            if isinstance(outcome, list):
                for_each(on_revoked)(outcome)

        outcome = await self._db.write(_rotate_refresh, token_hash, token, now, then=tell)
        return outcome if isinstance(outcome, SignedIn) else None


def for_each(call: Callable[[str], None]) -> Callable[[Sequence[str]], None]:
    def tell(device_ids: Sequence[str]) -> None:
        for device_id in device_ids:
            call(device_id)

    return tell


# ── users ────────────────────────────────────────────────────────────────────────────────────────


def _create_user(
    connection: sa.Connection,
    user: UserRecord,
    device: DeviceRecord,
    token: RefreshRecord,
    registration: Registration,
    invite: bytes | None,
) -> tuple[UserRecord, Joined | None]:
    if _is_first(connection):
        user = structs.replace(user, role="admin")
    elif registration == "closed":
        raise RegistrationClosed
    elif registration == "invite" and invite is None:
        raise InviteRequired
    if not _is_name_free(connection, user.username_key):
        raise UsernameTaken
    try:
        connection.execute(sa.insert(users).values(structs.asdict(user)))
    except IntegrityError:
        raise UsernameTaken from None
    connection.execute(sa.insert(devices).values(structs.asdict(device)))
    connection.execute(sa.insert(refresh_tokens).values(structs.asdict(token)))
    if invite is None:
        return user, None
    return user, register_by_invite(connection, invite, user.id, user.created_at)


def _is_first(connection: sa.Connection) -> bool:
    if _count_users(connection):
        return False
    # Two who both find nobody here would both become admin; the lock lets one look after the other.
    connection.execute(sa.select(meta.c.value).where(meta.c.key == "epoch").with_for_update())
    return _count_users(connection) == 0


def reserved_key(user_id: str, username_key: str) -> str:
    """The key of a deleted user: nobody is found by it, and whose it was can be asked, but not read."""
    return f"{_reserved_prefix(username_key)}{user_id}"


def _reserved_prefix(username_key: str) -> str:
    digest = hashlib.sha256(username_key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"\x01deleted:{digest}:"  # no name has a control character


def _is_name_free(connection: sa.Connection, username_key: str) -> bool:
    reserved = users.c.username_key.startswith(_reserved_prefix(username_key), autoescape=True)
    query = sa.select(users.c.id).where((users.c.username_key == username_key) | reserved).limit(1)
    return connection.execute(query).first() is None


def _count_users(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(users)).scalar_one()


def get_user(connection: sa.Connection, which: sa.ColumnElement[bool]) -> UserRecord | None:
    row = connection.execute(sa.select(users).where(which)).mappings().one_or_none()
    return None if row is None else UserRecord(**row)


def _set_user(connection: sa.Connection, which: sa.ColumnElement[bool], values: dict[str, Any]) -> bool:
    return connection.execute(sa.update(users).where(which).values(values)).rowcount > 0


def _set_password(
    connection: sa.Connection,
    user_id: str,
    password_hash: bytes,
    instead_of: bytes,
    keep_device: str,
    now: int,
) -> list[str] | None:
    """The ids of the devices that it signed out; None where the hash is another by now."""
    unchanged = sa.and_(users.c.id == user_id, users.c.password_hash == instead_of)
    values = {"password_hash": password_hash, "password_expires_at": None}
    if not _set_user(connection, unchanged, values):
        return None
    return _revoke_others(connection, user_id, keep_device, now, ssh_keys=True)


# ── devices ──────────────────────────────────────────────────────────────────────────────────────


def _sign_in_device(
    connection: sa.Connection, device: DeviceRecord, token: RefreshRecord, password_hash: bytes
) -> bool:
    if not _may_sign_in(connection, device.user_id, password_hash, device.signed_in_at):
        return False
    known = sa.and_(devices.c.id == device.id, devices.c.user_id == device.user_id)
    values = {
        "name": device.name,
        "signed_in_at": device.signed_in_at,
        "last_seen_at": device.last_seen_at,
        "revoked_at": None,
    }
    if connection.execute(sa.update(devices).where(known).values(values)).rowcount == 0:
        connection.execute(sa.insert(devices).values(structs.asdict(device)))
    connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.device_id == device.id))
    connection.execute(sa.insert(refresh_tokens).values(structs.asdict(token)))
    return True


def _may_sign_in(connection: sa.Connection, user_id: str, password_hash: bytes, now: int) -> bool:
    """Whether this is the user's password; one that was handed out is used up. Raises: AccountSuspended."""
    row = connection.execute(sa.select(users).where(users.c.id == user_id).with_for_update()).one_or_none()
    if row is None or row.deleted_at is not None or row.password_hash != password_hash:
        return False
    if row.suspended_at is not None:
        raise AccountSuspended
    if row.password_expires_at is None:
        return True
    _set_user(connection, users.c.id == user_id, {"password_expires_at": 0})
    return bool(row.password_expires_at > now)


def _get_device(connection: sa.Connection, device_id: str) -> SignedIn | None:
    query = sa.select(devices).where(devices.c.id == device_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    device = DeviceRecord(**row)
    user = get_user(connection, users.c.id == device.user_id)
    return None if user is None else SignedIn(user=user, device=device)


def _list_devices(connection: sa.Connection, user_id: str) -> list[DeviceRecord]:
    query = (
        sa.select(devices)
        .where(devices.c.user_id == user_id, devices.c.revoked_at.is_(None), devices.c.token_hash.is_(None))
        .order_by(devices.c.last_seen_at.desc(), devices.c.id.desc())
    )
    return [DeviceRecord(**row) for row in connection.execute(query).mappings()]


def _set_device_name(
    connection: sa.Connection, user_id: str, device_id: str, name: str
) -> DeviceRecord | None:
    mine = sa.and_(devices.c.user_id == user_id, devices.c.id == device_id, devices.c.revoked_at.is_(None))
    if connection.execute(sa.update(devices).where(mine).values(name=name)).rowcount == 0:
        return None
    found = _get_device(connection, device_id)
    return None if found is None else found.device


def revoke(connection: sa.Connection, which: sa.ColumnElement[bool], now: int) -> list[str]:
    """Signs out those of `which` that are signed in; returns their ids."""
    query = sa.update(devices).where(which, devices.c.revoked_at.is_(None)).values(revoked_at=now)
    revoked = list(connection.execute(query.returning(devices.c.id)).scalars())
    connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.device_id.in_(revoked)))
    return revoked


def _revoke_others(
    connection: sa.Connection, user_id: str, keep_device: str, now: int, ssh_keys: bool
) -> list[str]:
    if ssh_keys:
        remove_keys_of(connection, user_id)
    return revoke(connection, sa.and_(devices.c.user_id == user_id, devices.c.id != keep_device), now)


def _set_last_seen(connection: sa.Connection, seen: dict[str, int]) -> None:
    if not seen:
        return
    query = (
        sa.update(devices)
        .where(devices.c.id == sa.bindparam("device"), devices.c.last_seen_at < sa.bindparam("seen"))
        .values(last_seen_at=sa.bindparam("seen"))
    )
    connection.execute(query, [{"device": device, "seen": time} for device, time in seen.items()])


def _set_device_key(connection: sa.Connection, device_id: str, fingerprint: str) -> None:
    connection.execute(
        sa.update(devices).where(devices.c.id == device_id).values(key_fingerprint=fingerprint)
    )


# ── refresh tokens ───────────────────────────────────────────────────────────────────────────────


def _device_of_token(connection: sa.Connection, token_hash: bytes) -> str | None:
    query = sa.select(refresh_tokens.c.device_id).where(refresh_tokens.c.token_hash == token_hash)
    return connection.execute(query).scalar_one_or_none()


def _rotate_refresh(
    connection: sa.Connection, token_hash: bytes, successor: RefreshRecord, now: int
) -> SignedIn | list[str] | None:
    """The device that may go on, or the ids of those that this try signed out, or None."""
    this = refresh_tokens.c.token_hash == token_hash
    expires_at = connection.execute(sa.select(refresh_tokens.c.expires_at).where(this)).scalar_one_or_none()
    if expires_at is None or expires_at <= now:
        return None
    spend = sa.update(refresh_tokens).where(this, refresh_tokens.c.spent_at.is_(None)).values(spent_at=now)
    if connection.execute(spend).rowcount == 0:
        if _is_unused(connection, successor):
            return _get_device(connection, successor.device_id)
        return revoke(connection, devices.c.id == successor.device_id, now)
    connection.execute(
        sa.delete(refresh_tokens).where(
            refresh_tokens.c.device_id == successor.device_id, refresh_tokens.c.expires_at <= now
        )
    )
    connection.execute(sa.insert(refresh_tokens).values(structs.asdict(successor)))
    _set_last_seen(connection, {successor.device_id: now})
    return _get_device(connection, successor.device_id)


def _is_unused(connection: sa.Connection, token: RefreshRecord) -> bool:
    """Whether the device got this very token before, and has not spent it."""
    query = sa.select(refresh_tokens.c.token_hash).where(
        refresh_tokens.c.token_hash == token.token_hash,
        refresh_tokens.c.device_id == token.device_id,
        refresh_tokens.c.spent_at.is_(None),
    )
    return connection.execute(query).first() is not None
