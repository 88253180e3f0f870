"""Administration over a real server: what an act does to open connections, rooms and what others see."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Final

import aiohttp
import pytest

from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Json, Person, Socket, call, refused, register

_numbers: Final = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("administration") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(scope="module")
def first() -> list[Json]:
    """The session of the administrator, once there is one."""
    return []


@pytest.fixture
async def admin(server: ServerProcess, http: aiohttp.ClientSession, first: list[Json]) -> Person:
    if not first:
        first.append((await register(http, server.url, "admin")).session)
    return Person(server.url, http, first[0])


@pytest.fixture
async def alice(admin: Person) -> Person:
    return await register(admin.http, admin.url, f"alice.{next(_numbers)}")


@pytest.fixture
async def bob(admin: Person) -> Person:
    return await register(admin.http, admin.url, f"bob.{next(_numbers)}")


def user(person: Person) -> str:
    return f"/api/admin/users/{person.user_id}"


def shows(presence: str) -> Callable[[Json], bool]:
    return lambda event: event["type"] == "presence.update" and event["presence"] == presence


async def room_of(owner: Person, *others: Person) -> str:
    room_id = await owner.create_room(f"Room {next(_numbers)}")
    for other in others:
        await other.join(room_id)
    return room_id


# ── suspended ────────────────────────────────────────────────────────────────────────────────────


async def test_suspending_closes_what_is_open_before_it_is_answered(
    admin: Person, alice: Person, bob: Person
) -> None:
    room_id = await room_of(alice, bob)
    async with alice.socket() as watching, bob.socket() as one, bob.socket() as two:
        await watching.wait(
            lambda event: event["type"] == "presence.update" and event["presence"] == "online"
        )
        account = await admin.call("POST", f"{user(bob)}/suspend", {"reason": "spam"})
        assert (account["state"], account.get("presence", "offline")) == ("suspended", "offline")
        members = (await alice.call("GET", f"/api/rooms/{room_id}/members"))["members"]
        assert {member["username"]: member["presence"] for member in members}[bob.name] == "offline"
        gone = await watching.wait(shows("offline"))
        assert gone["user_id"] == bob.user_id
        assert await one.closed() == 4403
        assert await two.closed() == 4403
    await refused(401, "auth.invalid_token", bob.call("GET", "/api/rooms"))
    spent = {"refresh_token": bob.session["refresh_token"]}
    await refused(401, "auth.invalid_refresh", call(bob.http, bob.url, "POST", "/api/auth/refresh", spent))


async def test_a_suspended_account_neither_comes_in_nor_is_brought_in(
    admin: Person, alice: Person, bob: Person
) -> None:
    room_id = await room_of(alice)
    invite = await bob.call("POST", f"/api/rooms/{await room_of(bob)}/invites", {})
    await admin.call("POST", f"{user(bob)}/suspend")
    login = {"username": bob.name, "password": PASSWORD}
    for body, status, code in (
        (login, 403, "auth.suspended"),
        (login | {"device_id": bob.session["device"]["id"]}, 403, "auth.suspended"),
        (login | {"password": "wrong password"}, 401, "auth.invalid_credentials"),
    ):
        await refused(status, code, call(bob.http, bob.url, "POST", "/api/auth/login", body))
    named = {"username": bob.name}
    await refused(409, "user.suspended", alice.call("POST", f"/api/rooms/{room_id}/members", named))
    await refused(409, "user.suspended", alice.call("POST", "/api/dms", named))
    await refused(404, "room.invalid_invite", alice.call("POST", f"/api/invites/{invite['code']}/join"))
    await alice.call("POST", f"/api/rooms/{room_id}/bans", named)
    await admin.call("POST", f"{user(bob)}/restore")
    session = await call(bob.http, bob.url, "POST", "/api/auth/login", login)
    async with Person(bob.url, bob.http, session).socket() as socket:
        assert socket.welcome["user"]["username"] == bob.name


async def test_a_conversation_with_who_is_suspended_stays(admin: Person, alice: Person, bob: Person) -> None:
    dm = await alice.call("POST", "/api/dms", {"username": bob.name})
    await admin.call("POST", f"{user(bob)}/suspend")
    assert (await alice.call("POST", "/api/dms", {"username": bob.name}))["id"] == dm["id"]


async def test_a_program_of_who_is_suspended_is_out(admin: Person, bob: Person) -> None:
    token = await bob.call("POST", "/api/auth/tokens", {"name": "script"})
    robot = Person(bob.url, bob.http, {**bob.session, "access_token": token["token"]})
    async with robot.socket() as socket:
        await admin.call("POST", f"{user(bob)}/suspend")
        assert await socket.closed() == 4403
    await refused(401, "auth.invalid_token", robot.call("GET", "/api/auth/me"))


async def test_a_hello_that_comes_with_the_suspension_is_not_welcome_for_long(
    admin: Person, bob: Person
) -> None:
    """However the two meet, nothing stays open."""
    for _ in range(5):
        async with bob.socket(hello=False) as socket:
            await socket.send("system.hello", id=1, version=1)
            await admin.call("POST", f"{user(bob)}/suspend")
            assert await socket.closed() in {4401, 4403}
        await admin.call("POST", f"{user(bob)}/restore")
        login = {"username": bob.name, "password": PASSWORD}
        bob.session = await call(bob.http, bob.url, "POST", "/api/auth/login", login)


# ── deleted ──────────────────────────────────────────────────────────────────────────────────────


async def test_deleting_takes_the_person_and_leaves_what_was_said(
    admin: Person, alice: Person, bob: Person
) -> None:
    room_id = await room_of(bob, alice)
    dm = await alice.call("POST", "/api/dms", {"username": bob.name})
    async with alice.socket() as watching, bob.socket() as socket:
        await socket.say(room_id, "Remember this")
        await socket.say(dm["id"], "And this")
        await watching.settle()
        await admin.call("DELETE", user(bob))
        assert await socket.closed() == 4403
        left = await watching.wait("room.member.left")
        assert (left["room_id"], left["user_id"], left["new_owner"]) == (room_id, bob.user_id, alice.user_id)
        closed = await watching.wait("room.updated")
        assert (closed["room"]["id"], closed["room"]["archived"]) == (dm["id"], True)
        assert closed["room"]["name"] == "deleted user"
        answer = await watching.ask("chat.message.send", room_id=dm["id"], nonce="n1", content="Hello?")
        assert answer["code"] == "room.archived"
    for where, text in ((room_id, "Remember this"), (dm["id"], "And this")):
        (message,) = (await alice.call("GET", f"/api/rooms/{where}/messages"))["messages"]
        assert (message["content"], message["author"]) == (
            text,
            {"id": bob.user_id, "username": "deleted user"},
        )
    assert (await alice.call("GET", f"/api/rooms/{room_id}"))["my_role"] == "owner"
    (hit,) = (await alice.call("GET", "/api/search", q="remember", room_id=room_id))["hits"]
    assert hit["message"]["author"]["username"] == "deleted user"
    for ask, path in (("POST", "/api/dms"), ("POST", f"/api/rooms/{room_id}/members")):
        await refused(404, "user.not_found", alice.call(ask, path, {"username": bob.name}))
    taken = {"username": bob.name.upper(), "password": PASSWORD}
    await refused(409, "auth.username_taken", call(bob.http, bob.url, "POST", "/api/auth/register", taken))
    assert (await admin.call("GET", user(bob)))["username"] == "deleted user"


async def test_ones_own_account_goes_with_ones_own_password(alice: Person) -> None:
    async with alice.socket() as socket:
        wrong = alice.call("DELETE", "/api/auth/me", {"password": "wrong password"})
        await refused(401, "auth.invalid_credentials", wrong)
        await socket.ask("system.ping")
        await alice.call("DELETE", "/api/auth/me", {"password": PASSWORD})
        assert await socket.closed() == 4403
    await refused(401, "auth.invalid_token", alice.call("GET", "/api/auth/me"))


async def test_the_last_administrator_cannot_be_lost(admin: Person) -> None:
    for asked in (
        admin.call("DELETE", user(admin)),
        admin.call("POST", f"{user(admin)}/suspend"),
        admin.call("PATCH", user(admin), {"role": "user"}),
        admin.call("DELETE", "/api/auth/me", {"password": PASSWORD}),
    ):
        await refused(409, "auth.last_admin", asked)
    assert (await admin.call("GET", "/api/auth/me"))["role"] == "admin"


# ── looking around ───────────────────────────────────────────────────────────────────────────────


async def test_accounts_come_in_pages(admin: Person, alice: Person, bob: Person) -> None:
    seen: list[str] = []
    cursor: Json = {}
    while True:
        page = await admin.call("GET", "/api/admin/users", limit=2, **cursor)
        seen += [account["id"] for account in page["accounts"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next"]}
    assert seen[0] == admin.user_id
    assert {alice.user_id, bob.user_id} <= set(seen)
    assert len(seen) == len(set(seen))
    (found,) = (await admin.call("GET", "/api/admin/users", q=alice.name.upper()))["accounts"]
    assert found["id"] == alice.user_id
    for query in ({"limit": 0}, {"state": "odd"}, {"role": "king"}, {"q": "x" * 300}):
        await refused(422, "query.invalid", admin.call("GET", "/api/admin/users", **query))


async def test_a_room_is_known_from_outside_and_what_is_said_in_it_is_not(
    admin: Person, alice: Person
) -> None:
    room_id = await alice.create_room(f"Attic {next(_numbers)}", visibility="private")
    summary = await admin.call("GET", f"/api/admin/rooms/{room_id}")
    assert (summary["visibility"], summary["member_count"]) == ("private", 1)
    assert summary["owner"] == {"id": alice.user_id, "username": alice.name}
    await refused(404, "room.not_found", admin.call("GET", f"/api/rooms/{room_id}/messages"))
    await refused(404, "room.not_found", admin.call("GET", f"/api/rooms/{room_id}/audit"))


async def test_a_room_is_handed_over_to_someone_who_was_not_in_it(
    admin: Person, alice: Person, bob: Person
) -> None:
    room_id = await alice.create_room(f"Den {next(_numbers)}", visibility="private")
    async with alice.socket() as old, bob.socket() as heir:
        await admin.call("POST", f"/api/admin/rooms/{room_id}/owner", {"username": bob.name})
        assert (await heir.wait("room.joined"))["room_id"] == room_id
        assert (await old.wait("room.member.joined"))["user_id"] == bob.user_id
        roles = [await old.wait("room.member.changed") for _ in range(2)]
        assert [(event["user_id"], event["role"]) for event in roles] == [
            (bob.user_id, "owner"),
            (alice.user_id, "moderator"),
        ]
        assert roles[1]["rev"] == roles[0]["rev"] + 1
        await admin.call("PATCH", f"/api/admin/rooms/{room_id}", {"archived": True})
        assert (await old.wait("room.updated"))["room"]["archived"]


async def test_the_figures_add_up(admin: Person, alice: Person) -> None:
    async with alice.socket() as socket:
        await socket.ask("system.ping")  # a connection counts a moment after its welcome
        stats = await admin.call("GET", "/api/admin/stats")
        assert stats["online"] >= 1
        assert stats["connections"] >= stats["online"]
        assert stats["admins"] == 1
        assert stats["database_bytes"] > 0


# ── what is written down ─────────────────────────────────────────────────────────────────────────


async def test_what_moderators_do_is_read_by_those_who_may(admin: Person, alice: Person, bob: Person) -> None:
    room_id = await room_of(alice, bob)
    room = f"/api/rooms/{room_id}"
    async with bob.socket() as theirs, alice.socket() as ours:
        said = await theirs.say(room_id, "A secret, in a message")
        own = await ours.say(room_id, "My own mistake")
        for ack in (said, own):
            await ours.ask("chat.message.delete", room_id=room_id, message_id=ack["message_id"])
    await alice.call("PATCH", room, {"topic": "Quiet now", "slow_mode_s": 30})
    await alice.call("POST", f"{room}/bans", {"username": bob.name, "reason": "spam"})
    page = await alice.call("GET", f"{room}/audit")
    told = [(entry["action"], entry.get("target"), entry.get("details", {})) for entry in page["entries"]]
    assert told == [
        ("room.ban", bob.name, {"reason": "spam"}),
        ("room.update", told[1][1], {"topic": "Quiet now", "slow_mode_s": "30"}),
        ("message.delete", bob.name, {"message": said["message_id"]}),
    ]
    assert all("address" not in entry for entry in page["entries"])
    everything = await admin.call("GET", "/api/admin/audit", room_id=room_id)
    assert [entry["address"] for entry in everything["entries"]] == ["127.0.0.1"] * 3
    assert "secret" not in str(everything)
    one = await admin.call("GET", "/api/admin/audit", room_id=room_id, limit=1, action="room.ban")
    assert [entry["actor_id"] for entry in one["entries"]] == [alice.user_id]
    for query in ({"action": "odd"}, {"before": "yesterday"}, {"limit": 1_000}, {"cursor": "x"}):
        await refused(422, "query.invalid", admin.call("GET", "/api/admin/audit", **query))


async def test_the_way_to_the_next_page_is_told(admin: Person, bob: Person) -> None:
    for _ in range(3):
        await admin.call("POST", f"{user(bob)}/suspend")
        await admin.call("POST", f"{user(bob)}/restore")
    seen: list[int] = []
    cursor: Json = {}
    while True:
        page = await admin.call("GET", "/api/admin/audit", target=bob.user_id, limit=2, **cursor)
        seen += [entry["id"] for entry in page["entries"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next"]}
    assert len(seen) == 6
    assert seen == sorted(seen, reverse=True)


# ── passwords, devices, tokens ───────────────────────────────────────────────────────────────────


async def test_signing_someone_out_everywhere(admin: Person, bob: Person) -> None:
    async with bob.socket() as socket:
        await admin.call("POST", f"{user(bob)}/logout")
        assert await socket.closed() == 4403
    login = {"username": bob.name, "password": PASSWORD}
    await call(bob.http, bob.url, "POST", "/api/auth/login", login)


async def test_the_other_devices_are_renamed_and_signed_out(bob: Person) -> None:
    login = {"username": bob.name, "password": PASSWORD, "device_name": "phone"}
    phone = Person(bob.url, bob.http, await call(bob.http, bob.url, "POST", "/api/auth/login", login))
    phone_id = phone.session["device"]["id"]
    renamed = await bob.call("PATCH", f"/api/auth/devices/{phone_id}", {"name": "old phone"})
    assert (renamed["id"], renamed["name"]) == (phone_id, "old phone")
    async with bob.socket() as here, phone.socket() as there:
        await bob.call("DELETE", "/api/auth/devices")
        assert await there.closed() == 4403
        await here.ask("system.ping")
    (device,) = (await bob.call("GET", "/api/auth/devices"))["devices"]
    assert device["current"]


async def test_a_token_that_ends_closes_what_it_opened(bob: Person) -> None:
    async with AsyncExitStack() as held:
        socket = await welcomed_for_a_second(held, bob)
        assert await socket.closed() == 4403


async def welcomed_for_a_second(held: AsyncExitStack, owner: Person) -> Socket:
    """Who is welcome with a token of a second; on a busy machine it may be over before that."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            token = await owner.call("POST", "/api/auth/tokens", {"name": "script", "expires_in_s": 1})
            robot = Person(owner.url, owner.http, {**owner.session, "access_token": token["token"]})
            socket = await held.enter_async_context(robot.socket())
            if socket.welcome["type"] == "system.welcome":
                return socket
            assert socket.welcome["code"] == "auth.expired_token"


@pytest.mark.parametrize(
    "body",
    [{}, {"name": 1}, {"name": "x", "expires_in_s": 0}, {"name": "x", "expires_in_s": 10**12}],
)
async def test_a_token_that_cannot_be(bob: Person, body: Json) -> None:
    await refused(422, "body.invalid", bob.call("POST", "/api/auth/tokens", body))
