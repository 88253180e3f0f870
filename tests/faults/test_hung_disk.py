"""A disk that does not answer: nothing is acknowledged, and the server stops in time all the same."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.support.wire import Person, call, refused

STOP_TIMEOUT_S = 8.0
"""Enough for a server that is held up for some seconds to say goodbye."""


class Disk:
    """While the file is there it hangs (`tests.support.hung_disk`)."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def hang(self) -> None:
        self.file.touch()

    def answer(self) -> None:
        self.file.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "hang")


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path, disk: Disk) -> Iterator[ServerProcess]:
    running = ServerProcess(
        tmp_path / "data",
        MESH_TEST_HANG=str(disk.file),
        MESH_STOP_TIMEOUT_S=str(getattr(request, "param", STOP_TIMEOUT_S)),
        MESH_METRICS_LISTEN="127.0.0.1:0",
    )
    running.module = "tests.support.hung_disk"
    running.start()
    yield running
    running.kill()


@pytest.mark.long
async def test_a_hung_disk_does_not_keep_the_server_from_stopping(
    server: ServerProcess, alice: Person, bob: Person, room_id: str, disk: Disk
) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        assert (await hers.say(room_id, "on the disk"))["type"] == "chat.message.ack"
        disk.hang()
        await hers.send("chat.message.send", room_id=room_id, nonce="lost", content="on its way", id=99)
        # What only reads goes on.
        assert (await his.ask("system.ping"))["type"] == "system.pong"
        page = await bob.call("GET", f"/api/rooms/{room_id}/messages")
        assert [message["content"] for message in page["messages"]] == ["on the disk"]
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        for socket in (hers, his):
            assert await socket.closed() == 1012
            assert "system.bye" in [message["type"] for message in socket.seen]
        assert [m for m in hers.seen if m.get("re") == 99] == [], "nothing was acknowledged"
        assert await stopping == 1
    assert "were not acknowledged" in server.log_text()
    assert "the store could not be closed in time" in server.log_text()
    disk.answer()
    server.start(server.url.removeprefix("http://"))
    async with alice.socket() as hers:
        ack = await hers.say(room_id, "on its way", nonce="lost")
        assert (ack["type"], ack["seq"]) == ("chat.message.ack", 2)


async def test_a_hung_disk_is_not_ready_and_says_so_in_time(
    server: ServerProcess, alice: Person, disk: Disk
) -> None:
    disk.hang()
    await refused(503, "storage.unavailable", call(alice.http, alice.url, "GET", "/readyz"))
    async with alice.http.get(f"{alice.url}/livez") as response:
        assert response.status == 200


@pytest.mark.parametrize("server", [10 * PATIENCE_S], ids=["patient"], indirect=True)
async def test_who_operates_it_is_told_while_it_stops(
    server: ServerProcess, alice: Person, room_id: str, disk: Disk, http: aiohttp.ClientSession
) -> None:
    operators = server.metrics_url()
    async with alice.socket() as hers:
        disk.hang()
        await hers.send("chat.message.send", room_id=room_id, nonce="lost", content="on its way")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        await until(lambda: '"event": "stopping"' in server.log_text())
        await refused(503, "server.draining", call(http, operators, "GET", "/readyz"))
        with pytest.raises(aiohttp.ClientConnectorError):
            await call(http, server.url, "GET", "/readyz")
        assert not stopping.done()
        server.kill()
        await stopping
