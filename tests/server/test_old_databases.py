"""A database of every version there has been is upgraded, keeps every row, and is as good as a new one.

The databases are in `schemas/`; `scripts/make_schema.py` makes the one of a new version.
"""

import errno
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from mesh_server.store import schema
from mesh_server.store.database import make_engine
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.migrations import HEAD
from mesh_server.store.schema import migrate
from mesh_server.store.sqlite import SqliteStore
from tests.support.conditions import PATIENCE_S
from tests.support.machine import Machine, needs_machine
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Json, Person, Socket, call

SCHEMAS: Final = Path(__file__).with_name("schemas")
VERSIONS: Final = sorted(path.stem for path in SCHEMAS.glob("*.sql"))
INDEX: Final = "message_search"

Rows = dict[str, list[dict[str, Any]]]


def old_database(folder: Path, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / DATABASE_FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((SCHEMAS / f"{version}.sql").read_text())
    return path


def tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return sorted(name for (name,) in found if not name.startswith(("sqlite_", INDEX)))


def all_rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]
            for table in tables(connection)
        }


def shape(path: Path) -> Json:
    """What a database is, apart from what is in it: columns, keys, indexes and triggers."""
    with closing(sqlite3.connect(path)) as connection:
        columns = {
            table: sorted(row[1:] for row in connection.execute(f'PRAGMA table_info("{table}")'))
            for table in tables(connection)
        }
        keys = {
            table: sorted(row[2:] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")'))
            for table in tables(connection)
        }
        others = "SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('index', 'trigger')"
        return {"columns": columns, "keys": keys, "others": sorted(connection.execute(others))}


def check_kept(before: Rows, after: Rows) -> None:
    """Every row is there, with the same values in every column that there still is."""
    for table, rows in before.items():
        if table == "alembic_version":
            continue
        assert table in after, f"the table {table} is gone"
        left = list(after[table])
        for row in rows:
            if table == "meta" and row["key"].startswith("search_"):
                continue  # how far the index has got: it may be made anew
            same = [other for other in left if all(other[name] == row[name] for name in row if name in other)]
            assert same, f"a row of {table} is gone: {row}"
            left.remove(same[0])


# ── the files ────────────────────────────────────────────────────────────────────────────────────


def test_there_is_a_database_of_every_version() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    versions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert sorted(versions) == VERSIONS, "keep one with: .venv/bin/python -m scripts.make_schema"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_table_has_rows_in_it(version: str, tmp_path: Path) -> None:
    rows = all_rows(old_database(tmp_path, version))
    assert [table for table, found in rows.items() if not found] == []
    assert rows["alembic_version"] == [{"version_num": version}]


def words(path: Path) -> list[tuple[str, str, list[str]]]:
    """What each thing is made of; in which order a table has its constraints is a matter of chance."""
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    return [(kind, name, sorted(re.findall(r"[^\s,()]+", sql or ""))) for kind, name, sql in made]


def test_a_new_database_is_what_all_migrations_make_of_nothing(tmp_path: Path) -> None:
    """It is made of `migrations/new.sql`, which `scripts/make_schema` writes, and of what has come since."""
    new, migrated = tmp_path / "new.db", tmp_path / "migrated.db"
    migrate(make_engine(new))
    with make_engine(migrated).connect().execution_options(writes=True) as connection, connection.begin():
        schema.upgrade(connection, None)
    assert words(new) == words(migrated)
    assert shape(new) == shape(migrated)
    assert all_rows(new) == all_rows(migrated)
    assert all_rows(new)["alembic_version"] == [{"version_num": HEAD}]


# ── upgrading ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_keeps_every_row_and_makes_the_schema_of_today(version: str, tmp_path: Path) -> None:
    path = old_database(tmp_path, version)
    before = all_rows(path)
    migrate(make_engine(path))
    check_kept(before, all_rows(path))
    migrate(make_engine(tmp_path / "new.db"))
    assert shape(path) == shape(tmp_path / "new.db")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_upgraded_database_serves_everyone_as_before(version: str, tmp_path: Path) -> None:
    path = old_database(tmp_path / "data", version)
    before = all_rows(path)
    with running_server(tmp_path / "data") as server:
        async with aiohttp.ClientSession() as http:
            people = {name: await sign_in(http, server, before, name) for name in ("alice", "bob")}
            for person in people.values():
                await check_rooms(person, before)
            alice, bob = people["alice"], people["bob"]
            hits = (await alice.call("GET", "/api/search", q="morning"))["hits"]
            assert "Good morning, everyone!" in [hit["message"]["content"] for hit in hits]
            (general,) = [room["id"] for room in before["rooms"] if room["name"] == "General"]
            async with alice.socket() as hers, bob.socket() as his:
                ack = await hers.say(general, "Still here!")
                heard = await his.wait("chat.message.created")
                assert heard["message"]["seq"] == ack["seq"] == last_seq(before, general) + 1
                await check_nonces(hers, before, alice)
        assert server.stop() == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_changed_since_is_found_in_an_upgraded_database(version: str, tmp_path: Path) -> None:
    path = old_database(tmp_path, version)
    before = all_rows(path)
    store = SqliteStore.open(path.parent)
    for room in before["rooms"]:
        said = [(row["rev"], row["id"]) for row in before["messages"] if row["room_id"] == room["id"]]
        for since in range(room["rev"] + 1):
            changes = await store.messages.list_changes(room["id"], since, room["rev"])
            assert [(message.rev, message.id) for message in changes.messages] == sorted(
                (rev, message_id) for rev, message_id in said if rev > since
            )
    await store.close()


async def sign_in(http: aiohttp.ClientSession, server: ServerProcess, before: Rows, name: str) -> Person:
    """As the device that this person had before."""
    (device_id,) = [row["id"] for row in before["devices"] if row["name"] == f"{name}'s laptop"]
    body = {"username": name, "password": PASSWORD, "device_id": device_id}
    return Person(server.url, http, await call(http, server.url, "POST", "/api/auth/login", body))


def last_seq(rows: Rows, room_id: str) -> int:
    return int(next(room["last_seq"] for room in rows["rooms"] if room["id"] == room_id))


async def check_rooms(person: Person, before: Rows) -> None:
    """A member has the same rooms, with the same messages in them, read up to the same place."""
    mine = {row["room_id"]: row for row in before["members"] if row["user_id"] == person.user_id}
    rooms = {room["id"]: room for room in (await person.call("GET", "/api/rooms"))["rooms"]}
    assert rooms.keys() == mine.keys()
    for room_id, room in rooms.items():
        assert room["read_seq"] == mine[room_id]["read_seq"]
        page = await person.call("GET", f"/api/rooms/{room_id}/messages", limit=200)
        said = [(message["seq"], message["content"]) for message in page["messages"]]
        stored = [row for row in before["messages"] if row["room_id"] == room_id]
        assert said == sorted((row["seq"], row["content"]) for row in stored)
        assert room["unread"] == sum(
            row["seq"] > room["read_seq"]
            and row["author_id"] != person.user_id
            and row.get("deleted_at") is None
            for row in stored
        )


async def check_nonces(socket: Socket, before: Rows, person: Person) -> None:
    """What this device has said is not said again (guarantee 3: at any later time)."""
    (general,) = [room["id"] for room in before["rooms"] if room["name"] == "General"]
    said = next(r for r in before["messages"] if (r["room_id"], r["author_id"]) == (general, person.user_id))
    ack = await socket.say(said["room_id"], said["content"], nonce=said["nonce"])
    assert (ack["message_id"], ack["seq"]) == (said["id"], said["seq"])


def upgrade_left_anywhere(path: Path, into: Path) -> list[Path]:
    """Upgrades it; returns copies of what a process that is killed before one of its statements leaves.

    That is its files as they are then: what was written to them is there, whatever becomes of the process.
    """
    left: list[Path] = []
    engine = make_engine(path)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _copy(*_: object) -> None:
        folder = into / str(len(left))
        folder.mkdir(parents=True)
        for file in path.parent.glob(f"{path.name}*"):
            if not file.name.endswith("-shm"):  # it is made anew where nobody has the database open
                shutil.copy(file, folder)
        left.append(folder / path.name)

    migrate(engine)
    engine.dispose()
    return left


_KILLED: Final = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from mesh_server.store.database import make_engine
from mesh_server.store.schema import migrate

left = int(sys.argv[2])
engine = make_engine(Path(sys.argv[1]))

@sa.event.listens_for(engine, "before_cursor_execute")
def _count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

migrate(engine)
"""


def upgrade_killed_before(path: Path, number: int) -> None:
    """Upgrades in a process of its own, which is killed before its statement of that number.

    It is no fork of this one, whose threads may hold at that moment what the child would wait for.
    """
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path), str(number)], timeout=PATIENCE_S, check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_an_upgrade_that_is_killed_anywhere_is_done_by_the_next_start(tmp_path: Path) -> None:
    path = old_database(tmp_path / "killed", VERSIONS[0])
    before = all_rows(path)
    whole = old_database(tmp_path / "whole", VERSIONS[0])
    left = upgrade_left_anywhere(whole, tmp_path / "left")
    assert len(left) > 10
    for number, copy in enumerate(left, start=1):
        assert all_rows(copy) == before, f"killed before statement {number}, half of it was kept"
    for number in (1, len(left) // 2, len(left)):
        upgrade_killed_before(path, number)
        assert all_rows(path) == before, f"killed before statement {number}, half of it was kept"
    for one in (path, left[len(left) // 2]):
        migrate(make_engine(one))
        check_kept(before, all_rows(one))
        assert shape(one) == shape(whole)


@needs_machine
async def test_an_upgrade_on_a_full_disk_is_refused_in_words_and_done_later(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = all_rows(old_database(data, VERSIONS[0]))
    machine = Machine(data, tmp_path / "machine")
    server = ServerProcess(data, **machine.environment)
    with machine.broken_disk(writing=errno.ENOSPC, syncing=0):
        server.spawn("127.0.0.1:0")
        assert server.wait() == 1
    (line,) = server.log_text().splitlines()
    assert "cannot be" in line
    assert "No space left" in line or "full" in line
    server.start()
    server.stop()
    check_kept(before, all_rows(data / DATABASE_FILE))


# ── what is newer ────────────────────────────────────────────────────────────────────────────────


def test_a_newer_database_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    path = old_database(tmp_path / "data", HEAD)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = all_rows(path)
    server = ServerProcess(tmp_path / "data")
    server.spawn("127.0.0.1:0")
    assert server.wait() == 1
    (line,) = server.log_text().splitlines()
    assert "version 9999, made by a newer mesh-server" in line
    assert f"up to {HEAD}" in line
    assert all_rows(path) == before
