"""Accounts from outside: found, suspended, deleted, given a role or another password.

What ends an account ends everything that it opened, in one transaction: devices, tokens, invites. A deleted
user keeps the row, because messages hang on it, under a name that nobody can choose.
"""

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from mesh_server.store.accounts import for_each, reserved_key, revoke
from mesh_server.store.audit import note
from mesh_server.store.base import (
    AccountQuery,
    AccountRecord,
    Actor,
    Departure,
    MemberRecord,
    MyRoom,
    UserRecord,
)
from mesh_server.store.database import Database
from mesh_server.store.push import remove_targets_of
from mesh_server.store.rooms import get_member, my_room, next_rev, take_out
from mesh_server.store.ssh_keys import remove_keys_of
from mesh_server.store.tables import bans, devices, invites, members, rooms, users
from protocol.errors import LastAdmin, UserNotFound
from protocol.rest import UserRole

NAMELESS: Final = "deleted user"
"""What a deleted user is called. No name that can be chosen has a space in it."""

OnRevoked = Callable[[str], None]


class SqlPeople:
    """`PeopleStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def list_accounts(self, query: AccountQuery, limit: int) -> list[AccountRecord]:
        return await self._db.read(_list_accounts, query, limit)

    async def get_account(self, user_id: str) -> AccountRecord | None:
        return await self._db.read(_get_account, user_id)

    async def suspend_user(self, user_id: str, *, reason: str, by: Actor, on_revoked: OnRevoked) -> None:
        await self._db.write(_suspend, user_id, reason, by, then=for_each(on_revoked))

    async def restore_user(self, user_id: str, *, by: Actor) -> None:
        await self._db.write(_restore, user_id, by)

    async def delete_user(
        self,
        user_id: str,
        *,
        by: Actor,
        then: Callable[[Departure], None],
        password_hash: bytes | None = None,
    ) -> bool:
        def tell(departure: Departure | None) -> None:
            if departure is not None:
                then(departure)

        return await self._db.write(_delete, user_id, by, password_hash, then=tell) is not None

    async def set_user_role(self, user_id: str, role: UserRole, *, by: Actor) -> None:
        await self._db.write(_set_role, user_id, role, by)

    async def hand_out_password(
        self, user_id: str, password_hash: bytes, *, expires_at: int, by: Actor, on_revoked: OnRevoked
    ) -> None:
        await self._db.write(
            _hand_out_password, user_id, password_hash, expires_at, by, then=for_each(on_revoked)
        )

    async def sign_out_user(self, user_id: str, *, by: Actor, on_revoked: OnRevoked) -> None:
        await self._db.write(_sign_out, user_id, by, then=for_each(on_revoked))


# ── finding them ─────────────────────────────────────────────────────────────────────────────────


def _accounts() -> sa.Select[Any]:
    signed_in = (devices.c.user_id == users.c.id) & devices.c.revoked_at.is_(None)
    count = sa.select(sa.func.count()).select_from(devices).where(signed_in)
    in_rooms = (
        sa.select(sa.func.count())
        .select_from(members.join(rooms, rooms.c.id == members.c.room_id))
        .where(members.c.user_id == users.c.id, rooms.c.kind == "room")
    )
    seen = sa.select(sa.func.max(devices.c.last_seen_at)).where(devices.c.user_id == users.c.id)
    return sa.select(
        users,
        count.where(devices.c.token_hash.is_(None)).scalar_subquery().label("devices"),
        count.where(devices.c.token_hash.is_not(None)).scalar_subquery().label("tokens"),
        in_rooms.scalar_subquery().label("rooms"),
        seen.scalar_subquery().label("last_seen_at"),
    )


def _to_account(row: sa.RowMapping) -> AccountRecord:
    values = dict(row)
    counts = {name: values.pop(name) for name in ("devices", "tokens", "rooms", "last_seen_at")}
    return AccountRecord(user=UserRecord(**values), **counts)


_IN_STATE: Final[dict[str, sa.ColumnElement[bool]]] = {
    "active": users.c.suspended_at.is_(None) & users.c.deleted_at.is_(None),
    "suspended": users.c.suspended_at.is_not(None) & users.c.deleted_at.is_(None),
    "deleted": users.c.deleted_at.is_not(None),
}


def _list_accounts(connection: sa.Connection, query: AccountQuery, limit: int) -> list[AccountRecord]:
    statement = _accounts().order_by(users.c.id).limit(limit)
    if query.words is not None:
        in_key = users.c.username_key.contains(query.words, autoescape=True) & users.c.deleted_at.is_(None)
        statement = statement.where(in_key | users.c.display_name.icontains(query.words, autoescape=True))
    if query.state is not None:
        statement = statement.where(_IN_STATE[query.state])
    if query.role is not None:
        statement = statement.where(users.c.role == query.role)
    if query.cursor is not None:
        statement = statement.where(users.c.id > query.cursor)
    return [_to_account(row) for row in connection.execute(statement).mappings()]


def _get_account(connection: sa.Connection, user_id: str) -> AccountRecord | None:
    row = connection.execute(_accounts().where(users.c.id == user_id)).mappings().one_or_none()
    return None if row is None else _to_account(row)


def _require(connection: sa.Connection, user_id: str) -> UserRecord:
    query = sa.select(users).where(users.c.id == user_id, users.c.deleted_at.is_(None)).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UserNotFound
    return UserRecord(**row)


def _require_another_admin(connection: sa.Connection, user: UserRecord) -> None:
    if user.role != "admin" or not user.is_active:
        return
    others = (
        sa.select(users.c.id)
        .where(users.c.role == "admin", users.c.id != user.id, _IN_STATE["active"])
        .limit(1)
        .with_for_update()
    )
    if connection.execute(others).first() is None:
        raise LastAdmin


def _set(connection: sa.Connection, user: UserRecord, **values: object) -> None:
    connection.execute(sa.update(users).where(users.c.id == user.id).values(values))


# ── what an administrator does ───────────────────────────────────────────────────────────────────


def _suspend(connection: sa.Connection, user_id: str, reason: str, by: Actor) -> list[str]:
    user = _require(connection, user_id)
    if user.suspended_at is not None:
        return []
    _require_another_admin(connection, user)
    _set(connection, user, suspended_at=by.at)
    connection.execute(sa.delete(invites).where(invites.c.created_by == user_id))
    said = {"reason": reason or None}
    note(connection, by, "account.suspend", target=(user_id, user.username), details=said)
    return revoke(connection, devices.c.user_id == user_id, by.at)


def _restore(connection: sa.Connection, user_id: str, by: Actor) -> None:
    user = _require(connection, user_id)
    if user.suspended_at is not None:
        _set(connection, user, suspended_at=None)
        note(connection, by, "account.restore", target=(user_id, user.username))


def _set_role(connection: sa.Connection, user_id: str, role: UserRole, by: Actor) -> None:
    user = _require(connection, user_id)
    if user.role == role:
        return
    if role != "admin":
        _require_another_admin(connection, user)
        onto_the_server = invites.c.room_id.is_(None) & (invites.c.created_by == user_id)
        connection.execute(sa.delete(invites).where(onto_the_server))
    _set(connection, user, role=role)
    said = {"before": user.role, "role": role}
    note(connection, by, "account.role", target=(user_id, user.username), details=said)


def _hand_out_password(
    connection: sa.Connection, user_id: str, password_hash: bytes, expires_at: int, by: Actor
) -> list[str]:
    user = _require(connection, user_id)
    _set(connection, user, password_hash=password_hash, password_expires_at=expires_at)
    remove_keys_of(connection, user_id)
    note(connection, by, "account.password", target=(user_id, user.username))
    return revoke(connection, devices.c.user_id == user_id, by.at)


def _sign_out(connection: sa.Connection, user_id: str, by: Actor) -> list[str]:
    user = _require(connection, user_id)
    remove_keys_of(connection, user_id)
    note(connection, by, "account.sign_out", target=(user_id, user.username))
    return revoke(connection, devices.c.user_id == user_id, by.at)


# ── the end of an account ────────────────────────────────────────────────────────────────────────


def _delete(
    connection: sa.Connection, user_id: str, by: Actor, password_hash: bytes | None
) -> Departure | None:
    user = _require(connection, user_id)
    if password_hash is not None and user.password_hash != password_hash:
        return None
    _require_another_admin(connection, user)
    revoked = revoke(connection, devices.c.user_id == user_id, by.at)
    left = [take_out(connection, member) for member in _memberships(connection, user_id)]
    for theirs in (invites.c.created_by, bans.c.user_id):
        connection.execute(sa.delete(theirs.table).where(theirs == user_id))
    remove_targets_of(connection, user_id)
    remove_keys_of(connection, user_id)
    connection.execute(
        sa.update(devices)
        .where(devices.c.user_id == user_id)
        .values(name="", key_fingerprint=None, token_hash=None)
    )
    _set(
        connection,
        user,
        username=NAMELESS,
        username_key=reserved_key(user_id, user.username_key),
        display_name=NAMELESS,
        status_text="",
        role="user",
        password_hash=b"",
        password_expires_at=None,
        suspended_at=None,
        deleted_at=by.at,
    )
    note(connection, by, "account.delete", target=(user_id, user.username))
    return Departure(device_ids=revoked, left=left, closed=_close_dms(connection, user_id, by.at))


def _memberships(connection: sa.Connection, user_id: str) -> list[MemberRecord]:
    query = (
        sa.select(members.c.room_id)
        .join(rooms, rooms.c.id == members.c.room_id)
        .where(members.c.user_id == user_id, rooms.c.kind == "room")
        .order_by(members.c.room_id)
    )
    room_ids = connection.execute(query).scalars().all()
    found = [get_member(connection, room_id, user_id) for room_id in room_ids]
    return [member for member in found if member is not None]


def _close_dms(connection: sa.Connection, user_id: str, now: int) -> list[MyRoom]:
    """Archives them: what was said can be read, and nobody speaks to who is not there."""
    theirs = sa.select(members.c.room_id).where(members.c.user_id == user_id)
    query = (
        sa.select(members.c.room_id, members.c.user_id)
        .join(rooms, rooms.c.id == members.c.room_id)
        .where(rooms.c.kind == "dm", members.c.room_id.in_(theirs), members.c.user_id != user_id)
        .order_by(members.c.room_id)
    )
    closed = []
    for room_id, other_id in connection.execute(query).all():
        archived_at = sa.func.coalesce(rooms.c.archived_at, now)
        connection.execute(sa.update(rooms).where(rooms.c.id == room_id).values(archived_at=archived_at))
        next_rev(connection, room_id)
        mine = my_room(connection, room_id, other_id)
        assert mine is not None
        closed.append(mine)
    return closed
