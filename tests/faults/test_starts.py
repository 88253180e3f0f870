"""A start that cannot be is refused in one sentence, for whoever typed it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import mesh_server
from tests.support.server import ServerProcess, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One that runs, in the way of those that cannot start."""
    with running_server(tmp_path_factory.mktemp("starts") / "data") as running:
        yield running


def start(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return mesh_server(*arguments)


def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(server: ServerProcess) -> None:
    second = start("--listen", "127.0.0.1:0", "--data", str(server.folder))
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith("mesh-server: Another mesh-server already runs")
    assert second.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_refused_in_one_sentence(server: ServerProcess, tmp_path: Path) -> None:
    second = start("--listen", server.url.removeprefix("http://"), "--data", str(tmp_path / "other"))
    assert second.returncode == 1
    assert "Cannot listen on" in second.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--listen", "nowhere"], "listen is HOST:PORT"),
        (["--listen", "127.0.0.1:99999"], "listen is HOST:PORT"),
        (["--config", "/nonexistent.toml"], "cannot be read"),
        (["--registration", "perhaps"], "invalid choice"),
        (["--data", "/proc/nowhere"], "data folder"),
    ],
)
def test_what_cannot_be_configured_is_said(arguments: list[str], says: str) -> None:
    result = start(*arguments)
    assert result.returncode in (1, 2)
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text('listen = "127.0.0.1:0"\nlisten_adress = "typo"\n')
    result = start("--config", str(file))
    assert result.returncode == 2
    assert "listen_adress" in result.stderr


def test_what_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mesh.db").write_bytes(b"this is not a database" * 1000)
    result = start("--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert result.returncode == 1
    assert "cannot be opened" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
