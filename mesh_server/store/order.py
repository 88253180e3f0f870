"""Order in rooms: their settings, the roles of their members, and who is kept out.

Each change looks first where the asker stands, in its own transaction, and takes the room's next `rev`.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.exc import IntegrityError

from mesh_server.store.audit import note
from mesh_server.store.base import (
    Actor,
    Allow,
    BanRecord,
    Joined,
    Left,
    MemberRecord,
    MyRoom,
    Promoted,
    Settings,
)
from mesh_server.store.database import Database
from mesh_server.store.rooms import (
    get_member,
    is_banned,
    let_in,
    my_room,
    next_rev,
    require_active,
    require_ownable,
    revoke_invites,
    standing,
    take_out,
    user_name,
)
from mesh_server.store.tables import bans, invites, members, rooms, users
from protocol import limits
from protocol.errors import Banned, RoomNameTaken, RoomNotFound, TooManyBans, UserNotFound
from protocol.rest import Role


class SqlOrder:
    """`OrderStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def update_room(
        self,
        room_id: str,
        user_id: str,
        settings: Settings,
        now: int,
        allow: Allow,
        then: Callable[[tuple[MyRoom, bool]], None],
        *,
        by: Actor | None = None,
    ) -> MyRoom:
        mine, _ = await self._db.write(_update_room, room_id, user_id, settings, now, allow, by, then=then)
        return mine

    async def delete_room(
        self,
        room_id: str,
        user_id: str,
        now: int,
        allow: Allow,
        then: Callable[[None], None],
        *,
        by: Actor | None = None,
    ) -> None:
        await self._db.write(_delete_room, room_id, user_id, now, allow, by, then=then)

    async def bring_in(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        now: int,
        allow: Allow,
        then: Callable[[Joined], None],
        *,
        by: Actor | None = None,
    ) -> Joined:
        return await self._db.write(_bring_in, room_id, user_id, other_id, now, allow, by, then=then)

    async def set_role(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        role: Role,
        allow: Allow,
        then: Callable[[list[Promoted]], None],
        *,
        by: Actor | None = None,
    ) -> MemberRecord:
        asked = (room_id, user_id, other_id, role, allow, by)
        member, _ = await self._db.write(_set_role, *asked, then=lambda outcome: then(outcome[1]))
        return member

    async def kick(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        allow: Allow,
        then: Callable[[Left], None],
        *,
        by: Actor | None = None,
    ) -> None:
        await self._db.write(_kick, room_id, user_id, other_id, allow, by, then=then)

    async def ban(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        reason: str,
        now: int,
        allow: Allow,
        then: Callable[[Left | None], None],
        *,
        by: Actor | None = None,
    ) -> BanRecord:
        asked = (room_id, user_id, other_id, reason, now, allow, by)
        ban, _ = await self._db.write(_ban, *asked, then=lambda outcome: then(outcome[1]))
        return ban

    async def lift_ban(
        self, room_id: str, user_id: str, other_id: str, allow: Allow, *, by: Actor | None = None
    ) -> None:
        await self._db.write(_lift_ban, room_id, user_id, other_id, allow, by)

    async def list_bans(self, room_id: str, user_id: str, allow: Allow) -> list[BanRecord]:
        return await self._db.read(_list_bans, room_id, user_id, allow)


# ── the room ─────────────────────────────────────────────────────────────────────────────────────


def _mine(connection: sa.Connection, room_id: str, user_id: str) -> MyRoom:
    mine = my_room(connection, room_id, user_id)
    if mine is None:
        raise RoomNotFound
    return mine


def _update_room(
    connection: sa.Connection,
    room_id: str,
    user_id: str,
    settings: Settings,
    now: int,
    allow: Allow,
    by: Actor | None,
) -> tuple[MyRoom, bool]:
    """The room afterwards, and whether that changed anything."""
    allow(standing(connection, room_id, user_id))
    mine = _mine(connection, room_id, user_id)
    values = _columns(mine, settings, now)
    if not values:
        return mine, False
    try:
        connection.execute(sa.update(rooms).where(rooms.c.id == room_id).values(values))
    except IntegrityError as error:
        raise RoomNameTaken from error
    next_rev(connection, room_id)
    told = {name: value for name, value in values.items() if name not in ("name_key", "archived_at")}
    if "archived_at" in values:
        told["archived"] = settings.archived
    note(connection, by, "room.update", room_id=room_id, target=(room_id, mine.room.name), details=told)
    return _mine(connection, room_id, user_id), True


def _columns(mine: MyRoom, settings: Settings, now: int) -> dict[str, Any]:
    """The columns that become other than they are."""
    wanted = {name: value for name, value in structs.asdict(settings).items() if value is not None}
    archived = wanted.pop("archived", None)
    if archived is not None and archived is not (mine.room.archived_at is not None):
        wanted["archived_at"] = now if archived else None
    return {name: value for name, value in wanted.items() if getattr(mine.room, name) != value}


def _delete_room(
    connection: sa.Connection, room_id: str, user_id: str, now: int, allow: Allow, by: Actor | None
) -> None:
    allow(standing(connection, room_id, user_id))
    drop_room(connection, room_id, now, by)


def drop_room(connection: sa.Connection, room_id: str, now: int, by: Actor | None) -> None:
    """Nobody can see it from now on, and its name is free; `store.upkeep` does the rest."""
    name = connection.execute(sa.select(rooms.c.name).where(rooms.c.id == room_id)).scalar_one()
    for table in (members, bans, invites):
        connection.execute(sa.delete(table).where(table.c.room_id == room_id))
    nameless = {
        "name": "",
        "name_key": f"\x01deleted:{room_id}",  # no name has a control character
        "topic": "",
        "visibility": "private",
        "deleted_at": now,
    }
    connection.execute(sa.update(rooms).where(rooms.c.id == room_id).values(nameless))
    note(connection, by, "room.delete", room_id=room_id, target=(room_id, name))


# ── its members ──────────────────────────────────────────────────────────────────────────────────


def _bring_in(
    connection: sa.Connection,
    room_id: str,
    user_id: str,
    other_id: str,
    now: int,
    allow: Allow,
    by: Actor | None,
) -> Joined:
    allow(standing(connection, room_id, user_id))
    if is_banned(connection, room_id, other_id):
        raise Banned("This person is banned from the room. Lift the ban first.")
    joined = let_in(connection, _mine(connection, room_id, other_id), other_id, now)
    if joined.new:
        note(connection, by, "room.add", room_id=room_id, target=(other_id, joined.member.username))
    return joined


def _allow_over(
    connection: sa.Connection, room_id: str, user_id: str, other_id: str, allow: Allow
) -> MemberRecord | None:
    """The member whom it is about, once it is allowed; None where they are none."""
    who = standing(connection, room_id, user_id)
    other = get_member(connection, room_id, other_id)
    allow(structs.replace(who, over=None if other is None else other.role))
    return other


def _require_over(
    connection: sa.Connection, room_id: str, user_id: str, other_id: str, allow: Allow
) -> MemberRecord:
    other = _allow_over(connection, room_id, user_id, other_id, allow)
    if other is None:
        raise UserNotFound("There is no such person in this room.")
    return other


def _set_role(
    connection: sa.Connection,
    room_id: str,
    user_id: str,
    other_id: str,
    role: Role,
    allow: Allow,
    by: Actor | None,
) -> tuple[MemberRecord, list[Promoted]]:
    other = _require_over(connection, room_id, user_id, other_id, allow)
    if other.role == role:
        return other, []
    if role == "owner":
        require_active(connection, other_id)
        require_ownable(connection, other_id)
    promoted = [promote(connection, other, role)]
    if role == "owner":
        before = get_member(connection, room_id, user_id)
        assert before is not None
        promoted.append(promote(connection, before, "moderator"))
    target = (other_id, other.username)
    said = {"before": other.role, "role": role}
    note(connection, by, "room.role", room_id=room_id, target=target, details=said)
    return promoted[0].member, promoted


def promote(connection: sa.Connection, member: MemberRecord, role: Role) -> Promoted:
    here = (members.c.room_id == member.room_id) & (members.c.user_id == member.user_id)
    connection.execute(sa.update(members).where(here).values(role=role))
    if role == "member":
        revoke_invites(connection, member.room_id, member.user_id)
    return Promoted(member=structs.replace(member, role=role), rev=next_rev(connection, member.room_id))


def _kick(
    connection: sa.Connection, room_id: str, user_id: str, other_id: str, allow: Allow, by: Actor | None
) -> Left:
    other = _require_over(connection, room_id, user_id, other_id, allow)
    note(connection, by, "room.kick", room_id=room_id, target=(other_id, other.username))
    return take_out(connection, other)


# ── bans ─────────────────────────────────────────────────────────────────────────────────────────


def _ban(
    connection: sa.Connection,
    room_id: str,
    user_id: str,
    other_id: str,
    reason: str,
    now: int,
    allow: Allow,
    by: Actor | None,
) -> tuple[BanRecord, Left | None]:
    other = _allow_over(connection, room_id, user_id, other_id, allow)
    if not is_banned(connection, room_id, other_id):
        count = sa.select(sa.func.count()).select_from(bans).where(bans.c.room_id == room_id)
        if connection.execute(count).scalar_one() >= limits.ROOM_BANS:
            raise TooManyBans
        ban = {"room_id": room_id, "user_id": other_id, "banned_by": user_id}
        connection.execute(sa.insert(bans).values(ban | {"reason": reason, "created_at": now}))
        target = (other_id, user_name(connection, other_id))
        said = {"reason": reason or None}
        note(connection, by, "room.ban", room_id=room_id, target=target, details=said)
    left = None if other is None else take_out(connection, other)
    row = connection.execute(_bans(room_id).where(bans.c.user_id == other_id)).mappings().one()
    return BanRecord(**row), left


def _lift_ban(
    connection: sa.Connection, room_id: str, user_id: str, other_id: str, allow: Allow, by: Actor | None
) -> None:
    allow(standing(connection, room_id, user_id))
    here = (bans.c.room_id == room_id) & (bans.c.user_id == other_id)
    if connection.execute(sa.delete(bans).where(here)).rowcount == 0:
        raise UserNotFound("This person is not banned from the room.")
    note(connection, by, "room.unban", room_id=room_id, target=(other_id, user_name(connection, other_id)))


def _list_bans(connection: sa.Connection, room_id: str, user_id: str, allow: Allow) -> list[BanRecord]:
    allow(standing(connection, room_id, user_id))
    query = _bans(room_id).order_by(bans.c.created_at.desc(), bans.c.user_id)
    return [BanRecord(**row) for row in connection.execute(query).mappings()]


def _bans(room_id: str) -> sa.Select[Any]:
    banned, banner = users.alias("banned"), users.alias("banner")
    return (
        sa.select(
            bans.c.user_id,
            banned.c.username,
            bans.c.banned_by,
            banner.c.username.label("banned_by_name"),
            bans.c.reason,
            bans.c.created_at,
        )
        .join(banned, banned.c.id == bans.c.user_id)
        .join(banner, banner.c.id == bans.c.banned_by)
        .where(bans.c.room_id == room_id)
    )
