"""Whether a database is whole: what SQLite can tell of the file, and what the log promises of its numbers.

Everything here only reads, each question by itself, so that it can be asked of a database in use.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import sqlalchemy as sa
from msgspec import Struct

from mesh_server.store.database import make_engine
from mesh_server.store.search import indexed
from mesh_server.store.tables import members, messages, meta, rooms

SAYS_MAX: Final = 10
"""Complaints of one kind that are told; the rest would say nothing new."""

_WITHOUT: Final = ("sqlite_%", "message_search%")
"""Tables of SQLite's own, which are no more than what is in ours."""


class Contents(Struct, frozen=True):
    """What is in a database. `rows`: how many, by table."""

    schema: str
    epoch: str
    rows: dict[str, int]


def frozen_engine(path: Path) -> sa.Engine:
    """For a file that nobody writes to, and that is not changed by this.

    Nothing is made beside it, so it may be anywhere; but for a server's that was killed: its log is read.
    """
    log = path.with_name(f"{path.name}-wal")
    alone = "" if log.exists() and log.stat().st_size else "&immutable=1"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro{alone}", uri=True)
        connection.execute("PRAGMA trusted_schema=OFF")
        return connection

    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool, hide_parameters=True)


class Unreadable(Exception):
    """This is no database of a server, or not one that can be read; why."""


@contextmanager
def reading(path: Path) -> Iterator[sa.Connection]:
    """A file that may be in use, in one snapshot. Raises: Unreadable."""
    with reading_by(make_engine(path)) as connection:
        yield connection


@contextmanager
def reading_by(engine: sa.Engine) -> Iterator[sa.Connection]:
    """As `reading`; of any database. Raises: Unreadable."""
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except sa.exc.DBAPIError as error:
        raise Unreadable(str(error.orig)) from None
    except sa.exc.NoResultFound:
        raise Unreadable("it is no database of a server") from None


def contents(connection: sa.Connection) -> Contents:
    """Raises: sqlalchemy.exc.DBAPIError or NoResultFound, where this is no database of a server."""
    schema = schema_of(connection)
    epoch = connection.execute(sa.select(meta.c.value).where(meta.c.key == "epoch")).scalar_one()
    names = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE ? AND name NOT LIKE ?"
        " ORDER BY name",
        _WITHOUT,
    ).scalars()
    rows = {name: _count(connection, name) for name in names.all()}
    return Contents(schema=schema, epoch=epoch, rows=rows)


def schema_of(connection: sa.Connection) -> str:
    """Raises: as `contents`."""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def meta_value(connection: sa.Connection, key: str) -> str | None:
    """What the server keeps under that name; None where there is nothing."""
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()


def _count(connection: sa.Connection, table: str) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one())


def damage(connection: sa.Connection) -> list[str]:
    """What is wrong with the file itself: broken pages and indexes, rows that refer to nothing."""
    found = []
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({SAYS_MAX})").scalars().all()
    if list(rows) != ["ok"]:
        found += [f"integrity_check: {row}" for row in rows]
    for table, rowid, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(SAYS_MAX):
        found.append(f"foreign_key_check: row {rowid} of {table} refers to what is not in {parent}")
    return found


def misnumbered(connection: sa.Connection) -> list[str]:
    """Rooms whose numbers are not as the log promises; those that are being deleted are left out."""
    log = (
        sa.select(
            messages.c.room_id,
            sa.func.count().label("number"),
            sa.func.max(messages.c.seq).label("seq"),
            sa.func.max(messages.c.rev).label("rev"),
        )
        .group_by(messages.c.room_id)
        .subquery()
    )
    number, seq, rev = (sa.func.coalesce(column, 0) for column in (log.c.number, log.c.seq, log.c.rev))
    read = sa.select(sa.func.coalesce(sa.func.max(members.c.read_seq), 0)).where(
        members.c.room_id == rooms.c.id
    )
    query = (
        sa.select(rooms.c.id, rooms.c.last_seq, rooms.c.rev, number, seq, rev, read.scalar_subquery())
        .select_from(rooms.outerjoin(log, log.c.room_id == rooms.c.id))
        .where(rooms.c.deleted_at.is_(None))
    )
    found = []
    for room_id, last_seq, last_rev, has, highest_seq, highest_rev, read_seq in connection.execute(query):
        if has != last_seq or highest_seq != last_seq:
            found.append(
                f"room {room_id} has {has} messages up to seq {highest_seq}, and should have {last_seq}"
            )
        if highest_rev > last_rev:
            found.append(f"room {room_id} is at rev {last_rev}, and has a message of rev {highest_rev}")
        if read_seq > last_seq:
            found.append(f"room {room_id} ends at seq {last_seq}, and somebody has read up to {read_seq}")
        if len(found) >= SAYS_MAX:
            break
    return found


def miscounted(connection: sa.Connection) -> list[str]:
    """Members whose own messages after their read marker are not as many as is kept beside it."""
    theirs = (members.c.room_id == messages.c.room_id) & (members.c.user_id == messages.c.author_id)
    later = theirs & (messages.c.seq > members.c.read_seq)
    own = sa.func.count(messages.c.pk)
    query = (
        sa.select(members.c.room_id, members.c.user_id, members.c.own_since_read, own)
        .select_from(members.outerjoin(messages, later))
        .group_by(members.c.room_id, members.c.user_id)
        .having(own != members.c.own_since_read)
        .limit(SAYS_MAX)
    )
    return [
        f"user {user_id} wrote {has} messages in room {room_id} since they read there, and {kept} are counted"
        for room_id, user_id, kept, has in connection.execute(query)
    ]


def index_behind(connection: sa.Connection) -> int:
    """How many messages the index of the search has still to take in."""
    query = sa.select(sa.func.count()).where(messages.c.pk > indexed(connection))
    return int(connection.execute(query).scalar_one())


def newest(connection: sa.Connection) -> int:
    """When the newest message was written, in milliseconds; 0 where there is none."""
    last = sa.select(messages.c.created_at).order_by(messages.c.pk.desc()).limit(1)
    return int(connection.execute(last).scalar() or 0)
