"""`mesh-server migrate-from-sqlite`, as an operator types it, and whoever was connected, before and after."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg
import pytest

from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.migrations import HEAD
from tests.server.test_moving import ask, files_in, is_empty
from tests.server.test_old_databases import old_database
from tests.support import nursery
from tests.support.commands import mesh_server
from tests.support.conditions import PATIENCE_S
from tests.support.postgres import postgres_server
from tests.support.server import running_server
from tests.support.wire import Json, Person, call, register

COMMAND: Final = "migrate-from-sqlite"
HELD: Final = 4711
"""An advisory lock for which the database waits before it makes the last index."""

_HOLDING: Final = f"""
CREATE FUNCTION wait() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  IF current_query() LIKE '%ix_messages_thread%' THEN
    IF EXISTS (SELECT FROM messages) THEN PERFORM pg_advisory_xact_lock({HELD}); END IF;
  END IF;
END $$;
CREATE EVENT TRIGGER wait ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION wait();
"""
_WAITING: Final = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = $1 AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def moved(folder: Path, url: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(mesh_server, COMMAND, "--data", folder, *more, MESH_DATABASE=url)


async def test_clients_go_on_where_they_are(tmp_path: Path) -> None:
    url, folder = await postgres_server().empty(), tmp_path / "data"
    async with aiohttp.ClientSession() as http:
        with running_server(folder) as server:
            alice = await register(http, server.url, "alice")
            room_id = await alice.create_room("lobby")
            async with alice.socket() as before:
                said = await before.say(room_id, "before the move", nonce="n1")
            refused = await moved(folder, url)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert "already runs on the data folder" in refused.stderr
            assert await is_empty(url)
            server.stop()
        (folder / "notes.txt").write_text("to be kept")
        told = await moved(folder, url, "--json")
        assert told.returncode == 0, told.stderr
        check_told(json.loads(told.stdout))
        with running_server(tmp_path / "node", MESH_DATABASE=url) as node:
            same = Person(node.url, http, alice.session)  # with the access token of before
            async with same.socket(resume={room_id: said["seq"]}) as after:
                await after.wait("room.resumed")
                assert not after.welcome["rooms"][0].get("gap")
                assert after.welcome["rooms"][0]["epoch"] == json.loads(told.stdout)["epoch"]
                again = await after.say(room_id, "before the move", nonce="n1")
                assert (again["message_id"], again["seq"]) == (said["message_id"], said["seq"])
                assert (await after.say(room_id, "after it"))["seq"] == said["seq"] + 1
            hits = (await same.call("GET", "/api/search", q="move"))["hits"]
            assert [hit["message"]["content"] for hit in hits] == ["before the move"]
            body = {"refresh_token": alice.session["refresh_token"]}
            assert await call(http, node.url, "POST", "/api/auth/refresh", body)


def check_told(told: Json) -> None:
    assert told["dry_run"] is False
    assert told["left"] == ["notes.txt"]
    assert told["rows"]["messages"] == told["indexed"] == 1
    assert len(told["keys"]) == 2


async def test_a_move_that_is_killed_leaves_nothing_and_is_begun_anew(tmp_path: Path) -> None:
    folder, url = old_database(tmp_path / "data", "0009").parent, await postgres_server().empty()
    files = files_in(folder)
    setup = await asyncpg.connect(url)
    await setup.execute(_HOLDING)
    for number in (signal.SIGKILL, signal.SIGTERM):
        await setup.execute("SELECT pg_advisory_lock($1)", HELD)
        move = started(folder, url)
        while not await setup.fetch(_WAITING, HELD):
            assert move.poll() is None
            await asyncio.sleep(0.01)
        move.send_signal(number)
        _, said = await asyncio.to_thread(move.communicate, timeout=PATIENCE_S)
        assert move.returncode == (-number if number == signal.SIGKILL else 128 + number)
        assert ("nothing was moved" in said) is (number != signal.SIGKILL)
        await setup.execute("SELECT pg_advisory_unlock($1)", HELD)
    again = await moved(folder, url)
    assert (again.returncode, "Moved" in again.stdout) == (0, True), again.stderr
    await setup.close()
    after = files_in(folder)
    assert after.pop("server.lock")
    assert after == files


def started(folder: Path, url: str) -> "subprocess.Popen[str]":
    return nursery.start(
        [sys.executable, "-m", "mesh_server", COMMAND, "--data", str(folder)],
        env=os.environ | {"MESH_DATABASE": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_it_tells_people_what_it_did(tmp_path: Path) -> None:
    folder, url = old_database(tmp_path / "data", HEAD).parent, await postgres_server().empty()
    with closing(sqlite3.connect(folder / DATABASE_FILE)) as connection, connection:
        connection.execute("UPDATE messages SET content = char(0) WHERE pk = 1")
    rehearsed = await moved(folder, url, "--dry-run")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert "Tried with" in rehearsed.stdout
    assert "empty as before" in rehearsed.stdout
    assert await is_empty(url)
    told = await moved(folder, url)
    assert (told.returncode, await ask(url, "SELECT count(*) FROM messages") != []) == (0, True)
    for words in ("Moved", "15 messages", "In 1 rows of messages, U+0000", "Keys in the database: none"):
        assert words in told.stdout
    assert "verifying audit" in told.stderr
    once_more = await moved(folder, url)
    assert (once_more.returncode, once_more.stdout) == (1, "")
    assert "moved to this database already" in once_more.stderr


@pytest.mark.parametrize(
    ("database", "data", "code", "says"),
    [
        ("", "data", 1, "Say where to"),
        ("postgresql://nobody@127.0.0.1:1/mesh", "nowhere", 1, "There is no database in"),
        ("mysql://127.0.0.1/mesh", "data", 2, "postgresql://"),
    ],
)
async def test_what_cannot_be_is_said(tmp_path: Path, database: str, data: str, code: int, says: str) -> None:
    old_database(tmp_path / "data", HEAD)
    told = await moved(tmp_path / data, database)
    assert (told.returncode, told.stdout) == (code, "")
    assert says in told.stderr
