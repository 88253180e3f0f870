"""Appending to the log, the one hot path of the store.

Strategy: its statements are Core expressions, compiled to the driver's SQL once, and run on the driver's
cursor for every batch, because SQLAlchemy's per-call work costs three times what SQLite's own does
(`store.database` has the figures). And a batch takes as few statements and rows as it can: for each of
them SQLite lets other threads go on, and a writer that has to win the interpreter back from a busy event
loop some hundred times a batch does little else. So one statement, whose answer is one row of JSON, tells
all that a batch depends on, and one inserts many messages.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from mesh_server.store.base import Appended, MessageRecord, NewMessage
from mesh_server.store.rows import COLUMNS, FIELDS, to_record, to_row
from mesh_server.store.tables import members, mentions, messages, paces, room_mentions, rooms, users
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

_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)
"""How many rows a statement is prepared for."""

_JSON: Final[dict[str, tuple[Callable[..., Any], Callable[..., Any]]]] = {
    "sqlite": (sa.func.json_group_array, sa.func.json_array),
    "postgresql": (
        lambda row: sa.cast(
            sa.func.coalesce(sa.func.json_agg(row), sa.literal_column("'[]'::json")), sa.Text
        ),
        sa.func.json_build_array,
    ),
}
"""What makes one JSON array of many rows, and one of many columns."""

_NUMBERED: Final = re.compile(r"\$\d+")

_ASKED: Final = ("number", "room_id", "user_id", "device_id", "nonce")


class _Prepared:
    """A statement in the driver's own SQL, with the order in which it takes its parameters."""

    def __init__(self, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._order = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]

    def row(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple([values[name] for name in self._order])


def _as_read(sql: str) -> str:
    """Numbers parameters by where they stand in the text, which is how values are given to `_Sized`."""
    numbers: dict[str, str] = {}
    return _NUMBERED.sub(lambda found: numbers.setdefault(found[0], f"${len(numbers) + 1}"), sql)


def _same(**columns: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(name) for name, column in columns.items()))


def _facts(size: int, dialect: sa.Dialect) -> sa.Select[Any]:
    """Of each room, author and nonce that is asked about: number, room, role, and the nonce's first `seq`."""
    kinds = [sa.Integer() if name == "number" else sa.String() for name in _ASKED]
    columns = [sa.column(name, kind) for name, kind in zip(_ASKED, kinds, strict=True)]
    rows = [
        tuple(sa.bindparam(f"{name}_{number}", type_=kind) for name, kind in zip(_ASKED, kinds, strict=True))
        for number in range(size)
    ]
    asked = sa.values(*columns, name="asked").data(rows).cte("asked")
    group, array = _JSON[dialect.name]
    told = array(
        asked.c.number,
        rooms.c.last_seq,
        rooms.c.rev,
        rooms.c.visibility,
        rooms.c.archived_at,
        rooms.c.slow_mode_s,
        members.c.role,
        messages.c.seq,
    )
    inside = sa.and_(members.c.room_id == rooms.c.id, members.c.user_id == asked.c.user_id)
    used = sa.and_(
        messages.c.room_id == rooms.c.id,
        messages.c.device_id == asked.c.device_id,
        messages.c.nonce == asked.c.nonce,
    )
    found = asked.join(rooms, rooms.c.id == asked.c.room_id).outerjoin(members, inside)
    return sa.select(group(told)).select_from(found.outerjoin(messages, used))


def _inserted(size: int, _dialect: sa.Dialect) -> sa.Insert:
    return sa.insert(messages).values(
        [{name: sa.bindparam(f"{name}_{number}") for name in FIELDS} for number in range(size)]
    )


def _grown(size: int, _dialect: sa.Dialect) -> sa.Update:
    """Rooms that grew by as many messages as each other; the transaction holds them, so that `+` is safe."""
    ids = [sa.bindparam(f"id_{number}", type_=sa.String()) for number in range(size)]
    return (
        sa.update(rooms)
        .where(rooms.c.id.in_(ids))
        .values(
            last_seq=rooms.c.last_seq + sa.bindparam("seqs", type_=sa.Integer()),
            rev=rooms.c.rev + sa.bindparam("revs", type_=sa.Integer()),
        )
    )


def _own(size: int, _dialect: sa.Dialect) -> sa.Update:
    """Members who said as much as each other: none of it is unread to themselves."""
    names = ("room_id", "user_id")
    rows = [
        tuple(sa.bindparam(f"{name}_{number}", type_=sa.String()) for name in names) for number in range(size)
    ]
    who = sa.values(*(sa.column(name, sa.String()) for name in names), name="who").data(rows).cte("who")
    return (
        sa.update(members)
        .where(sa.tuple_(members.c.room_id, members.c.user_id).in_(sa.select(who.c.room_id, who.c.user_id)))
        .values(own_since_read=members.c.own_since_read + sa.bindparam("said", type_=sa.Integer()))
    )


class _Sized:
    """A statement over many rows at once, for several numbers of them; prepared when first needed.

    To prepare all of them takes a tenth of a second, which every start would wait for.
    """

    def __init__(self, make: Callable[[int, sa.Dialect], sa.ClauseElement], dialect: sa.Dialect) -> None:
        self._make, self._dialect = make, dialect
        self._prepared: dict[int, str] = {}

    def exact(self, rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
        """Statements for all rows, and their parameters."""
        done = 0
        for size in reversed(_SIZES):
            while len(rows) - done >= size:
                yield self._sql(size), list(chain.from_iterable(rows[done : done + size]))
                done += size

    def filled(self, rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
        """As few statements as can be; the last one is filled up with rows of NULL, which find nothing."""
        for done in range(0, len(rows), _SIZES[-1]):
            piece = rows[done : done + _SIZES[-1]]
            size = next(size for size in _SIZES if size >= len(piece))
            values = list(chain.from_iterable(piece))
            yield self._sql(size), values + [None] * ((size - len(piece)) * len(piece[0]))

    def _sql(self, size: int) -> str:
        if size not in self._prepared:
            sql = _Prepared(self._make(size, self._dialect), self._dialect).sql
            self._prepared[size] = _as_read(sql) if self._dialect.name == "postgresql" else sql
        return self._prepared[size]


class Append:
    """The query function of `MessageStore.append`, with its statements compiled for one database."""

    beside_others: Final = True
    """Appends may run at the same time on several connections: each holds the rooms that it writes to."""

    def __init__(self, dialect: sa.Dialect) -> None:
        def prepare(statement: sa.ClauseElement) -> _Prepared:
            return _Prepared(statement, dialect)

        self.facts = _Sized(_facts, dialect)
        self.insert = _Sized(_inserted, dialect)
        self.grown = _Sized(_grown, dialect)
        self.own = _Sized(_own, dialect)
        self.lock = (
            None
            if dialect.name == "sqlite"
            else prepare(
                sa.select(rooms.c.id).where(_same(room_id=rooms.c.id)).with_for_update(key_share=True)
            )
        )
        """SQLite has one writer; a database of several holds a room for the first who asks."""
        nonce = _same(room_id=messages.c.room_id, device_id=messages.c.device_id, nonce=messages.c.nonce)
        self.role = prepare(
            sa.select(members.c.role).where(_same(room_id=members.c.room_id, user_id=members.c.user_id))
        )
        self.first = prepare(
            sa.select(*COLUMNS, users.c.username).join(users, users.c.id == messages.c.author_id).where(nonce)
        )
        self.known = prepare(
            sa.select(messages.c.seq).where(_same(id=messages.c.id, room_id=messages.c.room_id))
        )
        pace = _same(room_id=paces.c.room_id, user_id=paces.c.user_id)
        self.pace = prepare(sa.select(paces.c.said_at).where(pace))
        self.next_pace = prepare(sa.update(paces).where(pace).values(said_at=sa.bindparam("said_at")))
        self.first_pace = prepare(
            sa.insert(paces).values({name: sa.bindparam(name) for name in ("room_id", "user_id", "said_at")})
        )
        self.mention = prepare(
            sa.insert(mentions).values({name: sa.bindparam(name) for name in ("room_id", "user_id", "seq")})
        )
        self.named = prepare(
            sa.select(members.c.user_id)
            .join(users, users.c.id == members.c.user_id)
            .where(_same(room_id=members.c.room_id, key=users.c.username_key))
        )
        self.call = prepare(
            sa.insert(room_mentions).values(
                {name: sa.bindparam(name) for name in ("room_id", "seq", "author_id")}
            )
        )

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
            return _Batch(self, cursor, unhurried, heralds).run(batch)
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
        self, sql: Append, cursor: Any, unhurried: frozenset[Role], heralds: frozenset[Role]
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

    def _select(self, statement: _Prepared, **values: Any) -> Any:
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
