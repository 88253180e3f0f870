"""A server's file moved to an empty PostgreSQL database: all of it, or nothing.

Strategy: one transaction makes the schema, copies every table as a stream, makes what keeps a table in order,
fills the index of the search, reads every row back and holds it against the file's. So nobody ever sees a
database that is half moved, and there is none to go on with: whatever ends a move, PostgreSQL takes it back,
and the next one begins anew. Constraints and indexes are made once the rows are there, which takes a quarter
less time than keeping them row by row does. A node that is started meanwhile waits for the end.

The file is read and never written; one of an older version is copied and the copy upgraded.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct

from mesh_server.store import asyncpg_driver
from mesh_server.store.database import driver_of, make_engine
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.migrations import HEAD
from mesh_server.store.moved_rows import Different, TableRows, compare_index, index_lines
from mesh_server.store.postgres import DatabaseUnusable, alone_here, make_schema
from mesh_server.store.postgres_database import make_engine as make_postgres_engine
from mesh_server.store.schema import known_versions, migrate, newer_database
from mesh_server.store.search import INDEXED
from mesh_server.store.soundness import Contents, contents, damage, frozen_engine
from mesh_server.store.tables import meta, metadata

SCRATCH: Final = ".moving"
"""Where an older file's copy is while it is moved, in the data folder."""

COMMITTING: Final = "committing"
"""What is being done last: whoever is ended meanwhile does not know what became of it."""

INDEX: Final = "message_search"

_IS_THERE: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
ORDER BY relname LIMIT 1
"""
"""What is in a database, but for what an extension made there."""

_KEEPERS: Final = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'u')
UNION ALL
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
ORDER BY 1
"""
"""How to take away, and to make again, what keeps rows in order besides their primary keys."""


class MoveFailed(Exception):
    """What cannot be moved, and why; one sentence for the operator. Nothing was moved then."""


class Moved(Struct, frozen=True, kw_only=True):
    """`rows`: how many, by table. `replaced`: in how many of them U+0000 became U+FFFD, where it did.

    `indexed`: messages in the index of the search. `seconds`: how long each step took.
    """

    schema: str
    epoch: str
    rows: dict[str, int]
    replaced: dict[str, int]
    indexed: int
    seconds: dict[str, float]


Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is of it; 0 of 0 where nobody can tell."""


def move(folder: Path, url: str, secrets: Mapping[str, str], tell: Tell, *, keep: bool = True) -> Moved:
    """Moves what is in a data folder, which no server may use; where no event loop runs.

    `secrets`: what else is to stand in `meta`. `keep`: False takes everything back in the end.
    Raises: MoveFailed, NewerDatabase, DatabaseUnusable.
    """
    with _source(folder, tell) as (source, held):
        target = make_postgres_engine(url, answer_s=None)
        taken_back: list[Moved] = []

        def run(connection: sa.Connection) -> Moved:
            moved = _Move(source, held, connection, tell).run(secrets)
            if not keep:
                taken_back.append(moved)
                raise _NotKept
            tell(COMMITTING, 0, 0)
            return moved

        try:
            return alone_here(target, run)
        except _NotKept:
            return taken_back[0]
        except Different as error:
            raise MoveFailed(f"After copying, {error}.") from None


class _NotKept(Exception):
    pass


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _source(folder: Path, tell: Tell) -> Iterator[tuple[sa.Connection, Contents]]:
    """The file, or an upgraded copy of an older one, whole, and what is in it."""
    file, scratch = folder / DATABASE_FILE, folder / SCRATCH
    if not file.is_file():
        raise MoveFailed(f"There is no database in {folder}. Name the server's data folder with --data.")
    shutil.rmtree(scratch, ignore_errors=True)  # of a move that was ended
    try:
        tell("checking the file", 0, 0)
        if _version(file) != HEAD:
            tell("upgrading a copy of the file", 0, 0)
            scratch.mkdir(mode=0o700)
            file = _upgraded(file, scratch / DATABASE_FILE)
        with frozen_engine(file).connect() as connection:
            if found := damage(connection):
                raise MoveFailed(f"The database in {folder} is damaged: {found[0]}.")
            yield connection, contents(connection)
    except OSError as error:
        raise MoveFailed(f"The data folder {folder} cannot be used: {error.strerror or error}.") from None
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        why = getattr(error, "orig", error)
        raise MoveFailed(f"The database in {folder} cannot be read: {why}.") from None
    except sa.exc.NoResultFound:
        raise MoveFailed(f"The file {file} is no database of a server.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _upgraded(file: Path, copy: Path) -> Path:
    with frozen_engine(file).connect() as connection, closing(sqlite3.connect(copy)) as target:
        driver_of(connection).backup(target)
    migrate(make_engine(copy))
    return copy


def _version(file: Path) -> str:
    """Raises: NewerDatabase."""
    with frozen_engine(file).connect() as connection:
        version = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
    if version not in known_versions():
        raise newer_database(version)
    return version


# ── the database ─────────────────────────────────────────────────────────────────────────────────


class _Move:
    """One transaction. Whatever breaks it off, the line is thrown away, and PostgreSQL takes all back."""

    def __init__(self, source: sa.Connection, held: Contents, target: sa.Connection, tell: Tell) -> None:
        driver = target.connection.driver_connection
        assert isinstance(driver, asyncpg_driver.Connection)
        self._source, self._held, self._target, self._driver, self._tell = source, held, target, driver, tell
        self._tables = [TableRows(table) for table in metadata.sorted_tables]
        self._seconds: dict[str, float] = {}

    def run(self, secrets: Mapping[str, str]) -> Moved:
        try:
            return self._run(secrets)
        except asyncpg_driver.OperationalError as error:
            raise DatabaseUnusable(_first_line(error)) from None
        except asyncpg_driver.Error as error:
            raise MoveFailed(f"PostgreSQL did not take what it was given: {_first_line(error)}.") from None
        except BaseException:
            self._driver.terminate()
            raise

    def _run(self, secrets: Mapping[str, str]) -> Moved:
        self._require_empty()
        with self._step("schema"):
            make_schema(self._target)
            keepers = self._target.exec_driver_sql(_KEEPERS).all()
            self._say(drop for drop, _ in keepers)
        with self._step("copy"):
            replaced = self._copy()
            self._number()
        with self._step("index"):
            total = self._held.rows["messages"]
            lines = index_lines(self._source, lambda done: self._tell("indexing messages", done, total))
            self._driver.copy_text(INDEX, ("pk", "words"), lines)
        with self._step("constraints"):
            self._tell("making constraints and indexes", 0, 0)
            self._say(add for _, add in reversed(keepers))
            self._say(f"ANALYZE {name}" for name in (*metadata.tables, INDEX))
        with self._step("verify"):
            rows, indexed = self._verify()
        self._say_more(secrets)
        return Moved(
            schema=HEAD,
            epoch=self._held.epoch,
            rows=rows,
            replaced=replaced,
            indexed=indexed,
            seconds=self._seconds,
        )

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._seconds[name] = round(time.monotonic() - began, 2)

    def _say(self, statements: Iterator[str]) -> None:
        for statement in statements:
            self._target.exec_driver_sql(statement)

    def _require_empty(self) -> None:
        ask = self._target.exec_driver_sql
        if ask("SHOW server_encoding").scalar() != "UTF8":
            raise MoveFailed("The database is not one of UTF-8. Make one with createdb --encoding=UTF8.")
        found = ask(_IS_THERE).scalar()
        if found is None:
            return
        if sa.inspect(self._target).has_table(meta.name):
            epoch = self._target.execute(sa.select(meta.c.value).where(meta.c.key == "epoch")).scalar()
            if epoch == self._held.epoch:
                raise MoveFailed("This server was moved to this database already.")
        raise MoveFailed(
            f"The database is not empty: there is {found!r} in it. Make an empty one with createdb."
        )

    def _copy(self) -> dict[str, int]:
        """In how many rows of which tables U+0000 was replaced."""
        for table in self._tables:
            total = self._held.rows[table.name]

            def told(done: int, name: str = table.name, total: int = total) -> None:
                self._tell(f"copying {name}", done, total)

            told(0)
            self._driver.copy(table.name, table.columns, table.of_file(self._source, told))
        return {table.name: table.replaced for table in self._tables if table.replaced}

    def _number(self) -> None:
        """What is written next gets a number that no row had, in the file neither."""
        file = driver_of(self._source)
        had: dict[str, Any] = dict(file.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        for table in metadata.tables.values():
            if (column := table.autoincrement_column) is None:
                continue
            query = f'SELECT coalesce(max("{column.name}"), 0) FROM "{table.name}"'  # noqa: S608 - our own names
            (last,) = file.execute(query).fetchone()
            self._target.exec_driver_sql(
                "SELECT setval(pg_get_serial_sequence($1, $2), $3, false)",
                (table.name, column.name, max(last, had.get(table.name, 0)) + 1),
            )

    def _verify(self) -> tuple[dict[str, int], int]:
        """How many rows of each table, and messages in the index, are as they should be."""
        rows = {}
        for table in self._tables:
            total = self._held.rows[table.name]

            def told(done: int, name: str = table.name, total: int = total) -> None:
                self._tell(f"verifying {name}", done, total)

            told(0)
            rows[table.name] = table.compare(self._source, self._driver, told)
        return rows, compare_index(self._source, self._driver)

    def _say_more(self, secrets: Mapping[str, str]) -> None:
        """How far the index is, and what the file has not."""
        (last,) = driver_of(self._source).execute("SELECT coalesce(max(pk), 0) FROM messages").fetchone()
        rows = {**secrets, INDEXED: str(last)}
        self._target.execute(sa.insert(meta), [{"key": key, "value": value} for key, value in rows.items()])


def _first_line(error: Exception) -> str:
    """Without the values, which come on later ones."""
    return str(error).partition("\n")[0].rstrip(".")
