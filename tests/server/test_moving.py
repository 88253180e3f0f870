"""A server's file in an empty PostgreSQL database: every row as it was, or nothing at all."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import sqlalchemy as sa

from mesh_server.store.base import SearchQuery
from mesh_server.store.database import make_engine
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.migrations import HEAD
from mesh_server.store.moved_rows import TableRows
from mesh_server.store.moving import Moved, MoveFailed, move
from mesh_server.store.postgres import DatabaseUnusable, PostgresStore
from mesh_server.store.postgres_database import make_engine as make_postgres_engine
from mesh_server.store.schema import NewerDatabase, migrate
from mesh_server.store.tables import audit, meta, metadata
from tests.server.test_old_databases import old_database
from tests.support.odd_rows import OddRows
from tests.support.postgres import postgres_server

ROWS: Final = 40
"""In each table."""

_SHAPE: Final = """
SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT tgname, tgrelid::regclass::text, '' FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3
"""
_SPOILING: Final = """
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {spoil}; RETURN NEW; END $$;
CREATE FUNCTION once_there() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.{table}') THEN
    CREATE TRIGGER spoil BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION spoil();
  END IF;
END $$;
CREATE EVENT TRIGGER once_there ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION once_there();
"""
"""A database that is empty, and changes what is put into a table of it."""


def silent(_what: str, _done: int, _total: int) -> None:
    pass


async def moved(folder: Path, url: str, **options: Any) -> Moved:
    return await asyncio.to_thread(partial(move, folder, url, {"a key": "of the cluster"}, silent, **options))


async def ask(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def is_empty(url: str) -> bool:
    return not await ask(url, "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace")


def rows_of(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection, connection.begin():
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table)).all()), key=repr)
            for name, table in metadata.tables.items()
        }


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


_never_moved_to: list[str] = []


async def never_moved_to() -> str:
    """An empty database that stays so: always the same one."""
    if not _never_moved_to:
        _never_moved_to.append(await postgres_server().empty())
    return _never_moved_to[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file of today, a little of everything in it."""
    return old_database(tmp_path / "data", HEAD).parent


async def test_every_row_of_every_table_is_as_it_was(folder: Path) -> None:
    file = make_engine(folder / DATABASE_FILE)
    with file.connect().execution_options(writes=True) as connection, connection.begin():
        OddRows(1).insert(connection, ROWS)
        connection.execute(
            sa.insert(meta), [{"key": "node:1", "value": "{}"}, {"key": "checked", "value": "1"}]
        )
        connection.execute(
            sa.delete(audit).where(audit.c.id > 1_000)
        )  # numbers that were given, and are not there
    before, files = rows_of(file), files_in(folder)
    url = await postgres_server().empty()
    told = await moved(folder, url)
    after = await asyncio.to_thread(rows_of, make_postgres_engine(url))
    assert set(after.pop("meta")) == {
        ("a key", "of the cluster"),
        ("search_pk", str(1_000 + ROWS - 1)),
        *(
            row
            for row in before.pop("meta")
            if row[0] not in ("node:1", "checked", "search_pk", "search_stale")
        ),
    }
    assert after == before
    assert told.rows == {name: len(rows) for name, rows in after.items()} | {"meta": told.rows["meta"]}
    assert all(count >= ROWS for name, count in told.rows.items() if name != "audit")
    assert told.replaced == {}
    assert files_in(folder) == files
    assert await ask(url, _SHAPE) == await ask(await postgres_server().fresh(), _SHAPE)
    for table, column, given in (("messages", "pk", 1_039), ("pushes", "pk", 1_039), ("audit", "id", 1_039)):
        query = f"SELECT nextval(pg_get_serial_sequence('{table}', '{column}'))"
        assert [tuple(row) for row in await ask(url, query)] == [(given + 1,)]


async def test_what_was_said_is_found_in_the_database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as connection:
        (epoch,) = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        (alice,) = connection.execute("SELECT id FROM users WHERE username = 'alice'").fetchone()
        (deleted,) = connection.execute(
            "SELECT count(*) FROM messages WHERE deleted_at IS NOT NULL"
        ).fetchone()
        (bytes_,) = connection.execute(
            "SELECT count(*) FROM messages WHERE content_type LIKE 'app%'"
        ).fetchone()
    url = await postgres_server().empty()
    told = await moved(folder, url)
    assert told.indexed == told.rows["messages"] - deleted - bytes_
    assert deleted
    assert bytes_
    store = PostgresStore.open(url)
    assert store.epoch == epoch == told.epoch
    found, _ = await store.search.find(alice, SearchQuery(words='"morning"'), 10)
    assert "Good morning, everyone!" in [hit.message.content for hit in found]
    assert await store.search.index_next(10) == 0
    await store.close()


async def test_an_older_file_is_moved_out_of_an_upgraded_copy(tmp_path: Path) -> None:
    folder, upgraded = (
        old_database(tmp_path / "data", "0001").parent,
        old_database(tmp_path / "upgraded", "0001"),
    )
    migrate(make_engine(upgraded))
    files = files_in(folder)
    url = await postgres_server().empty()
    assert (await moved(folder, url)).schema == HEAD
    after = await asyncio.to_thread(rows_of, make_postgres_engine(url))
    before = rows_of(make_engine(upgraded))
    assert {**after, "meta": []} == {**before, "meta": []}
    assert files_in(folder) == files


async def test_what_a_killed_server_had_only_in_its_log_is_moved(folder: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE rooms SET topic = 'the last word'")
        connection.commit()
        shutil.copytree(folder, killed, ignore=shutil.ignore_patterns("*-shm"))
    url = await postgres_server().empty()
    await moved(killed, url)
    assert {row["topic"] for row in await ask(url, "SELECT topic FROM rooms")} == {"the last word"}


async def test_nul_which_postgresql_has_not_is_replaced_and_told(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as connection, connection:
        connection.execute(
            "UPDATE messages SET content = char(97, 0, 98), nonce = nonce || char(0) WHERE pk < 3"
        )
        connection.execute("UPDATE rooms SET topic = char(0)")
        (rooms,) = connection.execute("SELECT count(*) FROM rooms").fetchone()
    url = await postgres_server().empty()
    assert (await moved(folder, url)).replaced == {"messages": 2, "rooms": rooms}
    said = await ask(url, "SELECT content FROM messages WHERE pk < 3")
    assert [row["content"] for row in said] == ["a\ufffdb"] * 2


@pytest.mark.parametrize(
    ("table", "spoil", "says"),
    [
        (
            "messages",
            "IF NEW.seq = 3 THEN NEW.content := NEW.content || ' '; END IF",
            "the row pk=[0-9]+ of messages is another in content",
        ),
        ("message_search", "IF NEW.pk = 1 THEN RETURN NULL; END IF", "message 1 is not in the index"),
    ],
)
async def test_a_row_that_is_not_what_it_was_is_named_and_nothing_is_kept(
    folder: Path, table: str, spoil: str, says: str
) -> None:
    url = await postgres_server().empty()
    setup = await asyncpg.connect(url)
    await setup.execute(_SPOILING.format(table=table, spoil=spoil))
    await setup.close()
    with pytest.raises(MoveFailed, match=says):
        await moved(folder, url)
    assert await is_empty(url)


def test_a_difference_is_told_by_the_key_of_its_row() -> None:
    tokens = TableRows(metadata.tables["refresh_tokens"])
    one, other = (b"\x01\xff", "d1", 1, 2, None), (b"\x02\xff", "d1", 1, 2, None)
    assert tokens.difference(one, (*one[:2], 7, 2, 9)) == (
        "the row token_hash=01ff of refresh_tokens is another in issued_at, spent_at"
    )
    assert tokens.difference(one, other) == "the row token_hash=01ff of refresh_tokens is missing"
    assert tokens.difference(one, None) == "the row token_hash=01ff of refresh_tokens is missing"
    assert tokens.difference(other, one) == "the row token_hash=01ff of refresh_tokens was not there"
    assert tokens.difference(None, one) == "the row token_hash=01ff of refresh_tokens was not there"
    pace = ("r", "it's", 1)
    assert TableRows(metadata.tables["paces"]).difference(pace, None) == (
        """the row room_id='r', user_id="it's" of paces is missing"""
    )


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


async def test_a_database_with_anything_in_it_is_refused(folder: Path, tmp_path: Path) -> None:
    url = await postgres_server().empty()
    await ask(url, "CREATE VIEW own AS SELECT 1 AS one")
    with pytest.raises(MoveFailed, match="not empty: there is 'own'"):
        await moved(folder, url)
    assert [row["one"] for row in await ask(url, "SELECT one FROM own")] == [1]
    await ask(url, "DROP VIEW own")
    await moved(folder, url)
    with pytest.raises(MoveFailed, match="moved to this database already"):
        await moved(folder, url)
    with pytest.raises(MoveFailed, match="not empty"):
        await moved(old_database(tmp_path / "other", "0009").parent, url)


async def test_a_database_that_cannot_be_used_is_refused(folder: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="does not exist"):
        await moved(folder, postgres_server().url("nowhere"))
    await ask(
        postgres_server().url("postgres"),
        "CREATE DATABASE other_bytes TEMPLATE template0 ENCODING 'SQL_ASCII'",
    )
    with pytest.raises(MoveFailed, match="not one of UTF-8"):
        await moved(folder, postgres_server().url("other_bytes"))


def spoil_page(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 3 + 200] = b"\xff" * 200
    path.write_bytes(whole)


def make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def make_longer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE messages SET content_type = ?", ("text/" + "x" * 200,))


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (Path.unlink, MoveFailed, "no database in"),
        (
            lambda path: path.write_bytes(b"no file of SQLite's" * 500),
            MoveFailed,
            "cannot be read: file is not a database",
        ),
        (lambda path: path.write_bytes(b""), MoveFailed, "cannot be read: no such table"),
        (spoil_page, MoveFailed, "damaged|malformed"),
        (make_newer, NewerDatabase, "9999, made by a newer mesh-server"),
        (make_longer, MoveFailed, "did not take what it was given: value too long"),
    ],
)
async def test_a_file_that_cannot_be_moved_is_refused(
    folder: Path, spoil: Callable[[Path], None], error: type[Exception], says: str
) -> None:
    spoil(folder / DATABASE_FILE)
    url = await never_moved_to()
    files = files_in(folder)
    with pytest.raises(error, match=says):
        await moved(folder, url)
    assert await is_empty(url)
    assert files_in(folder) == files
