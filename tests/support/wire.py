"""A client that knows the contract and nothing of the implementation: dicts over REST and WebSocket."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.support import contract
from tests.support.conditions import PATIENCE_S

Json = dict[str, Any]
PASSWORD = "password123"  # the story's own


class Refused(AssertionError):
    """The server answered with an error. Attributes: status, code, body."""

    def __init__(self, status: int, body: Json) -> None:
        self.status, self.body = status, body
        self.code = body["error"]["code"]
        super().__init__(f"{status} {body}")


@dataclass
class Person:
    """Someone signed in, with the calls they make."""

    url: str
    http: aiohttp.ClientSession
    session: Json

    @property
    def name(self) -> str:
        return str(self.session["user"]["username"])

    @property
    def user_id(self) -> str:
        return str(self.session["user"]["id"])

    @property
    def token(self) -> str:
        return str(self.session["access_token"])

    async def call(self, method: str, path: str, body: Json | None = None, **query: Any) -> Any:
        return await call(self.http, self.url, method, path, body, token=self.token, **query)

    async def create_room(self, name: str = "Test Chat", **more: str) -> str:
        room = await self.call("POST", "/api/rooms", {"name": name, **more})
        return str(room["id"])

    async def join(self, room_id: str) -> None:
        await self.call("POST", f"/api/rooms/{room_id}/join")

    @asynccontextmanager
    async def socket(self, *, hello: bool = True, **more: Any) -> AsyncIterator["Socket"]:
        """A WebSocket; with `hello` it has been welcomed already. `more` goes into the hello."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.ws_connect(
            f"{self.url}/ws",
            headers=headers,
            protocols=["mesh.v1.json"],
            max_msg_size=1 << 21,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        ) as wire:
            socket = Socket(wire)
            if hello:
                await socket.hello(**more)
            yield socket


async def call(
    http: aiohttp.ClientSession,
    url: str,
    method: str,
    path: str,
    body: Json | None = None,
    *,
    token: str = "",
    **query: Any,
) -> Any:
    """The decoded answer, None where there is no body; it is as the document says. Raises: Refused."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.request(method, url + path, json=body, params=query, headers=headers) as response:
        raw = await response.read()
        contract.check(method, path, body, response.status, response.content_type, raw, query=query)
        answer = json.loads(raw) if raw else None
        if response.status >= 400:
            raise Refused(response.status, answer or {})
        return answer


async def refused(status: int, code: str, asking: Awaitable[Any]) -> Json:
    """The error that `asking` ends in, once it is as the contract says."""
    with pytest.raises(Refused) as caught:
        await asking
    assert (caught.value.status, caught.value.code) == (status, code)
    error: Json = caught.value.body["error"]
    assert error["message"].endswith(".")
    assert error["request_id"]
    return error


async def throttled(http: aiohttp.ClientSession, url: str, wrong: Json) -> Json:
    """The error of a guess, past the free ones, that has to wait.

    Each guess makes the next one wait for longer. One that is held up for as long as that is in time.
    """
    for _ in range(5):
        async with http.post(f"{url}/api/auth/login", json=wrong) as response:
            error: Json = (await response.json())["error"]
            if response.status != 401:
                assert (response.status, error["code"]) == (429, "rate.limited")
                assert 0 < error["retry_after"] <= int(response.headers["Retry-After"])
                return error
    raise AssertionError("nobody has to wait")


async def register(http: aiohttp.ClientSession, url: str, name: str, **more: str) -> Person:
    body = {"username": name, "password": PASSWORD, **more}
    return Person(url, http, await call(http, url, "POST", "/api/auth/register", body))


@dataclass
class Socket:
    """One connection. What is not waited for stays in `seen`, in order."""

    wire: aiohttp.ClientWebSocketResponse
    seen: list[Json] = field(default_factory=list)
    welcome: Json = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def hello(self, **more: Any) -> Json:
        self.welcome = await self.ask("system.hello", version=1, **more)
        return self.welcome

    async def send(self, type_: str, **fields: Any) -> None:
        await self.wire.send_json({"type": type_, **fields})

    async def ask(self, type_: str, **fields: Any) -> Json:
        """Sends a request and waits for its answer, which may be a `system.error`."""
        id_ = next(self._ids)
        await self.send(type_, id=id_, **fields)
        return await self.wait(lambda message: message.get("re") == id_)

    async def say(self, room_id: str, content: str, nonce: str | None = None) -> Json:
        nonce = nonce or f"nonce-{content}"
        return await self.ask("chat.message.send", room_id=room_id, nonce=nonce, content=content)

    async def receive(self) -> Json:
        """The next message. Raises: ConnectionError where the socket was closed instead."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.wire.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"closed with {self.wire.close_code}")
        message: Json = frame.json()
        return message

    async def wait(self, wanted: str | Callable[[Json], bool]) -> Json:
        """The first message of a type, or that `wanted` accepts, among those seen and those to come."""

        def fits(message: Json) -> bool:
            return message["type"] == wanted if isinstance(wanted, str) else wanted(message)

        for number, message in enumerate(self.seen):
            if fits(message):
                return self.seen.pop(number)
        while True:
            message = await self.receive()
            if fits(message):
                return message
            self.seen.append(message)

    async def settle(self) -> list[Json]:
        """Everything that arrived before the answer to a ping sent now; forgets it."""
        await self.ask("system.ping")
        seen, self.seen = self.seen, []
        return seen

    async def settle_room(self) -> list[Json]:
        """As `settle`, without who came and went meanwhile: that is told whenever it is noticed."""
        return [message for message in await self.settle() if message["type"] != "presence.update"]

    async def closed(self) -> int | None:
        """Reads until the server closes; the close code."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self.wire.receive()
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self.seen.append(frame.json())
                elif frame.type in (
                    aiohttp.WSMsgType.CLOSE,
                    aiohttp.WSMsgType.CLOSING,
                    aiohttp.WSMsgType.CLOSED,
                    aiohttp.WSMsgType.ERROR,
                ):
                    return self.wire.close_code
