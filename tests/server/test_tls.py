"""TLS by the server itself: which versions, and certificates that change under open connections."""

import asyncio
import json
import os
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from mesh_server.config import Tls
from mesh_server.tls import Certificate, CertificateUnusable
from tests.support.certificates import make_certificate, shown, trusting_anyone
from tests.support.conditions import until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import register


@dataclass
class Served:
    """A server, and the files of the certificate that it shows."""

    server: ServerProcess
    certificate: Path
    key: Path

    def use(self, certificate: Path, key: Path) -> None:
        """As certbot does it: the new files take the place of the old ones."""
        for new, place in ((certificate, self.certificate), (key, self.key)):
            scratch = place.with_suffix(".new")
            shutil.copy(new, scratch)
            scratch.replace(place)

    async def name(self, **more: ssl.TLSVersion) -> str:
        """The name in the certificate that a new connection is shown."""
        context = trusting_anyone()
        for setting, value in more.items():
            setattr(context, setting, value)
        host, _, port = self.server.url.removeprefix("https://").rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        try:
            return shown(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        finally:
            writer.close()

    def reload(self) -> None:
        os.kill(self.server.pid, signal.SIGHUP)

    def events(self) -> list[str]:
        whole, _, _ = self.server.log_text().rpartition("\n")  # the last line may be half written
        return [json.loads(line)["event"] for line in whole.splitlines()]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    certificate, key = make_certificate(tmp_path, "first")
    settings = {"MESH_TLS_CERTIFICATE": str(certificate), "MESH_TLS_KEY": str(key)}
    with running_server(tmp_path / "data", **settings) as server:
        yield Served(server, certificate, key)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting_anyone())) as session:
        yield session


async def test_a_certificate_is_changed_without_dropping_connections(
    served: Served, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    alice = await register(http, served.server.url, "alice")
    room_id = await alice.create_room()
    async with alice.socket() as socket:
        await socket.say(room_id, "before")
        served.use(*make_certificate(tmp_path, "second"))
        assert await served.name() == "first"
        served.reload()
        await until(lambda: "the certificate was read again" in served.events())
        assert await served.name() == "second"
        assert (await socket.say(room_id, "after"))["type"] == "chat.message.ack"
    async with alice.socket() as socket:
        assert socket.welcome["rooms"]


async def test_a_certificate_that_cannot_be_used_changes_nothing(served: Served, tmp_path: Path) -> None:
    other, other_key = make_certificate(tmp_path, "second")
    _, strange_key = make_certificate(tmp_path, "third")
    served.use(other, strange_key)
    served.reload()
    await until(lambda: any("stays the one before" in event for event in served.events()))
    assert await served.name() == "first"
    served.use(other, other_key)
    served.reload()
    await until(lambda: "the certificate was read again" in served.events())
    assert await served.name() == "second"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_only_what_is_safe_is_spoken(served: Served) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert await served.name(minimum_version=version, maximum_version=version) == "first"
    context = trusting_anyone()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    host, _, port = served.server.url.removeprefix("https://").rpartition(":")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(host, int(port), ssl=context)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "locked", passphrase=b"sesame")
    with pytest.raises(CertificateUnusable, match="passphrase"):
        Certificate(Tls(certificate=str(certificate), key=str(key)))


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateUnusable, match=r"nowhere\.pem.*No such file"):
        Certificate(Tls(certificate=str(tmp_path / "nowhere.pem"), key=str(tmp_path / "nowhere.key")))


def test_a_key_that_others_can_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = make_certificate(tmp_path, "open")
    Certificate(Tls(certificate=str(certificate), key=str(key)))
    assert caplog.records == []
    key.chmod(0o644)
    Certificate(Tls(certificate=str(certificate), key=str(key)))
    assert "every account" in caplog.text
