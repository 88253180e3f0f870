"""The REST calls as anyone sees them: a server process, JSON, and nothing known of the implementation."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Person, call, refused, register, throttled

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("rest") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def fresh(name: str) -> str:
    """A name that no other test of this server has."""
    return f"{name}-{next(_numbers) + 1000}"


@pytest.fixture
async def alice(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    return await register(http, server.url, fresh("alice"))


@pytest.fixture
async def bob(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    return await register(http, server.url, fresh("bob"))


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_session_from_registering_to_signing_out(
    http: aiohttp.ClientSession, server: ServerProcess
) -> None:
    name = fresh("Alice")
    body = {"username": name, "password": PASSWORD, "device_name": "laptop"}
    session = await call(http, server.url, "POST", "/api/auth/register", body)
    assert set(session) == {"user", "device", "access_token", "refresh_token", "expires_in"}
    assert {"id", "username", "display_name", "role", "created_at"} <= set(session["user"])
    assert session["user"]["username"] == name
    assert session["expires_in"] == 900

    body = {"username": name.upper(), "password": PASSWORD, "device_id": session["device"]["id"]}
    again = await call(http, server.url, "POST", "/api/auth/login", body)
    assert again["device"]["id"] == session["device"]["id"]

    body = {"refresh_token": again["refresh_token"]}
    third = Person(server.url, http, await call(http, server.url, "POST", "/api/auth/refresh", body))
    assert (await third.call("GET", "/api/auth/me"))["id"] == session["user"]["id"]
    assert await third.call("POST", "/api/auth/logout") is None
    await refused(401, "auth.invalid_token", third.call("GET", "/api/auth/me"))
    body = {"refresh_token": third.session["refresh_token"]}
    await refused(401, "auth.invalid_refresh", call(http, server.url, "POST", "/api/auth/refresh", body))


async def test_a_spent_refresh_token_signs_the_device_out(http: aiohttp.ClientSession, alice: Person) -> None:
    spent = {"refresh_token": alice.session["refresh_token"]}
    fresh_pair = await call(http, alice.url, "POST", "/api/auth/refresh", spent)
    person = Person(alice.url, http, fresh_pair)
    await person.call("GET", "/api/auth/me")
    await refused(401, "auth.invalid_refresh", call(http, alice.url, "POST", "/api/auth/refresh", spent))
    await refused(401, "auth.invalid_token", person.call("GET", "/api/auth/me"))


async def test_signing_out_closes_the_sockets_of_that_device_only(
    http: aiohttp.ClientSession, alice: Person
) -> None:
    body = {"username": alice.name, "password": PASSWORD}
    phone = Person(alice.url, http, await call(http, alice.url, "POST", "/api/auth/login", body))
    async with alice.socket() as here, phone.socket() as there:
        await alice.call("POST", "/api/auth/logout")
        assert await here.closed() == 4403
        await there.ask("system.ping")


async def test_one_profile_and_its_devices(http: aiohttp.ClientSession, alice: Person) -> None:
    user = await alice.call("PATCH", "/api/auth/me", {"display_name": "Alice A."})
    assert user["display_name"] == (await alice.call("GET", "/api/auth/me"))["display_name"] == "Alice A."
    body = {"username": alice.name, "password": PASSWORD, "device_name": "phone"}
    phone = Person(alice.url, http, await call(http, alice.url, "POST", "/api/auth/login", body))
    listed = (await phone.call("GET", "/api/auth/devices"))["devices"]
    assert [(device["name"], device.get("current", False)) for device in listed] == [
        ("phone", True),
        ("unnamed device", False),
    ]
    path = f"/api/auth/devices/{alice.session['device']['id']}"
    assert await phone.call("DELETE", path) is None
    await refused(404, "auth.device_not_found", phone.call("DELETE", path))
    await refused(401, "auth.invalid_token", alice.call("GET", "/api/auth/me"))


async def test_a_new_password(http: aiohttp.ClientSession, alice: Person) -> None:
    wrong = {"current": "password124", "new": "another password"}
    await refused(401, "auth.invalid_credentials", alice.call("POST", "/api/auth/password", wrong))
    right = {"current": PASSWORD, "new": "another password"}
    assert await alice.call("POST", "/api/auth/password", right) is None
    old = {"username": alice.name, "password": PASSWORD}
    await refused(401, "auth.invalid_credentials", call(http, alice.url, "POST", "/api/auth/login", old))
    await call(http, alice.url, "POST", "/api/auth/login", {**old, "password": "another password"})


async def test_guessing_has_to_wait(http: aiohttp.ClientSession, alice: Person) -> None:
    body = {"username": alice.name, "password": "password124"}
    for _ in range(5):
        await refused(401, "auth.invalid_credentials", call(http, alice.url, "POST", "/api/auth/login", body))
    await throttled(http, alice.url, body)


async def test_many_register_from_this_machine(http: aiohttp.ClientSession, server: ServerProcess) -> None:
    people = await asyncio.gather(*(register(http, server.url, fresh("person")) for _ in range(100)))
    assert len({person.user_id for person in people}) == 100


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_room_from_creating_to_leaving(alice: Person, bob: Person) -> None:
    name = fresh("Test Chat")
    room = await alice.call("POST", "/api/rooms", {"name": name, "topic": "all and nothing"})
    assert (room["name"], room["visibility"], room["kind"], room["my_role"]) == (
        name,
        "public",
        "room",
        "owner",
    )
    path = f"/api/rooms/{room['id']}"
    listed = (await bob.call("GET", "/api/rooms", scope="public"))["rooms"]
    assert room["id"] in [one["id"] for one in listed]
    assert (await bob.call("GET", "/api/rooms"))["rooms"] == []
    assert (await bob.call("POST", f"{path}/join"))["my_role"] == "member"
    (mine,) = (await bob.call("GET", "/api/rooms"))["rooms"]
    assert {"last_seq", "read_seq", "unread", "mentions"} <= set(mine)
    members = (await alice.call("GET", f"{path}/members"))["members"]
    assert {(one["username"], one["role"]) for one in members} == {
        (alice.name, "owner"),
        (bob.name, "member"),
    }
    assert await bob.call("POST", f"{path}/leave") is None
    assert (await bob.call("GET", "/api/rooms"))["rooms"] == []


async def test_pages_of_messages(alice: Person) -> None:
    room_id = await alice.create_room(fresh("room"))
    async with alice.socket() as socket:
        for number in range(1, 8):
            await socket.say(room_id, f"message {number}")
    path = f"/api/rooms/{room_id}/messages"

    async def page(**query: Any) -> tuple[list[int], bool]:
        answer = await alice.call("GET", path, **query)
        return [message["seq"] for message in answer["messages"]], answer["has_more"]

    assert await page() == ([1, 2, 3, 4, 5, 6, 7], False)
    assert await page(limit=3) == ([5, 6, 7], True)
    assert await page(before=5, limit=2) == ([3, 4], True)
    assert await page(after=5) == ([6, 7], False)
    assert await page(after=1, limit=2) == ([2, 3], True)
    around, _ = await page(around=4, limit=3)
    assert 4 in around
    assert len(around) == 3


async def test_lists_in_pages(alice: Person, bob: Person) -> None:
    room_ids = [await alice.create_room(fresh("Page")) for _ in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"scope": "public", "limit": 2}
    while True:
        page = await bob.call("GET", "/api/rooms", **query)
        assert len(page["rooms"]) <= 2
        found += [room["id"] for room in page["rooms"]]
        if "next" not in page:
            break
        query["cursor"] = page["next"]
    assert set(room_ids) <= set(found)
    assert len(set(found)) == len(found)
    await bob.join(room_ids[0])
    members = f"/api/rooms/{room_ids[0]}/members"
    first = await bob.call("GET", members, limit=1)
    second = await bob.call("GET", members, limit=1, cursor=first["next"])
    assert [member["user_id"] for page in (first, second) for member in page["members"]] == [
        alice.user_id,
        bob.user_id,
    ]
    assert "next" not in second
    assert len((await bob.call("GET", members))["members"]) == 2
    for cursor in ("", "x", "-", "1", "9" * 99 + "-x"):
        await refused(422, "query.invalid", bob.call("GET", members, cursor=cursor))


async def test_a_private_room_does_not_exist_for_others(alice: Person, bob: Person) -> None:
    room_id = await alice.create_room(fresh("secret"), visibility="private")
    listed = (await bob.call("GET", "/api/rooms", scope="public"))["rooms"]
    assert room_id not in [one["id"] for one in listed]
    path = f"/api/rooms/{room_id}"
    for method, further in (
        ("GET", ""),
        ("POST", "/join"),
        ("POST", "/leave"),
        ("GET", "/members"),
        ("GET", "/messages"),
    ):
        await refused(404, "room.not_found", bob.call(method, path + further))


async def test_a_public_room_that_is_not_mine_keeps_its_conversation(alice: Person, bob: Person) -> None:
    room_id = await alice.create_room(fresh("room"))
    path = f"/api/rooms/{room_id}"
    assert "my_role" not in await bob.call("GET", path)
    await refused(403, "room.not_member", bob.call("GET", f"{path}/messages"))
    await refused(403, "room.not_member", bob.call("GET", f"{path}/members"))
    await refused(403, "room.not_member", bob.call("POST", f"{path}/leave"))


# ── the server itself ────────────────────────────────────────────────────────────────────────────


async def test_what_the_server_says_of_itself(http: aiohttp.ClientSession, server: ServerProcess) -> None:
    version = await call(http, server.url, "GET", "/api/version")
    assert version["wire"] == [1]
    assert version["registration"] == "open"
    for path in ("/livez", "/readyz"):
        async with http.get(server.url + path) as response:
            assert (response.status, await response.text()) == (200, "ok\n")
    async with http.get(f"{server.url}/metrics") as response:
        assert response.content_type == "text/plain"
        assert "mesh_connections" in await response.text()


async def test_every_answer_has_an_id_and_is_kept_by_nobody(
    http: aiohttp.ClientSession, server: ServerProcess
) -> None:
    ids = set()
    for path in ("/livez", "/api/nothing", "/api/auth/me"):
        async with http.get(server.url + path) as response:
            ids.add(response.headers["X-Request-Id"])
            assert response.headers["Cache-Control"] == "no-store"
            if response.status >= 400:
                assert (await response.json())["error"]["request_id"] == response.headers["X-Request-Id"]
    assert len(ids) == 3
    given = {"X-Request-Id": "from-a-proxy"}
    async with http.get(f"{server.url}/livez", headers=given) as response:
        assert response.headers["X-Request-Id"] == "from-a-proxy"
    async with http.get(f"{server.url}/livez", headers={"X-Request-Id": "not an id"}) as response:
        assert response.headers["X-Request-Id"] != "not an id"


async def test_a_closed_server_takes_its_first_account_only(
    http: aiohttp.ClientSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_server(tmp_path_factory.mktemp("closed") / "data", MESH_REGISTRATION="closed") as closed:
        assert (await call(http, closed.url, "GET", "/api/version"))["registration"] == "open"
        alice = await register(http, closed.url, "alice")
        assert alice.session["user"]["role"] == "admin"
        assert (await call(http, closed.url, "GET", "/api/version"))["registration"] == "closed"
        await refused(403, "auth.registration_closed", register(http, closed.url, "bob"))
