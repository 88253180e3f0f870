"""Pushes over HTTP: what push servers are told, what is made of their answers, and where no push goes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mesh_server.push_gateway import PushGateway, system_lookup
from mesh_server.services.push_addresses import AllowList
from mesh_server.services.push_targets import Notice, Outcome
from mesh_server.store.base import PushTargetRecord
from tests.support.conditions import PATIENCE_S
from tests.support.push_servers import PushServer, endless, never, push_server, says

NOTICE = Notice("alice in lobby", "mentioned you ☕", "mesh://chat.example.org/rooms/r/7")


@pytest.fixture
async def server() -> AsyncIterator[PushServer]:
    async with push_server() as running:
        yield running


def target(url: str, **changes: Any) -> PushTargetRecord:
    fields: dict[str, Any] = {
        "id": "phone",
        "user_id": "bob",
        "kind": "gotify",
        "url": url,
        "topic": "",
        "token": "secret",
        "name": "phone",
        "mentions": True,
        "dms": True,
        "rooms": False,
        "text": False,
        "created_at": 0,
    }
    return PushTargetRecord(**(fields | changes))


async def send(
    url: str,
    *allowed: str,
    timeout_s: float = PATIENCE_S,
    addresses: dict[str, list[str]] | None = None,
    asked: list[str] | None = None,
    **changes: Any,
) -> Outcome:
    """Through a gateway of its own; names lead where `addresses` says, `asked` gets what was looked up."""

    async def lookup(host: str, _port: int) -> list[str]:
        if asked is not None:
            asked.append(host)
        if addresses is None or host not in addresses:
            raise OSError("no such name")
        return addresses[host]

    gateway = PushGateway(AllowList(allowed), timeout_s=timeout_s, lookup=lookup)
    try:
        return await gateway.deliver(target(url, **changes), NOTICE)
    finally:
        await gateway.close()


async def to(server: PushServer, **more: Any) -> Outcome:
    return await send(server.url, f"{server.url} 127.0.0.0/8", **more)


# ── what they are told ───────────────────────────────────────────────────────────────────────────


async def test_gotify(server: PushServer) -> None:
    assert await to(server) == Outcome("delivered")
    (got,) = server.received
    assert (got.path, got.headers["X-Gotify-Key"]) == ("/message", "secret")
    assert (got.body["title"], got.body["message"]) == (NOTICE.title, NOTICE.text)
    assert got.body["extras"]["client::notification"]["click"]["url"] == NOTICE.link
    assert "Cookie" not in got.headers


async def test_one_that_was_closed_is_good_again(server: PushServer) -> None:
    """Pushes are sent by one node at a time: who has stopped may have to begin again."""
    gateway = PushGateway(AllowList((f"{server.url} 127.0.0.0/8",)), timeout_s=PATIENCE_S)
    for _ in range(2):
        assert await gateway.deliver(target(server.url), NOTICE) == Outcome("delivered")
        await gateway.close()
    await gateway.close()


async def test_ntfy(server: PushServer) -> None:
    assert await to(server, kind="ntfy", topic="my-topic") == Outcome("delivered")
    (got,) = server.received
    assert (got.path, got.headers["Authorization"]) == ("/", "Bearer secret")
    assert got.body == {
        "topic": "my-topic",
        "title": NOTICE.title,
        "message": NOTICE.text,
        "click": NOTICE.link,
    }


async def test_ntfy_without_a_token(server: PushServer) -> None:
    assert await to(server, kind="ntfy", topic="my-topic", token="") == Outcome("delivered")
    assert "Authorization" not in server.received[0].headers


async def test_below_a_path(server: PushServer) -> None:
    allowed = f"{server.url}/push 127.0.0.0/8"
    assert await send(f"{server.url}/push/gotify", allowed) == Outcome("delivered")
    assert server.received[0].path == "/push/gotify/message"


# ── what is made of their answers ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome("delivered")),
        (204, Outcome("delivered")),
        (400, Outcome("refused")),
        (401, Outcome("refused")),
        (404, Outcome("refused")),
        (408, Outcome("unreachable", retry=True)),
        (429, Outcome("unreachable", retry=True)),
        (500, Outcome("unreachable", retry=True)),
        (503, Outcome("unreachable", retry=True)),
    ],
)
async def test_answers(server: PushServer, status: int, outcome: Outcome) -> None:
    server.answer = says(status)
    assert await to(server) == outcome


@pytest.mark.parametrize(("header", "wait"), [("7", 7.0), ("999999999", 3_600.0), ("soon", 0.0), ("-1", 0.0)])
async def test_when_to_come_back(server: PushServer, header: str, wait: float) -> None:
    server.answer = says(429, **{"Retry-After": header})
    assert await to(server) == Outcome("unreachable", retry=True, retry_after=wait)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(server: PushServer, status: int) -> None:
    async with push_server() as inside:
        server.answer = says(status, Location=f"{inside.url}/message")
        assert await to(server) == Outcome("refused")
        assert inside.received == []


async def test_one_that_says_nothing(server: PushServer) -> None:
    server.answer = never
    assert await to(server, timeout_s=0.1) == Outcome("unreachable", retry=True)


async def test_one_that_does_not_end(server: PushServer) -> None:
    """Its status is all that is read."""
    server.answer = endless
    async with asyncio.timeout(PATIENCE_S):
        assert await to(server) == Outcome("delivered")


async def test_one_that_is_not_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and listens to no one, and so does nobody else
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        assert await send(url, f"{url} 127.0.0.0/8") == Outcome("unreachable", retry=True)


@pytest.mark.parametrize("line", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000])
async def test_what_is_no_http(line: bytes) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        assert await send(url, f"{url} 127.0.0.0/8") == Outcome("unreachable", retry=True)


# ── where no push goes ───────────────────────────────────────────────────────────────────────────


async def test_what_is_not_on_the_list(server: PushServer) -> None:
    """Also where it was, when the user chose it."""
    assert await send(server.url, "https://ntfy.example.org") == Outcome("refused")
    assert await send(server.url) == Outcome("refused")
    assert server.received == []


async def test_this_machine_by_its_address(server: PushServer) -> None:
    assert await send(server.url, server.url) == Outcome("refused")
    assert server.received == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["1.1.1.1", "127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["10.0.0.1"],
        [],
    ],
)
async def test_a_name_that_leads_inside(server: PushServer, addresses: list[str]) -> None:
    url = server.url.replace("127.0.0.1", "push.example")
    assert await send(url, url, addresses={"push.example": addresses}) == Outcome("refused")
    assert server.received == []


async def test_a_name_that_leads_nowhere() -> None:
    asked: list[str] = []
    url = "https://push.example"
    assert await send(url, url, asked=asked) == Outcome("unreachable", retry=True)
    assert asked == ["push.example"]


async def test_a_name_is_looked_up_once(server: PushServer) -> None:
    """It cannot lead elsewhere between the look and the connection: that goes to what was looked at."""
    url, asked = server.url.replace("127.0.0.1", "push.example"), list[str]()
    outcome = await send(url, f"{url} 127.0.0.0/8", addresses={"push.example": ["127.0.0.1"]}, asked=asked)
    assert outcome == Outcome("delivered")
    assert asked == ["push.example"]
    assert server.received[0].headers["Host"].startswith("push.example:")


async def test_a_name_of_this_machines_own(server: PushServer) -> None:
    """Looked up as the system does it."""
    url = server.url.replace("127.0.0.1", "localhost")
    for allowed, outcome in ((url, "refused"), (f"{url} 127.0.0.0/8 ::1", "delivered")):
        gateway = PushGateway(AllowList([allowed]), timeout_s=PATIENCE_S)
        assert (await gateway.deliver(target(url), NOTICE)).state == outcome
        await gateway.close()
    assert len(server.received) == 1


@pytest.mark.parametrize("host", ["x" * 300, "a..b"])
async def test_a_name_that_is_none(host: str) -> None:
    with pytest.raises(OSError):
        await system_lookup(host, 80)


async def test_no_proxy_is_asked(server: PushServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await to(server) == Outcome("delivered")
