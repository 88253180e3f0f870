"""`mesh-agent` as a real process: what is done with messages, rooms and the people in them."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mesh_agent.agent import Agent
from mesh_agent.client.folders import Profile
from mesh_agent.client.ssh_keys import PRIVATE
from protocol.rest import User
from tests.agent.conftest import PASSWORD, SignUp
from tests.agent.test_programs import Done, done, run, running
from tests.support.conditions import until
from tests.support.push_servers import push_server
from tests.support.server import running_server

Json = dict[str, Any]


async def out(agent: Agent, *arguments: str) -> list[Json]:
    """What a verb prints, as JSON."""
    return (await done("--profile", agent.profile, "--json", *arguments)).objects()


async def one(agent: Agent, *arguments: str) -> Json:
    (result,) = await out(agent, *arguments)
    return result


async def lines(agent: Agent, *arguments: str) -> list[str]:
    return (await done("--profile", agent.profile, *arguments)).out.splitlines()


async def refused(agent: Agent, *arguments: str) -> str:
    result = await run("--profile", agent.profile, "--json", *arguments)
    assert result.code != 0
    return result.error()["code"]


def name(agent: Agent) -> str:
    assert isinstance(agent.user, User)
    return agent.user.username


@pytest.fixture
async def alice(shared_server: str, sign_up: SignUp) -> Agent:
    """Owner of the room that bears her name."""
    agent = await sign_up(shared_server, "alice")
    await agent.create_room(name(agent))
    return agent


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Agent) -> Agent:
    """A member of it."""
    agent = await sign_up(shared_server, "bob")
    await agent.join(alice.room(name(alice)).id)
    return agent


async def test_a_message_is_changed_by_number_by_id_and_as_the_last(alice: Agent, bob: Agent) -> None:
    room = name(alice)
    first = await one(alice, "say", room, "Hello,", f"@{name(bob)}!")
    assert (await out(bob, "history", room))[0]["mentions"] == [bob.user and bob.user.id]
    second = await one(bob, "say", room, "Hi", "--reply-to", "1")
    assert second["reply_to"] == first["id"]
    inside = await one(alice, "say", room, "in a thread", "--thread", first["id"])
    assert [known["seq"] for known in await out(bob, "thread", room, "3")] == [1, 3]

    edited = await one(alice, "edit", room, "#1", "Hello", "all")
    assert (edited["content"], edited["seq"], "mentions" in edited) == ("Hello all", 1, False)
    assert (await one(bob, "edit", room, "mine", "Hi!"))["seq"] == 2
    assert await refused(bob, "edit", room, inside["id"], "x") == "chat.not_author"
    assert await refused(alice, "edit", room, "99", "x") == "chat.message_not_found"
    (version,) = await out(alice, "versions", room, "1")
    assert version["content"] == f"Hello, @{name(bob)}!"
    assert await refused(bob, "versions", room, "1") == "room.forbidden"

    reacted = await one(bob, "react", room, "1", "👍")
    assert reacted["reactions"] == [{"reaction": "👍", "users": [bob.user and bob.user.id]}]
    pinned = await one(alice, "pin", room, first["id"])
    assert pinned["pinned"]
    assert [known["id"] for known in await out(bob, "pins", room)] == [first["id"]]
    assert (await lines(bob, "history", room))[0].endswith(
        f"#1  {name(alice)} (edited, pinned, 👍 1): Hello all"
    )
    assert "reactions" not in await one(bob, "unreact", room, "1", "👍")
    assert "pinned" not in await one(alice, "unpin", room, "1")
    gone = await one(alice, "delete", room, "last")
    assert (gone["id"], gone["deleted"], gone["content"]) == (inside["id"], True, "")
    assert await refused(alice, "react", room, "3", "👍") == "chat.message_not_found"
    assert (await lines(bob, "history", room))[-1].endswith(f"#3  {name(alice)} (deleted):")


async def test_pages_of_history_and_what_was_read(alice: Agent, bob: Agent) -> None:
    room = name(alice)
    await done("--profile", alice.profile, "say", room, "-", stdin="\n".join(map(str, range(1, 21))))
    assert [known["seq"] for known in await out(bob, "history", room, "--after", "17")] == [18, 19, 20]
    around = [known["seq"] for known in await out(bob, "history", room, "--around", "10", "--limit", "5")]
    assert 10 in around
    assert around == list(range(around[0], around[0] + 5))
    assert await refused(bob, "history", room, "--around", "1", "--before", "2") == "client.usage"
    assert (await one(bob, "unread"))["unread"] == 20
    assert (await one(bob, "read", room, "15"))["read"] == 15
    assert (await one(bob, "unread"))["unread"] == 5
    assert (await one(bob, "read", room))["read"] == 20
    assert await out(bob, "unread") == []
    await done("--profile", alice.profile, "say", room, f"@{name(bob)}: look")
    (line,) = await lines(bob, "unread", "--mentions")
    assert "1 mention, 1 unread" in line


async def test_searching(alice: Agent, bob: Agent) -> None:
    room = name(alice)
    word = f"word{room}"
    for text in (f"the {word} is here", f"{word} again", "nothing of it"):
        await done("--profile", alice.profile, "say", room, text)
    await done("--profile", bob.profile, "say", room, f"{word} of mine")
    hits = await out(bob, "search", word)
    assert [hit["message"]["seq"] for hit in hits] == [4, 2, 1]
    assert hits[0]["room_name"] == room
    assert [hit["message"]["seq"] for hit in await out(bob, "search", f"{word} is")] == [1]
    mine = await out(bob, "search", word, "--from", name(bob), "--room", room, "--limit", "1")
    assert [hit["message"]["seq"] for hit in mine] == [4]
    assert await out(bob, "search", word, "--before", "2020-01-01") == []
    assert await refused(bob, "search", word, "--after", "yesterday") == "query.invalid"


async def test_a_room_is_changed_and_deleted(alice: Agent, bob: Agent) -> None:
    room = name(alice)
    topic = await one(alice, "room", "topic", room, "What", "is on fire")
    assert topic["topic"] == "What is on fire"
    assert await refused(bob, "room", "topic", room, "Mine") == "room.forbidden"
    assert (await one(alice, "room", "receipts", room, "on"))["receipts"]
    assert (await one(alice, "room", "slow-mode", room, "2m"))["slow_mode_s"] == 120
    assert (await one(alice, "room", "retention", room, "30d"))["retention_s"] == 30 * 86_400
    assert (await one(alice, "room", "visibility", room, "private"))["visibility"] == "private"
    (line,) = await lines(alice, "room", "show", room)
    assert "private, shows receipts, slow mode 2m, kept 30d, What is on fire" in line
    assert "slow_mode_s" not in await one(alice, "room", "slow-mode", room, "off")
    renamed = await one(alice, "room", "rename", room, f"{room} two")
    assert renamed["name"] == f"{room} two"
    room = renamed["name"]
    assert (await one(alice, "room", "archive", room))["archived"]
    assert await refused(bob, "say", room, "x") == "room.archived"
    assert "archived" not in await one(alice, "room", "unarchive", room)
    assert await refused(alice, "room", "delete", room) == "client.usage"
    assert (await one(alice, "room", "delete", room, "--yes"))["deleted"] == room
    assert await refused(bob, "members", room) == "room.not_found"


async def test_people_come_go_and_are_kept_out(alice: Agent, bob: Agent) -> None:
    room, his = name(alice), name(bob)
    assert (await one(alice, "room", "role", room, his.upper(), "moderator"))["role"] == "moderator"
    assert (await one(alice, "room", "kick", room, f"@{his}"))["kicked"] == his
    assert await refused(alice, "room", "kick", room, his) == "user.not_found"
    assert (await one(alice, "room", "add", room, his))["username"] == his
    assert (await one(alice, "room", "ban", room, his, "too", "loud"))["reason"] == "too loud"
    (line,) = await lines(alice, "room", "bans", room)
    assert line.startswith(f"{his}  (by {room}, ")
    assert line.endswith("): too loud")
    assert await refused(bob, "join", room) == "room.banned"
    assert (await one(alice, "room", "unban", room, his))["unbanned"] == his
    await done("--profile", bob.profile, "join", room)
    assert await refused(alice, "room", "transfer", room, his) == "client.usage"
    assert (await one(alice, "room", "transfer", room, his, "--yes"))["role"] == "owner"
    roles = {member["username"]: member["role"] for member in await out(bob, "members", room)}
    assert roles == {room: "moderator", his: "owner"}


async def test_two_people_alone(alice: Agent, bob: Agent) -> None:
    room = await one(alice, "dm", name(bob))
    assert (room["kind"], room["dm_with"]["username"]) == ("dm", name(bob))
    said = await one(bob, "dm", name(alice), "Have you got a minute?")
    assert (said["room_id"], said["content"]) == (room["id"], "Have you got a minute?")
    assert "dm" in (await lines(alice, "room", "show", name(bob)))[0]


async def test_an_invites_link_lets_in_who_has_an_account_and_who_makes_one(
    shared_server: str, alice: Agent, bob: Agent
) -> None:
    private = f"private {name(alice)}"
    await one(alice, "room", "create", private, "--private")
    made = await one(alice, "invite", "create", private, "--expires", "1h", "--uses", "2")
    link = made["link"]
    assert link == f"{shared_server}/invite/{made['code']}"
    assert (await lines(alice, "invite", "create", private))[0].startswith(f"{shared_server}/invite/")
    joined = await one(bob, "join", f" {link}/ ")
    assert joined["name"] == private

    carol = f"bob.{name(alice)}"
    assert await refused_in(carol, "join", link) == "client.signed_out"
    await done(
        "--profile", carol, "register", carol, "--invite", link, "--password-file", "-", stdin=PASSWORD
    )
    (mine,) = (await done("--profile", carol, "--json", "rooms")).objects()
    assert mine["name"] == private

    other = await one(alice, "invite", "create", private, "--uses", "5")
    assert {known["id"] for known in await out(alice, "invite", "list", private)} >= {other["id"]}
    assert (await one(alice, "invite", "revoke", private, other["id"]))["revoked"] == other["id"]
    await one(bob, "leave", private)
    for spent in (link, other["link"]):
        assert await refused(bob, "join", spent) == "room.invalid_invite"
    assert await refused(bob, "join", f"{shared_server}/invite/") == "client.invite_link"
    elsewhere = await run("--profile", bob.profile, "--server", "http://127.0.0.1:9", "join", link)
    assert (elsewhere.code, "another" in elsewhere.err) == (2, True)


async def refused_in(profile: str, *arguments: str) -> str:
    return (await run("--profile", profile, "--json", *arguments)).error()["code"]


async def test_places_of_pushes_come_are_tried_and_go(tmp_path: Path, sign_up: SignUp) -> None:
    async with push_server() as phone:
        allowed = f"{phone.url} 127.0.0.0/8"
        with running_server(tmp_path / "server", MESH_PUSH_ALLOWED=allowed) as server:
            alice = await sign_up(server.url, "alice")
            assert await lines(alice, "push", "list") == []
            secret = tmp_path / "token"
            secret.write_text("AbC123\n")
            place = await one(
                alice, "push", "add", "gotify", phone.url, "--token-file", str(secret), "--no-dms", "--rooms"
            )
            assert ("mentions" in place, place["dms"], place["rooms"]) == (False, False, True)
            assert "AbC123" not in str(place)
            assert (await one(alice, "push", "test", place["id"]))["push"] == "delivered"
            assert phone.received[-1].headers["X-Gotify-Key"] == "AbC123"
            (line,) = await lines(alice, "push", "list")
            assert f"{phone.url}  (gotify, delivered, mentions, rooms)" in line
            elsewhere = ("push", "add", "ntfy", "http://127.0.0.1:1", "--topic", "t")
            assert (await refused(alice, *elsewhere)).startswith("push.")
            assert await one(alice, "push", "remove", place["id"]) == {"removed": place["id"]}
            assert await out(alice, "push", "list") == []


async def test_devices_are_listed_and_signed_out(shared_server: str, alice: Agent) -> None:
    common = ("--server", shared_server, "--profile", "elsewhere")
    await done(*common, "login", name(alice), "--password-file", "-", stdin=PASSWORD)
    devices = await out(alice, "devices")
    assert len(devices) == 2
    (other,) = [device for device in devices if not device.get("current")]
    assert await refused(alice, "device", "sign-out", "no such device") == "user.not_found"
    gone = await one(alice, "device", "sign-out", other["id"])
    assert gone["device_id"] == other["id"]
    assert await refused_in("elsewhere", "rooms") == "client.signed_out"
    assert len(await lines(alice, "devices")) == 1


async def test_ones_own_account_is_changed(shared_server: str, alice: Agent, bob: Agent) -> None:
    assert (await one(alice, "account", "show"))["display_name"] == name(alice)
    changed = await one(alice, "account", "receipts", "off")
    assert (changed["username"], changed["hides_reads"]) == (name(alice), True)
    shown = f"{name(alice)} A."
    await one(alice, "account", "name", *shown.split())
    (line,) = await lines(alice, "account", "show")
    assert line == f"Signed in as {name(alice)} (shown as {shown}, hides how far they have read)."
    room = name(alice)
    await one(alice, "room", "receipts", room, "on")
    await done("--profile", bob.profile, "say", room, "Hello!")
    await one(alice, "read", room)

    async def as_bob_sees_her() -> Json:
        (her,) = [member for member in await out(bob, "members", room) if member["username"] == name(alice)]
        return her

    assert "read_seq" not in await as_bob_sees_her()
    assert "hides_reads" not in await one(alice, "account", "receipts", "on")
    assert (await as_bob_sees_her())["read_seq"] == 1


async def test_the_password_is_changed_and_the_other_devices_are_signed_out(
    shared_server: str, alice: Agent, tmp_path: Path
) -> None:
    common = ("--server", shared_server, "--profile", "elsewhere")
    await done(*common, "login", name(alice), "--password-file", "-", stdin=PASSWORD)
    new = tmp_path / "new.txt"
    new.write_text("another password\n")
    change = ("account", "password", "--new-password-file", str(new), "--password-file")
    wrong = await run("--profile", alice.profile, "--json", *change, "-", stdin="not this one")
    assert wrong.error()["code"] == "auth.invalid_credentials"
    done_so = await done("--profile", alice.profile, "--json", *change, "-", stdin=PASSWORD)
    assert done_so.objects() == [{"password_changed": name(alice)}]
    assert await refused_in("elsewhere", "rooms") == "client.signed_out"
    assert await out(alice, "rooms")
    signed_in = ("--server", shared_server, "--profile", "anew", "login", name(alice), "--password-file")
    await done(*signed_in, str(new))
    both = ("account", "password", "--password-file", "-", "--new-password-file", "-")
    await done("--profile", alice.profile, *both, stdin=f"another password\n{PASSWORD}\n")
    assert await refused_in("anew", "rooms") == "client.signed_out"
    await done(*signed_in, "-", stdin=PASSWORD)
    # Without a file there is nobody to ask.
    assert await refused(alice, "account", "password") == "client.usage"


async def test_keys_for_ssh_stay_or_go_with_the_other_devices(
    shared_server: str, alice: Agent, tmp_path: Path
) -> None:
    file = tmp_path / "id_ed25519"
    file.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    private = await run("--profile", alice.profile, "--json", "account", "ssh-key", "add", str(file))
    assert (private.error()["code"], private.error()["message"]) == ("ssh.invalid_key", PRIVATE)
    for label in ("laptop", "desk"):
        public = Ed25519PrivateKey.generate().public_key()
        file.write_bytes(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" alice@home\n")
        added = await one(alice, "account", "ssh-key", "add", str(file), "--name", label)
    (first, second) = await lines(alice, "account", "ssh-key", "list")
    assert "laptop  (ssh-ed25519, SHA256:" in first
    assert second == f"{added['id']}  desk  (ssh-ed25519, {added['fingerprint']})"
    assert await one(alice, "account", "ssh-key", "remove", added["id"]) == {"removed": added["id"]}

    elsewhere = await Agent.open(profile="elsewhere", server=shared_server)
    for how, left in (("keep", 1), ("remove", 0)):
        await elsewhere.login(name(alice), PASSWORD)
        done_so = await one(alice, "device", "sign-out-others", "--ssh-keys", how)
        assert done_so == {"signed_out": 1, "ssh_keys": how}
        await until(lambda: elsewhere.user is None, "the other device to be signed out")
        assert len(await alice.ssh_keys.list()) == left
    await elsewhere.close()


def presence_of(agent: Agent, other: Agent) -> tuple[str, str]:
    """How `other` is seen by `agent`, who has looked at the room's members before."""
    assert agent._workspace is not None
    members = agent._workspace._roster.members(agent.room(name(agent)).id) or []
    (member,) = [known for known in members if other.user and known.user_id == other.user.id]
    return member.presence, member.status_text


async def test_presence_lasts_as_long_as_the_program(alice: Agent, bob: Agent) -> None:
    await bob.close()
    await alice.members(alice.room(name(alice)).id)
    async with running("--profile", bob.profile, "presence", "busy", "In a", "meeting") as presence:
        await presence.wait_count(1)
        assert presence.lines == ["busy"]
        await until(lambda: presence_of(alice, bob) == ("busy", "In a meeting"), "bob to be busy")
        assert await presence.end(signal.SIGINT) == 0
    ended: Done = await done("--profile", bob.profile, "presence", "away", "--for", "1s")
    assert ended.out == "away\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("room", "slow-mode", "r", "soon"),
        ("room", "retention", "r", "99999999d"),
        ("room", "visibility", "r", "secret"),
        ("room", "role", "r", "bob", "owner"),
        ("invite", "create", "r", "--uses", "0"),
        ("invite", "create", "r", "--expires", "off"),
        ("history", "r", "--around", "0"),
        ("presence", "asleep"),
        ("room",),
        ("join", "ftp://chat.example.org/invite/0123456789"),
    ],
)
async def test_what_is_impossible_is_told_with_code_2(arguments: tuple[str, ...]) -> None:
    Profile.open("default")
    result = await asyncio.wait_for(run(*arguments), 60)
    assert (result.code, result.out) == (2, "")
