"""A program that was forked is what it is when an interpreter of its own runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import nursery
from tests.support.server import running_server

COMMANDS = [
    ("mesh_agent", "--version"),
    ("mesh_agent", "--json", "rooms"),
    ("mesh_agent", "dance"),
    ("mesh_server", "doctor", "--data", "nowhere", "--json"),
    ("mesh_server", "--listen", "nowhere"),
]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return os.environ | {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)} | more


def started(kind: "type[subprocess.Popen[Any]]", *arguments: str, folder: Path) -> "subprocess.Popen[Any]":
    command = [sys.executable, "-m", *arguments]
    pipe = subprocess.PIPE
    return kind(command, env=environment(folder), text=True, stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """They take turns between any two steps."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_prints_and_ends_as_a_fresh_one(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(nursery.ROOT))
    ended = []
    for kind in (subprocess.Popen, nursery.Forked):
        with started(kind, *command, folder=tmp_path) as process:
            ended.append((*process.communicate(), process.returncode))
    assert ended[0] == ended[1]


@pytest.mark.usefixtures("hasty_threads")
def test_many_threads_may_start_some_at_once(tmp_path: Path) -> None:
    def ended(number: int) -> int:
        long = environment(tmp_path, MESH_WORD=f"{number}" * 30_000)
        return nursery.run("mesh_server", "--version", env=long).returncode

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ended, range(40))) == {0}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_who_is_held_up_hears_of_its_beginning_and_of_its_end(tmp_path: Path) -> None:
    """It has ended before anybody asks for its pid."""
    request = {
        "arguments": ["mesh_agent", "--version"],
        "environment": environment(tmp_path),
        "folder": str(tmp_path),
        "session": False,
    }
    out, its_out = os.pipe()
    with Path(os.devnull).open() as nothing:
        line = nursery.nursery_of("mesh_agent").ask(request, [nothing.fileno(), its_out, its_out])
    os.close(its_out)
    with os.fdopen(out) as said:
        assert said.read().startswith("mesh-agent")
    another = nursery.run(
        "mesh_agent", "--version", env=environment(tmp_path)
    )  # which takes longer than to end
    with line:
        assert (int(line.recv(16)) > 1, line.recv(16), another.returncode) == (True, b"0", 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_end_it_as_a_fresh_one(number: signal.Signals, tmp_path: Path) -> None:
    codes = []
    for kind in (subprocess.Popen, nursery.Forked):
        folder = tmp_path / kind.__name__
        serve = ("mesh_server", "--listen", "127.0.0.1:0", "--data", str(folder))
        with started(kind, *serve, folder=tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("mesh-server listening on ")
            assert process.poll() is None
            process.send_signal(number)
            codes.append(process.wait(20))
            process.communicate()
    assert codes[0] == codes[1]


def test_it_can_be_interrupted_from_the_beginning_on(tmp_path: Path) -> None:
    waits = ("mesh_agent", "--server", "http://127.0.0.1:9", "register", "alice", "--password-file", "-")
    with started(nursery.Forked, *waits, folder=tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (130, -signal.SIGINT)


def test_it_has_nothing_of_what_forks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("mesh_server", "doctor", "--data", "nowhere")
    usual = environment(tmp_path)
    monkeypatch.setenv("MESH_BCRYPT_COST", "cheap")
    nursery.nursery_of.cache_clear()
    assert b"bcrypt_cost" in nursery.run(*command, env=environment(tmp_path)).stderr
    assert b"bcrypt_cost" not in nursery.run(*command, env=usual).stderr


def test_it_has_nothing_of_those_before_it(tmp_path: Path) -> None:
    command = ("mesh_server", "doctor", "--data", "nowhere")
    usual = nursery.run(*command, env=environment(tmp_path))
    wrong = nursery.run(*command, env=environment(tmp_path, MESH_BCRYPT_COST="cheap"))
    assert (wrong.returncode, wrong.stdout) != (usual.returncode, usual.stdout)
    again = nursery.run(*command, env=environment(tmp_path))
    assert (again.returncode, again.stdout, again.stderr) == (usual.returncode, usual.stdout, usual.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_what_is_read_when_python_starts_gets_an_interpreter_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mesh_agent", "--version"]
    pipe = subprocess.PIPE
    for more, kind in (({}, nursery.Forked), ({"PYTHONPROFILEIMPORTTIME": "1"}, subprocess.Popen)):
        wanted = environment(tmp_path, **more)
        with nursery.start(command, env=wanted, stdout=pipe, stderr=pipe, text=False) as process:
            assert type(process) is kind
            _, err = process.communicate()
            assert (b"import time:" in err) == bool(more)


@pytest.mark.skipif(sys.platform != "linux", reason="only there is it told which files are open")
def test_it_holds_no_files_of_the_tests_or_of_others(tmp_path: Path) -> None:
    with running_server(tmp_path / "one") as first, running_server(tmp_path / "two") as second:
        ends = [Path(f"/proc/{server.pid}/fd").resolve() for server in (first, second)]
        names = [{str(each.readlink()) for each in end.iterdir()} for end in ends]
        assert not {name for name in names[0] & names[1] if name.startswith(("socket:", "pipe:"))}
