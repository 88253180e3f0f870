"""All rooms, from outside: listed, archived, deleted, handed over. DMs are left alone."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from mesh_server.store.audit import note
from mesh_server.store.base import (
    Actor,
    Figures,
    Joined,
    MemberRecord,
    MyRoom,
    Promoted,
    RoomOverview,
    RoomQuery,
    RoomRecord,
)
from mesh_server.store.database import Database
from mesh_server.store.order import drop_room, promote
from mesh_server.store.rooms import (
    get_member,
    is_banned,
    let_in,
    list_members,
    my_room,
    next_rev,
    require_active,
)
from mesh_server.store.tables import audit, devices, invites, members, rooms, users
from protocol.errors import Banned, RoomNotFound


class SqlOversight:
    """`OversightStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def list_all_rooms(self, query: RoomQuery, limit: int) -> list[RoomOverview]:
        return await self._db.read(_list_rooms, query, limit)

    async def get_overview_of(self, room_id: str) -> RoomOverview | None:
        return await self._db.read(_get_overview, room_id)

    async def archive_room(
        self,
        room_id: str,
        archived: bool,
        *,
        by: Actor,
        then: Callable[[MyRoom | None], None],
    ) -> None:
        await self._db.write(_archive, room_id, archived, by, then=then)

    async def drop_room(self, room_id: str, *, by: Actor, then: Callable[[None], None]) -> None:
        await self._db.write(_drop, room_id, by, then=then)

    async def hand_over(
        self,
        room_id: str,
        user_id: str,
        *,
        by: Actor,
        then: Callable[[tuple[Joined, list[Promoted]]], None],
    ) -> None:
        await self._db.write(_hand_over, room_id, user_id, by, then=then)

    async def get_figures(self) -> Figures:
        return await self._db.read(_figures)


_A_ROOM = (rooms.c.kind == "room") & rooms.c.deleted_at.is_(None)


def _rooms() -> sa.Select[Any]:
    count = sa.select(sa.func.count()).where(members.c.room_id == rooms.c.id).scalar_subquery()
    owner = (
        sa.select(users.c.id, users.c.username)
        .join(members, members.c.user_id == users.c.id)
        .where(members.c.room_id == rooms.c.id, members.c.role == "owner")
        .limit(1)
    )
    return sa.select(
        rooms,
        count.label("member_count"),
        owner.with_only_columns(users.c.id).scalar_subquery().label("owner_id"),
        owner.with_only_columns(users.c.username).scalar_subquery().label("owner_name"),
    ).where(_A_ROOM)


def _to_overview(row: sa.Row[Any]) -> RoomOverview:
    return RoomOverview(
        room=RoomRecord(**{name: getattr(row, name) for name in RoomRecord.__struct_fields__}),
        member_count=row.member_count,
        owner=None if row.owner_id is None else (row.owner_id, row.owner_name),
    )


def _list_rooms(connection: sa.Connection, query: RoomQuery, limit: int) -> list[RoomOverview]:
    statement = _rooms().order_by(rooms.c.id).limit(limit)
    if query.words is not None:
        statement = statement.where(rooms.c.name_key.contains(query.words, autoescape=True))
    if query.name_key is not None:
        statement = statement.where(rooms.c.name_key == query.name_key)
    if query.cursor is not None:
        statement = statement.where(rooms.c.id > query.cursor)
    return [_to_overview(row) for row in connection.execute(statement)]


def _get_overview(connection: sa.Connection, room_id: str) -> RoomOverview | None:
    row = connection.execute(_rooms().where(rooms.c.id == room_id)).one_or_none()
    return None if row is None else _to_overview(row)


def _require(connection: sa.Connection, room_id: str) -> RoomOverview:
    found = _get_overview(connection, room_id)
    if found is None:
        raise RoomNotFound
    return found


def _archive(connection: sa.Connection, room_id: str, archived: bool, by: Actor) -> MyRoom | None:
    room = _require(connection, room_id).room
    if (room.archived_at is not None) is archived:
        return None
    values = {"archived_at": by.at if archived else None}
    connection.execute(sa.update(rooms).where(rooms.c.id == room_id).values(values))
    next_rev(connection, room_id)
    said = {"archived": archived}
    note(connection, by, "room.update", room_id=room_id, target=(room_id, room.name), details=said)
    return my_room(connection, room_id, "")


def _drop(connection: sa.Connection, room_id: str, by: Actor) -> None:
    _require(connection, room_id)
    drop_room(connection, room_id, by.at, by)


def _hand_over(
    connection: sa.Connection, room_id: str, user_id: str, by: Actor
) -> tuple[Joined, list[Promoted]]:
    _require(connection, room_id)
    name = require_active(connection, user_id)
    if is_banned(connection, room_id, user_id):
        raise Banned("This person is banned from the room. Lift the ban first.")
    mine = my_room(connection, room_id, user_id)
    assert mine is not None
    joined = let_in(connection, mine, user_id, by.at)
    member = get_member(connection, room_id, user_id)
    assert member is not None
    promoted = [] if member.role == "owner" else [promote(connection, member, "owner")]
    promoted += [promote(connection, other, "moderator") for other in _other_owners(connection, member)]
    if promoted:
        said = {"before": member.role, "role": "owner"}
        note(connection, by, "room.role", room_id=room_id, target=(user_id, name), details=said)
    return joined, promoted


def _other_owners(connection: sa.Connection, owner: MemberRecord) -> list[MemberRecord]:
    return [
        member
        for member in list_members(connection, owner.room_id)
        if member.role == "owner" and member.user_id != owner.user_id
    ]


def _figures(connection: sa.Connection) -> Figures:
    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return int(
            connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
        )

    here = users.c.deleted_at.is_(None)
    signed_in = devices.c.revoked_at.is_(None)
    said = sa.select(sa.func.coalesce(sa.func.sum(rooms.c.last_seq), 0)).where(rooms.c.deleted_at.is_(None))
    return Figures(
        users=count(users, here),
        suspended=count(users, here, users.c.suspended_at.is_not(None)),
        deleted=count(users, users.c.deleted_at.is_not(None)),
        admins=count(users, here, users.c.suspended_at.is_(None), users.c.role == "admin"),
        devices=count(devices, signed_in, devices.c.token_hash.is_(None)),
        tokens=count(devices, signed_in, devices.c.token_hash.is_not(None)),
        rooms=count(rooms, _A_ROOM),
        dms=count(rooms, rooms.c.kind == "dm"),
        messages=int(connection.execute(said).scalar_one()),
        invites=count(invites),
        audit_entries=count(audit),
        database_bytes=_database_bytes(connection),
    )


def _database_bytes(connection: sa.Connection) -> int:
    if connection.dialect.name == "sqlite":
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
