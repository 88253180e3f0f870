"""What a REST call refuses: each kind has its own code, and harms nobody."""

import asyncio
import contextlib
import gzip
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support import contract
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Person, call, register

JSON = {"Content-Type": "application/json"}
BODY_BYTES = 64 * 1024
_numbers = itertools.count(1001)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("bad") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    return await register(http, server.url, f"alice-{next(_numbers)}")


class Asker:
    """Sends what a good client would not, and tells what comes back."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http, self._url, self._token = http, url, token

    async def __call__(
        self, method: str, path: str, *, token: str | None = None, **more: Any
    ) -> tuple[int, str]:
        """Status and error code."""
        bearer = self._token if token is None else token
        headers = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **more.pop("headers", {})}
        async with self._http.request(method, self._url + path, headers=headers, **more) as response:
            assert response.headers["X-Request-Id"]
            raw = await response.read()
            contract.check(method, path, more.get("json"), response.status, response.content_type, raw)
            body = json.loads(raw) if raw else {}
            return response.status, body.get("error", {}).get("code", "")


@pytest.fixture
async def ask(alice: Person) -> AsyncIterator[Asker]:
    asker = Asker(alice.http, alice.url, alice.token)
    yield asker
    assert await asker("GET", "/api/auth/me") == (200, "")  # whatever came before, the next call is served


# ── addresses, methods, who asks ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/nothing", "/api/rooms/", "/api/rooms/x/nothing", "/..%2f", "/%ff"]
)
async def test_there_is_nothing_at_this_address(ask: Asker, path: str) -> None:
    assert await ask("GET", path) == (404, "request.not_found")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/auth/login"), ("PUT", "/api/rooms"), ("POST", "/livez")]
)
async def test_this_method_is_not_taken(ask: Asker, method: str, path: str) -> None:
    assert await ask(method, path) == (405, "request.method_not_allowed")


async def test_which_methods_are_taken_is_said(http: aiohttp.ClientSession, server: ServerProcess) -> None:
    async with http.put(f"{server.url}/api/auth/me") as response:
        assert {"GET", "PATCH"} <= set(response.headers["Allow"].split(","))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "auth.required"),
        ({"Authorization": ""}, "auth.required"),
        ({"Authorization": "Bearer"}, "auth.required"),
        ({"Authorization": "Basic YWxpY2U6cGFzc3dvcmQxMjM="}, "auth.required"),
        ({"Authorization": "Bearer nonsense"}, "auth.invalid_token"),
        ({"Authorization": "Bearer a.b.c"}, "auth.invalid_token"),
        ({"Authorization": "Bearer é"}, "auth.invalid_token"),
        ({"Authorization": "Bearer " + "x" * 5_000}, "auth.invalid_token"),
    ],
)
async def test_who_asks_is_not_known(ask: Asker, header: dict[str, str], code: str) -> None:
    for method, path in (("GET", "/api/auth/me"), ("POST", "/api/rooms"), ("GET", "/api/rooms/x/messages")):
        assert await ask(method, path, token="", headers=header) == (401, code)


async def test_a_token_in_the_address_is_no_token(ask: Asker, alice: Person) -> None:
    assert await ask("GET", f"/api/auth/me?token={alice.token}", token="") == (401, "auth.required")


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "nonsense"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_a_body_of_another_type(ask: Asker, headers: dict[str, str]) -> None:
    body = json.dumps({"name": "room"}).encode()
    if "Content-Encoding" in headers:
        body = gzip.compress(body)
    assert await ask("POST", "/api/rooms", data=body, headers=headers) == (415, "body.unsupported_type")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b'{"name": "a"} x', b"\xff\xfe", b'{"name": "\\ud800"}', b'{"x":' * 10_000],
)
async def test_a_body_that_is_not_json(ask: Asker, body: bytes) -> None:
    assert await ask("POST", "/api/rooms", data=body, headers=JSON) == (400, "body.malformed")


@pytest.mark.parametrize(
    "body",
    [
        [],
        "room",
        {},
        {"name": None},
        {"name": 7},
        {"name": ["room"]},
        {"name": "room", "topic": {}},
        {"name": "room", "visibility": "secret"},
        {"name": "x" * 4_097},
    ],
)
async def test_a_field_that_is_missing_or_of_another_type(ask: Asker, body: Any) -> None:
    assert await ask("POST", "/api/rooms", json=body) == (422, "body.invalid")


async def test_a_field_that_nobody_knows_is_nobodys_business(ask: Asker) -> None:
    body = {"name": f"room {next(_numbers)}", "colour": "green"}
    assert await ask("POST", "/api/rooms", json=body) == (201, "")


async def test_a_body_that_is_too_large(ask: Asker) -> None:
    fits = json.dumps({"username": "a", "password": "x"}).ljust(BODY_BYTES).encode()
    assert await ask("POST", "/api/auth/login", data=fits, headers=JSON) == (401, "auth.invalid_credentials")
    assert await ask("POST", "/api/auth/login", data=fits + b" ", headers=JSON) == (413, "body.too_large")


async def test_a_body_that_is_too_large_and_does_not_say_so(ask: Asker) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_024

    # The server may hang up while this end is still sending, which is as good.
    with contextlib.suppress(aiohttp.ClientConnectionError):
        assert await ask("POST", "/api/auth/login", data=endless(), headers=JSON) == (413, "body.too_large")


@contextlib.asynccontextmanager
async def line_to(server: ServerProcess) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield reader, writer
    finally:
        writer.close()


CHUNKED = (
    b"POST /api/auth/login HTTP/1.1\r\nHost: mesh\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n"
)


@pytest.mark.parametrize("chunk", [b"zz\r\nxx\r\n", b"-1\r\n\r\n", b"2\r\n{}x\r\n"])
async def test_chunks_that_are_none(ask: Asker, server: ServerProcess, chunk: bytes) -> None:
    async with line_to(server) as (reader, writer):
        writer.write(CHUNKED + b"\r\n" + chunk)
        assert (await reader.readline()).split()[1] == b"400"


async def test_who_hangs_up_in_the_middle_of_a_body(ask: Asker, server: ServerProcess) -> None:
    async with line_to(server) as (reader, writer):
        writer.write(CHUNKED + b"Expect: 100-continue\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"2\r\n{")


async def test_who_hangs_up_is_no_failure_of_the_servers(server: ServerProcess) -> None:
    logged = len(server.log_text())
    async with line_to(server) as (reader, writer):
        writer.write(CHUNKED + b"Expect: 100-continue\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
    await until(lambda: '"status": 499' in server.log_text()[logged:], "the request to be logged")
    assert '"error"' not in server.log_text()[logged:]


async def test_what_is_not_http(ask: Asker, server: ServerProcess) -> None:
    async with line_to(server) as (reader, writer):
        writer.write(b"\x16\x03\x01\x02\x00 nonsense\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"400"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/search?q=" + b"x" * 9_000 + b" HTTP/1.1",
        b"GET / HTTP/7",
        b"GET / HTTP/1.1\r\nnonsense",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000,
        b"GET / HTTP/1.1\r\nContent-Length: -1",
    ],
)
async def test_bad_http_does_not_fill_the_log(server: ServerProcess, line: bytes) -> None:
    logged = len(server.log_text())
    async with line_to(server) as (reader, writer):
        writer.write(line + b"\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"400"
        await reader.read()
    assert server.log_text()[logged:] == ""


# ── names, passwords ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "", "password": PASSWORD}, 422, "auth.invalid_username"),
        ({"username": "a b", "password": PASSWORD}, 422, "auth.invalid_username"),
        ({"username": "x" * 33, "password": PASSWORD}, 422, "auth.invalid_username"),
        ({"username": "carol", "password": "x" * 7}, 422, "auth.invalid_password"),
        ({"username": "carol", "password": "x" * 1_025}, 422, "auth.invalid_password"),
        ({"username": "carol"}, 422, "body.invalid"),
        ({"username": "carol", "password": 12345678}, 422, "body.invalid"),
    ],
)
async def test_who_cannot_register(ask: Asker, body: dict[str, Any], status: int, code: str) -> None:
    assert await ask("POST", "/api/auth/register", token="", json=body) == (status, code)


async def test_a_name_that_looks_like_another_is_taken(ask: Asker, alice: Person) -> None:
    for name in (alice.name, alice.name.upper(), alice.name.replace("a", "\u0430"), f"\u202e{alice.name}"):
        body = {"username": name, "password": PASSWORD}
        assert await ask("POST", "/api/auth/register", token="", json=body) == (409, "auth.username_taken")


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    http: aiohttp.ClientSession, alice: Person
) -> None:
    answers = []
    for name in (alice.name, "nobody"):
        body = {"username": name, "password": "password124"}
        async with http.post(f"{alice.url}/api/auth/login", json=body) as response:
            error = (await response.json())["error"]
            answers.append((response.status, {**error, "request_id": ""}))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, "room.invalid_name"),
        ({"name": " \u202e\u200b "}, "room.invalid_name"),
        ({"name": "x" * 65}, "room.invalid_name"),
        ({"name": "room", "topic": "x" * 251}, "room.invalid_topic"),
    ],
)
async def test_a_room_that_cannot_be(ask: Asker, body: dict[str, str], code: str) -> None:
    assert await ask("POST", "/api/rooms", json=body) == (422, code)


async def test_a_room_that_looks_like_another_exists(ask: Asker, alice: Person) -> None:
    name = f"Test Chat {next(_numbers)}"
    await alice.create_room(name)
    for other in (name, name.upper(), name.replace("e", "\u0435"), f" {name}\u200b"):
        assert await ask("POST", "/api/rooms", json={"name": other}) == (409, "room.name_taken")


async def test_names_are_stored_without_what_cannot_be_seen(alice: Person) -> None:
    name = f"a\u0308 room {next(_numbers)}"
    room = await alice.call(
        "POST", "/api/rooms", {"name": f"\u202e{name}\u0000\x1b", "topic": "one\ntwo\u2066"}
    )
    assert (room["name"], room["topic"]) == (name.replace("a\u0308", "ä"), "one two")


@pytest.mark.parametrize("name", ["", "\u202e", "x" * 65])
async def test_a_display_name_that_cannot_be(ask: Asker, name: str) -> None:
    answer = await ask("PATCH", "/api/auth/me", json={"display_name": name})
    assert answer == (422, "auth.invalid_display_name")


# ── ids and queries ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("room_id", ["nothing", "x" * 2_000, "%00", "%F0%9F%98%80", "'%20OR%201=1--", "%ff"])
async def test_a_room_that_nobody_has(ask: Asker, room_id: str) -> None:
    for method, further in (
        ("GET", ""),
        ("POST", "/join"),
        ("POST", "/leave"),
        ("GET", "/members"),
        ("GET", "/messages"),
    ):
        assert await ask(method, f"/api/rooms/{room_id}{further}") == (404, "room.not_found")


@pytest.mark.parametrize("device_id", ["nothing", "%00", "%ff"])
async def test_a_device_that_nobody_has(ask: Asker, device_id: str) -> None:
    assert await ask("DELETE", f"/api/auth/devices/{device_id}") == (404, "auth.device_not_found")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=",
        "limit=ten",
        "limit=1e2",
        "limit=%D9%A1",
        "before=x",
        "after=-1",
        "around=1.5",
        "before=" + "9" * 30,
        "before=1&after=1",
        "before=1&around=1",
    ],
)
async def test_a_query_that_means_nothing(ask: Asker, alice: Person, query: str) -> None:
    room_id = await alice.create_room(f"room {next(_numbers)}")
    assert await ask("GET", f"/api/rooms/{room_id}/messages?{query}") == (422, "query.invalid")


async def test_a_scope_that_does_not_exist(ask: Asker) -> None:
    assert await ask("GET", "/api/rooms?scope=all") == (422, "query.invalid")


# ── what is written down ─────────────────────────────────────────────────────────────────────────


async def test_the_log_holds_no_secret_and_no_conversation(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A whole day of a server, good and bad, at its most talkative."""
    folder = tmp_path_factory.mktemp("log") / "data"
    secret, text = "correct horse battery", "a word in confidence"
    with running_server(folder, "--log-level", "debug") as server:
        async with aiohttp.ClientSession() as http:
            body = {"username": "alice", "password": secret}
            alice = Person(server.url, http, await call(http, server.url, "POST", "/api/auth/register", body))
            room_id = await alice.create_room("room")
            async with alice.socket() as socket:
                await socket.say(room_id, text)
                await socket.ask("chat.message.send", room_id="x", nonce="n", content=text)
                await socket.wire.send_str(text)
                await socket.wire.send_str(json.dumps({"type": "system.hello", "version": text}))
                await socket.settle()
            ask = Asker(http, server.url, alice.token)
            await ask("POST", "/api/auth/login", json={"username": "alice", "password": secret + "!"})
            await ask("POST", "/api/auth/login", json={"username": secret, "password": [secret]})
            await ask("POST", "/api/auth/login", data=secret.encode(), headers=JSON)
            await ask("GET", f"/api/auth/me?password={secret}")
            await ask("GET", f"/{secret}")
            await ask("GET", "/api/auth/me", token=alice.token[:-2])
            tokens = {"refresh_token": alice.session["refresh_token"]}
            again = await call(http, server.url, "POST", "/api/auth/refresh", tokens)
            await ask("POST", "/api/auth/refresh", json=tokens)
            # What is not HTTP is logged by the web framework, in its own words.
            broken = (
                f"GET / HTTP/1.1\r\nAuthorization: Bearer {alice.token}\x00\r\nBad Header: {secret}\r\n\r\n"
            )
            async with line_to(server) as (reader, writer):
                writer.write(broken.encode())
                assert (await reader.readline()).split()[1] == b"400"
        server.stop()
    log = server.log_text()
    assert '"request"' in log
    for line in log.splitlines():
        json.loads(line)
    hidden = [secret, text, secret.replace(" ", "%20"), secret.replace(" ", "+")]
    for session in (alice.session, again):
        hidden += [session["refresh_token"], session["access_token"], session["access_token"].split(".")[2]]
    assert [what for what in hidden if what in log] == []
