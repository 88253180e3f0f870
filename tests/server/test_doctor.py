"""What the doctor finds: each illness is made, and found, and nothing is found where there is none."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from mesh_server.config import Config
from mesh_server.doctor import ORGANS, Finding, Patient, examine
from mesh_server.keys import HOST_FILE, load_keys
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.sqlite import SqliteStore
from tests.contracts.people import add_room, add_user
from tests.contracts.test_messages import append, new
from tests.support.certificates import make_certificate
from tests.support.commands import mesh_server
from tests.support.conditions import PATIENCE_S
from tests.support.data import make_data
from tests.support.server import running_server

Examine = Callable[..., list[Finding]]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A data folder with a few messages in it."""
    folder = tmp_path / "data"
    await make_data(folder)
    store = SqliteStore.open(folder)
    bob = await add_user(store, "bob")
    room_id = (await add_room(store, "lounge", bob)).my_room.room.id
    await append(store, *(new(bob, room_id, f"{number}") for number in range(3)))
    await store.close()
    return folder


@pytest.fixture
def ill(folder: Path) -> Examine:
    """What is not well."""

    def examine_(now: datetime | None = None, **settings: object) -> list[Finding]:
        few = {"connections": 100}
        config = msgspec.convert(
            {"data": str(folder), "listen": "127.0.0.1:0", "limits": few} | settings, Config
        )
        patient = Patient(config=config, file=None, env={}, now=now or datetime.now(UTC))
        return [finding for finding in examine(patient) if finding.level != "ok"]

    return examine_


def the_one(found: list[Finding], organ: str, level: str) -> str:
    """What the only finding says and advises."""
    (finding,) = found
    assert (finding.organ, finding.level) == (organ, level)
    return f"{finding.says} {finding.do}"


def in_database(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / DATABASE_FILE, isolation_level=None) as database:
        for statement in statements:
            database.execute(statement)


def test_a_server_that_is_well_is_left_alone(ill: Examine) -> None:
    assert ill() == []


def test_files_that_others_can_read(ill: Examine, folder: Path) -> None:
    (folder / "secret.key").chmod(0o644)
    assert "chmod 600" in the_one(ill(), "data folder", "warning")


def test_a_folder_that_is_not_there(ill: Examine, tmp_path: Path) -> None:
    found = ill(data=str(tmp_path / "nowhere"))
    assert [(finding.organ, finding.level) for finding in found] == [
        ("data folder", "error"),
        ("schema", "warning"),
    ]


def test_a_clock_that_went_back(ill: Examine, folder: Path) -> None:
    in_database(folder, "UPDATE messages SET created_at = 4102444800000")  # the year 2100
    assert "2100-01-01" in the_one(ill(), "clock", "error")


def test_a_clock_that_was_never_set(ill: Examine, folder: Path) -> None:
    in_database(folder, "UPDATE messages SET created_at = 1")
    assert "1970" in the_one(ill(now=datetime(1970, 1, 2, tzinfo=UTC)), "clock", "error")


def test_too_few_open_files_for_the_connections(folder: Path) -> None:
    doctor = [sys.executable, "-m", "mesh_server", "doctor", "--data", str(folder)]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 300; exec "$@"', "sh", *doctor],
        env=os.environ | {"MESH_LIMITS_CONNECTIONS": "1000"},
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE_S,
        check=False,
    )
    assert "warning  open files: A process may open 300 files here" in done.stdout
    assert "LimitNOFILE=1256" in done.stdout


@pytest.mark.parametrize("key", ["listen", "metrics", "ssh"])
def test_an_address_that_another_program_has(ill: Examine, folder: Path, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        settings = {"metrics": {"listen": taken}} if key == "metrics" else {key: taken}
        if key == "ssh":
            (folder / HOST_FILE).write_text("ab" * 32)
            (folder / HOST_FILE).chmod(0o600)
        says = the_one(ill(**settings), "address", "error")
    assert taken in says
    assert "already in use" in says


@pytest.mark.parametrize(
    ("days", "level", "says"),
    [(-2, "error", "ran out"), (3, "warning", "runs out in 2 days"), (30, None, "")],
)
def test_a_certificate_that_runs_out(
    ill: Examine, tmp_path: Path, days: int, level: str | None, says: str
) -> None:
    certificate, key = make_certificate(tmp_path, "localhost", days=days)
    found = ill(tls={"certificate": str(certificate), "key": str(key)})
    if level is None:
        assert found == []
    else:
        assert says in the_one(found, "certificate", level)


def test_a_certificate_with_another_ones_key(ill: Examine, tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path, "one")
    _, key = make_certificate(tmp_path, "other")
    the_one(ill(tls={"certificate": str(certificate), "key": str(key)}), "certificate", "error")


def test_a_certificate_that_has_not_begun(ill: Examine, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "localhost")
    found = ill(
        now=datetime.now(UTC) - timedelta(days=2), tls={"certificate": str(certificate), "key": str(key)}
    )
    assert ("certificate", "error") in [(finding.organ, finding.level) for finding in found]


@pytest.mark.parametrize("name", ["secret.key", "signing.key"])
def test_keys_that_are_missing_or_no_keys(ill: Examine, folder: Path, name: str) -> None:
    (folder / name).write_text("no key")
    assert name in the_one(ill(), "keys", "error")
    (folder / name).unlink()
    assert "backup" in the_one(ill(), "keys", "warning")


def test_the_key_of_the_ssh_door_is_there_is_one_and_is_its_owners_alone(ill: Examine, folder: Path) -> None:
    door = {"ssh": "127.0.0.1:0"}
    assert ill() == []
    assert "backup" in the_one(ill(**door), "ssh door", "warning")
    key = load_keys(msgspec.convert({"data": str(folder), **door}, Config)).host
    assert ill(**door) == []
    (folder / HOST_FILE).chmod(0o644)
    assert "can be read by every account" in the_one(ill(**door), "data folder", "warning")
    (folder / HOST_FILE).write_text(key.hex()[1:])
    (folder / HOST_FILE).chmod(0o600)
    assert "warns that the server is another one" in the_one(ill(**door), "ssh door", "error")
    (folder / HOST_FILE).unlink()
    (folder / HOST_FILE).symlink_to(".")
    assert "cannot be read: Is a directory" in the_one(ill(**door), "ssh door", "error")


def test_a_database_of_another_version(ill: Examine, folder: Path) -> None:
    in_database(folder, "UPDATE alembic_version SET version_num = '0001'")
    assert "next start" in the_one(ill(), "schema", "warning")
    in_database(folder, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer" in the_one(ill(), "schema", "error")


def test_a_file_that_is_no_database(ill: Examine, folder: Path) -> None:
    (folder / DATABASE_FILE).write_bytes(b"this is not a database" * 1000)
    found = ill()
    assert {finding.level for finding in found} == {"error"}
    assert "schema" in [finding.organ for finding in found]
    assert all("cannot be read" in finding.says for finding in found)


def test_rows_that_refer_to_nothing(ill: Examine, folder: Path) -> None:
    in_database(
        folder, "PRAGMA foreign_keys=OFF", "INSERT INTO bans VALUES ('nowhere', 'nobody', 'nobody', '', 0)"
    )
    assert {finding.organ for finding in ill()} == {"integrity"}


def test_pages_that_the_disk_changed(ill: Examine, folder: Path) -> None:
    """An index that does not know a row any more, as after a page was lost."""
    in_database(
        folder,
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'bans')"
        " WHERE name = 'ix_members_user_id'",
    )
    assert "integrity" in {finding.organ for finding in ill() if finding.level == "error"}


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE messages SET seq = 9 WHERE seq = 3", "3 messages up to seq 9, and should have 3"),
        ("UPDATE rooms SET last_seq = 2", "should have 2"),
        ("UPDATE rooms SET rev = 1", "at rev 1"),
        ("UPDATE members SET read_seq = 7", "read up to 7"),
        ("UPDATE members SET own_since_read = 9", "and 9 are counted"),
    ],
)
def test_numbers_that_are_not_as_promised(ill: Examine, folder: Path, statement: str, says: str) -> None:
    in_database(folder, statement)
    found = ill()
    assert {(finding.organ, finding.level) for finding in found} == {("numbers", "error")}
    assert any(says in finding.says for finding in found)


def test_an_index_of_the_search_that_is_behind(
    ill: Examine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesh_server.doctor.BEHIND_MANY", 2)
    assert "3 messages behind" in the_one(ill(), "search index", "warning")


def test_it_looks_at_a_server_that_runs_and_leaves_it_running(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        done = mesh_server("doctor", "--data", server.folder, "--json", MESH_LIMITS_CONNECTIONS="100")
        found = json.loads(done.stdout)["findings"]
        assert (done.returncode, done.stderr) == (0, "")
        assert {finding["organ"] for finding in found} == set(ORGANS)
        assert any(f"is ready at {server.url}" in finding["says"] for finding in found)
        assert server.stop() == 0


def test_a_server_that_does_not_answer(ill: Examine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mesh_server.doctor.ANSWER_S", 0.1)
    with running_server(folder) as server:
        os.kill(server.pid, signal.SIGSTOP)
        says = the_one(ill(), "address", "error")
        os.kill(server.pid, signal.SIGCONT)
    assert f"not ready at {server.url}" in says


def test_an_error_is_told_with_what_to_do_and_by_the_exit_code(folder: Path) -> None:
    (folder / "secret.key").write_text("no key")
    done = mesh_server("doctor", "--data", folder)
    assert done.returncode == 1
    assert "error    keys: " in done.stdout
    assert "ok       integrity: Nothing is wrong." in done.stdout
