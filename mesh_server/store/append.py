"""Appending to the log, the one hot path of the store.

Strategy: its statements are Core expressions, compiled to the driver's SQL once, and run on the driver's
cursor for every batch, because SQLAlchemy's per-call work costs three times what SQLite's own does
(`store.database` has the figures). And a batch takes as few statements and rows as it can: for each of
them SQLite lets other threads go on, and a writer that has to win the interpreter back from a busy event
loop some hundred times a batch does little else. So one statement, whose answer is one row of JSON, tells
all that a batch depends on, and one inserts many messages.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from mesh_server.store.append_statements import Prepared, Statements
from mesh_server.store.base import Appended, MessageRecord, NewMessage
from mesh_server.store.rows import to_record, to_row
from protocol import limits
from protocol.errors import (
    MeshError,
    NonceConflict,
    NotMember,
    RateLimited,
    ReferenceUnknown,
    RoomArchived,
    RoomForbidden,
    RoomNotFound,
)
from protocol.rest import EVERYONE, Role


class Append:
    """The query function of `MessageStore.append`, with its statements compiled for one database."""

    beside_others: Final = True
    """Appends may run at the same time on several connections: each holds the rooms that it writes to."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._sql = Statements(dialect)

    def __call__(
        self,
        connection: sa.Connection,
        batch: Sequence[NewMessage],
        unhurried: frozenset[Role],
        heralds: frozenset[Role],
    ) -> list[Appended | MeshError]:
        cursor = connection.connection.cursor()
        driver_error = connection.dialect.loaded_dbapi.Error
        if connection.dialect.name == "postgresql":
            batch = [_without_nul(new) for new in batch]
        try:
            return _Batch(self._sql, cursor, unhurried, heralds).run(batch)
        except driver_error as error:
            # As the engine would have raised it, so that `Database` need know one kind of failure only.
            raise sa.exc.DBAPIError.instance(None, None, error, driver_error) from error
        finally:
            cursor.close()


_TEXTS: Final = ("nonce", "content", "content_type", "reply_to", "thread")


def _without_nul(new: NewMessage) -> NewMessage:
    """PostgreSQL's text has no U+0000; one message that has must not spoil the batch."""
    told = {name: getattr(new, name) or "" for name in _TEXTS}
    if not any("\0" in text for text in (*told.values(), *new.mentions, *new.named)):
        return new
    clean = {name: text.replace("\0", "\ufffd") for name, text in told.items() if text}
    return msgspec.structs.replace(
        new,
        **clean,
        mentions=tuple(user_id for user_id in new.mentions if "\0" not in user_id),
        named=tuple(key for key in new.named if "\0" not in key),
    )


class _Facts(NamedTuple):
    """What the database knows of a message's room, author and nonce."""

    number: int
    seq: int
    rev: int
    visibility: str
    archived_at: int | None
    slow_mode_s: int
    role: Role | None
    used: int | None


_decode_facts: Final = msgspec.json.Decoder(list[_Facts]).decode


class _Batch:
    """One batch on its way into the log."""

    def __init__(
        self, sql: Statements, cursor: Any, unhurried: frozenset[Role], heralds: frozenset[Role]
    ) -> None:
        self._sql, self._cursor = sql, cursor
        self._unhurried, self._heralds = unhurried, heralds
        self._grown: Counter[str] = Counter()
        self._fresh: dict[tuple[str, str, str], MessageRecord] = {}
        self._fresh_ids: set[tuple[str, str]] = set()

    def run(self, batch: Sequence[NewMessage]) -> list[Appended | MeshError]:
        facts = self._look(batch)
        outcome = [self._one(message, facts.get(number)) for number, message in enumerate(batch)]
        self._store()
        return outcome

    def _select(self, statement: Prepared, **values: Any) -> Any:
        self._cursor.execute(statement.sql, statement.row(values))
        return self._cursor.fetchone()

    def _look(self, batch: Sequence[NewMessage]) -> dict[int, _Facts]:
        """What is known of each message of the batch, by its place there; nothing where there is no room."""
        if self._sql.lock is not None:
            for room_id in sorted({new.room_id for new in batch}):
                self._select(self._sql.lock, room_id=room_id)
        asked: list[tuple[Any, ...]] = [
            (number, new.room_id, new.author_id, new.device_id, new.nonce) for number, new in enumerate(batch)
        ]
        known: dict[int, _Facts] = {}
        for sql, values in self._sql.facts.filled(asked):
            self._cursor.execute(sql, values)
            (told,) = self._cursor.fetchone()
            known.update((facts.number, facts) for facts in _decode_facts(told))
        return known

    def _one(self, new: NewMessage, facts: _Facts | None) -> Appended | MeshError:
        if facts is None:
            return RoomNotFound()
        first = self._first(new, facts)
        if first is not None:
            return Appended(record=first, new=False) if _is_same(first, new) else NonceConflict()
        if facts.role is None:
            return NotMember() if facts.visibility == "public" else RoomNotFound()
        if facts.archived_at is not None:
            return RoomArchived()
        if EVERYONE in new.mentions and facts.role not in self._heralds:
            return RoomForbidden("Only moderators may call everyone in the room.")
        if not (self._is_known(new.room_id, new.reply_to) and self._is_known(new.room_id, new.thread)):
            return ReferenceUnknown()
        if facts.slow_mode_s and facts.role not in self._unhurried:
            wait_ms = self._wait_ms(new, facts.slow_mode_s * 1000)
            if wait_ms > 0:
                return _too_soon(wait_ms)
        return self._take(new, facts)

    def _first(self, new: NewMessage, facts: _Facts) -> MessageRecord | None:
        """The message that used this nonce first, in this batch or long ago."""
        if facts.used is None:
            return self._fresh.get((new.room_id, new.device_id, new.nonce))
        names = {"room_id": new.room_id, "device_id": new.device_id, "nonce": new.nonce}
        return to_record(self._select(self._sql.first, **names))

    def _wait_ms(self, new: NewMessage, between_ms: int) -> int:
        """How long the author has to wait; not at all where the clock was set back since they spoke last."""
        place = {"room_id": new.room_id, "user_id": new.author_id}
        row = self._select(self._sql.pace, **place)
        since_ms = between_ms if row is None else new.created_at - row[0]
        if 0 <= since_ms < between_ms:
            return between_ms - since_ms
        statement = self._sql.first_pace if row is None else self._sql.next_pace
        self._cursor.execute(statement.sql, statement.row(place | {"said_at": new.created_at}))
        return 0

    def _is_member(self, room_id: str, user_id: str) -> bool:
        return self._select(self._sql.role, room_id=room_id, user_id=user_id) is not None

    def _is_known(self, room_id: str, message_id: str | None) -> bool:
        return (
            message_id is None
            or (room_id, message_id) in self._fresh_ids
            or self._select(self._sql.known, room_id=room_id, id=message_id) is not None
        )

    def _mentioned(self, new: NewMessage, role: Role | None) -> tuple[str, ...]:
        """Only members, each once: those that are declared, then those whose name is in the text."""
        calls = EVERYONE in new.mentions or (new.calls_room and role in self._heralds)
        found: dict[str, None] = {EVERYONE: None} if calls else {}
        for user_id in new.mentions:
            if user_id != EVERYONE and self._is_member(new.room_id, user_id):
                found[user_id] = None
        for key in new.named:
            row = self._select(self._sql.named, room_id=new.room_id, key=key)
            if row is not None:
                found[row[0]] = None
        return tuple(found)[: limits.MENTIONS]

    def _take(self, new: NewMessage, facts: _Facts) -> Appended:
        """Gives the message the next numbers."""
        self._grown[new.room_id] += 1
        grown = self._grown[new.room_id]
        record = MessageRecord(
            id=new.id,
            room_id=new.room_id,
            seq=facts.seq + grown,
            rev=facts.rev + grown,
            author_id=new.author_id,
            author_name=new.author_name,
            device_id=new.device_id,
            nonce=new.nonce,
            content=new.content,
            content_type=new.content_type,
            created_at=new.created_at,
            reply_to=new.reply_to,
            thread=new.thread,
            mentions=self._mentioned(new, facts.role),
        )
        self._fresh[new.room_id, new.device_id, new.nonce] = record
        self._fresh_ids.add((new.room_id, new.id))
        return Appended(record=record, new=True)

    def _store(self) -> None:
        fresh = list(self._fresh.values())
        for sql, values in self._sql.insert.exact([to_row(record) for record in fresh]):
            self._cursor.execute(sql, values)
        named = [
            {"room_id": record.room_id, "user_id": user_id, "seq": record.seq}
            for record in fresh
            for user_id in record.mentions
            if user_id not in (EVERYONE, record.author_id)
        ]
        calls = [
            {"room_id": record.room_id, "seq": record.seq, "author_id": record.author_id}
            for record in fresh
            if EVERYONE in record.mentions
        ]
        for statement, rows in ((self._sql.mention, named), (self._sql.call, calls)):
            if rows:
                self._cursor.executemany(statement.sql, [statement.row(row) for row in rows])
        by_growth: defaultdict[int, list[tuple[str]]] = defaultdict(list)
        for room_id, grown in self._grown.items():
            by_growth[grown].append((room_id,))
        for grown, room_ids in by_growth.items():
            for sql, ids in self._sql.grown.filled(room_ids):
                self._cursor.execute(sql, [grown, grown, *ids])
        by_words: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        for author, said in Counter((record.room_id, record.author_id) for record in fresh).items():
            by_words[said].append(author)
        for said, authors in by_words.items():
            for sql, ids in self._sql.own.filled(authors):
                self._cursor.execute(sql, [*ids, said])


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
