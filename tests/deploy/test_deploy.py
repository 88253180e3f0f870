"""The files in `deploy/`, each tried by the program that it is for, where that is installed."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support.certificates import make_certificate, trusting_anyone
from tests.support.conditions import PATIENCE_S
from tests.support.ports import free_port
from tests.support.server import ServerProcess, running_server
from tests.support.wire import register

DEPLOY = Path(__file__).parents[2] / "deploy"


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    settings = {"MESH_TRUSTED_PROXIES": "127.0.0.1", "MESH_METRICS_LISTEN": "127.0.0.1:0"}
    with running_server(tmp_path / "data", **settings) as running:
        yield running


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting_anyone())) as session:
        yield session


@contextmanager
def proxy(*command: str | Path, log: Path) -> Iterator[None]:
    with log.open("w") as written, subprocess.Popen(command, stdout=written, stderr=written) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


async def reachable(port: int, log: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


async def passes(url: str, server: ServerProcess, http: aiohttp.ClientSession) -> None:
    """Whether everything that a client does goes through, and nothing that a stranger makes up."""
    http.headers["X-Forwarded-For"] = "203.0.113.9"
    alice = await register(http, url, "alice")
    room_id = await alice.create_room()
    async with alice.socket() as one, alice.socket() as other:
        assert (await one.say(room_id, "Hello!"))["type"] == "chat.message.ack"
        assert (await other.wait("chat.message.created"))["message"]["content"] == "Hello!"
    async with http.get(f"{url}/metrics") as response:
        assert response.status == 404
    signed = {"Authorization": f"Bearer {alice.token}", "Content-Type": "application/json"}
    async with http.post(f"{url}/api/rooms", data=b"x" * 3_000_000, headers=signed) as response:
        # The server's own answer, or what a proxy makes of an upstream that would not hear the rest.
        assert response.status in (413, 502)
    assert '"address": "127.0.0.1"' in server.log_text()
    assert "203.0.113.9" not in server.log_text()


@needs("nginx")
async def test_nginx_passes_everything_on(
    server: ServerProcess, http: aiohttp.ClientSession, port: int, tmp_path: Path
) -> None:
    certificate, key = make_certificate(tmp_path, "localhost")
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("127.0.0.1:8000", server.url.removeprefix("http://"))
    text = re.sub(r"ssl_certificate +\S+;", f"ssl_certificate {certificate};", text)
    text = re.sub(r"ssl_certificate_key +\S+;", f"ssl_certificate_key {key};", text)
    text = re.sub(r"listen \[::\]:\d+.*;\n", "", text)
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ").replace("\tlisten 80;\n", _anywhere())
    around = f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr; events {{}}\n"
    user = "user root;\n" if os.geteuid() == 0 else ""
    scratch = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = write(tmp_path / "nginx.conf", f"{user}{around}http {{\naccess_log off;\n{scratch}{text}\n}}\n")
    log = tmp_path / "nginx.log"
    with proxy("nginx", "-p", tmp_path, "-c", file, log=log):
        await reachable(port, log)
        await passes(f"https://127.0.0.1:{port}", server, http)


def _anywhere() -> str:
    return f"\tlisten 127.0.0.1:{free_port()};\n"


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


@needs("caddy")
async def test_caddy_passes_everything_on(
    server: ServerProcess,
    http: aiohttp.ClientSession,
    port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "caddy"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "caddy"))
    text = (DEPLOY / "Caddyfile").read_text()
    text = text.replace("reverse_proxy 127.0.0.1:8000", f"reverse_proxy {server.url}")
    text = text.replace("chat.example.org {", f"http://127.0.0.1:{port} {{")
    file = write(tmp_path / "Caddyfile", f"{{\n\tadmin off\n\tauto_https off\n}}\n{text}")
    log = tmp_path / "caddy.log"
    with proxy("caddy", "run", "--adapter", "caddyfile", "--config", file, log=log):
        await reachable(port, log)
        await passes(f"http://127.0.0.1:{port}", server, http)


@needs("caddy")
@pytest.mark.parametrize("name", ["Caddyfile", "cluster/Caddyfile"])
def test_the_caddyfile_is_as_caddy_writes_it_and_takes_it(name: str) -> None:
    file = DEPLOY / name
    done = subprocess.run(["caddy", "fmt", file], capture_output=True, timeout=60, check=False)
    assert done.stdout.strip() == file.read_bytes().strip()
    command = ["caddy", "adapt", "--validate", "--adapter", "caddyfile", "--config", str(file)]
    environment = os.environ | {"MESH_HOST": "chat.example.org"}
    taken = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment)
    assert taken.returncode == 0, taken.stderr


@needs("systemd-analyze")
def test_the_units_are_as_systemd_wants_them(tmp_path: Path) -> None:
    for unit in DEPLOY.glob("mesh-*"):
        text = unit.read_text().replace("/opt/mesh/venv/bin", str(Path(sys.prefix, "bin")))
        (tmp_path / unit.name).write_text(text)
    units = sorted(tmp_path.glob("mesh-*"))
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_dockerfile_copies_is_not_ignored() -> None:
    wanted = re.findall(r"^COPY ([^-.].*) \./$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    kept = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
    for name in [*wanted[0].split(), "protocol", "mesh_server", "mesh_agent", "mesh_tui", "pyproject.toml"]:
        assert f"!{name}" in kept
        assert (DEPLOY.parent / name).exists()
