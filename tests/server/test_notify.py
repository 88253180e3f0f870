"""What systemd is told, read from the socket where it would listen."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_server.notify import Notifier
from tests.support.certificates import make_certificate
from tests.support.conditions import PATIENCE_S
from tests.support.server import running_server


class Systemd:
    """The end that listens. `env` is what a unit gets."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(PATIENCE_S)
        self._socket.bind(address.replace("@", "\0", 1))
        self.env = {"NOTIFY_SOCKET": address}

    def hears(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())

    def waits_for(self, key: str) -> dict[str, str]:
        while key not in (said := self.hears()):
            pass
        return said

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@mesh-test-{os.getpid()}"
    listening = Systemd(address)
    yield listening
    listening.close()


def test_a_server_tells_when_it_is_ready_reloads_and_stops(systemd: Systemd, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "localhost")
    tls = {"MESH_TLS_CERTIFICATE": str(certificate), "MESH_TLS_KEY": str(key)}
    with running_server(tmp_path / "data", **tls, **systemd.env) as server:
        assert systemd.hears() == {"READY": "1", "STATUS": f"Listening on {server.url}"}
        os.kill(server.pid, signal.SIGHUP)
        assert int(systemd.waits_for("RELOADING")["MONOTONIC_USEC"]) > 0
        assert systemd.hears()["READY"] == "1"
        server.stop()
        assert systemd.hears()["STOPPING"] == "1"


def test_the_loop_feeds_the_watchdog_until_it_hangs(systemd: Systemd, tmp_path: Path) -> None:
    with running_server(tmp_path / "data", WATCHDOG_USEC="30000", **systemd.env) as server:
        for _ in range(3):
            systemd.waits_for("WATCHDOG")
        server.stop()


def test_another_process_is_watched_and_not_this_one(systemd: Systemd, tmp_path: Path) -> None:
    with running_server(tmp_path / "data", WATCHDOG_USEC="30000", WATCHDOG_PID="1", **systemd.env) as server:
        assert "READY" in systemd.hears()
        server.stop()
        assert "STOPPING" in systemd.hears()


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    Notifier({}).ready("Nobody listens")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("Nobody listens any more")
