"""Finding messages by their words: SQLite's FTS5 beside the log, or PostgreSQL's full-text search.

Strategy: the index is external (it keeps words, not texts) and is written behind the log, in batches, so
that sending pays nothing for it; `index_next` goes on from where it stopped, and a search catches up first.
Who wrote a message is a word of its second column, so what one person said is found without a look at what
everyone said. Text that is edited or deleted leaves the index in the same transaction. FTS5 only marks what
is deleted, so `purge` merges the index's segments afterwards, a few pages at a time, until the words are
really gone.

On PostgreSQL the index is a table of `tsvector`s (`store.words` makes them), with a GIN index over them; all
else is the same. It keeps places of words as well, and what is deleted from it is gone with the next vacuum.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa

from mesh_server.store.base import Found, MessageRecord, MyRoom, SearchQuery
from mesh_server.store.beginnings import spelled_out
from mesh_server.store.database import Database
from mesh_server.store.rooms import my_room
from mesh_server.store.rows import COLUMNS, to_record, with_reactions
from mesh_server.store.tables import members, messages, meta, rooms, users
from mesh_server.store.words import to_tsquery, to_tsvector

INDEXED: Final = "search_pk"
"""The key in `meta` of the last `pk` that is in the index."""

STALE: Final = "search_stale"
"""The key in `meta` that is there while deleted words may still be in the index."""

MERGE_PAGES: Final = 200
"""Pages of the index that one transaction of a purge rewrites at the most."""

CLOCK_SLACK_MS: Final = 2 * 3_600_000
"""How far the clock may have been set back, so that a search by time still finds everything."""

_INDEX: Final = sa.table("message_search", sa.column("rowid"), sa.column("message_search"))
_rowid: Final = _INDEX.c.rowid
_VECTORS: Final = sa.table("message_search", sa.column("pk"), sa.column("words"))
_READABLE: Final = messages.c.content_type.like("text/%")


class SqlSearch:
    """`SearchStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def index_next(self, limit: int) -> int:
        return await self._db.write(_index_next, limit)

    async def purge(self) -> bool:
        return await self._db.write(_purge)

    async def find(self, user_id: str, query: SearchQuery, limit: int) -> tuple[list[Found], int | None]:
        return await self._db.read(_find, user_id, query, limit)


def _is_file(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _get(connection: sa.Connection, key: str) -> str | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()


def _set(connection: sa.Connection, key: str, value: str) -> None:
    update = sa.update(meta).where(meta.c.key == key).values(value=value)
    if connection.execute(update).rowcount == 0:
        connection.execute(sa.insert(meta).values(key=key, value=value))


def indexed(connection: sa.Connection) -> int:
    return int(_get(connection, INDEXED) or 0)


def _index_next(connection: sa.Connection, limit: int) -> int:
    return _index_in_file(connection, limit) if _is_file(connection) else _index_rows(connection, limit)


def _index_in_file(connection: sa.Connection, limit: int) -> int:
    """In one statement, in which texts never leave SQLite.

    With a row at a time, the writer had to win the interpreter back from a busy event loop for each of them,
    and senders waited for the writer meanwhile.
    """
    last = indexed(connection)
    stretch = connection.exec_driver_sql(
        "SELECT count(*), max(pk) FROM (SELECT pk FROM messages WHERE pk > ? ORDER BY pk LIMIT ?)",
        (last, limit),
    )
    count, until = stretch.one()
    if count:
        connection.exec_driver_sql(
            "INSERT INTO message_search(rowid, content, author_id)"
            " SELECT pk, content, author_id FROM messages WHERE pk > ? AND pk <= ?"
            " AND content_type LIKE 'text/%' AND deleted_at IS NULL ORDER BY pk",
            (last, until),
        )
        _set(connection, INDEXED, str(until))
    return int(count)


def _index_rows(connection: sa.Connection, limit: int) -> int:
    last = indexed(connection)
    query = (
        sa.select(
            messages.c.pk,
            messages.c.content,
            messages.c.author_id,
            (_READABLE & messages.c.deleted_at.is_(None)).label("fit"),
        )
        .where(messages.c.pk > last)
        .order_by(messages.c.pk)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    if not rows:
        return 0
    _add(connection, [(row.pk, row.content, row.author_id) for row in rows if row.fit])
    _set(connection, INDEXED, str(rows[-1].pk))
    return len(rows)


def _add(connection: sa.Connection, rows: list[tuple[int, str, str]]) -> None:
    if rows and not _is_file(connection):
        connection.execute(
            sa.text(
                "INSERT INTO message_search (pk, words) VALUES (:pk, CAST(CAST(:words AS text) AS tsvector))"
            ),
            [{"pk": pk, "words": to_tsvector(content, author_id)} for pk, content, author_id in rows],
        )
    elif rows:
        connection.exec_driver_sql(
            "INSERT INTO message_search(rowid, content, author_id) VALUES (?, ?, ?)", rows
        )


def reindex(connection: sa.Connection, message_id: str, before: str, after: str) -> None:
    """Called by who changes a text, in the same transaction; `after` is empty where it was deleted."""
    query = sa.select(messages.c.pk, messages.c.author_id).where(messages.c.id == message_id, _READABLE)
    row = connection.execute(query).one_or_none()
    if row is None or row.pk > indexed(connection):
        return
    if _is_file(connection):
        connection.exec_driver_sql(
            "INSERT INTO message_search(message_search, rowid, content, author_id)"
            " VALUES ('delete', ?, ?, ?)",
            (row.pk, before, row.author_id),
        )
        _set(connection, STALE, "1")
    else:
        connection.execute(sa.delete(_VECTORS).where(_VECTORS.c.pk == row.pk))
    if after:
        _add(connection, [(row.pk, after, row.author_id)])


def rewind(connection: sa.Connection) -> None:
    """Called by who deletes rows of the log: SQLite gives the highest `pk` anew where its row is gone."""
    if not _is_file(connection):
        return
    last = int(connection.execute(sa.select(sa.func.max(messages.c.pk))).scalar() or 0)
    if last < indexed(connection):
        _set(connection, INDEXED, str(last))


def _purge(connection: sa.Connection) -> bool:
    """One step of a merge of everything into one segment (section 6.8 of FTS5's documentation)."""
    if _get(connection, STALE) is None:
        return False
    changes = sa.text("SELECT total_changes()")
    before = connection.execute(changes).scalar_one()
    connection.exec_driver_sql(
        "INSERT INTO message_search(message_search, rank) VALUES ('merge', ?)", (-MERGE_PAGES,)
    )
    more = bool(connection.execute(changes).scalar_one() - before >= 2)
    if not more:
        connection.execute(sa.delete(meta).where(meta.c.key == STALE))
    return more


def _find(
    connection: sa.Connection, user_id: str, query: SearchQuery, limit: int
) -> tuple[list[Found], int | None]:
    mine = sa.select(members.c.room_id).where(members.c.user_id == user_id)
    author_id: str | None = None
    if query.author_key is not None:
        who = sa.select(users.c.id).where(users.c.username_key == query.author_key)
        author_id = connection.execute(who).scalar_one_or_none()
        if author_id is None:
            return [], None
    index = _index(connection, query.words, author_id)
    if index is None:
        return [], None
    statement: sa.Select[Any] = (
        sa.select(*COLUMNS, users.c.username, messages.c.pk)
        .select_from(index.table)
        .join(messages, messages.c.pk == index.key)
        .join(users, users.c.id == messages.c.author_id)
        .join(rooms, rooms.c.id == messages.c.room_id)
        .where(index.matches, messages.c.room_id.in_(mine))
        .order_by(index.key.desc())
        .limit(limit + 1)
    )
    for condition in (*_conditions(query, index.key), *_stretch(connection, query, index.key)):
        statement = statement.where(condition)
    rows = connection.execute(statement).all()
    records: defaultdict[str, list[MessageRecord]] = defaultdict(list)
    for row in rows[:limit]:
        records[row.room_id].append(to_record(row[:-1]))
    hits = {
        record.id: Found(my_room=mine, message=record)
        for mine, here in ((_room(connection, room_id, user_id), here) for room_id, here in records.items())
        for record in with_reactions(connection, here)
    }
    return [hits[row.id] for row in rows[:limit]], rows[limit - 1].pk if len(rows) > limit else None


class _Index(NamedTuple):
    """What is found by its words: `key` is the `pk` of the message."""

    table: sa.TableClause
    key: sa.ColumnElement[Any]
    matches: sa.ColumnElement[bool]


def _index(connection: sa.Connection, words: str, author_id: str | None) -> _Index | None:
    """None where the words are none, or nobody wrote one of them."""
    if _is_file(connection):
        spelled = spelled_out(connection, words)
        if spelled is None:
            return None
        author = "" if author_id is None else f' AND author_id : "{author_id}"'
        return _Index(_INDEX, _rowid, _INDEX.c.message_search.op("MATCH")(f"content : ({spelled}){author}"))
    wanted = to_tsquery(words, author_id)
    if wanted is None:
        return None
    matches = sa.text("message_search.words @@ CAST(CAST(:wanted AS text) AS tsquery)").bindparams(
        wanted=wanted
    )
    return _Index(_VECTORS, _VECTORS.c.pk, cast("sa.ColumnElement[bool]", matches))


def _stretch(
    connection: sa.Connection, query: SearchQuery, key: sa.ColumnElement[Any]
) -> list[sa.ColumnElement[bool]]:
    """Where in the log the wanted time lies, roughly: the index passes over what is not there."""
    stretch = []
    if query.before is not None:
        stretch.append(key <= _first_since(connection, query.before + CLOCK_SLACK_MS))
    if query.after is not None:
        stretch.append(key >= _first_since(connection, query.after - CLOCK_SLACK_MS))
    return stretch


def _first_since(connection: sa.Connection, time_ms: int) -> int:
    """The `pk` of a message of that time or later, the one before it being earlier; by halving the log.

    Where the clock was set back there may be several: all that is earlier by `CLOCK_SLACK_MS` and more is
    before any of them, and all that is later by as much is behind.
    """
    at = (
        sa.select(messages.c.pk, messages.c.created_at)
        .where(messages.c.pk >= sa.bindparam("pk"))
        .order_by(messages.c.pk)
        .limit(1)
    )
    low, high = 0, int(connection.execute(sa.select(sa.func.max(messages.c.pk))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(at, {"pk": middle}).one_or_none()
        if row is None or row.created_at >= time_ms:
            high = middle
        else:
            low = row.pk + 1
    return low


def _room(connection: sa.Connection, room_id: str, user_id: str) -> MyRoom:
    mine = my_room(connection, room_id, user_id)
    assert mine is not None
    return mine


def _conditions(query: SearchQuery, key: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    conditions: list[tuple[Any, Callable[[Any], sa.ColumnElement[bool]]]] = [
        (query.room_id, lambda value: messages.c.room_id == value),
        (query.room_key, lambda value: rooms.c.name_key == value),
        (query.author_key, lambda value: users.c.username_key == value),
        (query.before, lambda value: messages.c.created_at < value),
        (query.after, lambda value: messages.c.created_at >= value),
        (query.cursor, lambda value: key < value),
    ]
    return [condition(value) for value, condition in conditions if value is not None]
