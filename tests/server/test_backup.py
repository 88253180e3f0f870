"""Backups of a server that runs, and restoring them: whole, verified, private, and never over something."""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from mesh_server.backups import MANIFEST, BackupError, make_backup, read_backup, restore_backup
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.sqlite import SqliteStore
from tests.support.commands import mesh_server
from tests.support.data import make_data
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, register


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    # Who writes all the while would be let go for writing too much, where a backup takes long.
    with running_server(tmp_path / "data", MESH_LIMITS_ENABLED="false") as running:
        yield running


@pytest.fixture
async def alice(server: ServerProcess) -> AsyncIterator[Person]:
    async with aiohttp.ClientSession() as http:
        yield await register(http, server.url, "alice")


async def history(person: Person, room_id: str) -> list[str]:
    page = await person.call("GET", f"/api/rooms/{room_id}/messages", limit=200)
    return [message["content"] for message in page["messages"]]


async def backed_up(folder: Path, destination: Path, *more: str) -> Json:
    done = await asyncio.to_thread(mesh_server, "backup", destination, "--data", folder, "--json", *more)
    assert (done.returncode, done.stderr) == (0, "")
    told: Json = json.loads(done.stdout)
    return told


async def restored(source: Path, folder: Path) -> Json:
    done = await asyncio.to_thread(mesh_server, "restore", source, "--data", folder, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told: Json = json.loads(done.stdout)
    return told


async def test_a_backup_under_load_is_whole_and_holds_what_was_acknowledged_before(
    server: ServerProcess, alice: Person, tmp_path: Path
) -> None:
    room_id = await alice.create_room()
    place = tmp_path / "backup"
    async with alice.socket() as socket:
        for number in range(50):
            await socket.say(room_id, f"{number}")

        async def write_on() -> None:
            for number in range(50, 100_000):
                await socket.say(room_id, f"{number}")
                socket.seen.clear()

        writing = asyncio.create_task(write_on())
        told = await backed_up(server.folder, place)
        assert not writing.done(), "messages were written all the while"
        writing.cancel()
    assert told["backup"] == str(place)
    assert told["contents"]["rows"]["messages"] >= 50
    assert {file.name for file in place.iterdir()} == {*told["files"], MANIFEST}
    assert {DATABASE_FILE, "secret.key", "signing.key"} == set(told["files"])
    assert place.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o600}
    with sqlite3.connect(place / DATABASE_FILE) as copy:
        rows = copy.execute("SELECT content FROM messages ORDER BY seq").fetchall()
    assert [content for (content,) in rows] == [f"{number}" for number in range(len(rows))]
    assert len(rows) == told["contents"]["rows"]["messages"]


async def test_restoring_brings_back_what_was_and_keeps_what_is(
    server: ServerProcess, alice: Person, tmp_path: Path
) -> None:
    room_id = await alice.create_room()
    async with alice.socket() as socket:
        await socket.say(room_id, "before")
        epoch = (await room_state(alice, room_id))["epoch"]
        await backed_up(server.folder, tmp_path / "backup")
        await socket.say(room_id, "after")
    address = server.url.removeprefix("http://")
    busy = await asyncio.to_thread(mesh_server, "restore", tmp_path / "backup", "--data", server.folder)
    assert busy.returncode == 1
    assert "already runs" in busy.stderr
    assert server.stop() == 0

    told = await restored(tmp_path / "backup", server.folder)
    server.start(address)
    assert await history(alice, room_id) == ["before"]
    assert (await room_state(alice, room_id))["epoch"] == told["epoch"] != epoch
    async with alice.socket() as socket:
        assert (await socket.say(room_id, "other"))["seq"] == 2

    # What was kept is a data folder by itself.
    server.stop()
    with running_server(Path(told["kept"])) as old:
        alice.url = old.url
        assert await history(alice, room_id) == ["before", "after"]


async def room_state(person: Person, room_id: str) -> Json:
    async with person.socket() as socket:
        (state,) = [room for room in socket.welcome["rooms"] if room["room_id"] == room_id]
        found: Json = state
        return found


async def test_a_stopped_server_is_backed_up_and_restored_to_an_empty_folder(
    server: ServerProcess, alice: Person, tmp_path: Path
) -> None:
    room_id = await alice.create_room()
    async with alice.socket() as socket:
        await socket.say(room_id, "Hello!")
    server.kill()  # the last commits are in the log only
    await backed_up(server.folder, tmp_path / "backup")
    told = await restored(tmp_path / "backup", tmp_path / "elsewhere")
    assert told["kept"] == ""
    with running_server(tmp_path / "elsewhere") as other:
        alice.url = other.url
        assert await history(alice, room_id) == ["Hello!"]


# ── without a server ─────────────────────────────────────────────────────────────────────────────


NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A data folder with one account in it, which no server uses."""
    folder = tmp_path / "data"
    await make_data(folder)
    return folder


@pytest.fixture
def backup(folder: Path, tmp_path: Path) -> Path:
    make_backup(folder, tmp_path / "backup", NOW)
    return tmp_path / "backup"


def contents_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_nothing_is_overwritten_and_nothing_half_made_is_left(
    folder: Path, backup: Path, tmp_path: Path
) -> None:
    before = contents_of(backup)
    with pytest.raises(BackupError, match="never overwrites"):
        make_backup(folder, backup, NOW)
    with pytest.raises(BackupError, match="no database"):
        make_backup(tmp_path / "nowhere", tmp_path / "other", NOW)
    assert contents_of(backup) == before
    (folder / DATABASE_FILE).write_bytes(b"this is not a database" * 1000)
    with pytest.raises(BackupError, match="cannot be read"):
        make_backup(folder, tmp_path / "other", NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(folder: Path, tmp_path: Path) -> None:
    with sqlite3.connect(folder / DATABASE_FILE) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("INSERT INTO bans VALUES ('nowhere', 'nobody', 'nobody', '', 0)")
    with pytest.raises(BackupError, match="damaged: foreign_key_check"):
        make_backup(folder, tmp_path / "other", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_interrupted_backup_is_in_nobodys_way(folder: Path, tmp_path: Path) -> None:
    left = tmp_path / ".backup.partial"
    left.mkdir()
    (left / DATABASE_FILE).touch()
    make_backup(folder, tmp_path / "backup", NOW)
    assert read_backup(tmp_path / "backup").contents.rows["users"] == 1
    assert not left.exists()


def test_a_backup_is_looked_at_without_touching_anything(backup: Path, tmp_path: Path) -> None:
    before = contents_of(backup)
    done = mesh_server("restore", "--verify", backup, "--data", tmp_path / "untouched")
    assert (done.returncode, "is whole" in done.stdout) == (0, True)
    assert not (tmp_path / "untouched").exists()
    assert contents_of(backup) == before


def test_what_was_there_stays_beside_what_is_restored(folder: Path, backup: Path) -> None:
    before = contents_of(folder)
    restored = restore_backup(backup, folder, NOW)
    assert contents_of(Path(restored.kept)) == before
    assert contents_of(folder)["secret.key"] == before["secret.key"]
    assert {path.name for path in folder.iterdir()} == {*before, Path(restored.kept).name}
    assert (folder / DATABASE_FILE).stat().st_mode & 0o777 == 0o600


async def test_a_damaged_database_is_replaced_and_kept_as_it_is(folder: Path, backup: Path) -> None:
    damaged = b"this is not a database" * 1000
    (folder / DATABASE_FILE).write_bytes(damaged)
    restored = restore_backup(backup, folder, NOW)
    assert contents_of(Path(restored.kept))[DATABASE_FILE] == damaged
    store = SqliteStore.open(folder)
    assert store.epoch == restored.epoch
    await store.close()


def spoil(file: Path, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        opened.write(content)


@pytest.mark.parametrize("name", [DATABASE_FILE, "secret.key", MANIFEST])
@pytest.mark.parametrize("how", ["spoilt", "gone"])
def test_a_backup_that_is_not_whole_is_refused_and_the_data_stays(
    backup: Path, folder: Path, name: str, how: str
) -> None:
    before = contents_of(folder)
    if how == "gone":
        (backup / name).unlink()
    else:
        spoil(backup / name, b"spoilt")
    with pytest.raises(BackupError, match=r"damaged|not whole|no backup"):
        restore_backup(backup, folder, NOW)
    assert contents_of(folder) == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 99}, "newer"),
        ({"contents": {"schema": "9999", "epoch": "", "rows": {}}}, "newer"),
        ({"files": {"../outside": ""}}, "no backup"),
        ({"contents": {"schema": "0001", "epoch": "", "rows": {}}}, "does not hold"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(backup: Path, change: Json, says: str) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps(manifest | change))
    with pytest.raises(BackupError, match=says):
        read_backup(backup)


def test_a_folder_of_backups_keeps_the_newest(folder: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    for name in ("mesh-20200101T000000Z", "mesh-20210101T000000Z", "another"):
        make_backup(folder, backups / name, NOW)
    interrupted, under_way = (
        backups / ".mesh-20190101T000000Z.partial",
        backups / ".mesh-20990101T000000Z.partial",
    )
    for left in (interrupted, under_way):
        left.mkdir()
    os.utime(interrupted, (0, 0))
    done = mesh_server("backup", backups, "--data", folder, "--keep", "2", "--json")
    told = json.loads(done.stdout)
    assert told["deleted"] == [str(backups / "mesh-20200101T000000Z"), str(interrupted)]
    names = {"another", "mesh-20210101T000000Z", Path(told["backup"]).name}
    assert {path.name for path in backups.iterdir()} == {*names, under_way.name}
    refused = mesh_server("backup", tmp_path / "new", "--data", folder, "--keep", "2")
    assert (refused.returncode, "--keep" in refused.stderr) == (1, True)
