"""Push servers on this machine, which keep what they are given, and misbehave when they are told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: Json


@dataclass
class PushServer:
    """`answer` says what becomes of a push; without it, it is taken."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Answer | None = None

    @property
    def texts(self) -> list[str]:
        return [one.body["message"] for one in self.received]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append(Received(request.path, dict(request.headers), await request.json()))
        return web.json_response({"id": 1}) if self.answer is None else await self.answer(request)


@asynccontextmanager
async def push_server(port: int = 0) -> AsyncIterator[PushServer]:
    """One that takes everything, at any path."""
    server = PushServer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def says(status: int, **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return answer


async def never(_request: web.Request) -> web.StreamResponse:
    """It takes the push and says nothing."""
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    """It answers, and goes on and on."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)
