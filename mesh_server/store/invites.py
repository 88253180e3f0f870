"""Invites: links that let people into a room, for a time and so many times.

The store knows only the hash of a code. Using one is counted in the transaction that lets its user in, so
that of two who come for the last use one gets it.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.base import Allow, InviteRecord, Joined, Opened
from mesh_server.store.database import Database
from mesh_server.store.rooms import let_in, my_room, standing
from mesh_server.store.tables import invites, rooms, users
from protocol import limits
from protocol.errors import InviteInvalid, TooManyInvites


class SqlInvites:
    """`InviteStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_invite(self, invite: InviteRecord, code_hash: bytes, allow: Allow) -> None:
        await self._db.write(_create_invite, invite, code_hash, allow)

    async def list_invites(self, room_id: str, user_id: str, now: int, allow: Allow) -> list[InviteRecord]:
        return await self._db.read(_list_invites, room_id, user_id, now, allow)

    async def remove_invite(self, room_id: str, user_id: str, invite_id: str, allow: Allow) -> None:
        await self._db.write(_remove_invite, room_id, user_id, invite_id, allow)

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
        return await self._db.write(use_invite, code_hash, user_id, now, room_id, then=then)


def _usable(now: int) -> sa.ColumnElement[bool]:
    unlimited = invites.c.max_uses.is_(None)
    return (invites.c.expires_at > now) & (unlimited | (invites.c.uses < invites.c.max_uses))


def _create_invite(connection: sa.Connection, invite: InviteRecord, code_hash: bytes, allow: Allow) -> None:
    allow(standing(connection, invite.room_id, invite.created_by))
    here = invites.c.room_id == invite.room_id
    connection.execute(sa.delete(invites).where(here, ~_usable(invite.created_at)))
    count = sa.select(sa.func.count()).select_from(invites).where(here)
    if connection.execute(count).scalar_one() >= limits.ROOM_INVITES:
        raise TooManyInvites
    values = {name: value for name, value in structs.asdict(invite).items() if name in invites.c}
    connection.execute(sa.insert(invites).values(values | {"code_hash": code_hash}))


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
    connection: sa.Connection, room_id: str, user_id: str, invite_id: str, allow: Allow
) -> None:
    allow(standing(connection, room_id, user_id))
    this = (invites.c.room_id == room_id) & (invites.c.id == invite_id)
    if connection.execute(sa.delete(invites).where(this)).rowcount == 0:
        raise InviteInvalid("This room has no such invite.")


def _get_invite(connection: sa.Connection, code_hash: bytes, now: int) -> Opened | None:
    query = (
        sa.select(rooms.c.id, rooms.c.name)
        .join(invites, invites.c.room_id == rooms.c.id)
        .where(invites.c.code_hash == code_hash, _usable(now))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Opened(room_id=row.id, room_name=row.name)


def use_invite(
    connection: sa.Connection, code_hash: bytes, user_id: str, now: int, room_id: str | None
) -> Joined:
    """Lets a user in; for one who is in already, nothing is used up. Raises as `InviteStore.use_invite`."""
    this = invites.c.code_hash == code_hash
    query = sa.select(invites.c.room_id).where(this, _usable(now)).with_for_update()
    leads_to = connection.execute(query).scalar_one_or_none()
    mine = None if leads_to is None else my_room(connection, leads_to, user_id)
    if mine is None or room_id not in (None, leads_to):
        raise InviteInvalid
    joined = let_in(connection, mine, user_id, now)
    if joined.new:
        connection.execute(sa.update(invites).where(this).values(uses=invites.c.uses + 1))
    return joined
