"""Rooms with order, over a real server: settings, members and bans, invites, archives, and what goes."""

import asyncio
import base64
import contextlib
import hashlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from mesh_server import configuring
from protocol import limits
from tests.support.conditions import until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, call, refused, register

_names = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("order") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"alice.{next(_names)}")


@pytest.fixture
async def bob(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"bob.{next(_names)}")


@pytest.fixture
async def room_id(alice: Person, bob: Person) -> str:
    """Alice owns it, bob is in it; its `rev` is 1."""
    room_id = await alice.create_room(f"Test Chat {next(_names)}")
    await bob.join(room_id)
    return room_id


async def patch(person: Person, room_id: str, **change: Any) -> Json:
    room: Json = await person.call("PATCH", f"/api/rooms/{room_id}", change)
    return room


async def contents(person: Person, room_id: str) -> list[str]:
    page = await person.call("GET", f"/api/rooms/{room_id}/messages")
    return [message["content"] for message in page["messages"]]


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_change_reaches_everyone_under_the_next_rev(alice: Person, bob: Person, room_id: str) -> None:
    name = f"Renamed {next(_names)}"
    async with alice.socket() as hers, bob.socket() as his:
        room = await patch(alice, room_id, name=name, topic="New", slow_mode_s=30, retention_s=86_400)
        assert (room["name"], room["topic"], room["rev"], room["my_role"]) == (name, "New", 2, "owner")
        assert (room["slow_mode_s"], room["retention_s"]) == (30, 86_400)
        for socket in (hers, his):
            event = await socket.wait("room.updated")
            assert (event["room_id"], event["rev"]) == (room_id, 2)
            assert event["room"]["name"] == name
            assert not {"my_role", "read_seq", "unread", "mentions"} & set(event["room"])


async def test_what_is_not_named_stays_and_what_stays_takes_no_rev(alice: Person, room_id: str) -> None:
    before = await patch(alice, room_id, topic="Where we try things")
    for change in ({}, {"topic": "Where we try things"}, {"archived": False}, {"name": before["name"]}):
        assert await patch(alice, room_id, **change) == before


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": ""}, 422, "room.invalid_name"),
        ({"topic": "x" * (limits.TOPIC_CHARS + 1)}, 422, "room.invalid_topic"),
        ({"slow_mode_s": -1}, 422, "body.invalid"),
        ({"slow_mode_s": limits.SLOW_MODE_MAX_S + 1}, 422, "body.invalid"),
        ({"retention_s": limits.RETENTION_MAX_S + 1}, 422, "body.invalid"),
        ({"archived": "yes"}, 422, "body.invalid"),
        ({"visibility": "secret"}, 422, "body.invalid"),
    ],
)
async def test_what_cannot_be_set(alice: Person, room_id: str, change: Json, status: int, code: str) -> None:
    await refused(status, code, patch(alice, room_id, **change))
    assert (await alice.call("GET", f"/api/rooms/{room_id}"))["rev"] == 1


async def test_a_name_that_looks_like_another_is_taken(alice: Person, room_id: str) -> None:
    number = next(_names)
    await alice.create_room(f"modern {number}")
    await refused(409, "room.name_taken", patch(alice, room_id, name=f"MODEM {number}", topic="Both or none"))
    assert (await alice.call("GET", f"/api/rooms/{room_id}"))["topic"] == ""


async def test_a_room_that_becomes_private_is_hidden_from_strangers_only(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, bob: Person, room_id: str
) -> None:
    stranger = await register(http, server.url, f"user.{next(_names)}")
    await patch(alice, room_id, visibility="private")
    await refused(404, "room.not_found", stranger.call("GET", f"/api/rooms/{room_id}"))
    await refused(404, "room.not_found", stranger.call("POST", f"/api/rooms/{room_id}/join"))
    assert (await bob.call("GET", f"/api/rooms/{room_id}"))["visibility"] == "private"


async def test_of_many_changes_at_once_each_has_its_rev(alice: Person, bob: Person, room_id: str) -> None:
    async with bob.socket() as his:
        await asyncio.gather(*(patch(alice, room_id, topic=f"number {number}") for number in range(10)))
        revs = [(await his.wait("room.updated"))["rev"] for _ in range(10)]
        assert revs == list(range(2, 12))


# ── members ──────────────────────────────────────────────────────────────────────────────────────


async def test_someone_is_added_by_name(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, bob: Person, room_id: str
) -> None:
    third = await register(http, server.url, f"user.{next(_names)}")
    path = f"/api/rooms/{room_id}/members"
    async with bob.socket() as his, third.socket() as theirs:
        added = await alice.call("POST", path, {"username": third.name.upper()})
        assert (added["user_id"], added["role"], added["presence"]) == (third.user_id, "member", "online")
        joined = await theirs.wait("room.joined")
        assert (joined["room_id"], joined["rev"], "re" in joined) == (room_id, 2, False)
        assert (await his.wait("room.member.joined"))["user_id"] == third.user_id
        await theirs.say(room_id, "Thank you!")
        again = await alice.call("POST", path, {"username": third.name})
        assert again["user_id"] == third.user_id
        await his.wait("chat.message.created")
        assert await his.settle_room() == []
    await refused(404, "user.not_found", alice.call("POST", path, {"username": "nobody.at.all"}))


async def test_a_role_is_given_and_taken(alice: Person, bob: Person, room_id: str) -> None:
    path = f"/api/rooms/{room_id}/members/{bob.user_id}"
    async with bob.socket() as his:
        for rev, role in ((2, "moderator"), (3, "member")):
            assert (await alice.call("PATCH", path, {"role": role}))["role"] == role
            changed = await his.wait("room.member.changed")
            assert (changed["rev"], changed["user_id"], changed["role"]) == (rev, bob.user_id, role)
        await alice.call("PATCH", path, {"role": "member"})
        assert await his.settle_room() == []
    await refused(404, "user.not_found", alice.call("PATCH", f"{path}x", {"role": "member"}))


async def test_a_room_is_handed_over(alice: Person, bob: Person, room_id: str) -> None:
    path = f"/api/rooms/{room_id}/members"
    async with bob.socket() as his:
        await alice.call("PATCH", f"{path}/{bob.user_id}", {"role": "owner"})
        changed = [await his.wait("room.member.changed") for _ in range(2)]
    assert [(event["rev"], event["user_id"], event["role"]) for event in changed] == [
        (2, bob.user_id, "owner"),
        (3, alice.user_id, "moderator"),
    ]
    members = (await bob.call("GET", path))["members"]
    assert {member["user_id"]: member["role"] for member in members} == {
        bob.user_id: "owner",
        alice.user_id: "moderator",
    }


async def test_who_is_kicked_is_told_and_may_come_back(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        await alice.call("DELETE", f"/api/rooms/{room_id}/members/{bob.user_id}")
        left = await his.wait("room.left")
        assert (left["room_id"], left["reason"], "re" in left) == (room_id, "kicked", False)
        gone = await hers.wait("room.member.left")
        assert (gone["user_id"], gone["rev"], gone["reason"]) == (bob.user_id, 2, "kicked")
        await bob.join(room_id)
        assert (await his.wait("room.joined"))["rev"] == 3


async def test_who_is_banned_stays_out_until_the_ban_is_lifted(
    alice: Person, bob: Person, room_id: str
) -> None:
    room = f"/api/rooms/{room_id}"
    invite = await alice.call("POST", f"{room}/invites", {})
    async with alice.socket() as hers, bob.socket() as his:
        ban = await alice.call("POST", f"{room}/bans", {"username": bob.name, "reason": "spam"})
        assert (ban["user_id"], ban["username"], ban["reason"]) == (bob.user_id, bob.name, "spam")
        assert ban["banned_by"] == {"id": alice.user_id, "username": alice.name}
        assert (await his.wait("room.left"))["reason"] == "banned"
        assert (await hers.wait("room.member.left"))["reason"] == "banned"
        again = await alice.call("POST", f"{room}/bans", {"username": bob.name, "reason": "again"})
        assert again == ban
        assert (await alice.call("GET", f"{room}/bans"))["bans"] == [ban]
        await refused(403, "room.banned", bob.call("POST", f"{room}/join"))
        await refused(403, "room.banned", bob.call("POST", f"{room}/join", {"invite": invite["code"]}))
        await refused(403, "room.banned", bob.call("POST", f"/api/invites/{invite['code']}/join"))
        await refused(403, "room.banned", alice.call("POST", f"{room}/members", {"username": bob.name}))
    await alice.call("DELETE", f"{room}/bans/{bob.user_id}")
    await refused(404, "user.not_found", alice.call("DELETE", f"{room}/bans/{bob.user_id}"))
    assert (await alice.call("GET", f"{room}/bans"))["bans"] == []
    await bob.join(room_id)


# ── invites ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def attic(alice: Person) -> str:
    """A private room of alice's."""
    return await alice.create_room(f"Attic {next(_names)}", visibility="private")


async def invite_into(person: Person, room_id: str, **more: int) -> Json:
    invite: Json = await person.call("POST", f"/api/rooms/{room_id}/invites", more)
    return invite


async def test_an_invite_opens_a_private_room(alice: Person, bob: Person, attic: str) -> None:
    invite = await invite_into(alice, attic)
    assert len(bytes.fromhex(invite["code"])) * 8 >= 128
    assert invite["url"] == f"/invite/{invite['code']}"
    async with alice.socket() as hers, bob.socket() as his:
        room = await bob.call("POST", f"/api/invites/{invite['code']}/join")
        assert (room["id"], room["my_role"], room["rev"]) == (attic, "member", 1)
        assert (await his.wait("room.joined"))["room_id"] == attic
        assert (await hers.wait("room.member.joined"))["user_id"] == bob.user_id
    (listed,) = (await alice.call("GET", f"/api/rooms/{attic}/invites"))["invites"]
    assert (listed["id"], listed["uses"]) == (invite["id"], 1)
    assert not {"code", "url"} & set(listed)


async def test_joining_by_invite_names_the_room_or_not(alice: Person, bob: Person, attic: str) -> None:
    code = (await invite_into(alice, attic))["code"]
    other = await alice.create_room(f"Attic {next(_names)}", visibility="private")
    for room_id in (other, "nowhere"):
        join = bob.call("POST", f"/api/rooms/{room_id}/join", {"invite": code})
        await refused(404, "room.invalid_invite", join)
    assert (await bob.call("POST", f"/api/rooms/{attic}/join", {"invite": code}))["id"] == attic


async def test_of_many_who_come_for_the_last_use_one_gets_it(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, attic: str
) -> None:
    code = (await invite_into(alice, attic, max_uses=1))["code"]
    people = [await register(http, server.url, f"user.{next(_names)}") for _ in range(6)]
    tries = (person.call("POST", f"/api/invites/{code}/join") for person in people)
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(getattr(outcome, "code", "ok") for outcome in outcomes) == [
        "ok",
        *["room.invalid_invite"] * 5,
    ]
    assert (await alice.call("GET", f"/api/rooms/{attic}/invites"))["invites"] == []


async def test_a_member_uses_nothing_up(alice: Person, bob: Person, attic: str) -> None:
    code = (await invite_into(alice, attic, max_uses=1))["code"]
    await alice.call("POST", f"/api/invites/{code}/join")
    await bob.call("POST", f"/api/invites/{code}/join")


async def test_a_revoked_invite_opens_nothing(alice: Person, bob: Person, attic: str) -> None:
    invite = await invite_into(alice, attic)
    path = f"/api/rooms/{attic}/invites/{invite['id']}"
    await alice.call("DELETE", path)
    await refused(404, "room.invalid_invite", bob.call("POST", f"/api/invites/{invite['code']}/join"))
    await refused(404, "room.invalid_invite", alice.call("DELETE", path))


@pytest.mark.parametrize("end", ["demoted", "kicked", "left"])
async def test_an_invite_lives_no_longer_than_its_maker_may_invite(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, bob: Person, room_id: str, end: str
) -> None:
    member = f"/api/rooms/{room_id}/members/{bob.user_id}"
    await alice.call("PATCH", member, {"role": "moderator"})
    code = (await invite_into(bob, room_id))["code"]
    ends = {
        "demoted": lambda: alice.call("PATCH", member, {"role": "member"}),
        "kicked": lambda: alice.call("DELETE", member),
        "left": lambda: bob.call("POST", f"/api/rooms/{room_id}/leave"),
    }
    await ends[end]()
    third = await register(http, server.url, f"user.{next(_names)}")
    await refused(404, "room.invalid_invite", third.call("POST", f"/api/invites/{code}/join"))


async def test_invites_are_bounded(alice: Person, attic: str) -> None:
    for body in ({"max_uses": 0}, {"expires_in_s": 0}, {"expires_in_s": limits.INVITE_MAX_S + 1}):
        await refused(422, "body.invalid", invite_into(alice, attic, **body))
    for _ in range(limits.ROOM_INVITES):
        await invite_into(alice, attic)
    await refused(409, "room.too_many_invites", invite_into(alice, attic))


async def test_the_link_says_in_a_browser_how_to_come_in(
    http: aiohttp.ClientSession, server: ServerProcess, alice: Person
) -> None:
    name = f'<b onload="x">&{next(_names)}'
    room_id = await alice.create_room(name, topic="a secret topic", visibility="private")
    invite = await invite_into(alice, room_id)
    async with http.get(server.url + invite["url"]) as response:
        page = await response.text()
        assert (response.status, response.content_type) == (200, "text/html")
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert f"<pre>mesh-tui {server.url}{invite['url']}</pre>" in page
    style = hashlib.sha256(page.partition("<style>")[2].partition("</style>")[0].encode()).digest()
    assert f"'sha256-{base64.b64encode(style).decode()}'" in response.headers["Content-Security-Policy"]
    proxied = {"Host": "chat.example.org", "X-Forwarded-Proto": "https"}
    async with http.get(server.url + invite["url"], headers=proxied) as response:
        assert f"mesh-tui https://chat.example.org{invite['url']}<" in await response.text()
    odd = {"Host": 'x"><b>', "X-Forwarded-Proto": "javascript"}
    async with http.get(server.url + invite["url"], headers=odd) as response:
        assert "<b" not in (await response.text()).replace("<body>", "")
    assert "on Mesh" in page
    assert "&lt;b onload=&quot;x&quot;&gt;&amp;" in page
    for private in ("<b ", "secret", alice.name, room_id):
        assert private not in page
    for path in ("/invite/nonsense", "/invite/" + "x" * 4_000, "/invite/%00%ff"):
        async with http.get(server.url + path) as response:
            assert (response.status, response.content_type) == (404, "text/html")
            assert "not valid" in await response.text()


async def test_codes_are_neither_stored_nor_logged(server: ServerProcess, alice: Person, attic: str) -> None:
    invite = await invite_into(alice, attic)
    await alice.call("POST", f"/api/invites/{invite['code']}/join")
    async with alice.http.get(server.url + invite["url"]) as response:
        assert response.status == 200
    assert invite["code"] not in server.log_text()
    for file in server.folder.iterdir():
        assert not file.is_file() or invite["code"].encode() not in file.read_bytes(), file


# ── registering with an invite ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def by_invite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("by-invite") / "data"
    with running_server(folder, "--registration", "invite") as running:
        yield running


async def registration(http: aiohttp.ClientSession, server: ServerProcess) -> str:
    return str((await call(http, server.url, "GET", "/api/version"))["registration"])


async def test_a_server_by_invite(http: aiohttp.ClientSession, by_invite: ServerProcess) -> None:
    url = by_invite.url
    assert await registration(http, by_invite) == "open"
    alice = await register(http, url, "alice")
    assert alice.session["user"]["role"] == "admin"
    assert await registration(http, by_invite) == "invite"
    await refused(403, "auth.invite_required", register(http, url, "bob"))
    await refused(404, "room.invalid_invite", register(http, url, "bob", invite="nonsense"))
    attic = await alice.create_room("Attic", visibility="private")
    code = (await invite_into(alice, attic, max_uses=1))["code"]
    async with alice.socket() as hers:
        bob = await register(http, url, "bob", invite=code)
        assert bob.session["user"]["role"] == "user"
        assert (await hers.wait("room.member.joined"))["user_id"] == bob.user_id
    (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
    assert (room["id"], room["my_role"]) == (attic, "member")
    await refused(404, "room.invalid_invite", register(http, url, "user1", invite=code))


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({"listen": "127.0.0.1:8000"}, "open"),
        ({"listen": "0.0.0.0:8000"}, "invite"),
        ({"listen": "[::]:8000"}, "invite"),
        ({"listen": "0.0.0.0:8000", "registration": "open"}, "open"),
        ({"listen": "127.0.0.1:8000", "registration": "closed"}, "closed"),
    ],
)
def test_beyond_loopback_it_takes_an_invite(settings: dict[str, str], mode: str) -> None:
    assert configuring.load(env={}, flags=settings).registration_mode == mode


async def test_of_many_who_register_with_the_last_use_one_gets_in(
    http: aiohttp.ClientSession, server: ServerProcess, alice: Person, attic: str
) -> None:
    code = (await invite_into(alice, attic, max_uses=1))["code"]
    names = [f"user.{next(_names)}" for _ in range(5)]
    tries = (register(http, server.url, name, invite=code) for name in names)
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Person) for outcome in outcomes) == 1
    members = (await alice.call("GET", f"/api/rooms/{attic}/members"))["members"]
    assert len(members) == 2
    # Whoever did not get in has no account either: the name is free.
    (free, *_) = [name for name in names if name not in {member["username"] for member in members}]
    await register(http, server.url, free)


# ── archives and slow mode ───────────────────────────────────────────────────────────────────────


async def test_an_archived_room_is_read_only(alice: Person, bob: Person, room_id: str) -> None:
    async with bob.socket() as his:
        said = await his.say(room_id, "The last word")
        assert (await patch(alice, room_id, archived=True))["archived"] is True
        assert (await his.wait("room.updated"))["room"]["archived"] is True
        place = {"room_id": room_id, "message_id": said["message_id"]}
        for type_, more in (
            ("chat.message.send", {"nonce": "later", "content": "One more"}),
            ("chat.message.edit", {"content": "Another word"}),
            ("chat.message.delete", {}),
            ("chat.reaction.add", {"reaction": "👍"}),
        ):
            assert (await his.ask(type_, **place, **more))["code"] == "room.archived", type_
        again = await his.say(room_id, "The last word")
        assert again["message_id"] == said["message_id"]
        assert await contents(bob, room_id) == ["The last word"]
        assert (await his.ask("chat.read", room_id=room_id, seq=1))["seq"] == 1
        assert "archived" not in await patch(alice, room_id, archived=False)
        assert (await his.say(room_id, "One more"))["seq"] == 2


async def test_slow_mode_makes_members_wait_and_nobody_else(alice: Person, bob: Person, room_id: str) -> None:
    await patch(alice, room_id, slow_mode_s=3_600)
    async with alice.socket() as hers, bob.socket() as his:
        first = await his.say(room_id, "one")
        assert first["seq"] == 1
        refusal = await his.say(room_id, "two")
        assert refusal["code"] == "rate.limited"
        assert 3_590 < refusal["retry_after"] <= 3_600
        assert (await his.say(room_id, "one"))["message_id"] == first["message_id"]
        await his.ask("chat.message.delete", room_id=room_id, message_id=first["message_id"])
        assert (await his.say(room_id, "three"))["code"] == "rate.limited"
        for number in range(3):
            assert (await hers.say(room_id, f"mine {number}"))["seq"] == number + 2
        await patch(alice, room_id, slow_mode_s=0)
        assert (await his.say(room_id, "two"))["seq"] == 5


async def test_slow_mode_counts_what_comes_at_once(alice: Person, bob: Person, room_id: str) -> None:
    await patch(alice, room_id, slow_mode_s=60)
    async with bob.socket() as his:
        for number in range(5):
            send = {"room_id": room_id, "nonce": f"n{number}", "content": "!"}
            await his.send("chat.message.send", id=f"n{number}", **send)
        answers = [await his.wait(lambda message: "re" in message) for _ in range(5)]
    assert [answer.get("code", "ok") for answer in answers] == ["ok", *["rate.limited"] * 4]


# ── deletion and retention ───────────────────────────────────────────────────────────────────────


async def test_a_deleted_room_is_gone(alice: Person, bob: Person, room_id: str) -> None:
    name = (await alice.call("GET", f"/api/rooms/{room_id}"))["name"]
    async with alice.socket() as hers, bob.socket() as his:
        await his.say(room_id, "sesquipedalian")
        assert (await alice.call("GET", "/api/search", q="sesquipedalian"))["hits"]
        await hers.settle()
        await his.settle()
        await alice.call("DELETE", f"/api/rooms/{room_id}")
        for socket in (hers, his):
            assert await socket.wait("room.deleted") == {"type": "room.deleted", "room_id": room_id}
        assert (await his.ask("room.join", room_id=room_id))["code"] == "room.not_found"
        later = {"room_id": room_id, "nonce": "later", "content": "Hello?"}
        assert (await his.ask("chat.message.send", **later))["code"] == "room.not_found"
        assert await hers.settle_room() == []
    for person in (alice, bob):
        await refused(404, "room.not_found", person.call("GET", f"/api/rooms/{room_id}"))
        assert room_id not in [room["id"] for room in (await person.call("GET", "/api/rooms"))["rooms"]]
        assert (await person.call("GET", "/api/search", q="sesquipedalian"))["hits"] == []
    await refused(404, "room.not_found", alice.call("DELETE", f"/api/rooms/{room_id}"))
    assert await alice.create_room(name) != room_id


async def test_a_deleted_room_leaves_the_database(server: ServerProcess, alice: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        await hers.say(room_id, "Hello!")
    await alice.call("DELETE", f"/api/rooms/{room_id}")
    database = sqlite3.connect(f"file:{server.folder / 'mesh.db'}?mode=ro", uri=True)
    with contextlib.closing(database):
        rows = "SELECT id FROM rooms WHERE id = :room UNION SELECT id FROM messages WHERE room_id = :room"
        await until(lambda: not database.execute(rows, {"room": room_id}).fetchall(), "it to be gone")


async def test_a_room_forgets_what_is_older_than_it_keeps(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        said = await his.say(room_id, "ephemeral")
        place = {"room_id": room_id, "message_id": said["message_id"]}
        await hers.ask("chat.message.pin", **place)
        await hers.ask("chat.reaction.add", **place, reaction="👍")
        await patch(alice, room_id, retention_s=1)
        for socket in (hers, his):
            message = (await socket.wait("chat.message.deleted"))["message"]
            assert (message["id"], message["seq"], message["deleted"]) == (said["message_id"], 1, True)
            assert (message["content"], message["rev"]) == ("", 6)
            assert not {"reactions", "pinned"} & set(message)
        assert await contents(bob, room_id) == [""]
        assert (await alice.call("GET", f"/api/rooms/{room_id}/pins"))["messages"] == []
        assert (await alice.call("GET", "/api/search", q="ephemeral", room_id=room_id))["hits"] == []
        await patch(alice, room_id, retention_s=0)
        assert (await his.say(room_id, "kept"))["seq"] == 2
    (room,) = [room for room in (await alice.call("GET", "/api/rooms"))["rooms"] if room["id"] == room_id]
    assert (room["unread"], room["last_seq"]) == (1, 2)
