"""`mesh-server` as a process of its own, on a port of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support import nursery
from tests.support.conditions import PATIENCE_S
from tests.support.ports import free_port

_SAYS: Final = "mesh-server listening on "
_CHEAP_HASHES: Final = {"MESH_BCRYPT_COST": "4"}


class ServerProcess:
    """A server on `folder`; `url` once it listens. Its log goes to `log`, which later starts append to.

    `module` is the program; a test may have one that runs the server under strange circumstances.
    """

    module = "mesh_server"

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.log = folder.with_name(f"{folder.name}.log")
        self.url = ""
        self._arguments = arguments
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def start(self, listen: str = "") -> None:
        """Returns once it listens. Raises: AssertionError, with its log, where it ends instead."""
        self.spawn(listen or f"127.0.0.1:{free_port()}")
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(_SAYS), f"{line!r}\n{self.log.read_text()}"
        self.url = line.removeprefix(_SAYS).strip()

    def spawn(self, listen: str) -> None:
        """Starts it and does not wait."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        with self.log.open("a") as log:
            self._process = nursery.start(
                [
                    sys.executable,
                    "-m",
                    self.module,
                    "--listen",
                    listen,
                    "--data",
                    str(self.folder),
                    *self._arguments,
                ],
                env=inherited | _CHEAP_HASHES | self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None

    def send(self, which: signal.Signals) -> None:
        """Does not wait for what it does; nothing where it has ended."""
        assert self._process is not None
        self._process.send_signal(which)

    def wait(self) -> int:
        """The exit code of a server that ends by itself."""
        assert self._process is not None
        code = self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code; a second stop does nothing."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(with_signal)
        code = self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def metrics_url(self) -> str:
        """Where operators ask, without the path."""
        found = re.findall(r'"metrics": "(http[^"]+)/metrics"', self.log_text())
        assert found, self.log_text()
        return str(found[-1])

    def log_text(self) -> str:
        return self.log.read_text("utf-8")


@contextmanager
def running_server(folder: Path, *arguments: str, **environment: str) -> Iterator[ServerProcess]:
    """A server that listens; killed at the end where the test did not stop it."""
    server = ServerProcess(folder, *arguments, **environment)
    server.start()
    try:
        yield server
    finally:
        server.kill()
