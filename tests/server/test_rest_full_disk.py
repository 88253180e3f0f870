"""A disk that is full, and then is not: what cannot be stored is refused, the rest goes on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.disk import full_disk
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Person, call, refused, register


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_full_disk_stops_what_must_be_stored_and_nothing_else(
    http: aiohttp.ClientSession, server: ServerProcess
) -> None:
    alice = await register(http, server.url, "alice")
    room_id = await alice.create_room()
    tokens = {"refresh_token": alice.session["refresh_token"]}
    login = {"username": "alice", "password": PASSWORD}
    async with alice.socket(device_key="sha256:known"):
        pass
    with full_disk(server.pid):
        async with alice.socket(device_key="sha256:known") as hers:
            assert hers.welcome["type"] == "system.welcome"
        async with alice.socket(hello=False) as hers:
            assert (await hers.hello(device_key="sha256:new"))["code"] == "storage.unavailable"
            assert await hers.closed() == 1012
        await refused(503, "storage.unavailable", register(http, server.url, "bob"))
        await refused(503, "storage.unavailable", alice.call("POST", "/api/rooms", {"name": "another"}))
        await refused(503, "storage.unavailable", call(http, server.url, "POST", "/api/auth/login", login))
        await refused(503, "storage.unavailable", call(http, server.url, "POST", "/api/auth/refresh", tokens))
        await refused(503, "storage.unavailable", alice.call("POST", "/api/auth/logout"))
        await refused(503, "storage.unavailable", call(http, server.url, "GET", "/readyz"))
        assert (await alice.call("GET", f"/api/rooms/{room_id}"))["id"] == room_id
        assert (await http.get(f"{server.url}/livez")).status == 200
    person = Person(server.url, http, await call(http, server.url, "POST", "/api/auth/refresh", tokens))
    await person.call("POST", "/api/rooms", {"name": "another"})
    assert (await register(http, server.url, "bob")).session["user"]["role"] == "user"
