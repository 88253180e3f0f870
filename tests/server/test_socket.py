"""The WebSocket of a real server, spoken to by the contract alone."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import aiohttp
import msgspec
import pytest

from protocol import limits
from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, Socket, register

_names = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("socket") / "data"
    # Who is told goodbye while they send is heard out, however long a busy machine makes them take.
    with running_server(folder, MESH_CLOSE_TIMEOUT_S=str(2 * PATIENCE_S)) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def new_person(server: ServerProcess, http: aiohttp.ClientSession, name: str) -> Person:
    return await register(http, server.url, f"{name}.{next(_names)}")


@pytest.fixture
async def alice(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await new_person(server, http, "alice")


@pytest.fixture
async def bob(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await new_person(server, http, "bob")


@pytest.fixture
async def room_id(alice: Person) -> str:
    return await alice.create_room(f"Test Chat {next(_names)}")


def kinds(messages: list[Json]) -> list[str]:
    return [message["type"] for message in messages]


# ── hello ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_welcome_says_who_i_am_and_where_my_rooms_are(alice: Person, room_id: str) -> None:
    async with alice.socket() as socket:
        welcome = socket.welcome
        assert welcome["type"] == "system.welcome"
        assert welcome["user"]["username"] == alice.name
        assert welcome["device"]["id"] == alice.session["device"]["id"]
        assert welcome["limits"]["frame_bytes"] == limits.FRAME_BYTES
        assert welcome["heartbeat_s"] > 0
        (room,) = welcome["rooms"]
        assert (room["room_id"], room["last_seq"], room["rev"]) == (room_id, 0, 0)
        assert room["epoch"]
        assert room["room"]["my_role"] == "owner"


async def test_the_token_may_come_in_the_hello(alice: Person) -> None:
    async with alice.http.ws_connect(f"{alice.url}/ws") as wire:
        welcome = await Socket(wire).hello(token=alice.token)
        assert welcome["type"] == "system.welcome"


async def test_the_scheme_of_the_header_has_no_case(alice: Person) -> None:
    """RFC 9110 section 11.1."""
    headers = {"Authorization": f"bearer {alice.token}"}
    async with alice.http.ws_connect(f"{alice.url}/ws", headers=headers) as wire:
        assert (await Socket(wire).hello())["type"] == "system.welcome"


_HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.mark.parametrize(
    "wrong", [{"Upgrade": "h2c"}, {"Sec-WebSocket-Version": "12"}, {"Sec-WebSocket-Key": "short"}]
)
async def test_a_handshake_that_is_none(alice: Person, wrong: dict[str, str]) -> None:
    async with alice.http.get(f"{alice.url}/ws", headers=_HANDSHAKE | wrong) as response:
        assert response.status == 426
        assert (await response.json())["error"]["code"] == "request.upgrade_required"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
async def test_a_token_that_is_not_good_is_4401(alice: Person, token: str) -> None:
    async with alice.http.ws_connect(f"{alice.url}/ws") as wire:
        socket = Socket(wire)
        answer = await socket.hello(token=token)
        assert answer["type"] == "system.error"
        assert answer["code"].startswith("auth.")
        assert await socket.closed() == 4401


async def test_before_the_hello_nothing_else_is_answered(alice: Person) -> None:
    """Who never says it is let go: `tests/faults/test_server.py`."""
    async with alice.socket(hello=False) as socket:
        assert (await socket.ask("system.ping"))["code"] == "auth.required"
        assert (await socket.hello())["type"] == "system.welcome"


async def test_a_version_that_is_not_spoken_is_refused_by_name(alice: Person) -> None:
    async with alice.socket(hello=False) as socket:
        answer = await socket.ask("system.hello", version=99)
        assert answer["code"] == "version.unsupported"
        assert await socket.closed() == 4400


async def test_a_second_hello_is_an_error_and_no_end(alice: Person) -> None:
    async with alice.socket() as socket:
        assert (await socket.hello())["code"] == "message.invalid"
        assert (await socket.ask("system.ping"))["type"] == "system.pong"


async def test_the_device_key_is_kept(alice: Person) -> None:
    async with alice.socket(device_key="sha256:abc"):
        (device,) = (await alice.call("GET", "/api/auth/devices"))["devices"]
        assert device["key_fingerprint"] == "sha256:abc"


async def test_messagepack_says_the_same(alice: Person, room_id: str) -> None:
    headers = {"Authorization": f"Bearer {alice.token}"}
    async with alice.http.ws_connect(
        f"{alice.url}/ws", headers=headers, protocols=["mesh.v1.msgpack"]
    ) as wire:
        assert wire.protocol == "mesh.v1.msgpack"
        await wire.send_bytes(msgspec.msgpack.encode({"type": "system.hello", "version": 1, "id": "x"}))
        welcome = msgspec.msgpack.decode(await wire.receive_bytes())
        assert (welcome["type"], welcome["re"]) == ("system.welcome", "x")
        await wire.send_str('{"type": "system.ping"}')
        refusal = msgspec.msgpack.decode(await wire.receive_bytes())
        while refusal["type"] != "system.error":
            refusal = msgspec.msgpack.decode(await wire.receive_bytes())
        assert refusal["code"] == "frame.wrong_kind"


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


async def test_joining_and_leaving_are_seen_by_the_others(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his, bob.socket() as his_other:
        joined = await his.ask("room.join", room_id=room_id)
        assert joined["type"] == "room.joined"
        assert {member["username"] for member in joined["members"]} == {alice.name, bob.name}
        assert {member["presence"] for member in joined["members"]} == {"online"}
        assert joined["last_seq"] == 0
        seen = await hers.wait("room.member.joined")
        assert (seen["user_id"], seen["username"], seen["rev"]) == (bob.user_id, bob.name, 1)
        elsewhere = await his_other.wait("room.joined")
        assert elsewhere["room_id"] == room_id
        assert "re" not in elsewhere

        left = await his.ask("room.leave", room_id=room_id)
        assert (left["type"], left["room_id"]) == ("room.left", room_id)
        assert (await hers.wait("room.member.left"))["user_id"] == bob.user_id
        assert (await his_other.wait("room.left"))["room_id"] == room_id
        assert (await his.say(room_id, "too late"))["code"] == "room.not_member"


async def test_joining_twice_is_joining_once(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        for _ in range(2):
            assert (await his.ask("room.join", room_id=room_id))["type"] == "room.joined"
        await hers.wait("room.member.joined")
        assert "room.member.joined" not in kinds(await hers.settle())


async def test_a_room_made_or_joined_through_rest_reaches_my_open_sockets(alice: Person, bob: Person) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        room_id = await alice.create_room(f"kitchen {next(_names)}")
        assert (await hers.wait("room.joined"))["room_id"] == room_id
        await bob.join(room_id)
        assert (await his.wait("room.joined"))["room_id"] == room_id
        await his.say(room_id, "Hi Alice!")
        assert (await hers.wait("chat.message.created"))["message"]["content"] == "Hi Alice!"


@pytest.mark.parametrize("visibility", ["public", "private"])
async def test_rooms_that_are_not_mine(alice: Person, bob: Person, visibility: str) -> None:
    room_id = await alice.create_room(f"attic {next(_names)}", visibility=visibility)
    expected = "room.not_member" if visibility == "public" else "room.not_found"
    async with bob.socket() as his:
        assert (await his.say(room_id, "let me in"))["code"] == expected
        assert (await his.ask("room.leave", room_id=room_id))["code"] == expected
        assert (await his.ask("chat.typing", room_id=room_id))["code"].startswith("room.not_")
        assert (await his.ask("chat.read", room_id=room_id, seq=1))["code"].startswith("room.not_")
        if visibility == "private":
            assert (await his.ask("room.join", room_id=room_id))["code"] == "room.not_found"


async def test_a_room_that_is_not_there(alice: Person) -> None:
    async with alice.socket() as socket:
        for type_ in ("room.join", "room.leave"):
            assert (await socket.ask(type_, room_id="nowhere"))["code"] == "room.not_found"
        assert (await socket.say("nowhere", "hello"))["code"] == "room.not_found"


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_is_acknowledged_and_reaches_everyone(
    alice: Person, bob: Person, room_id: str
) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, alice.socket() as her_other, bob.socket() as his:
        ack = await hers.say(room_id, "Hello!", nonce="first")
        assert (ack["type"], ack["nonce"], ack["seq"]) == ("chat.message.ack", "first", 1)
        for socket, nonce in ((hers, "first"), (her_other, "first"), (his, None)):
            message = (await socket.wait("chat.message.created"))["message"]
            assert message["content"] == "Hello!"
            assert (message["id"], message["seq"], message["rev"]) == (
                ack["message_id"],
                ack["seq"],
                ack["rev"],
            )
            assert message["author"] == {"id": alice.user_id, "username": alice.name}
            assert message["content_type"] == "text/markdown"
            assert message.get("nonce") == nonce


async def test_a_nonce_sent_again_creates_nothing(alice: Person, room_id: str) -> None:
    async with alice.socket() as socket:
        first = await socket.say(room_id, "Hello!", nonce="same")
        again = await socket.say(room_id, "Hello!", nonce="same")
        assert {**again, "re": 0} == {**first, "re": 0}
        other = await socket.say(room_id, "Something else", nonce="same")
        assert other["code"] == "chat.nonce_conflict"
        assert kinds(await socket.settle()).count("chat.message.created") == 1


async def test_every_member_sees_one_order_without_gaps(
    server: ServerProcess, http: aiohttp.ClientSession, alice: Person, room_id: str
) -> None:
    people = [alice, *[await new_person(server, http, "user") for _ in range(4)]]
    for person in people[1:]:
        await person.join(room_id)

    async def talk(person: Person) -> list[tuple[int, int]]:
        async with person.socket() as socket:
            ready.release()
            await start.wait()
            for number in range(40):
                await socket.send(
                    "chat.message.send", room_id=room_id, nonce=f"n{number}", content=f"number {number}"
                )
            numbers: list[tuple[int, int]] = []
            while len(numbers) < 200:
                message = (await socket.wait("chat.message.created"))["message"]
                numbers.append((message["seq"], message["rev"]))
            return numbers

    ready, start = asyncio.Semaphore(0), asyncio.Event()
    talking = [asyncio.create_task(talk(person)) for person in people]
    for _ in people:
        await ready.acquire()
    start.set()
    orders = await asyncio.gather(*talking)
    # Four members joined before, which took four revs.
    assert all(order == [(seq, seq + 4) for seq in range(1, 201)] for order in orders)


async def test_leaving_does_not_overtake_what_was_said(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        for number in range(20):
            await his.send("chat.message.send", room_id=room_id, nonce=f"n{number}", content="bye")
        await his.ask("room.leave", room_id=room_id)
        assert kinds(his.seen).count("chat.message.ack") == 20
        await hers.wait("room.member.left")
        assert kinds(hers.seen).count("chat.message.created") == 20


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"content": "x" * (limits.CONTENT_CHARS + 1)}, "chat.content_too_long"),
        ({"content": ""}, "chat.content_empty"),
        ({"content": " \n\t "}, "chat.content_empty"),
        ({"content": 7}, "message.invalid"),
        ({"content": None}, "message.invalid"),
        ({"nonce": ""}, "message.invalid"),
        ({"nonce": "n" * (limits.ID_CHARS + 1)}, "message.invalid"),
        ({"room_id": {"a": 1}}, "message.invalid"),
        ({"reply_to": "nothing"}, "chat.unknown_reference"),
        ({"mentions": ["u"] * (limits.MENTIONS + 1)}, "message.invalid"),
    ],
)
async def test_bad_messages_are_refused_by_name_and_harm_nobody(
    alice: Person, bob: Person, room_id: str, fields: Json, code: str
) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        whole = {"room_id": room_id, "nonce": "bad", "content": "fine", **fields}
        assert (await his.ask("chat.message.send", **whole))["code"] == code
        ack = await his.say(room_id, "still here")
        assert ack["seq"] == 1
        await hers.wait("chat.message.created")


async def test_the_longest_message_passes(alice: Person, room_id: str) -> None:
    async with alice.socket() as socket:
        content = "é" * limits.CONTENT_CHARS
        await socket.say(room_id, content, nonce="long")
        assert (await socket.wait("chat.message.created"))["message"]["content"] == content


async def test_unknown_and_malformed_frames_are_answered_and_close_nothing(alice: Person) -> None:
    async with alice.socket() as socket:
        assert (await socket.ask("chat.teleport", room_id="x"))["code"] == "message.unknown_type"
        for frame in ("{", "[]", "null", '"text"', '{"type": 7}', '{"no": "type"}', "\x00"):
            await socket.wire.send_str(frame)
            answer = await socket.wait("system.error")
            assert answer["code"] in ("frame.malformed", "message.invalid"), frame
        await socket.wire.send_bytes(b"\x80")
        assert (await socket.wait("system.error"))["code"] == "frame.wrong_kind"
        assert (await socket.ask("system.ping"))["type"] == "system.pong"


@pytest.mark.parametrize("size", [limits.FRAME_BYTES + 1, 2 * 1024 * 1024])
async def test_a_frame_that_is_too_large_closes_its_own_connection_only(
    alice: Person, bob: Person, room_id: str, size: int
) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        await his.wire.send_str("x" * size)
        assert await his.closed() == 4413
        if size <= 2 * limits.FRAME_BYTES:
            assert "frame.too_large" in [message.get("code") for message in his.seen]
        assert (await hers.say(room_id, "still here"))["type"] == "chat.message.ack"


async def test_a_flood_of_nonsense_is_4429(alice: Person) -> None:
    async with alice.socket() as socket:
        for _ in range(300):
            await socket.wire.send_str("nonsense")
        assert await socket.closed() == 4429


# ── typing, reading, presence ────────────────────────────────────────────────────────────────────


async def test_typing_reaches_the_others_only(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        await hers.ask("system.ping")  # who types is not told to whom a hello is still being answered
        await his.send("chat.typing", room_id=room_id)
        seen = await hers.wait("chat.typing")
        assert (seen["room_id"], seen["user_id"], seen["username"]) == (room_id, bob.user_id, bob.name)
        assert "chat.typing" not in kinds(await his.settle())


async def test_a_read_marker_follows_me_to_my_other_devices(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his, bob.socket() as his_other:
        for number in range(3):
            await hers.say(room_id, f"number {number}")
        (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
        assert (room["last_seq"], room["read_seq"], room["unread"]) == (3, 0, 3)
        marked = await his.ask("chat.read", room_id=room_id, seq=2)
        assert (marked["type"], marked["seq"]) == ("chat.read", 2)
        assert (await his_other.wait("chat.read"))["seq"] == 2
        (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
        assert (room["read_seq"], room["unread"]) == (2, 1)
        assert "chat.read" not in kinds(await hers.settle())


async def test_names_and_calls_are_found_in_the_text(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        said = await hers.ask(
            "chat.message.send", room_id=room_id, nonce="n1", content=f"@{bob.name.upper()}, @room!"
        )
        message = (await his.wait("chat.message.created"))["message"]
        assert message["mentions"] == ["room", bob.user_id]
        edit = {"room_id": room_id, "message_id": said["message_id"]}
        edited = await hers.ask("chat.message.edit", **edit, content=f"Sorry, {bob.name}")
        assert "mentions" not in edited["message"]
        (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
        assert (room["unread"], room["mentions"]) == (1, 0)
        edited = await hers.ask("chat.message.edit", **edit, content="All of you", mentions=["room"])
        assert edited["message"]["mentions"] == ["room"]
        (room,) = (await bob.call("GET", "/api/rooms"))["rooms"]
        assert (room["unread"], room["mentions"]) == (1, 1)
        his_own = await his.say(room_id, "I say @room")
        assert his_own["type"] == "chat.message.ack"
        (room,) = (await alice.call("GET", "/api/rooms"))["rooms"]
        assert (room["unread"], room["mentions"]) == (1, 0)
        change = {"room_id": room_id, "message_id": his_own["message_id"], "content": "I call"}
        assert (await his.ask("chat.message.edit", **change, mentions=["room"]))["code"] == "room.forbidden"


async def test_who_has_read_is_told_where_room_and_reader_agree(
    alice: Person, bob: Person, room_id: str
) -> None:
    await bob.join(room_id)
    room = f"/api/rooms/{room_id}"
    async with alice.socket() as hers, bob.socket() as his:
        for number in range(4):
            await hers.say(room_id, f"number {number}")
        await his.ask("chat.read", room_id=room_id, seq=1)
        assert "chat.read" not in kinds(await hers.settle())
        assert (await alice.call("PATCH", room, {"receipts": True}))["receipts"]
        await his.ask("chat.read", room_id=room_id, seq=2)
        event = await hers.wait("chat.read")
        assert (event["user_id"], event["seq"]) == (bob.user_id, 2)
        await his.ask("chat.read", room_id=room_id, seq=2)
        assert "chat.read" not in kinds(await hers.settle())
        members = (await alice.call("GET", f"{room}/members"))["members"]
        assert {member["user_id"]: member["read_seq"] for member in members}[bob.user_id] == 2
        me = await bob.call("PATCH", "/api/auth/me", {"hides_reads": True})
        assert (me["hides_reads"], me["display_name"]) == (True, bob.name)
        await his.ask("chat.read", room_id=room_id, seq=3)
        assert "chat.read" not in kinds(await hers.settle())
        members = (await alice.call("GET", f"{room}/members"))["members"]
        assert not any("read_seq" in member for member in members if member["user_id"] == bob.user_id)
    dm = await alice.call("POST", "/api/dms", {"username": bob.name})
    assert dm["receipts"]


async def test_presence_follows_connections_and_wishes(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)

    async def seen_by_her() -> tuple[str, str]:
        event = await hers.wait(lambda m: m["type"] == "presence.update" and m["user_id"] == bob.user_id)
        return event["user_id"], event["presence"]

    async with alice.socket() as hers:
        async with bob.socket() as his:
            assert await seen_by_her() == (bob.user_id, "online")
            await his.ask("presence.update", presence="busy")
            assert await seen_by_her() == (bob.user_id, "busy")
            members = (await alice.call("GET", f"/api/rooms/{room_id}/members"))["members"]
            assert {member["username"]: member["presence"] for member in members} == {
                alice.name: "online",
                bob.name: "busy",
            }
            assert (await his.ask("presence.update", presence="asleep"))["code"] == "message.invalid"
        assert await seen_by_her() == (bob.user_id, "offline")


async def test_a_status_text_stays_with_the_account(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)

    async def as_member() -> tuple[str, str]:
        members = (await alice.call("GET", f"/api/rooms/{room_id}/members"))["members"]
        (his,) = [member for member in members if member["user_id"] == bob.user_id]
        return his["presence"], his.get("status_text", "")

    async with alice.socket() as hers:
        async with bob.socket() as his, bob.socket() as his_other:
            text = "  Back\u202e at\ntwo "
            answer = await his.ask("presence.update", presence="busy", status_text=text)
            assert (answer["presence"], answer["status_text"]) == ("online", "Back at two")
            for other in (hers, his_other):
                event = await other.wait(
                    lambda m: m["type"] == "presence.update" and m.get("status_text") == "Back at two"
                )
                assert event["user_id"] == bob.user_id
            too_long = await his.ask("presence.update", presence="busy", status_text="x" * 101)
            assert too_long["code"] == "message.invalid"
            unchanged = await his.ask("presence.update", presence="online")
            assert unchanged["status_text"] == "Back at two"
            assert await as_member() == ("online", "Back at two")
        await hers.wait(lambda m: m["type"] == "presence.update" and m["presence"] == "offline")
        assert await as_member() == ("offline", "Back at two")
        await hers.settle()
        async with bob.socket() as his:
            assert his.welcome["user"]["status_text"] == "Back at two"
            event = await hers.wait(lambda m: m["type"] == "presence.update" and m["presence"] == "online")
            assert event["status_text"] == "Back at two"
            cleared = await his.ask("presence.update", presence="online", status_text="")
            assert "status_text" not in cleared
        assert "status_text" not in await bob.call("GET", "/api/auth/me")


async def test_who_says_hello_unseen_is_never_seen(alice: Person, bob: Person, room_id: str) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket(presence="offline") as his:
        assert (await his.say(room_id, "You do not see me"))["type"] == "chat.message.ack"
        await hers.wait("chat.message.created")
        members = (await alice.call("GET", f"/api/rooms/{room_id}/members"))["members"]
        assert {m["username"]: m["presence"] for m in members}[bob.name] == "offline"
        answer = await his.ask("presence.update", presence="online")
        assert answer["presence"] == "online"
        event = await hers.wait(lambda m: m["type"] == "presence.update" and m["user_id"] == bob.user_id)
        assert event["presence"] == "online"


# ── closing ──────────────────────────────────────────────────────────────────────────────────────


async def test_signing_out_closes_this_devices_sockets_and_no_others(
    alice: Person, bob: Person, room_id: str
) -> None:
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his, bob.socket() as his_other:
        await bob.call("POST", "/api/auth/logout")
        assert await his.closed() == 4403
        assert await his_other.closed() == 4403
        gone = await hers.wait(lambda m: m["type"] == "presence.update" and m["presence"] == "offline")
        assert gone["user_id"] == bob.user_id
        assert (await hers.ask("system.ping"))["type"] == "system.pong"
    async with bob.socket(hello=False) as his:
        assert (await his.hello())["code"].startswith("auth.")
        assert await his.closed() == 4401


async def test_changing_the_password_closes_every_other_device(
    alice: Person, server: ServerProcess, http: aiohttp.ClientSession
) -> None:
    async with http.post(
        f"{server.url}/api/auth/login", json={"username": alice.name, "password": "password123"}
    ) as response:
        phone = Person(server.url, http, await response.json())
    async with alice.socket() as here, phone.socket() as there:
        await alice.call("POST", "/api/auth/password", {"current": "password123", "new": "password456"})
        assert await there.closed() == 4403
        assert (await here.ask("system.ping"))["type"] == "system.pong"


async def test_a_device_that_opens_too_many_connections_loses_its_oldest(alice: Person) -> None:
    async with AsyncExitStack() as stack:
        oldest, *others = [await opened(stack, alice) for _ in range(16)]
        assert (await oldest.ask("system.ping"))["type"] == "system.pong"
        others.append(await opened(stack, alice))
        assert await oldest.closed() == 4409
        for socket in others:
            assert (await socket.ask("system.ping"))["type"] == "system.pong"


async def opened(stack: AsyncExitStack, person: Person) -> Socket:
    """A connection that counts, which it does a moment after its welcome."""
    socket = await stack.enter_async_context(person.socket())
    await socket.ask("system.ping")
    return socket
