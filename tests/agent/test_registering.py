"""An account that was made after the client had given up is not lost to who made it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from mesh_agent.client.errors import LineLost
from mesh_agent.client.unanswered import MAYBE
from protocol.errors import UsernameTaken
from tests.agent.conftest import PASSWORD, OpenAgent
from tests.agent.strange import serving

OTHER = "another password"


class _Forgetful:
    """Stands before a real server and lets the first registration go unanswered.

    `passes_it_on`: the server hears of that one all the same.
    """

    def __init__(self, server: str, *, passes_it_on: bool) -> None:
        self._server = server
        self._passes_it_on = passes_it_on
        self.asked: list[str] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/api/{path:.*}", self._handle)
        async with aiohttp.ClientSession(auto_decompress=False) as self._http, serving(app) as url:
            yield url

    async def _handle(self, request: web.Request) -> web.Response:
        first = request.path.endswith("/register") and request.path not in self.asked
        self.asked.append(request.path)
        status, body = 200, b""
        if self._passes_it_on or not first:
            kind = {"Content-Type": request.content_type}
            url, data = self._server + request.path, await request.read()
            async with self._http.request(request.method, url, data=data, headers=kind) as answer:
                status, body = answer.status, await answer.read()
        if first:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status, body=body, content_type="application/json")


async def test_who_tries_again_after_no_answer_is_signed_in(
    open_agent: OpenAgent, shared_server: str
) -> None:
    server = _Forgetful(shared_server, passes_it_on=True)
    async with server.serving() as url:
        agent = await open_agent("late", url)
        with pytest.raises(LineLost) as lost:
            await agent.register("latecomer", PASSWORD)
        assert lost.value.message.endswith(MAYBE)
        assert agent.user is None
        with pytest.raises(UsernameTaken):
            await agent.register("latecomer", OTHER)
        assert not any(path.endswith("/login") for path in server.asked), "no other password is tried"
        assert (await agent.register("latecomer", PASSWORD)).username == "latecomer"
        assert agent.rooms() == []
        await agent.close()


async def test_a_name_that_somebody_else_took_meanwhile_is_taken(
    open_agent: OpenAgent, shared_server: str
) -> None:
    async with _Forgetful(shared_server, passes_it_on=False).serving() as url:
        agent = await open_agent("slow", url)
        with pytest.raises(LineLost):
            await agent.register("sought-after", PASSWORD)
        other = await open_agent("quick", shared_server)
        await other.register("sought-after", OTHER)
        with pytest.raises(UsernameTaken):
            await agent.register("sought-after", PASSWORD)
        assert agent.user is None


async def test_a_registration_that_was_not_heard_of_is_made_by_the_next_try(
    open_agent: OpenAgent, shared_server: str
) -> None:
    async with _Forgetful(shared_server, passes_it_on=False).serving() as url:
        agent = await open_agent("patient", url)
        with pytest.raises(LineLost):
            await agent.register("patience", PASSWORD)
        assert (await agent.register("patience", PASSWORD)).username == "patience"
        await agent.close()
