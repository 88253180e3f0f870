"""What goes by itself, a step at a time: messages that a room keeps no longer, and rooms that are deleted.

A room with a retention time forgets in the order of its log, from `erased_seq` on, and stops at the first
message that is not old enough: a clock that jumps may let something stay for longer, but never loses what
is young. Each message that goes takes the room's next `rev`, like any other that is deleted.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from mesh_server.store.base import MessageRecord
from mesh_server.store.database import Database
from mesh_server.store.edits import erase
from mesh_server.store.search import reindex, rewind
from mesh_server.store.tables import (
    mentions,
    messages,
    p2p_sessions,
    paces,
    reactions,
    room_mentions,
    rooms,
    versions,
)


class SqlUpkeep:
    """`UpkeepStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def list_forgetful(self, now: int) -> list[str]:
        return await self._db.read(_list_forgetful, now)

    async def erase_expired(
        self, room_id: str, now: int, limit: int, then: Callable[[list[MessageRecord]], None]
    ) -> int:
        erased = await self._db.write(_erase_expired, room_id, now, limit, then=then)
        return len(erased)

    async def list_deleted(self) -> list[str]:
        return await self._db.read(_list_deleted)

    async def purge_room(self, room_id: str, limit: int) -> None:
        await self._db.write(_purge_room, room_id, limit)


# ── messages that are old enough ─────────────────────────────────────────────────────────────────

_CUTOFF = sa.bindparam("now", type_=sa.BigInteger) - rooms.c.retention_s * 1000


def _list_forgetful(connection: sa.Connection, now: int) -> list[str]:
    """The rooms whose next message is too old. There is no gap in `seq`, so one look-up a room is enough."""
    following = (messages.c.room_id == rooms.c.id) & (messages.c.seq == rooms.c.erased_seq + 1)
    query = (
        sa.select(rooms.c.id)
        .join(messages, following)
        .where(rooms.c.retention_s > 0, rooms.c.deleted_at.is_(None), messages.c.created_at < _CUTOFF)
    )
    return list(connection.execute(query, {"now": now}).scalars())


def _erase_expired(connection: sa.Connection, room_id: str, now: int, limit: int) -> list[MessageRecord]:
    """Those that were erased; what had been deleted before is passed over."""
    query = (
        sa.select(
            messages.c.seq,
            messages.c.id,
            messages.c.deleted_at,
            (messages.c.created_at < _CUTOFF).label("old"),
        )
        .join(rooms, rooms.c.id == messages.c.room_id)
        .where(rooms.c.id == room_id, rooms.c.retention_s > 0, messages.c.seq > rooms.c.erased_seq)
        .order_by(messages.c.seq)
        .limit(limit)
    )
    erased, last = [], None
    for row in connection.execute(query, {"now": now}).all():
        if not row.old:
            break
        last = row.seq
        if row.deleted_at is None:
            erased.append(erase(connection, room_id, row.id, now))
    if last is not None:
        connection.execute(sa.update(rooms).where(rooms.c.id == room_id).values(erased_seq=last))
    return erased


# ── rooms that are deleted ───────────────────────────────────────────────────────────────────────


def _list_deleted(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(rooms.c.id).where(rooms.c.deleted_at.is_not(None))).scalars())


def _purge_room(connection: sa.Connection, room_id: str, limit: int) -> None:
    """The next messages; the row of the room itself once there are none."""
    query: sa.Select[Any] = (
        sa.select(messages.c.seq, messages.c.id, messages.c.content)
        .where(messages.c.room_id == room_id)
        .order_by(messages.c.seq)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    if not rows:
        # Who is in a session of the room is told that it is over, before the room is gone.
        empty = ~sa.exists().where(p2p_sessions.c.room_id == room_id)
        this = (rooms.c.id == room_id) & rooms.c.deleted_at.is_not(None)
        connection.execute(sa.delete(paces).where(paces.c.room_id == room_id))
        connection.execute(sa.delete(rooms).where(this, empty))
        return
    for row in rows:
        reindex(connection, row.id, row.content, "")
    for table in (versions, reactions, mentions, room_mentions, messages):
        here = (table.c.room_id == room_id) & (table.c.seq <= rows[-1].seq)
        connection.execute(sa.delete(table).where(here))
    rewind(connection)
