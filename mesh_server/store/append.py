"""Appending to the log, the one hot path of the store.

Strategy: its statements are Core expressions, compiled to the driver's SQL once, and run on the driver's
cursor for every batch, because SQLAlchemy's per-call work costs three times what SQLite's own does
(`store.database` has the figures).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from mesh_server.store.base import Appended, MessageRecord, NewMessage
from mesh_server.store.rows import COLUMNS, FIELDS, to_record, to_row
from mesh_server.store.tables import members, mentions, messages, rooms, users
from protocol.errors import (
    MeshError,
    NonceConflict,
    NotMember,
    RateLimited,
    ReferenceUnknown,
    RoomArchived,
    RoomNotFound,
)
from protocol.rest import Role


class _Prepared:
    """A statement in the driver's own SQL, with the order in which it takes its parameters."""

    def __init__(self, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._order = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]

    def row(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple([values[name] for name in self._order])


def _same(**columns: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(name) for name, column in columns.items()))


class Append:
    """The query function of `MessageStore.append`, with its statements compiled for one database."""

    def __init__(self, dialect: sa.Dialect) -> None:
        def prepare(statement: sa.ClauseElement) -> _Prepared:
            return _Prepared(statement, dialect)

        nonce = _same(room_id=messages.c.room_id, device_id=messages.c.device_id, nonce=messages.c.nonce)
        self.room = prepare(
            sa.select(
                rooms.c.last_seq, rooms.c.rev, rooms.c.visibility, rooms.c.archived_at, rooms.c.slow_mode_s
            )
            .where(_same(room_id=rooms.c.id))
            .with_for_update()
        )
        role = sa.select(members.c.role).where(_same(room_id=members.c.room_id, user_id=members.c.user_id))
        used = sa.select(messages.c.seq).where(nonce)
        self.role = prepare(role)
        self.role_and_used = prepare(sa.select(role.scalar_subquery(), used.scalar_subquery()))
        self.first = prepare(
            sa.select(*COLUMNS, users.c.username).join(users, users.c.id == messages.c.author_id).where(nonce)
        )
        self.known = prepare(
            sa.select(messages.c.seq).where(_same(id=messages.c.id, room_id=messages.c.room_id))
        )
        by_author = messages.alias("by_author")
        last_seq = sa.select(sa.func.max(by_author.c.seq)).where(
            _same(room_id=by_author.c.room_id, author_id=by_author.c.author_id)
        )
        self.last_said = prepare(
            sa.select(messages.c.created_at).where(
                _same(room_id=messages.c.room_id), messages.c.seq == last_seq.scalar_subquery()
            )
        )
        self.insert = prepare(sa.insert(messages).values({name: sa.bindparam(name) for name in FIELDS}))
        self.mention = prepare(
            sa.insert(mentions).values({name: sa.bindparam(name) for name in ("room_id", "user_id", "seq")})
        )
        self.heads = prepare(
            sa.update(rooms)
            .where(_same(room_id=rooms.c.id))
            .values(last_seq=sa.bindparam("new_seq"), rev=sa.bindparam("new_rev"))
        )

    def __call__(
        self, connection: sa.Connection, batch: Sequence[NewMessage], unhurried: frozenset[Role]
    ) -> list[Appended | MeshError]:
        cursor = connection.connection.cursor()
        driver_error = connection.dialect.loaded_dbapi.Error
        try:
            return _Batch(self, cursor, unhurried).run(batch)
        except driver_error as error:
            # As the engine would have raised it, so that `Database` need know one kind of failure only.
            raise sa.exc.DBAPIError.instance(None, None, error, driver_error) from error
        finally:
            cursor.close()


class _Head(NamedTuple):
    """The last numbers of a room, as this batch has moved them so far, and who may speak in it."""

    seq: int
    rev: int
    visibility: str
    archived_at: int | None
    slow_mode_s: int


class _Batch:
    """One batch on its way into the log."""

    def __init__(self, sql: Append, cursor: Any, unhurried: frozenset[Role]) -> None:
        self._sql, self._cursor, self._unhurried = sql, cursor, unhurried
        self._heads: dict[str, _Head] = {}
        self._fresh: dict[tuple[str, str, str], MessageRecord] = {}
        self._fresh_ids: set[tuple[str, str]] = set()
        self._last_said: dict[tuple[str, str], int] = {}

    def run(self, batch: Sequence[NewMessage]) -> list[Appended | MeshError]:
        outcome = [self._one(message) for message in batch]
        self._store()
        return outcome

    def _select(self, statement: _Prepared, **values: Any) -> Any:
        self._cursor.execute(statement.sql, statement.row(values))
        return self._cursor.fetchone()

    def _insert(self, statement: _Prepared, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._cursor.executemany(statement.sql, [statement.row(values) for values in rows])

    def _one(self, new: NewMessage) -> Appended | MeshError:
        head = self._head(new.room_id)
        if head is None:
            return RoomNotFound()
        role, first = self._role_and_first(new)
        if first is not None:
            return Appended(record=first, new=False) if _is_same(first, new) else NonceConflict()
        if role is None:
            return NotMember() if head.visibility == "public" else RoomNotFound()
        if head.archived_at is not None:
            return RoomArchived()
        if not (self._is_known(new.room_id, new.reply_to) and self._is_known(new.room_id, new.thread)):
            return ReferenceUnknown()
        if head.slow_mode_s and role not in self._unhurried:
            wait_ms = self._wait_ms(new, head.slow_mode_s * 1000)
            if wait_ms > 0:
                return _too_soon(wait_ms)
        return self._take(new, head)

    def _wait_ms(self, new: NewMessage, between_ms: int) -> int:
        """How long the author has to wait; not at all where the clock was set back since they spoke last."""
        key = (new.room_id, new.author_id)
        if key not in self._last_said:
            row = self._select(self._sql.last_said, room_id=new.room_id, author_id=new.author_id)
            self._last_said[key] = row[0] if row is not None else new.created_at - between_ms
        since_ms = new.created_at - self._last_said[key]
        wait_ms = between_ms - since_ms if since_ms >= 0 else 0
        if wait_ms <= 0:
            self._last_said[key] = new.created_at
        return wait_ms

    def _head(self, room_id: str) -> _Head | None:
        if room_id not in self._heads:
            row = self._select(self._sql.room, room_id=room_id)
            if row is None:
                return None
            self._heads[room_id] = _Head(*row)
        return self._heads[room_id]

    def _role_and_first(self, new: NewMessage) -> tuple[Role | None, MessageRecord | None]:
        """The author's role, and the message that used this nonce first, in this batch or long ago."""
        names = {"room_id": new.room_id, "device_id": new.device_id, "nonce": new.nonce}
        role, used = self._select(self._sql.role_and_used, user_id=new.author_id, **names)
        if used is not None:
            return role, to_record(self._select(self._sql.first, **names))
        return role, self._fresh.get((new.room_id, new.device_id, new.nonce))

    def _is_member(self, room_id: str, user_id: str) -> bool:
        return self._select(self._sql.role, room_id=room_id, user_id=user_id) is not None

    def _is_known(self, room_id: str, message_id: str | None) -> bool:
        return (
            message_id is None
            or (room_id, message_id) in self._fresh_ids
            or self._select(self._sql.known, room_id=room_id, id=message_id) is not None
        )

    def _take(self, new: NewMessage, head: _Head) -> Appended:
        """Gives the message the next numbers. Only members can be mentioned, each once."""
        named = tuple(
            user_id for user_id in dict.fromkeys(new.mentions) if self._is_member(new.room_id, user_id)
        )
        record = MessageRecord(
            id=new.id,
            room_id=new.room_id,
            seq=head.seq + 1,
            rev=head.rev + 1,
            author_id=new.author_id,
            author_name=new.author_name,
            device_id=new.device_id,
            nonce=new.nonce,
            content=new.content,
            content_type=new.content_type,
            created_at=new.created_at,
            reply_to=new.reply_to,
            thread=new.thread,
            mentions=named,
        )
        self._heads[new.room_id] = head._replace(seq=record.seq, rev=record.rev)
        self._fresh[new.room_id, new.device_id, new.nonce] = record
        self._fresh_ids.add((new.room_id, new.id))
        return Appended(record=record, new=True)

    def _store(self) -> None:
        fresh = self._fresh.values()
        self._insert(self._sql.insert, [to_row(record) for record in fresh])
        self._insert(
            self._sql.mention,
            [
                {"room_id": record.room_id, "user_id": user_id, "seq": record.seq}
                for record in fresh
                for user_id in record.mentions
            ],
        )
        touched = {record.room_id for record in fresh}
        self._insert(
            self._sql.heads,
            [
                {"room_id": room_id, "new_seq": head.seq, "new_rev": head.rev}
                for room_id, head in self._heads.items()
                if room_id in touched
            ],
        )


def _too_soon(wait_ms: int) -> RateLimited:
    seconds = -(-wait_ms // 1000)
    plural = "" if seconds == 1 else "s"
    text = f"This room is in slow mode. Wait {seconds} second{plural}."
    return RateLimited(text, retry_after=wait_ms / 1000)


def _is_same(first: MessageRecord, new: NewMessage) -> bool:
    """Whether a message sent again is the same message; what it mentions may have left since.

    One that was edited or deleted meanwhile is taken at its nonce's word.
    """
    if first.edited_at is not None or first.deleted_at is not None:
        return True
    return (first.content, first.content_type, first.reply_to, first.thread) == (
        new.content,
        new.content_type,
        new.reply_to,
        new.thread,
    )
