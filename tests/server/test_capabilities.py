"""Capabilities of a real server: who gets one, and that its published keys verify it."""

import itertools
from collections.abc import AsyncIterator, Iterator

import aiohttp
import jwt
import pytest

from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, call, refused, register

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("capabilities") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    return await register(http, server.url, f"alice-{next(_numbers)}")


async def claims_of(person: Person, token: str) -> Json:
    """As anyone reads it: with the standards, and with what the server publishes."""
    keys = jwt.PyJWKSet.from_dict(await call(person.http, person.url, "GET", "/api/keys"))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: Json = jwt.decode(token, key, algorithms=["EdDSA"], audience="p2p", issuer="mesh")
    return claims


@pytest.mark.parametrize("kind", ["file", "folder", "terminal"])
async def test_a_member_gets_a_capability_that_the_published_keys_verify(alice: Person, kind: str) -> None:
    room_id = await alice.create_room(f"Test Chat {next(_numbers)}")
    answer = await alice.call("POST", "/api/auth/capability", {"room_id": room_id, "kind": kind})
    assert answer["expires_in"] == 180
    claims = await claims_of(alice, answer["capability"])
    assert claims["exp"] - claims["iat"] == 180
    assert claims.pop("jti")
    assert {name: claims[name] for name in claims.keys() - {"iat", "exp", "iss", "aud"}} == {
        "sub": alice.user_id,
        "device_id": alice.session["device"]["id"],
        "room_id": room_id,
        "kind": kind,
    }


@pytest.mark.parametrize("kind", ["", "desktop", "FILE", "file "])
async def test_there_is_no_such_kind(alice: Person, kind: str) -> None:
    room_id = await alice.create_room(f"Test Chat {next(_numbers)}")
    asking = alice.call("POST", "/api/auth/capability", {"room_id": room_id, "kind": kind})
    await refused(422, "p2p.invalid_kind", asking)


async def test_nothing_goes_from_member_to_member_of_an_archived_room(alice: Person) -> None:
    room_id = await alice.create_room(f"Test Chat {next(_numbers)}")
    await alice.call("PATCH", f"/api/rooms/{room_id}", {"archived": True})
    asking = alice.call("POST", "/api/auth/capability", {"room_id": room_id, "kind": "file"})
    await refused(403, "room.archived", asking)


async def test_the_keys_survive_a_restart(http: aiohttp.ClientSession, server: ServerProcess) -> None:
    before = await call(http, server.url, "GET", "/api/keys")
    server.stop()
    server.start()
    assert await call(http, server.url, "GET", "/api/keys") == before
