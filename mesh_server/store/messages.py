"""The log, read: pages of history, what changed since a `rev`, threads and pins. Writing is next door."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from mesh_server.store.append import Append
from mesh_server.store.base import (
    Actor,
    Allow,
    Appended,
    AppendOutcome,
    Change,
    Changes,
    MessageRecord,
    NewMessage,
    Overview,
    RoomRecord,
    VersionRecord,
)
from mesh_server.store.database import Database
from mesh_server.store.edits import change_message
from mesh_server.store.rooms import list_members, list_rooms
from mesh_server.store.rows import WITH_AUTHOR, to_record, with_reactions
from mesh_server.store.tables import messages, versions
from protocol import limits
from protocol.errors import InternalError, MeshError, MessageNotFound
from protocol.rest import Role

log = logging.getLogger(__name__)


class SqlMessages:
    """`MessageStore` on a `Database`."""

    def __init__(self, database: Database, dialect: sa.Dialect) -> None:
        self._db = database
        self._append = Append(dialect)

    def append(
        self,
        batch: Sequence[NewMessage],
        done: Callable[[AppendOutcome], None],
        *,
        unhurried: frozenset[Role] = frozenset(),
        heralds: frozenset[Role] = frozenset(),
    ) -> None:
        def failed(future: "asyncio.Future[list[Appended | MeshError]]") -> None:
            error = future.exception()
            if isinstance(error, MeshError):
                done(error)
            elif error is not None:
                log.error("a batch was not stored", exc_info=error)
                done(InternalError())

        self._db.submit(self._append, batch, unhurried, heralds, then=done).add_done_callback(failed)

    async def change_message(
        self,
        room_id: str,
        message_id: str,
        user_id: str,
        change: Change,
        allow: Allow,
        then: Callable[[tuple[MessageRecord, bool]], None],
        *,
        by: Actor | None = None,
    ) -> MessageRecord:
        asked = (room_id, message_id, user_id, change, allow, by)
        record, _ = await self._db.write(change_message, *asked, then=then)
        return record

    async def list_versions(self, room_id: str, message_id: str) -> list[VersionRecord]:
        return await self._db.read(_list_versions, room_id, message_id)

    async def list_pinned(self, room_id: str) -> list[MessageRecord]:
        return await self._db.read(_list_pinned, room_id)

    async def list_messages(
        self,
        room_id: str,
        *,
        after: int,
        before: int,
        limit: int,
        newest: bool,
        thread: str | None = None,
    ) -> tuple[list[MessageRecord], bool]:
        return await self._db.read(list_page, room_id, after, before, limit, newest, thread)

    async def get_overview(self, user_id: str, since: dict[str, int], most: int) -> Overview:
        return await self._db.read(_get_overview, user_id, since, most)

    async def list_changes(self, room_id: str, since: int, until: int) -> Changes:
        return await self._db.read(_list_changes, room_id, since, until)


@cache
def _page(*, newest: bool, in_thread: bool) -> sa.Select[Any]:
    """Made once each: building a query takes longer than running it."""
    query = (
        WITH_AUTHOR.where(messages.c.room_id == sa.bindparam("room_id", type_=sa.String()))
        .where(messages.c.seq > sa.bindparam("after"), messages.c.seq < sa.bindparam("before"))
        .order_by(messages.c.seq.desc() if newest else messages.c.seq.asc())
        .limit(sa.bindparam("most", type_=sa.Integer()))
    )
    if in_thread:
        thread = sa.bindparam("thread", type_=sa.String())
        query = query.where((messages.c.thread == thread) | (messages.c.id == thread))
    return query


def list_page(
    connection: sa.Connection,
    room_id: str,
    after: int,
    before: int,
    limit: int,
    newest: bool,
    thread: str | None,
) -> tuple[list[MessageRecord], bool]:
    asked = {"room_id": room_id, "after": after, "before": before, "most": limit + 1, "thread": thread}
    rows = connection.execute(_page(newest=newest, in_thread=thread is not None), asked).all()
    page = with_reactions(connection, [to_record(row) for row in rows[:limit]])
    return (page[::-1] if newest else page), len(rows) > limit


def _get_overview(connection: sa.Connection, user_id: str, since: dict[str, int], most: int) -> Overview:
    mine = list_rooms(connection, user_id)
    gaps = {
        room.id
        for room in (my_room.room for my_room in mine)
        if room.id in since and _is_gap(connection, room, since[room.id], most)
    }
    return Overview(rooms=mine, gaps=gaps)


def _is_gap(connection: sa.Connection, room: RoomRecord, since: int, most: int) -> bool:
    """A client that is ahead of the log holds numbers of another history: a gap, too."""
    if since >= room.rev or room.rev - since <= most:
        return since > room.rev
    # There is no gap in `seq`: were more than these written since, they would do.
    beyond = _since(room.id, since, first=room.last_seq - most).limit(1).offset(most)
    return connection.execute(beyond).first() is not None


def _since(room_id: str, since: int, first: int | sa.ColumnElement[int]) -> sa.CompoundSelect[Any]:
    """The `pk` of what changed after the `rev` `since`, and of what was written since, from `first` on."""
    later = sa.select(messages.c.pk).where(messages.c.room_id == room_id, messages.c.rev > since)
    return sa.union_all(
        later.where(messages.c.changed), later.where(~messages.c.changed, messages.c.seq >= first)
    )


def _list_changes(connection: sa.Connection, room_id: str, since: int, until: int) -> Changes:
    # Found from the newest on, past no more than has come since.
    last_known = (
        sa.select(messages.c.seq)
        .where(messages.c.room_id == room_id, messages.c.rev <= since, ~messages.c.changed)
        .order_by(messages.c.seq.desc())
        .limit(1)
    )
    first = sa.func.coalesce(last_known.scalar_subquery(), 0)
    query = WITH_AUTHOR.where(
        messages.c.pk.in_(_since(room_id, since, first)), messages.c.rev <= until
    ).order_by(messages.c.rev)
    return Changes(
        members=list_members(connection, room_id),
        messages=with_reactions(connection, [to_record(row) for row in connection.execute(query)]),
    )


def _list_versions(connection: sa.Connection, room_id: str, message_id: str) -> list[VersionRecord]:
    place = sa.select(messages.c.seq).where(messages.c.id == message_id, messages.c.room_id == room_id)
    seq = connection.execute(place).scalar_one_or_none()
    if seq is None:
        raise MessageNotFound
    query = (
        sa.select(versions.c.content, versions.c.until)
        .where(versions.c.room_id == room_id, versions.c.seq == seq)
        .order_by(versions.c.until)
    )
    return [VersionRecord(row.content, row.until) for row in connection.execute(query)]


def _list_pinned(connection: sa.Connection, room_id: str) -> list[MessageRecord]:
    query = (
        WITH_AUTHOR.where(messages.c.room_id == room_id, messages.c.pinned_at.is_not(None))
        .order_by(messages.c.pinned_at.desc())
        .limit(limits.PAGE_MAX)
    )
    return with_reactions(connection, [to_record(row) for row in connection.execute(query)])
