"""Connections before anything is asked over them: how many there may be, and for how long."""

import asyncio
import itertools
import json
import os
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from mesh_server import open_files
from tests.support.certificates import make_certificate, trusting_anyone
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Person, register

CAP = 8
SILENCE_S = 0.5
ASK = b"GET /livez HTTP/1.1\r\nHost: mesh\r\n\r\n"
SETTINGS = {
    "MESH_LIMITS_TCP": str(CAP),
    "MESH_METRICS_LISTEN": "127.0.0.1:0",  # looking there changes nothing here
}


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """It lets who says nothing stay for as long as a test takes."""
    folder = tmp_path_factory.mktemp("tcp") / "data"
    with running_server(folder, MESH_LIMITS_SILENCE_S="600", **SETTINGS) as running:
        yield running


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path / "data", MESH_LIMITS_SILENCE_S=str(SILENCE_S), **SETTINGS) as running:
        yield running


class Line:
    """A plain TCP connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, what: bytes) -> None:
        self._writer.write(what)

    async def ask(self) -> int:
        """The status of the answer to a request."""
        self.say(ASK)
        async with asyncio.timeout(PATIENCE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            await self._reader.readexactly(int(length[1]) if length else 0)
        return int(head.split()[1])

    async def ended(self) -> bool:
        """True once the server has let go of it, without a word."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self._reader.read() == b""
            except ConnectionError:
                return True

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def line_to(
    server: ServerProcess, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Line]:
    line = Line(*await asyncio.open_connection(host, urlsplit(server.url).port, ssl=tls))
    try:
        yield line
    finally:
        line.close()


async def line_in_time(
    held: AsyncExitStack, server: ServerProcess, *, asks: bool = True, tls: ssl.SSLContext | None = None
) -> Line:
    """One that has its handshake and its first answer before it is let go, which may take some tries.

    `held` closes it.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                line = await held.enter_async_context(line_to(server, tls=tls))
                if not asks or await line.ask() == 200:
                    return line


async def registered_in_time(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    """As `line_in_time`; perhaps an earlier try was heard all the same, and the name is taken."""
    async with asyncio.timeout(PATIENCE_S):
        for number in itertools.count():
            with suppress(aiohttp.ClientError):
                return await register(http, server.url, f"alice{number}")
    raise AssertionError


async def metric(server: ServerProcess, line: str) -> float:
    async with aiohttp.ClientSession() as http, http.get(f"{server.metrics_url()}/metrics") as response:
        text = await response.text()
    return sum(float(found.rpartition(" ")[2]) for found in text.splitlines() if found.startswith(line))


async def until_open(server: ServerProcess, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await metric(server, "mesh_tcp_connections ") != count:
            pass


# ── how many ─────────────────────────────────────────────────────────────────────────────────────


async def test_one_more_than_may_be_is_closed_unread(patient: ServerProcess) -> None:
    await until_open(patient, 0)
    async with AsyncExitStack() as held:
        lines = [await held.enter_async_context(line_to(patient)) for _ in range(CAP)]
        await until_open(patient, CAP)
        await one_too_many(patient)
        assert await lines[0].ask() == 200
        lines[1].close()
        await until_open(patient, CAP - 1)
        async with line_to(patient) as instead:
            assert await instead.ask() == 200
    await until_open(patient, 0)


async def one_too_many(patient: ServerProcess) -> None:
    async with line_to(patient) as one_more:
        one_more.say(ASK)
        assert await one_more.ended()
    assert await metric(patient, 'mesh_connections_refused_total{by="tcp"}') == 1
    assert '"level": "error"' not in patient.log_text()


SMALL_WORLD = """
import json, socket, sys
host, port = sys.argv[1], int(sys.argv[2])
ask = b"GET /livez HTTP/1.1\\r\\nHost: mesh\\r\\n\\r\\n"

def answered(source):
    line = socket.create_connection((host, port), timeout=20, source_address=(source, 0))
    lines.append(line)
    try:
        line.sendall(ask)
        return line.recv(1 << 16).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False

lines = []
print(json.dumps([answered(source) for source in sys.argv[3:]]))
"""


@pytest.mark.skipif(shutil.which("unshare") is None or shutil.which("ip") is None, reason="needs Linux")
def test_each_address_has_so_many_and_this_machine_as_many_as_there_are(tmp_path: Path) -> None:
    """In a network of its own, in which others than this machine have addresses."""
    (tmp_path / "client.py").write_text(SMALL_WORLD)
    server = f"{sys.executable} -m mesh_server --listen 192.0.2.1:8000 --data {tmp_path}/data"
    froms = "192.0.2.2 192.0.2.2 192.0.2.2 192.0.2.3 127.0.0.1 127.0.0.1 127.0.0.1"
    (tmp_path / "world.sh").write_text(
        "set -e\nip link set lo up\n"
        "for n in 1 2 3; do ip addr add 192.0.2.$n/32 dev lo; done\n"
        f"mkfifo {tmp_path}/said\n{server} > {tmp_path}/said &\nread -r _ < {tmp_path}/said\n"
        f"{sys.executable} {tmp_path}/client.py 192.0.2.1 8000 {froms}\nkill $!\n"
    )
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network of its own may be made here")
    environment = os.environ | {"MESH_LIMITS_TCP_PER_ADDRESS": "2", "MESH_BCRYPT_COST": "4"}
    done = subprocess.run(
        ["unshare", "-rn", "sh", str(tmp_path / "world.sh")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, True, False, True, True, True, True]


def last_file(server: ServerProcess) -> int:
    """The highest number of a file that it has open."""
    return max(int(file.name) for file in Path(f"/proc/{server.pid}/fd").iterdir())


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can shrink a process's limits")
async def test_a_server_without_files_left_goes_on_once_it_has_some(patient: ServerProcess) -> None:
    limits = resource.prlimit(patient.pid, resource.RLIMIT_NOFILE)
    async with line_to(patient) as before:
        assert await before.ask() == 200
        resource.prlimit(patient.pid, resource.RLIMIT_NOFILE, (last_file(patient) + 1, limits[1]))
        try:
            async with line_to(patient), line_to(patient):
                assert await before.ask() == 200
        finally:
            resource.prlimit(patient.pid, resource.RLIMIT_NOFILE, limits)
        async with line_to(patient) as line:
            assert await line.ask() == 200
    await until_open(patient, 0)


def test_connections_leave_files_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for allowed, expected in ((1_024, 1_024 - open_files.KEPT), (100_000, 24_000), (50, 1), (-1, 24_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _kind, allowed=allowed: (allowed, allowed))
        assert open_files.for_connections(24_000) == expected


# ── how long ─────────────────────────────────────────────────────────────────────────────────────


async def test_who_asks_for_nothing_is_let_go_and_who_asks_stays(impatient: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http:
        alice = await registered_in_time(http, impatient)
        async with alice.socket() as hers, AsyncExitStack() as held:
            asking = await line_in_time(held, impatient)
            async with line_to(impatient) as silent, line_to(impatient) as slow:
                slow.say(ASK[:-2])
                assert await silent.ended()
                assert await slow.ended()
            assert await asking.ask() == 200
            assert (await hers.ask("system.ping"))["type"] == "system.pong"
    await until_open(impatient, 0)


async def test_so_is_who_does_not_finish_a_handshake(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "localhost")
    settings = SETTINGS | {
        "MESH_LIMITS_SILENCE_S": str(SILENCE_S),
        "MESH_TLS_CERTIFICATE": str(certificate),
        "MESH_TLS_KEY": str(key),
    }
    with running_server(tmp_path / "data", **settings) as server:
        for _ in range(2 * CAP):  # each gives its place back
            async with line_to(server) as nonsense:
                nonsense.say(b"\x16 this is no handshake" * 10)
                await nonsense.ended()
        async with line_to(server) as silent:
            assert await silent.ended()
        async with AsyncExitStack() as held:
            await line_in_time(held, server, tls=trusting_anyone())
        async with AsyncExitStack() as held:
            line = await line_in_time(held, server, tls=trusting_anyone(), asks=False)
            assert await line.ended()
        await until_open(server, 0)


# ── every address ────────────────────────────────────────────────────────────────────────────────


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
async def test_every_address_is_those_of_ipv4_too(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", "--listen", "[::]:0") as server:
        for host in ("127.0.0.1", "::1"):
            async with line_to(server, host=host) as line:
                assert await line.ask() == 200
            await until(lambda host=host: f'"address": "{host}"' in server.log_text())  # type: ignore[misc]
