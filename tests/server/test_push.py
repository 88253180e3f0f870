"""Pushes of a real server, to push servers on this machine: who is pushed, when, and what becomes of it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web

from mesh_server.ids import system_clock
from tests.support.conditions import PATIENCE_S, until
from tests.support.push_servers import PushServer, never, push_server, says
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, refused, register

DELAY_S: Final = 2
"""How old a message is that is pushed, where that is tried."""

_names = itertools.count(1)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def phone() -> AsyncIterator[PushServer]:
    async with push_server() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, phone: PushServer) -> Iterator[ServerProcess]:
    with running_server(tmp_path / "data", **settings(phone)) as running:
        yield running


def settings(*phones: PushServer, **more: str) -> dict[str, str]:
    return {
        "MESH_PUSH_ALLOWED": ",".join(f"{phone.url} 127.0.0.0/8" for phone in phones),
        "MESH_PUSH_DELAY_S": "0",
        "MESH_PUSH_RETRY_S": "0.05",
        "MESH_PUSH_TIMEOUT_S": "60",  # the test answers, and may be held up
        "MESH_PUBLIC_URL": "https://chat.example.org",
        **more,
    }


async def ntfy(person: Person, phone: PushServer, **more: Any) -> Json:
    body = {"kind": "ntfy", "url": phone.url, "topic": "t", **more}
    made: Json = await person.call("POST", "/api/push/targets", body)
    return made


async def two(http: aiohttp.ClientSession, server: ServerProcess) -> tuple[Person, Person, str]:
    """Both in a room."""
    alice, bob = [await register(http, server.url, f"{name}.{next(_names)}") for name in ("alice", "bob")]
    room_id = await alice.create_room(f"lobby {next(_names)}")
    await bob.join(room_id)
    return alice, bob, room_id


async def say(person: Person, room_id: str, content: str, *mentions: Person) -> Json:
    async with person.socket() as socket:
        return await socket.ask(
            "chat.message.send",
            room_id=room_id,
            nonce=f"n{next(_names)}",
            content=content,
            mentions=[other.user_id for other in mentions],
        )


async def outcomes(http: aiohttp.ClientSession, server: ServerProcess) -> dict[str, float]:
    async with http.get(f"{server.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return {
        line.split('"')[1]: float(line.split()[-1]) for line in lines if line.startswith("mesh_pushes_total{")
    }


async def became(http: aiohttp.ClientSession, server: ServerProcess, outcome: str) -> dict[str, float]:
    """All outcomes, once there is one like this."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await outcomes(http, server)).get(outcome):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


# ── targets ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_place_for_pushes(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, _ = await two(http, server)
    body = {"kind": "gotify", "url": f"{phone.url}/", "token": "very-secret", "name": "my phone"}
    made = await alice.call("POST", "/api/push/targets", body)
    assert (made["url"], made["name"], made["kind"]) == (phone.url, "my phone", "gotify")
    listed = await alice.call("GET", "/api/push/targets")
    assert listed == {"targets": [made], "allowed": [phone.url]}
    assert "very-secret" not in str(listed)
    path = f"/api/push/targets/{made['id']}"
    for ask in (("DELETE", path), ("POST", f"{path}/test")):
        await refused(404, "push.target_not_found", bob.call(*ask))
    assert await alice.call("POST", f"{path}/test") == {"state": "delivered"}
    assert phone.received[0].headers["X-Gotify-Key"] == "very-secret"
    phone.answer = says(401)
    assert await alice.call("POST", f"{path}/test") == {"state": "refused"}
    (target,) = (await alice.call("GET", "/api/push/targets"))["targets"]
    assert target["state"] == "refused"
    assert await alice.call("DELETE", path) is None
    assert (await alice.call("GET", "/api/push/targets"))["targets"] == []
    assert "very-secret" not in server.log_text()


CANNOT_BE: Final[list[tuple[Json, int, str]]] = [
    ({"url": "https://ntfy.sh"}, 403, "push.not_allowed"),
    ({"url": "http://127.0.0.1:1"}, 403, "push.not_allowed"),
    ({"url": "http://169.254.169.254/latest/meta-data"}, 403, "push.not_allowed"),
    ({"url": ""}, 403, "push.not_allowed"),
    ({"topic": ""}, 422, "push.invalid_target"),
    ({"topic": "a/b"}, 422, "push.invalid_target"),
    ({"topic": "x" * 65}, 422, "push.invalid_target"),
    ({"token": "a\r\nHost: evil"}, 422, "push.invalid_target"),
    ({"kind": "gotify"}, 422, "push.invalid_target"),
    ({"kind": "sms"}, 422, "body.invalid"),
]


async def test_a_place_that_cannot_be(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice = await register(http, server.url, "alice")
    for change, status, code in CANNOT_BE:
        body = {"kind": "ntfy", "url": phone.url, "topic": "t"} | change
        await refused(status, code, alice.call("POST", "/api/push/targets", body))


async def test_only_so_many(http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer) -> None:
    alice = await register(http, server.url, "alice")
    for _ in range(5):
        await ntfy(alice, phone)
    await refused(409, "push.too_many_targets", ntfy(alice, phone))


async def test_a_server_that_sends_none(
    http: aiohttp.ClientSession, tmp_path: Path, phone: PushServer
) -> None:
    with running_server(tmp_path / "none") as server:
        alice = await register(http, server.url, "alice")
        assert await alice.call("GET", "/api/push/targets") == {"targets": []}
        await refused(403, "push.not_allowed", ntfy(alice, phone))


# ── who is pushed ────────────────────────────────────────────────────────────────────────────────


async def test_a_mention_and_a_word_between_two(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone)
    await ntfy(alice, phone, topic="hers", rooms=True)
    await say(alice, room_id, "to nobody")
    ack = await say(alice, room_id, "to you", bob)
    await until(lambda: phone.received, "the mention")
    got = phone.received[0].body
    assert got["topic"] == "t"
    assert got["title"].startswith(f"{alice.name} in lobby")
    assert got["message"] == "mentioned you"
    assert got["click"] == f"mesh://chat.example.org/rooms/{room_id}/{ack['seq']}"
    dm = await alice.call("POST", "/api/dms", {"username": bob.name})
    await say(alice, dm["id"], "a word in confidence")
    await until(lambda: len(phone.received) >= 2, "the word")
    assert phone.received[1].body["title"] == alice.name
    assert phone.texts == ["mentioned you", "wrote to you"]


async def test_the_text_goes_along_where_it_was_asked_for(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone, rooms=True, text=True)
    await say(alice, room_id, "one\x1b[31m two\u202e")
    await until(lambda: phone.received, "the push")
    assert phone.texts == ["one[31m two"]
    await say(alice, room_id, "x" * 1_000)
    await until(lambda: len(phone.received) >= 2, "the long one")
    assert phone.texts[1].startswith("x" * 300 + "…")


@pytest.mark.parametrize("presence", ["online", "busy", "offline"])
async def test_who_is_here_is_not_pushed(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer, presence: str
) -> None:
    """carol, who is not, is named in the same message: both are decided on at once."""
    alice, bob, room_id = await two(http, server)
    carol = await register(http, server.url, "carol")
    await carol.join(room_id)
    await ntfy(bob, phone, topic="bobs")
    await ntfy(carol, phone, topic="carols")
    async with bob.socket() as socket:
        await socket.send("presence.update", presence=presence)
        await socket.settle()
        await say(alice, room_id, "one of you sees this", bob, carol)
        await until(lambda: phone.received, "carol's")
        await socket.send("presence.update", presence="away")
        await socket.settle()
        await say(alice, room_id, "you are away", bob)
        await until(lambda: len(phone.received) >= 2, "bob's")
    assert [one.body["topic"] for one in phone.received] == ["carols", "bobs"]
    assert phone.texts == ["mentioned you"] * 2


async def test_what_is_read_meanwhile_is_not_pushed(
    http: aiohttp.ClientSession, tmp_path: Path, phone: PushServer
) -> None:
    with running_server(tmp_path / "data", **settings(phone, MESH_PUSH_DELAY_S=str(DELAY_S))) as server:
        alice, bob, room_id = await two(http, server)
        await ntfy(bob, phone)
        while not await _is_read_in_time(alice, bob, room_id):
            room_id = await alice.create_room(f"lobby {next(_names)}")
            await bob.join(room_id)

        def of_room() -> list[Json]:
            return [one.body for one in phone.received if room_id in one.body["click"]]

        await say(alice, room_id, "unread", bob)
        await until(of_room, "the other")
        (body,) = of_room()
        assert body["click"].endswith("/2")
        assert body["message"] == "mentioned you"


async def _is_read_in_time(alice: Person, bob: Person, room_id: str) -> bool:
    """Whether he had read what she says before it could be pushed; else all of it was held up."""
    began = system_clock()
    await say(alice, room_id, "read", bob)
    async with bob.socket() as socket:
        await socket.ask("chat.read", room_id=room_id, seq=1)
        await socket.settle()
    return system_clock() - began < DELAY_S * 1000


# ── what becomes of it ───────────────────────────────────────────────────────────────────────────


async def test_what_is_not_taken_is_tried_again(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone)
    phone.answer = says(503)
    await say(alice, room_id, "one", bob)
    await until(lambda: len(phone.received) >= 3, "a third try")
    phone.answer = None
    tried = len(phone.received)
    await until(lambda: len(phone.received) > tried, "the last try")

    assert (await became(http, server, "delivered"))["retried"] >= 3
    assert len({one.body["click"] for one in phone.received}) == 1


async def test_what_is_refused_is_not(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone)
    phone.answer = says(403)
    await say(alice, room_id, "one", bob)
    await became(http, server, "refused")
    phone.answer = None
    await say(alice, room_id, "two", bob)
    await until(lambda: len(phone.received) >= 2, "the next one")
    assert phone.received[1].body["click"].endswith("/2")


async def test_what_waits_of_a_room_is_one_push(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone)
    with _held_up(phone):
        for word in ("one", "two", "three"):
            await say(alice, room_id, word, bob)
    await until(lambda: "mentioned you (and 2 more)" in phone.texts, "all three")
    phone.answer = None
    tried = len(phone.received)
    await until(lambda: len(phone.received) > tried, "the one that is taken")
    assert phone.received[-1].body["click"].endswith("/3")


@contextmanager
def _held_up(phone: PushServer) -> Iterator[None]:
    """The first push is on its way until all is said: who tries in vain tries ever less often."""
    all_said = asyncio.Event()

    async def answer(_request: web.Request) -> web.StreamResponse:
        await all_said.wait()
        return web.Response(status=503)

    phone.answer = answer
    yield
    all_said.set()


async def test_only_so_many_wait(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone, rooms=True)
    with _held_up(phone):
        async with alice.socket() as socket:
            for number in range(60):
                await socket.say(room_id, f"message {number}")
    await until(lambda: phone.texts[-1:] == ["wrote (and 49 more)"], "as many as may wait")
    assert (await became(http, server, "dropped"))["dropped"] >= 1


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_what_waits_survives_a_restart(
    http: aiohttp.ClientSession, tmp_path: Path, phone: PushServer, how: str
) -> None:
    with running_server(tmp_path / "data", **settings(phone, MESH_PUSH_RETRY_S="1")) as server:
        alice, bob, room_id = await two(http, server)
        await ntfy(bob, phone)
        phone.answer = says(503)
        await say(alice, room_id, "one", bob)
        await until(lambda: phone.received, "the first try")
        if how == "stop":
            assert server.stop() == 0
        else:
            server.kill()
        phone.answer = None
        tried = len(phone.received)
        server.start()
        await until(lambda: len(phone.received) > tried, "the try after the restart")
        assert phone.received[-1].body["click"].endswith("/1")


async def test_what_was_said_just_before_the_end_is_pushed_after_it(
    http: aiohttp.ClientSession, tmp_path: Path, phone: PushServer
) -> None:
    """Nothing is queued yet: the log knows it."""
    with running_server(tmp_path / "data", **settings(phone, MESH_PUSH_DELAY_S=str(DELAY_S))) as server:
        alice, bob, room_id = await two(http, server)
        await ntfy(bob, phone)
        await say(alice, room_id, "before", bob)
        await until(lambda: phone.received, "the first one, with which a place in the log is known")
        while True:
            began, pushed = system_clock(), len(phone.received)
            said = await say(alice, room_id, "one", bob)
            server.kill()
            if system_clock() - began < DELAY_S * 1000:
                break
            server.start()  # all of it was held up, and it may have been pushed before the end
            alice.url = server.url
        assert len(phone.received) == pushed
        server.start()
        await until(lambda: phone.received[-1].body["click"].endswith(f"/{said['seq']}"), "the push")


async def test_a_dead_push_server_holds_up_nobody_elses(
    http: aiohttp.ClientSession, tmp_path: Path, phone: PushServer
) -> None:
    async with push_server() as dead:
        dead.answer = never
        with running_server(tmp_path / "data", **settings(phone, dead)) as server:
            alice, bob, room_id = await two(http, server)
            for number in range(4):
                await ntfy(bob, dead, topic=f"dead-{number}")
            await ntfy(bob, phone)
            await say(alice, room_id, "one", bob)
            await until(lambda: phone.received, "the living one")
            await until(lambda: len(dead.received) >= 4, "the dead ones")
            assert (await say(alice, room_id, "two", bob))["seq"] == 2
            await until(lambda: len(phone.received) >= 2, "the next one")
            assert len(dead.received) == 4
            assert server.stop() == 0


async def test_it_gives_up_in_the_end(http: aiohttp.ClientSession, tmp_path: Path, phone: PushServer) -> None:
    with running_server(tmp_path / "data", **settings(phone, MESH_PUSH_GIVE_UP_S="1")) as server:
        alice, bob, room_id = await two(http, server)
        await ntfy(bob, phone)
        phone.answer = says(500)
        await say(alice, room_id, "one", bob)
        await became(http, server, "given_up")
        assert (await bob.call("GET", "/api/push/targets"))["targets"][0]["state"] == "unreachable"
        phone.answer = None
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await outcomes(http, server)).get("delivered"):
                await say(alice, room_id, "two", bob)
                while not _ended(await outcomes(http, server)) > _ended(found):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        assert phone.texts[-1].startswith("mentioned you")


def _ended(found: dict[str, float]) -> float:
    """How many pushes wait no more; one that a busy machine holds up for so long is given up, too."""
    return found.get("delivered", 0) + found.get("given_up", 0)


async def test_who_left_a_room_hears_no_more_of_it(
    http: aiohttp.ClientSession, server: ServerProcess, phone: PushServer
) -> None:
    alice, bob, room_id = await two(http, server)
    await ntfy(bob, phone)
    phone.answer = says(503)
    await say(alice, room_id, "one", bob)
    await until(lambda: phone.received, "the first try")
    await bob.call("POST", f"/api/rooms/{room_id}/leave")
    await became(http, server, "dropped")


@pytest.mark.parametrize("entry", ["ntfy.sh", "https://ntfy.sh 10.0.0.1/8", "http://127.1 127.0.0.0/8"])
def test_a_list_that_cannot_be(tmp_path: Path, entry: str) -> None:
    with (
        pytest.raises(AssertionError, match=r"push\.allowed"),
        running_server(tmp_path / "data", MESH_PUSH_ALLOWED=entry),
    ):
        pass
