"""`mesh-server config`: an example that can be used, what is in force and why, and what is dubious."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mesh_server.cli import main
from mesh_server.config import Config, Tls
from mesh_server.doubts import doubts

Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Said:
    """What `mesh-server config …` prints, for an exit code of 0."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    for name in [name for name in os.environ if name.startswith("MESH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MESH_DATA", str(folder))

    def say(*arguments: str) -> str:
        assert main(["config", *arguments]) == 0
        return capsys.readouterr().out

    return say


def test_the_example_is_a_file_that_can_be_used(said: Said, tmp_path: Path) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text(said("example"))
    assert "dubious" not in said("check", "--config", str(file))


def test_the_example_comes_whatever_the_environment_says(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_LISTEN", "nowhere")
    assert "#listen = " in said("example")


def test_a_configuration_that_cannot_be_is_refused(
    said: Said, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESH_LISTEN", "nowhere")
    assert main(["config", "check"]) == 2
    assert "listen is HOST:PORT" in capsys.readouterr().err


def test_what_is_in_force_comes_with_where_it_comes_from(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mesh.toml"
    file.write_text('name = "File"\n[metrics]\nlisten = "127.0.0.1:9"\n')
    monkeypatch.setenv("MESH_LOG_LEVEL", "error")
    lines = said("check", "--config", str(file), "--data", str(tmp_path)).splitlines()
    assert 'name = "File"   # file' in lines
    assert 'metrics.listen = "127.0.0.1:9"   # file' in lines
    assert 'log_level = "error"   # MESH_LOG_LEVEL' in lines
    assert f'data = "{tmp_path}"   # flag' in lines
    assert "heartbeat_s = 30.0" in lines
    shown = [line.partition(" = ")[0] for line in lines if " = " in line]
    assert "tls.key" in shown
    assert len(shown) == len(set(shown))


def plainly(tmp_path: Path, **more: object) -> Config:
    return msgspec.convert({"data": str(tmp_path), **more}, Config)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_server_for_this_machine_alone_is_not_dubious(folder: Path) -> None:
    assert doubts(plainly(folder), None, {}) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"listen": "0.0.0.0:8000"}, "plain HTTP"),
        ({"listen": "0.0.0.0:8000"}, "/metrics where clients come"),
        ({"listen": "0.0.0.0:8000", "registration": "open"}, "make an account"),
        ({"metrics": {"listen": "[::]:9100"}}, "can read the metrics"),
    ],
)
def test_what_strangers_could_use_is_dubious(folder: Path, more: dict[str, object], says: str) -> None:
    assert any(says in doubt for doubt in doubts(plainly(folder, **more), None, {}))


def test_a_proxy_in_front_takes_care_of_tls(folder: Path) -> None:
    behind = plainly(folder, listen="0.0.0.0:8000", trusted_proxies=["10.0.0.1"])
    assert not any("plain HTTP" in doubt for doubt in doubts(behind, None, {}))


def test_a_key_that_others_can_read_is_dubious(folder: Path) -> None:
    key = folder / "tls.key"
    key.touch(mode=0o600)
    config = plainly(folder, tls={"certificate": "a.pem", "key": str(key)})
    assert config.tls == Tls(certificate="a.pem", key=str(key))
    assert doubts(config, None, {}) == []
    for mode, who in ((0o640, "its group"), (0o644, "every account")):
        key.chmod(mode)
        (doubt,) = doubts(config, None, {})
        assert who in doubt
        assert f"chmod 600 {key}" in doubt


def test_a_data_folder_open_to_others_is_dubious(folder: Path) -> None:
    folder.chmod(0o755)
    (doubt,) = doubts(plainly(folder), None, {})
    assert f"chmod 700 {folder}" in doubt
    (folder / "file").touch()
    (doubt,) = doubts(plainly(folder / "file"), None, {})
    assert "is not a folder" in doubt


def test_a_variable_that_is_no_setting_is_dubious(folder: Path) -> None:
    (doubt,) = doubts(plainly(folder), None, {"MESH_LISTN": "x", "MESH_LISTEN": "y", "PATH": ""})
    assert "MESH_LISTN" in doubt
