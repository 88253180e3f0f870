"""Limits as a client meets them: a real server with small ones, behind a proxy that is this test."""

import asyncio
import contextlib
import gzip
import itertools
import zlib
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Person, call, refused, register, throttled

_names = itertools.count(1)
HOURLY = {
    "MESH_LIMITS_SEARCH": "3/h",
    "MESH_LIMITS_OPEN": "2/h",
    "MESH_LIMITS_TYPING": "5/h",
    "MESH_LIMITS_SEND": "5/h",
    "MESH_LIMITS_EXCESS": "20/h",
    "MESH_LIMITS_ADDRESS_FACTOR": "2",
    "MESH_LIMITS_CONNECTIONS_PER_ADDRESS": "3",
    "MESH_LIMITS_CONNECTIONS_PER_USER": "2",
    "MESH_LIMITS_FRAME_BYTES": "20000",
    "MESH_LIMITS_BODY_BYTES": "2000",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("limits") / "data"
    # Who is told goodbye while they send is heard out, however long a busy machine makes them take.
    patient = {"MESH_CLOSE_TIMEOUT_S": str(2 * PATIENCE_S)}
    with running_server(folder, MESH_TRUSTED_PROXIES="127.0.0.1", **patient, **HOURLY) as running:
        yield running


def somewhere() -> str:
    """An address that nobody has come from before."""
    return f"198.51.{next(_names)}.1"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"X-Forwarded-For": somewhere()}) as session:
        yield session


@pytest.fixture
async def alice(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"alice.{next(_names)}")


@pytest.fixture
async def bob(server: ServerProcess, http: aiohttp.ClientSession) -> Person:
    return await register(http, server.url, f"bob.{next(_names)}")


async def metric(server: ServerProcess, line: str) -> float:
    """Of the metrics, the value of the one line that begins so; 0 where there is none."""
    async with (
        aiohttp.ClientSession(headers={"X-Forwarded-For": somewhere()}) as http,
        http.get(f"{server.url}/metrics") as response,
    ):
        text = await response.text()
    return sum(float(found.rpartition(" ")[2]) for found in text.splitlines() if found.startswith(line))


# ── calls ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_device_that_asks_too_often_is_told_when_to_come_back(
    server: ServerProcess, alice: Person, bob: Person
) -> None:
    before = await metric(server, 'mesh_rate_limited_total{by="device",kind="search"}')
    for _ in range(3):
        await alice.call("GET", "/api/search", q="soup")
    headers = {"Authorization": f"Bearer {alice.token}"}
    async with alice.http.get(f"{server.url}/api/search?q=soup", headers=headers) as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (429, "rate.limited")
        assert 1 <= int(response.headers["Retry-After"]) <= 1200
        assert 0 < error["retry_after"] <= 1201
    await alice.call("GET", "/api/rooms")  # another kind
    await bob.call("GET", "/api/search", q="soup")  # another person at the same address
    after = await metric(server, 'mesh_rate_limited_total{by="device",kind="search"}')
    assert after == before + 1


async def test_an_address_is_limited_whoever_it_claims_to_be(server: ServerProcess) -> None:
    here = somewhere()
    async with aiohttp.ClientSession() as http:

        async def ask(forwarded_for: str) -> int:
            async with http.get(
                f"{server.url}/api/version", headers={"X-Forwarded-For": forwarded_for}
            ) as response:
                return response.status

        assert [await ask(f"{somewhere()}, {here}") for _ in range(4)] == [200] * 4
        assert await ask(f"{somewhere()}, {here}") == 429
        assert await ask(somewhere()) == 200
        network = f"2001:db8:{next(_names)}:1"
        assert [await ask(f"{network}::{number}") for number in range(1, 6)] == [200] * 4 + [429]


async def test_a_strangers_flood_does_not_reach_the_accounts(server: ServerProcess) -> None:
    """A call is refused by its address before anyone looks at its token."""
    async with aiohttp.ClientSession(headers={"X-Forwarded-For": somewhere()}) as http:
        for _ in range(6):
            await refused(401, "auth.invalid_token", call(http, server.url, "GET", "/api/search", token="x"))
        await refused(429, "rate.limited", call(http, server.url, "GET", "/api/search", token="x"))


async def test_the_log_names_the_client_and_not_the_proxy(server: ServerProcess) -> None:
    here = somewhere()
    async with aiohttp.ClientSession(headers={"X-Forwarded-For": here}) as http:
        await call(http, server.url, "GET", "/api/version")
    await until(lambda: f'"address": "{here}"' in server.log_text())


async def test_wrong_passwords_count_for_the_client_and_not_for_the_proxy(
    server: ServerProcess, alice: Person
) -> None:
    """Told apart from the other limits, and no stranger keeps the owner out."""
    body = {"username": alice.name, "password": "wrong"}
    async with aiohttp.ClientSession(headers={"X-Forwarded-For": somewhere()}) as stranger:
        for _ in range(5):
            await refused(
                401,
                "auth.invalid_credentials",
                call(stranger, server.url, "POST", "/api/auth/login", body),
            )
        error = await throttled(stranger, server.url, body)
        assert error["message"].startswith("Too many tries")
    right = {"username": alice.name, "password": "password123"}
    await call(alice.http, server.url, "POST", "/api/auth/login", right)
    assert await metric(server, "mesh_sign_ins_throttled_total") >= 1


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
async def test_a_compressed_body_is_refused_and_never_inflated(
    server: ServerProcess, http: aiohttp.ClientSession, encoding: str
) -> None:
    bomb = gzip.compress(b'{"username":"' + b"a" * 10_000_000)
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    async with http.post(f"{server.url}/api/auth/login", data=bomb, headers=headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (415, "body.unsupported_type")


async def test_a_server_may_take_smaller_bodies_and_frames(server: ServerProcess, alice: Person) -> None:
    body = {"name": "x", "topic": "x" * 3000}
    await refused(413, "body.too_large", alice.call("POST", "/api/rooms", body))
    async with alice.socket() as socket:
        assert socket.welcome["limits"]["frame_bytes"] == 20_000
        await socket.wire.send_str("x" * 20_001)
        assert await socket.closed() == 4413
        assert socket.seen[-1]["code"] == "frame.too_large"


async def test_a_compressed_frame_is_not_inflated(server: ServerProcess) -> None:
    """No extension is agreed on, whatever is asked for, and a frame that claims one ends the connection."""
    where = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: mesh\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b"A" * 22 + b"==\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    )
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        assert b"extensions" not in head.lower()
        deflated = zlib.compress(b"x" * 10_000, wbits=-15)
        writer.write(bytes([0xC1, 0x80 | len(deflated)]) + b"\0\0\0\0" + deflated)  # RSV1 is set
        opcode, size = await reader.readexactly(2)
        code = int.from_bytes((await reader.readexactly(size))[:2], "big")
    writer.close()
    assert (opcode, code) == (0x88, 1002)


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


async def test_messages_over_the_rate_are_refused_and_the_connection_stays(
    server: ServerProcess, alice: Person, bob: Person
) -> None:
    room_id = await alice.create_room(f"Room {next(_names)}")
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        answers = [await hers.say(room_id, f"number {number}") for number in range(7)]
        assert [answer["type"] for answer in answers] == ["chat.message.ack"] * 5 + ["system.error"] * 2
        assert answers[5]["code"] == "rate.limited"
        assert 0 < answers[5]["retry_after"] <= 721
        assert (await hers.ask("system.ping"))["type"] == "system.pong"
        assert (await his.say(room_id, "I may"))["type"] == "chat.message.ack"


async def test_who_keeps_at_it_is_closed_with_4429(server: ServerProcess, alice: Person, bob: Person) -> None:
    room_id = await alice.create_room(f"Room {next(_names)}")
    await bob.join(room_id)
    async with alice.socket() as hers, bob.socket() as his:
        for _ in range(40):
            await hers.send("chat.typing", room_id=room_id)
        assert await hers.closed() == 4429
        assert {message["code"] for message in hers.seen if "code" in message} == {"rate.limited"}
        assert (await his.ask("system.ping"))["type"] == "system.pong"


async def test_what_is_said_before_a_hello_is_counted_too(server: ServerProcess, alice: Person) -> None:
    async with alice.socket(hello=False) as socket:
        for _ in range(200):
            await socket.send("system.ping")
        assert await socket.closed() == 4429


# ── connections ──────────────────────────────────────────────────────────────────────────────────


async def test_a_person_has_so_many_connections(server: ServerProcess, alice: Person, bob: Person) -> None:
    async with alice.socket(), alice.socket() as second:
        async with alice.socket(hello=False) as third:
            assert (await third.hello())["code"] == "rate.limited"
            assert await third.closed() == 4429
        await until_welcome(bob)
        assert (await second.ask("system.ping"))["type"] == "system.pong"
    await until_welcome(alice)


async def until_welcome(person: Person) -> None:
    """The server notices in its own time that a connection is gone, of theirs or of their address."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.WSServerHandshakeError):
                async with person.socket(hello=False) as socket:
                    if (await socket.hello())["type"] == "system.welcome":
                        return


async def test_an_address_has_so_many_connections(server: ServerProcess, alice: Person) -> None:
    async with alice.socket(hello=False), alice.socket(hello=False), alice.socket(hello=False):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with alice.socket(hello=False):
                raise AssertionError
        assert caught.value.status == 429
        assert caught.value.headers is not None
        assert int(caught.value.headers["Retry-After"]) > 0
        async with (
            aiohttp.ClientSession(headers={"X-Forwarded-For": somewhere()}) as elsewhere,
            Person(server.url, elsewhere, alice.session).socket() as socket,
        ):
            assert socket.welcome["type"] == "system.welcome"
