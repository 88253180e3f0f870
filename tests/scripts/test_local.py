"""`./scripts/mesh` without a command: real servers, and as `mesh-tui` a program that ends with its input."""

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from scripts import local
from tests.support.conditions import PATIENCE_S, until
from tests.support.ports import free_port
from tests.support.server import running_server

OPEN = """
import pathlib, sys
from scripts import local
local.PORTS = [int(port) for port in sys.argv[2].split(",")]
sys.exit(local.main(sys.argv[3:], pathlib.Path(sys.argv[1])))
"""
"""Its ports are of those that other programs leave alone: one that was free is so a moment later."""


class Machine:
    """A person's folders, and the two programs."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.programs = folder / "bin"
        self.home.mkdir()
        self.programs.mkdir()
        self.put("mesh-server", f'exec "{sys.executable}" -m mesh_server "$@"')
        self.put("mesh-tui", 'echo "$@"; exec cat')
        self.data = self.home / "data/mesh/server"
        self.users = self.home / "data/mesh/local/users.lock"
        self.log = self.home / "state/mesh/server.log"
        self.ports = [free_port() for _ in range(3)]

    def put(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        program.chmod(0o755)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("MESH_", "XDG_"))
        }
        folders = {"XDG_DATA_HOME": str(self.home / "data"), "XDG_STATE_HOME": str(self.home / "state")}
        return subprocess.Popen(
            [sys.executable, "-c", OPEN, str(self.programs), ",".join(map(str, self.ports)), *arguments],
            env=inherited | folders | {"HOME": str(self.home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def open(self, *arguments: str) -> Iterator[str]:
        """While Mesh is open; gives the URL that `mesh-tui` was told."""
        with self.start(*arguments) as tui:
            assert tui.stdout is not None
            told = tui.stdout.readline().split()
            assert told[:1] == ["--server"], tui.communicate()
            assert told[2:] == list(arguments)
            yield told[1]

    def serves(self) -> bool:
        return local.held(self.data / "server.lock")


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    """Whose server is remembered to have had a port that is free now."""
    machine = Machine(tmp_path)
    own = machine.home / "data/mesh/local"
    own.mkdir(parents=True)
    (own / "port").write_text(f"{free_port()}\n")
    yield machine
    await until(lambda: not machine.serves(), "the server to stop")


def taken_port() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


async def test_a_server_is_started_and_ends_with_the_screen(machine: Machine) -> None:
    with machine.open("--profile", "bob") as url:
        with machine.users.open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with local.locked(machine.users, fcntl.LOCK_SH):  # so it is the screen that holds it, not the keeper
            assert machine.serves()
        assert local.answers(url)
    await until(lambda: not machine.serves(), "the server to stop")
    assert not local.answers(url)


async def test_the_next_run_finds_the_same_url(machine: Machine) -> None:
    with machine.open() as first:
        pass
    with machine.open() as second:
        assert first == second


async def test_the_server_ends_with_the_last_of_two_screens(machine: Machine) -> None:
    with machine.open() as url:
        with machine.open() as same:
            assert same == url
        assert local.answers(url)
    await until(lambda: not machine.serves(), "the server to stop")

    with machine.start() as first:
        assert first.stdout is not None
        assert first.stdout.readline()
        with machine.open() as url:
            first.communicate()
            assert machine.serves()
            assert local.answers(url)
    await until(lambda: not machine.serves(), "the server to stop")


async def test_two_that_start_at_once_share_one_server(machine: Machine) -> None:
    running = [machine.start() for _ in range(3)]
    urls = {process.stdout.readline() for process in running if process.stdout}
    assert len(urls) == 1
    for process in running:
        process.communicate()
    await until(lambda: not machine.serves(), "the server to stop")


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
async def test_the_server_ends_with_a_screen_that_dies(ending: signal.Signals, machine: Machine) -> None:
    with machine.start() as tui:
        assert tui.stdout is not None
        assert tui.stdout.readline()
        tui.send_signal(ending)
    assert tui.returncode == -ending
    await until(lambda: not machine.serves(), "the server to stop")


async def test_a_server_that_runs_already_is_used_and_left_alone(machine: Machine) -> None:
    machine.data.mkdir(parents=True)
    with running_server(machine.data) as server:
        with machine.open() as url:
            assert url == server.url
        assert machine.serves()
        assert local.answers(url)
    assert not machine.log.exists()


async def test_a_port_that_another_program_has_is_passed_over_for_good(machine: Machine) -> None:
    remembered = machine.home / "data/mesh/local/port"
    with closing(taken_port()) as other:
        port = other.getsockname()[1]
        remembered.write_text(f"{port}\n")
        with machine.open() as first:
            assert first == f"http://127.0.0.1:{machine.ports[0]}"
    with machine.open() as second:
        assert second == first
    assert second.endswith(f":{remembered.read_text().strip()}")


def test_the_first_free_port_of_the_range_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(taken_port()) as one, closing(taken_port()) as other:
        ports = [*(each.getsockname()[1] for each in (one, other)), free_port()]
        monkeypatch.setattr(local, "PORTS", ports)
        assert local.free_port(None) == ports[2]
        assert local.free_port(ports[0]) == ports[2]
        monkeypatch.setattr(local, "PORTS", ports[:2])
        assert local.free_port(None) == 0


@pytest.mark.parametrize("content", ["", "8000.5", "99999", "-1"])
def test_a_port_that_cannot_be_remembered_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "port").write_text(content)
    assert local.remembered_port(tmp_path / "port") is None


def test_a_server_that_does_not_start_is_quoted(machine: Machine) -> None:
    machine.data.mkdir(parents=True)
    (machine.data / "mesh.db").write_bytes(b"no database" * 1000)
    machine.log.parent.mkdir(parents=True)
    machine.log.write_text("from an earlier run\n")
    with machine.start() as failed:
        output, errors = failed.communicate(timeout=3 * PATIENCE_S)
    assert (failed.returncode, output) == (1, "")
    assert "The server did not start" in errors
    assert str(machine.log) in errors
    assert "mesh-server: " in errors
    assert "earlier" not in errors


def test_what_a_server_said_cannot_move_the_cursor(machine: Machine) -> None:
    machine.put("mesh-server", r"printf '\033[2J\033]0;title\007%s\n' said >&2; exit 1")
    with machine.start() as failed:
        _, errors = failed.communicate(timeout=3 * PATIENCE_S)
    assert "said" in errors
    assert not set(errors) & {"\033", "\007"}


def test_folders_and_log_are_the_users_own(machine: Machine) -> None:
    with machine.open():
        pass
    for folder in (machine.data, machine.log.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(machine.log.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_named(machine: Machine) -> None:
    (machine.home / "state").write_text("a file, where a folder is needed")
    with machine.start() as failed:
        output, errors = failed.communicate(timeout=3 * PATIENCE_S)
    assert (failed.returncode, output) == (1, "")
    assert str(machine.home / "state") in errors
    assert "Traceback" not in errors


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(bytes(local.LOG_BYTES + 1))
    local.open_log(log).close()
    assert log.stat().st_size == 0
    assert (tmp_path / "server.log.1").stat().st_size == local.LOG_BYTES + 1


@pytest.mark.parametrize("words", [["--server", "http://127.0.0.1:1"], ["--server=http://127.0.0.1:1"]])
def test_another_server_is_not_asked_for_here(words: list[str], machine: Machine) -> None:
    with machine.start(*words) as refused:
        output, errors = refused.communicate(timeout=3 * PATIENCE_S)
    assert (refused.returncode, output) == (2, "")
    assert "./scripts/mesh tui --server URL" in errors
    assert not machine.data.exists()


def test_a_folder_in_use_by_what_does_not_answer_is_said(tmp_path: Path) -> None:
    lock = tmp_path / "server.lock"
    lock.write_text('{"pid": 1, "url": ""}')
    with local.locked(lock, fcntl.LOCK_EX), pytest.raises(local.NotStarted, match="does not answer is using"):
        local.running_url(tmp_path, patience_s=0)
    assert local.running_url(tmp_path) is None
