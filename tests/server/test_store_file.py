"""The file of a SQLite store: its schema, its lock, and what is refused at the door."""

import json
import os
import sqlite3
from collections import deque
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mesh_server.store import database as database_module
from mesh_server.store.base import Edit
from mesh_server.store.database import SqliteDatabase, make_engine
from mesh_server.store.folder import DATABASE_FILE, LOCK_FILE, DataFolderInUse, DataFolderLock
from mesh_server.store.migrations import HEAD
from mesh_server.store.schema import NewerDatabase, migrate
from mesh_server.store.sqlite import SqliteStore
from mesh_server.store.tables import metadata
from tests.contracts.people import NOW, add_room, add_user
from tests.contracts.test_messages import append, new, records
from tests.support.conditions import until


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """FTS5 keeps its index in tables of its own, which only SQL of its own can make."""
    return not (kind == "table" and name is not None and name.startswith("message_search"))


def test_the_migrations_make_the_tables_that_the_queries_know(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "a.db")
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        assert compare_metadata(context, metadata) == []


def test_head_is_the_newest_migration(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "a.db")
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "a.db")
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(NewerDatabase, match="9999, made by a newer mesh-server"):
        migrate(engine)
    assert (tmp_path / "a.db").read_bytes() == before


async def test_the_log_begins_anew_though_the_writer_never_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_CHECKPOINT_PAGES", 100)
    monkeypatch.setattr(database_module, "_MOVE_ROWS", 20)
    monkeypatch.setattr(database_module, "_MOVE_EVERY_S", 0.001)
    engine = make_engine(tmp_path / "a.db")
    migrate(engine)
    database = SqliteDatabase(engine)

    def salts() -> bytes:
        """Both differ each time that a log begins (https://www.sqlite.org/walformat.html)."""
        with (tmp_path / "a.db-wal").open("rb") as log:
            return log.read(24)[16:]

    def write(connection: sa.Connection) -> None:
        values = {"key": "written", "value": "x" * 20_000}
        connection.execute(sa.text("INSERT OR REPLACE INTO meta (key, value) VALUES (:key, :value)"), values)

    try:
        await database.write(write)
        first = salts()
        waiting = deque(database.submit(write) for _ in range(20))

        def begins_anew() -> bool:
            while waiting[0].done():
                waiting.popleft().result()
                waiting.append(database.submit(write))
            return salts() != first

        await until(begins_anew, "a log that begins anew")
    finally:
        await database.close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        assert connection.execute("SELECT length(value) FROM meta WHERE key = 'written'").fetchone() == (
            20_000,
        )


async def test_every_commit_is_synced(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "a.db")
    with engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2


async def test_the_epoch_survives_and_is_another_one_elsewhere(tmp_path: Path) -> None:
    epochs = []
    for name in ("a", "a", "b"):
        (tmp_path / name).mkdir(exist_ok=True)
        store = SqliteStore.open(tmp_path / name)
        epochs.append(store.epoch)
        await store.check()
        await store.close()
    assert epochs[0] == epochs[1] != epochs[2]


def test_the_database_is_for_its_owner_only(tmp_path: Path) -> None:
    make_engine(tmp_path / "a.db")
    store_folder = tmp_path / "data"
    store_folder.mkdir()
    engine_path = store_folder / DATABASE_FILE
    SqliteStore.open(store_folder)
    assert engine_path.stat().st_mode & 0o077 == 0


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    lock = DataFolderLock(tmp_path)
    lock.tell(url="http://127.0.0.1:8000")
    assert json.loads((tmp_path / LOCK_FILE).read_text()) == {
        "pid": os.getpid(),
        "url": "http://127.0.0.1:8000",
    }
    with pytest.raises(DataFolderInUse, match="already runs"):
        DataFolderLock(tmp_path)
    assert json.loads((tmp_path / LOCK_FILE).read_text())["url"] == "http://127.0.0.1:8000"
    lock.release()
    DataFolderLock(tmp_path).release()


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"not a database at all, but long enough" * 100)
    with pytest.raises(sa.exc.DBAPIError):
        SqliteStore.open(tmp_path)


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_what_was_said_in_a_deleted_room_leaves_the_files(tmp_path: Path) -> None:
    secret = "xyzzy-the-only-copy"
    store = SqliteStore.open(tmp_path)
    alice = await add_user(store, "alice")
    kept, doomed = [(await add_room(store, name, alice)).my_room.room.id for name in ("kept", "doomed")]
    edited, _ = records(await append(store, new(alice, doomed, secret), new(alice, kept, "still here")))
    edit = Edit(content=f"{secret} edited", mentions=(), now=NOW)
    await store.messages.change_message(doomed, edited.id, alice.id, edit, lambda _: None, lambda _: None)
    await store.search.index_next(100)
    await store.order.delete_room(doomed, alice.id, NOW, lambda _: None, lambda _: None)
    while await store.upkeep.list_deleted():
        await store.upkeep.purge_room(doomed, 10)
    while await store.search.purge():
        pass
    await store.close()
    left = everything_in(tmp_path)
    assert b"xyzzy" not in left
    assert b"still here" in left
