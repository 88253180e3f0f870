"""Calls: what is relayed, to whom, in whose name; at a real server."""

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import msgspec
import pytest

from protocol import limits
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Json, Person, Socket, call, register

_numbers = itertools.count(1)
TYPES = ("rtc.offer", "rtc.answer", "rtc.ice", "rtc.hangup")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("calls") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"alice-{next(_numbers)}")


@pytest.fixture
async def bob(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"bob-{next(_numbers)}")


@pytest.fixture
async def room_id(alice: Person, bob: Person) -> str:
    room_id = await alice.create_room(f"Test Chat {next(_numbers)}")
    await bob.join(room_id)
    return room_id


async def another_device(person: Person) -> Person:
    body = {"username": person.name, "password": PASSWORD}
    session = await call(person.http, person.url, "POST", "/api/auth/login", body)
    return Person(person.url, person.http, session)


def device_of(person: Person) -> str:
    return str(person.session["device"]["id"])


async def signals(socket: Socket) -> list[Json]:
    """Everything of calls that came until now."""
    return [message for message in await socket.settle() if message["type"].startswith("rtc.")]


async def refusal(socket: Socket, type_: str, **fields: Any) -> str:
    """The code that a signal is refused with; empty where it is relayed."""
    await socket.send(type_, id="asked", call_id="c", **fields)
    answers = [message for message in await socket.settle() if message.get("re") == "asked"]
    return str(answers[0]["code"]) if answers else ""


@pytest.mark.parametrize(
    ("type_", "said"),
    [
        ("rtc.offer", {"sdp": "v=0\r\n", "payload": "é"}),
        ("rtc.answer", {"sdp": "v=0\r\n"}),
        ("rtc.ice", {"candidate": {"candidate": "1 1 udp", "sdpMLineIndex": 0}}),
        ("rtc.ice", {"candidate": "1 1 udp"}),
        ("rtc.hangup", {"reason": "busy"}),
    ],
)
async def test_it_arrives_as_sent_and_the_server_says_from_whom(
    alice: Person, bob: Person, room_id: str, type_: str, said: Json
) -> None:
    forged = {"from": {"user_id": "x", "username": "mallory", "device_id": "x"}, "sender": "mallory"}
    async with alice.socket() as hers, bob.socket() as his:
        await hers.send(type_, call_id="c", room_id=room_id, to=bob.user_id, **said, **forged)
        event = await his.wait(type_)
        assert event == {
            "type": type_,
            "call_id": "c",
            "room_id": room_id,
            "from": {
                "user_id": alice.user_id,
                "username": alice.name,
                "device_id": device_of(alice),
                "peer_id": hers.welcome["peer_id"],
            },
            **said,
        }
        assert await signals(hers) == []


async def test_it_goes_to_the_named_devices_and_no_other(
    alice: Person, bob: Person, room_id: str, http: aiohttp.ClientSession
) -> None:
    carol = await register(http, alice.url, f"carol-{next(_numbers)}")
    await carol.join(room_id)
    phone, other = await another_device(bob), await another_device(alice)
    async with (
        alice.socket() as hers,
        bob.socket() as at_laptop,
        phone.socket() as at_phone,
        carol.socket() as theirs,
        other.socket() as at_other,
    ):
        heard = {"laptop": at_laptop, "phone": at_phone, "carol": theirs, "other": at_other, "hers": hers}

        async def reached(to: object) -> set[str]:
            await hers.send("rtc.offer", call_id="c", room_id=room_id, to=to)
            await hers.ask("system.ping")
            return {name for name, socket in heard.items() if await signals(socket)}

        assert await reached(bob.user_id) == {"laptop", "phone"}
        assert await reached(device_of(phone)) == {"phone"}
        assert await reached([device_of(bob), carol.user_id]) == {"laptop", "carol"}
        assert await reached([device_of(bob), bob.user_id, bob.user_id]) == {"laptop", "phone"}
        assert await reached(alice.user_id) == {"other"}
        assert await reached(device_of(other)) == {"other"}
        assert await reached(device_of(alice)) == set()
        assert await reached([]) == set()


async def test_of_a_target_that_is_named_twice_a_device_hears_once(
    alice: Person, bob: Person, room_id: str
) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        await hers.send("rtc.offer", call_id="c", room_id=room_id, to=[bob.user_id, device_of(bob)])
        await hers.ask("system.ping")
        assert len(await signals(his)) == 1


@pytest.mark.parametrize("type_", TYPES)
async def test_an_unknown_target_is_an_error_and_nobody_is_reached(
    alice: Person, bob: Person, room_id: str, http: aiohttp.ClientSession, type_: str
) -> None:
    stranger = await register(http, alice.url, f"stranger-{next(_numbers)}")
    signed_out = await another_device(bob)
    await signed_out.call("POST", "/api/auth/logout")
    async with alice.socket() as hers, bob.socket() as his, stranger.socket() as theirs:
        for unknown in (stranger.user_id, device_of(stranger), device_of(signed_out), "none", bob.name):
            to = [bob.user_id, unknown]
            assert await refusal(hers, type_, room_id=room_id, to=to) == "rtc.unknown_target"
            assert await refusal(hers, type_, room_id=room_id, to=unknown) == "rtc.unknown_target"
        assert await signals(his) == await signals(theirs) == []


async def test_who_leaves_is_reached_no_more(alice: Person, bob: Person, room_id: str) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        await his.ask("room.leave", room_id=room_id)
        assert await refusal(hers, "rtc.hangup", room_id=room_id, to=bob.user_id) == "rtc.unknown_target"
        assert await refusal(his, "rtc.offer", room_id=room_id, to=alice.user_id) == "room.not_member"
        assert await signals(hers) == await signals(his) == []


async def test_in_an_archived_room_one_can_only_hang_up(alice: Person, bob: Person, room_id: str) -> None:
    await alice.call("PATCH", f"/api/rooms/{room_id}", {"archived": True})
    async with alice.socket() as hers, bob.socket() as his:
        for type_ in TYPES[:3]:
            assert await refusal(hers, type_, room_id=room_id, to=bob.user_id) == "room.archived"
        assert await refusal(hers, "rtc.hangup", room_id=room_id, to=bob.user_id) == ""
        assert [event["type"] for event in await signals(his)] == ["rtc.hangup"]


@pytest.mark.parametrize(
    "bad",
    [
        {"call_id": ""},
        {"call_id": 7},
        {"to": ""},
        {"to": []},
        {"to": 7},
        {"to": ["x"] * (limits.SIGNAL_TARGETS + 1)},
        {"to": None},
        {"sdp": "x" * (limits.SIGNAL_CHARS + 1)},
        {"sdp": {"sdp": "v=0"}},
        {"sdp": 7},
        {"payload": ["v=0"]},
        {"room_id": None},
    ],
)
async def test_what_is_no_signal_is_refused(alice: Person, bob: Person, room_id: str, bad: Json) -> None:
    async with alice.socket() as hers, bob.socket() as his:
        fields = {"call_id": "c", "room_id": room_id, "to": bob.user_id} | bad
        assert (await hers.ask("rtc.offer", **fields))["code"] == "message.invalid"
        assert await signals(his) == []


async def test_a_signal_larger_than_a_frame_ends_the_connection(alice: Person, room_id: str) -> None:
    async with alice.socket() as hers:
        await hers.send("rtc.offer", call_id="c", room_id=room_id, to=alice.user_id, sdp="x" * 70_000)
        assert await hers.closed() == 4413


async def test_one_format_to_the_other(alice: Person, bob: Person, room_id: str) -> None:
    """What JSON may hold, MessagePack can be told, and the reverse."""
    headers = {"Authorization": f"Bearer {alice.token}"}
    candidate = {"a": -(2**53) + 1, "b": None, "c": True, "d": "\x00é"}
    async with (
        alice.http.ws_connect(f"{alice.url}/ws", headers=headers, protocols=["mesh.v1.msgpack"]) as hers,
        bob.socket() as his,
    ):

        async def tell(**message: Any) -> None:
            await hers.send_bytes(msgspec.msgpack.encode(message))

        await tell(type="system.hello", version=1)
        await hers.receive_bytes()
        signal = {"call_id": "c", "room_id": room_id, "candidate": candidate}
        await tell(type="rtc.ice", **signal, to=bob.user_id)
        assert (await his.wait("rtc.ice"))["candidate"] == candidate
        await his.send("rtc.ice", **signal, to=alice.user_id)
        message: Json = {}
        while message.get("type") != "rtc.ice":
            message = msgspec.msgpack.decode(await hers.receive_bytes())
        assert message["candidate"] == candidate
