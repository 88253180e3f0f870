"""Invites: links that let people into a room, for a time and so many times.

The store knows only the hash of a code. Using one is counted in the transaction that lets its user in, so
that of two who come for the last use one gets it.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.audit import note
from mesh_server.store.base import Actor, Allow, InviteRecord, Joined, Opened, ServerInviteRecord
from mesh_server.store.database import Database
from mesh_server.store.rooms import let_in, my_room, standing
from mesh_server.store.tables import invites, rooms, users
from protocol import limits
from protocol.errors import InviteInvalid, TooManyInvites
from protocol.rest import AuditAction


class SqlInvites:
    """`InviteStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_invite(
        self, invite: InviteRecord, code_hash: bytes, allow: Allow, *, by: Actor | None = None
    ) -> None:
        await self._db.write(_create_invite, invite, code_hash, allow, by)

    async def list_invites(self, room_id: str, user_id: str, now: int, allow: Allow) -> list[InviteRecord]:
        return await self._db.read(_list_invites, room_id, user_id, now, allow)

    async def remove_invite(
        self, room_id: str, user_id: str, invite_id: str, allow: Allow, *, by: Actor | None = None
    ) -> None:
        await self._db.write(_remove_invite, room_id, user_id, invite_id, allow, by)

    async def get_invite(self, code_hash: bytes, now: int) -> Opened | None:
        return await self._db.read(_get_invite, code_hash, now)

    async def use_invite(
        self,
        code_hash: bytes,
        user_id: str,
        now: int,
        then: Callable[[Joined], None],
        *,
        room_id: str | None = None,
    ) -> Joined:
        return await self._db.write(_use_invite, code_hash, user_id, now, room_id, then=then)

    async def create_server_invite(self, invite: ServerInviteRecord, code_hash: bytes, by: Actor) -> None:
        await self._db.write(_create_server_invite, invite, code_hash, by)

    async def list_server_invites(self, now: int) -> list[ServerInviteRecord]:
        return await self._db.read(_list_server_invites, now)

    async def remove_server_invite(self, invite_id: str, *, by: Actor) -> None:
        await self._db.write(_remove_server_invite, invite_id, by)


def _usable(now: int) -> sa.ColumnElement[bool]:
    unlimited = invites.c.max_uses.is_(None)
    return (invites.c.expires_at > now) & (unlimited | (invites.c.uses < invites.c.max_uses))


def _create_invite(
    connection: sa.Connection, invite: InviteRecord, code_hash: bytes, allow: Allow, by: Actor | None
) -> None:
    allow(standing(connection, invite.room_id, invite.created_by))
    _insert(connection, invite, code_hash, invites.c.room_id == invite.room_id, limits.ROOM_INVITES)
    _note(connection, by, "room.invite", invite, invite.room_id)


def _insert(
    connection: sa.Connection,
    invite: InviteRecord | ServerInviteRecord,
    code_hash: bytes,
    beside: sa.ColumnElement[bool],
    most: int,
) -> None:
    """Raises: TooManyInvites where `most` of those beside it can still be used."""
    connection.execute(sa.delete(invites).where(beside, ~_usable(invite.created_at)))
    count = sa.select(sa.func.count()).select_from(invites).where(beside)
    if connection.execute(count).scalar_one() >= most:
        raise TooManyInvites
    values = {name: value for name, value in structs.asdict(invite).items() if name in invites.c}
    connection.execute(sa.insert(invites).values(values | {"code_hash": code_hash}))


def _note(
    connection: sa.Connection,
    by: Actor | None,
    action: AuditAction,
    invite: InviteRecord | ServerInviteRecord,
    room_id: str | None = None,
) -> None:
    """What the audit log says of an invite: never its code."""
    expires_in_s = (invite.expires_at - invite.created_at) // 1000
    said = {"invite": invite.id, "max_uses": invite.max_uses, "expires_in_s": expires_in_s}
    note(connection, by, action, room_id=room_id, details=said)


def _invites() -> sa.Select[Any]:
    columns = [invites.c[name] for name in InviteRecord.__struct_fields__ if name in invites.c]
    return sa.select(*columns, users.c.username.label("created_by_name")).join(
        users, users.c.id == invites.c.created_by
    )


def _list_invites(
    connection: sa.Connection, room_id: str, user_id: str, now: int, allow: Allow
) -> list[InviteRecord]:
    allow(standing(connection, room_id, user_id))
    query = _invites().where(invites.c.room_id == room_id, _usable(now))
    found = connection.execute(query.order_by(invites.c.created_at.desc(), invites.c.id))
    return [InviteRecord(**row) for row in found.mappings()]


def _remove_invite(
    connection: sa.Connection,
    room_id: str,
    user_id: str,
    invite_id: str,
    allow: Allow,
    by: Actor | None,
) -> None:
    allow(standing(connection, room_id, user_id))
    this = (invites.c.room_id == room_id) & (invites.c.id == invite_id)
    if connection.execute(sa.delete(invites).where(this)).rowcount == 0:
        raise InviteInvalid("This room has no such invite.")
    note(connection, by, "room.uninvite", room_id=room_id, details={"invite": invite_id})


def _get_invite(connection: sa.Connection, code_hash: bytes, now: int) -> Opened | None:
    query = (
        sa.select(invites.c.room_id, rooms.c.name)
        .outerjoin(rooms, invites.c.room_id == rooms.c.id)
        .where(invites.c.code_hash == code_hash, _usable(now))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Opened(room_id=row.room_id, room_name=row.name)


# ── using one ────────────────────────────────────────────────────────────────────────────────────


def _leads_to(connection: sa.Connection, code_hash: bytes, now: int) -> str | None:
    """The room, None where it is the server alone. Raises: InviteInvalid."""
    query = sa.select(invites.c.room_id).where(invites.c.code_hash == code_hash, _usable(now))
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise InviteInvalid
    return None if row.room_id is None else str(row.room_id)


def _count_use(connection: sa.Connection, code_hash: bytes) -> None:
    this = invites.c.code_hash == code_hash
    connection.execute(sa.update(invites).where(this).values(uses=invites.c.uses + 1))


def _use_invite(
    connection: sa.Connection, code_hash: bytes, user_id: str, now: int, room_id: str | None
) -> Joined:
    """Lets a user in; for one who is in already, nothing is used up. Raises as `InviteStore.use_invite`."""
    leads_to = _leads_to(connection, code_hash, now)
    if leads_to is None:
        raise InviteInvalid("This invite leads to the server, where you are already, and into no room.")
    mine = my_room(connection, leads_to, user_id)
    if mine is None or room_id not in (None, leads_to):
        raise InviteInvalid
    joined = let_in(connection, mine, user_id, now)
    if joined.new:
        _count_use(connection, code_hash)
    return joined


def register_by_invite(connection: sa.Connection, code_hash: bytes, user_id: str, now: int) -> Joined | None:
    """For a user who was made in this transaction; None where it leads into no room.

    Raises: InviteInvalid, RoomFull.
    """
    if _leads_to(connection, code_hash, now) is not None:
        return _use_invite(connection, code_hash, user_id, now, None)
    _count_use(connection, code_hash)
    return None


# ── onto the server ──────────────────────────────────────────────────────────────────────────────

_ONTO_THE_SERVER = invites.c.room_id.is_(None)


def _create_server_invite(
    connection: sa.Connection, invite: ServerInviteRecord, code_hash: bytes, by: Actor
) -> None:
    _insert(connection, invite, code_hash, _ONTO_THE_SERVER, limits.SERVER_INVITES)
    _note(connection, by, "server.invite", invite)


def _list_server_invites(connection: sa.Connection, now: int) -> list[ServerInviteRecord]:
    columns = [invites.c[name] for name in ServerInviteRecord.__struct_fields__ if name in invites.c]
    query = (
        sa.select(*columns, users.c.username.label("created_by_name"))
        .outerjoin(users, users.c.id == invites.c.created_by)
        .where(_ONTO_THE_SERVER, _usable(now))
        .order_by(invites.c.created_at.desc(), invites.c.id)
    )
    return [ServerInviteRecord(**row) for row in connection.execute(query).mappings()]


def _remove_server_invite(connection: sa.Connection, invite_id: str, by: Actor) -> None:
    if (
        connection.execute(sa.delete(invites).where(_ONTO_THE_SERVER, invites.c.id == invite_id)).rowcount
        == 0
    ):
        raise InviteInvalid("This server has no such invite.")
    note(connection, by, "server.uninvite", details={"invite": invite_id})
