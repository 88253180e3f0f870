"""Rooms, members and read markers.

Unread is counted, not kept: the room's last number, less the reader's marker, less the reader's own
messages and others' deleted ones since; each part is one index look-up, whatever the room's size.
"""

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from mesh_server.store.base import Joined, Left, MemberRecord, MyRoom, ReadMark, RoomRecord, Standing
from mesh_server.store.database import Database
from mesh_server.store.tables import bans, invites, members, mentions, messages, room_mentions, rooms, users
from protocol import limits
from protocol.errors import (
    Banned,
    NotMember,
    RoomForbidden,
    RoomFull,
    RoomNameTaken,
    RoomNotFound,
    TooManyRooms,
    UserNotFound,
    UserSuspended,
)
from protocol.rest import Role


class SqlRooms:
    """`RoomStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_room(self, room: RoomRecord, then: Callable[[Joined], None]) -> Joined:
        return await self._db.write(_create_room, room, then=then)

    async def get_or_create_dm(
        self, room: RoomRecord, other_id: str, then: Callable[[tuple[Joined, Joined]], None]
    ) -> tuple[Joined, Joined]:
        return await self._db.write(_get_or_create_dm, room, other_id, then=then)

    async def get_room(self, room_id: str, user_id: str) -> MyRoom | None:
        return await self._db.read(my_room, room_id, user_id)

    async def list_rooms(self, user_id: str) -> list[MyRoom]:
        return await self._db.read(list_rooms, user_id)

    async def list_public_rooms(self, user_id: str, *, after: str = "", limit: int) -> list[MyRoom]:
        return await self._db.read(_list_public_rooms, user_id, after, limit)

    async def list_members(
        self, room_id: str, *, after: tuple[int, str] | None = None, limit: int | None = None
    ) -> list[MemberRecord]:
        return await self._db.read(list_members, room_id, after, limit)

    async def add_member(
        self, room_id: str, user_id: str, now: int, then: Callable[[Joined], None]
    ) -> Joined:
        return await self._db.write(_add_member, room_id, user_id, now, then=then)

    async def remove_member(self, room_id: str, user_id: str, then: Callable[[Left], None]) -> Left:
        return await self._db.write(_remove_member, room_id, user_id, then=then)

    async def set_read(self, room_id: str, user_id: str, seq: int) -> ReadMark:
        return await self._db.write(_set_read, room_id, user_id, seq)


def _my_rooms() -> sa.Select[Any]:
    """Every room, with the columns of `MyRoom` for the user `me`; the caller adds which ones."""
    user_id = sa.bindparam("me", type_=sa.String())
    mine = members.alias("mine")
    others = members.alias("others")
    count = sa.select(sa.func.count()).where(others.c.room_id == rooms.c.id).scalar_subquery()
    erased = (
        sa.select(sa.func.count())
        .where(messages.c.room_id == rooms.c.id)
        .where(messages.c.deleted_at.is_not(None))
        .where(messages.c.seq > mine.c.read_seq)
        .where(messages.c.author_id != user_id)
        .scalar_subquery()
    )
    other = (
        sa.select(users.c.id, users.c.username)
        .join(others, others.c.user_id == users.c.id)
        .where(others.c.room_id == rooms.c.id, others.c.user_id != user_id, rooms.c.kind == "dm")
        .limit(1)
    )
    joined = rooms.outerjoin(mine, (mine.c.room_id == rooms.c.id) & (mine.c.user_id == user_id))
    return sa.select(
        rooms,
        count.label("member_count"),
        mine.c.role.label("my_role"),
        mine.c.read_seq,
        (rooms.c.last_seq - mine.c.read_seq - mine.c.own_since_read - erased).label("unread"),
        _mentions_of(user_id, mine.c.read_seq).label("mentions"),
        other.with_only_columns(users.c.id).scalar_subquery().label("other_id"),
        other.with_only_columns(users.c.username).scalar_subquery().label("other_name"),
    ).select_from(joined)


def _mentions_of(user_id: sa.BindParameter[str], read_seq: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """How many messages of a room past `read_seq` name the user, or everyone there; each counts once."""
    named = (
        sa.select(sa.func.count())
        .where(mentions.c.room_id == rooms.c.id)
        .where(mentions.c.user_id == user_id)
        .where(mentions.c.seq > read_seq)
        .scalar_subquery()
    )
    named_too = (
        sa.select(mentions.c.seq)
        .where(mentions.c.room_id == room_mentions.c.room_id)
        .where(mentions.c.user_id == user_id)
        .where(mentions.c.seq == room_mentions.c.seq)
    )
    called = (
        sa.select(sa.func.count())
        .where(room_mentions.c.room_id == rooms.c.id)
        .where(room_mentions.c.author_id != user_id)
        .where(room_mentions.c.seq > read_seq)
        .where(~named_too.exists())
        .scalar_subquery()
    )
    return named + called


def _to_my_room(row: sa.Row[Any]) -> MyRoom:
    is_member = row.my_role is not None
    return MyRoom(
        room=RoomRecord(**{name: getattr(row, name) for name in RoomRecord.__struct_fields__}),
        member_count=row.member_count,
        role=row.my_role,
        read_seq=row.read_seq,
        unread=row.unread if is_member else None,
        mentions=row.mentions if is_member else None,
        other=None if row.other_id is None else (row.other_id, row.other_name),
    )


# Made once: building them takes longer than running them, and each call of a room begins with one.
_MINE: Final = sa.select(members.c.room_id).where(members.c.user_id == sa.bindparam("me", type_=sa.String()))
_ONE_ROOM: Final = _my_rooms().where(rooms.c.id == sa.bindparam("room_id", type_=sa.String()))
_ROOMS_OF_MINE: Final = _my_rooms().where(rooms.c.id.in_(_MINE)).order_by(rooms.c.name_key)
_PUBLIC_ROOMS: Final = (
    _my_rooms()
    .where(rooms.c.visibility == "public", rooms.c.name_key > sa.bindparam("after", type_=sa.String()))
    .order_by(rooms.c.name_key)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)


def my_room(connection: sa.Connection, room_id: str, user_id: str) -> MyRoom | None:
    row = connection.execute(_ONE_ROOM, {"room_id": room_id, "me": user_id}).one_or_none()
    return None if row is None else _to_my_room(row)


def list_rooms(connection: sa.Connection, user_id: str) -> list[MyRoom]:
    return [_to_my_room(row) for row in connection.execute(_ROOMS_OF_MINE, {"me": user_id})]


def _list_public_rooms(connection: sa.Connection, user_id: str, after: str, limit: int) -> list[MyRoom]:
    found = connection.execute(_PUBLIC_ROOMS, {"me": user_id, "after": after, "most": limit})
    return [_to_my_room(row) for row in found]


def _members(room_id: str) -> sa.Select[Any]:
    return (
        sa.select(
            members.c.room_id,
            members.c.user_id,
            users.c.username,
            users.c.display_name,
            members.c.role,
            members.c.joined_at,
            users.c.status_text,
            sa.case((rooms.c.receipts & ~users.c.hides_reads, members.c.read_seq)),
        )
        .join(users, users.c.id == members.c.user_id)
        .join(rooms, rooms.c.id == members.c.room_id)
        .where(members.c.room_id == room_id)
    )


def _to_member(row: sa.Row[Any]) -> MemberRecord:
    return MemberRecord(**dict(zip(MemberRecord.__struct_fields__, row, strict=True)))


def list_members(
    connection: sa.Connection,
    room_id: str,
    after: tuple[int, str] | None = None,
    limit: int | None = None,
) -> list[MemberRecord]:
    query = _members(room_id).order_by(members.c.joined_at, members.c.user_id).limit(limit)
    if after is not None:
        query = query.where(sa.tuple_(members.c.joined_at, members.c.user_id) > sa.tuple_(*after))
    return [_to_member(row) for row in connection.execute(query)]


def standing(connection: sa.Connection, room_id: str, user_id: str) -> Standing:
    """Where a member stands. Raises: RoomNotFound where the room may not even be known, else NotMember."""
    mine = (members.c.room_id == rooms.c.id) & (members.c.user_id == user_id)
    query = (
        sa.select(rooms.c.visibility, rooms.c.archived_at, members.c.role)
        .select_from(rooms.outerjoin(members, mine))
        .where(rooms.c.id == room_id)
        .with_for_update(of=rooms)
    )
    row = connection.execute(query).one_or_none()
    if row is None or (row.role is None and row.visibility != "public"):
        raise RoomNotFound
    if row.role is None:
        raise NotMember
    return Standing(role=row.role, public=row.visibility == "public", archived=row.archived_at is not None)


def get_member(connection: sa.Connection, room_id: str, user_id: str) -> MemberRecord | None:
    row = connection.execute(_members(room_id).where(members.c.user_id == user_id)).one_or_none()
    return None if row is None else _to_member(row)


def _joined(connection: sa.Connection, room_id: str, user_id: str, *, new: bool) -> Joined:
    member = get_member(connection, room_id, user_id)
    mine = my_room(connection, room_id, user_id)
    assert member is not None
    assert mine is not None
    return Joined(member=member, my_room=mine, members=list_members(connection, room_id), new=new)


def _create_room(connection: sa.Connection, room: RoomRecord) -> Joined:
    values = {name: getattr(room, name) for name in room.__struct_fields__}
    try:
        connection.execute(sa.insert(rooms).values(values))
    except IntegrityError as error:
        raise RoomNameTaken from error
    _insert_member(connection, room.id, room.created_by, "owner", room.created_at, read_seq=0)
    return _joined(connection, room.id, room.created_by, new=True)


def _get_or_create_dm(connection: sa.Connection, room: RoomRecord, other_id: str) -> tuple[Joined, Joined]:
    known = connection.execute(sa.select(rooms.c.id).where(rooms.c.name_key == room.name_key)).scalar()
    room_id = known or room.id
    if known is None:
        connection.execute(
            sa.insert(rooms).values({name: getattr(room, name) for name in room.__struct_fields__})
        )
        for user_id in (room.created_by, other_id):
            _insert_member(connection, room_id, user_id, "member", room.created_at, read_seq=0)
    mine = _joined(connection, room_id, room.created_by, new=known is None)
    return mine, _joined(connection, room_id, other_id, new=known is None)


def user_name(connection: sa.Connection, user_id: str) -> str:
    """Empty for who is not there."""
    return str(connection.execute(sa.select(users.c.username).where(users.c.id == user_id)).scalar() or "")


def require_active(connection: sa.Connection, user_id: str) -> str:
    """The name of a user who may take part. Raises: UserNotFound, UserSuspended."""
    query = sa.select(users.c.username, users.c.suspended_at, users.c.deleted_at).where(users.c.id == user_id)
    row = connection.execute(query).one_or_none()
    if row is None or row.deleted_at is not None:
        raise UserNotFound
    if row.suspended_at is not None:
        raise UserSuspended
    return str(row.username)


def _insert_member(
    connection: sa.Connection, room_id: str, user_id: str, role: Role, now: int, *, read_seq: int
) -> None:
    require_active(connection, user_id)
    _require_place(connection, user_id, as_owner=role == "owner")
    values = {"room_id": room_id, "user_id": user_id, "role": role, "joined_at": now, "read_seq": read_seq}
    connection.execute(sa.insert(members).values(values))


def _require_place(connection: sa.Connection, user_id: str, *, as_owner: bool) -> None:
    """Raises: TooManyRooms."""
    count = sa.select(sa.func.count()).select_from(members).where(members.c.user_id == user_id)
    if connection.execute(count).scalar_one() >= limits.USER_ROOMS:
        raise TooManyRooms
    if as_owner:
        require_ownable(connection, user_id)


def require_ownable(connection: sa.Connection, user_id: str) -> None:
    """Raises: TooManyRooms."""
    count = sa.select(sa.func.count()).select_from(members).where(members.c.user_id == user_id)
    if connection.execute(count.where(members.c.role == "owner")).scalar_one() >= limits.OWNED_ROOMS:
        raise TooManyRooms(f"Nobody can own more than {limits.OWNED_ROOMS} rooms. Hand one over first.")


def next_rev(connection: sa.Connection, room_id: str) -> int:
    query = sa.update(rooms).where(rooms.c.id == room_id).values(rev=rooms.c.rev + 1).returning(rooms.c.rev)
    return int(connection.execute(query).scalar_one())


def _add_member(connection: sa.Connection, room_id: str, user_id: str, now: int) -> Joined:
    mine = my_room(connection, room_id, user_id)
    if mine is None or (mine.role is None and mine.room.visibility != "public"):
        raise RoomNotFound
    return let_in(connection, mine, user_id, now)


def let_in(connection: sa.Connection, mine: MyRoom, user_id: str, now: int) -> Joined:
    """Makes someone a member of a room that they may enter, or finds that they are.

    Raises: Banned, RoomFull, TooManyRooms, UserNotFound, UserSuspended.
    """
    room = mine.room
    if mine.role is not None:
        return _joined(connection, room.id, user_id, new=False)
    if is_banned(connection, room.id, user_id):
        raise Banned
    if mine.member_count >= limits.ROOM_MEMBERS:
        raise RoomFull
    # A public room that everyone had left belongs to who comes back first.
    role: Role = "member" if mine.member_count else "owner"
    _insert_member(connection, room.id, user_id, role, now, read_seq=room.last_seq)
    next_rev(connection, room.id)
    return _joined(connection, room.id, user_id, new=True)


def is_banned(connection: sa.Connection, room_id: str, user_id: str) -> bool:
    query = sa.select(bans.c.user_id).where(bans.c.room_id == room_id, bans.c.user_id == user_id)
    return connection.execute(query).first() is not None


def _remove_member(connection: sa.Connection, room_id: str, user_id: str) -> Left:
    leaving = get_member(connection, room_id, user_id)
    if leaving is None:
        room = connection.execute(sa.select(rooms.c.visibility).where(rooms.c.id == room_id)).one_or_none()
        raise NotMember if room is not None and room.visibility == "public" else RoomNotFound
    if connection.execute(sa.select(rooms.c.kind).where(rooms.c.id == room_id)).scalar() == "dm":
        raise RoomForbidden("A conversation of two cannot be left.")
    return take_out(connection, leaving)


def take_out(connection: sa.Connection, leaving: MemberRecord) -> Left:
    room_id = leaving.room_id
    mine = (members.c.room_id == room_id) & (members.c.user_id == leaving.user_id)
    connection.execute(sa.delete(members).where(mine))
    revoke_invites(connection, room_id, leaving.user_id)
    heir = _promote_heir(connection, room_id) if leaving.role == "owner" else None
    return Left(member=leaving, rev=next_rev(connection, room_id), heir=heir)


def revoke_invites(connection: sa.Connection, room_id: str, user_id: str) -> None:
    """An invite lives no longer than its maker may invite."""
    theirs = (invites.c.room_id == room_id) & (invites.c.created_by == user_id)
    connection.execute(sa.delete(invites).where(theirs))


def _promote_heir(connection: sa.Connection, room_id: str) -> str | None:
    """Makes the longest-standing moderator, else member, the owner, where no other owner is left."""
    seniority = sa.case((members.c.role == "owner", 0), (members.c.role == "moderator", 1), else_=2)
    query = (
        sa.select(members.c.user_id, members.c.role)
        .where(members.c.room_id == room_id)
        .order_by(seniority, members.c.joined_at, members.c.user_id)
        .limit(1)
    )
    heir = connection.execute(query).one_or_none()
    if heir is None or heir.role == "owner":
        return None
    theirs = (members.c.room_id == room_id) & (members.c.user_id == heir.user_id)
    connection.execute(sa.update(members).where(theirs).values(role="owner"))
    return str(heir.user_id)


def _set_read(connection: sa.Connection, room_id: str, user_id: str, seq: int) -> ReadMark:
    mine = (members.c.room_id == room_id) & (members.c.user_id == user_id)
    query = (
        sa.select(
            members.c.read_seq,
            members.c.own_since_read,
            rooms.c.last_seq,
            (rooms.c.receipts & ~users.c.hides_reads).label("shown"),
        )
        .join(rooms, rooms.c.id == members.c.room_id)
        .join(users, users.c.id == members.c.user_id)
        .where(mine)
        .with_for_update(of=members)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotMember
    wanted = min(seq, row.last_seq)
    if wanted <= row.read_seq:
        return ReadMark(seq=row.read_seq, moved=False, shown=bool(row.shown))
    own = _own_after(connection, room_id, user_id, wanted, row)
    connection.execute(sa.update(members).where(mine).values(read_seq=wanted, own_since_read=own))
    return ReadMark(seq=wanted, moved=True, shown=bool(row.shown))


def _own_after(
    connection: sa.Connection, room_id: str, user_id: str, wanted: int, member: sa.Row[Any]
) -> int:
    """How many of the member's own messages come after `wanted`; looks at the shorter side of it only."""
    if member.own_since_read == 0 or wanted == member.last_seq:
        return 0
    first, last = member.read_seq, wanted
    is_rest_shorter = member.last_seq - wanted < wanted - member.read_seq
    if is_rest_shorter:
        first, last = wanted, member.last_seq
    query = sa.select(sa.func.count()).where(
        messages.c.room_id == room_id,
        messages.c.author_id == user_id,
        messages.c.seq > first,
        messages.c.seq <= last,
    )
    there = int(connection.execute(query).scalar_one())
    return there if is_rest_shorter else int(member.own_since_read) - there
