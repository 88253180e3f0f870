"""A server that cannot be reached, or is none: what is said, in words."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from mesh_agent.client import http
from mesh_agent.client.errors import (
    CertificateRejected,
    LineLost,
    NameNotFound,
    NotMesh,
    ServerDown,
    TimedOut,
    TlsFailed,
    Unreachable,
    VersionMismatch,
    WrongAddress,
)
from mesh_agent.client.state import ConnectionChanged, Waiting
from protocol import limits
from tests.agent.conftest import PASSWORD, OpenAgent
from tests.agent.events import Listener
from tests.agent.strange import answering


async def refusal(open_agent: OpenAgent, server: str) -> Unreachable:
    """What signing in there raises."""
    agent = await open_agent("alice", server)
    with pytest.raises(Unreachable) as refused:
        await agent.login("alice", PASSWORD)
    assert server in refused.value.message
    assert refused.value.message.endswith((".", "?"))
    return refused.value


async def test_nothing_listens(open_agent: OpenAgent, unused_tcp_port: int) -> None:
    error = await refusal(open_agent, f"http://127.0.0.1:{unused_tcp_port}")
    assert type(error) is ServerDown
    assert "Nothing answers" in error.message


async def test_no_machine_has_that_name(open_agent: OpenAgent) -> None:
    assert type(await refusal(open_agent, "http://nobody.invalid")) is NameNotFound


async def test_an_address_that_is_none(open_agent: OpenAgent) -> None:
    with pytest.raises(WrongAddress):
        await open_agent("alice", "ftp://example.org")


async def test_tls_towards_a_server_without(open_agent: OpenAgent, shared_server: str) -> None:
    error = await refusal(open_agent, shared_server.replace("http:", "https:"))
    assert type(error) is TlsFailed
    assert "http://" in error.message


async def test_a_certificate_that_nobody_trusts(open_agent: OpenAgent) -> None:
    async with answering(text("hello"), tls=True) as url:
        error = await refusal(open_agent, url)
    assert type(error) is CertificateRejected
    assert "self-signed" in error.message


async def test_a_server_with_tls_spoken_to_without(open_agent: OpenAgent) -> None:
    async with answering(text("hello"), tls=True) as url:
        error = await refusal(open_agent, url.replace("https:", "http:"))
    assert type(error) in {NotMesh, LineLost}


def text(
    body: str, status: int = 200, headers: dict[str, str] | None = None
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, status=status, headers=headers)

    return answer


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("<html>It works!</html>", 200, NotMesh),
        ('{"hello": "I am another program"}', 200, NotMesh),
        ("not here", 404, NotMesh),
        ('{"error": "another form"}', 404, NotMesh),
        ("who are you", 401, NotMesh),
        ("oh no", 500, NotMesh),
        ("bad gateway", 502, ServerDown),
    ],
)
async def test_something_else_answers(
    open_agent: OpenAgent, body: str, status: int, kind: type[Unreachable]
) -> None:
    async with answering(text(body, status)) as url:
        assert type(await refusal(open_agent, url)) is kind


async def test_a_redirect_is_not_followed(open_agent: OpenAgent) -> None:
    followed = []

    async def elsewhere(request: web.Request) -> web.Response:
        followed.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with answering(elsewhere) as url:
        error = await refusal(open_agent, url)
    assert type(error) is NotMesh
    assert "sends elsewhere" in error.message
    assert followed == ["/api/version"]


async def test_an_answer_without_end_is_cut_off(open_agent: OpenAgent) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(2 * limits.ANSWER_BYTES // 65_536):
            await response.write(b" " * 65_536)
        return response

    async with answering(endless) as url:
        error = await refusal(open_agent, url)
    assert type(error) is NotMesh
    assert "more than" in error.message


async def test_a_packed_answer_is_not_unpacked(open_agent: OpenAgent) -> None:
    async with answering(text("x" * 1_000, headers={"Content-Encoding": "gzip"})) as url:
        assert type(await refusal(open_agent, url)) is NotMesh


async def test_one_that_never_answers(open_agent: OpenAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CALL_S", 0.2)
    hanging = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await hanging.wait()
        return web.Response()

    async with answering(silent) as url:
        error = await refusal(open_agent, url)
        hanging.set()
    assert type(error) is TimedOut


@pytest.mark.parametrize(("said", "kind"), [(b"SSH-2.0-OpenSSH_9.6\r\n", NotMesh), (b"", LineLost)])
async def test_something_that_speaks_no_http(
    open_agent: OpenAgent, said: bytes, kind: type[Unreachable]
) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert type(await refusal(open_agent, f"http://127.0.0.1:{port}")) is kind


@pytest.mark.parametrize(("wire", "which"), [([99], "too new"), ([0], "too old"), ([], "too old")])
async def test_a_version_that_is_not_ours(open_agent: OpenAgent, wire: list[int], which: str) -> None:
    body = f'{{"name":"Mesh","version":"9","wire":{wire},"subprotocols":[],"registration":"open"}}'
    async with answering(text(body)) as url:
        agent = await open_agent("alice", url)
        with pytest.raises(VersionMismatch) as refused:
            await agent.login("alice", PASSWORD)
    assert which in refused.value.message


async def test_the_state_of_the_line_says_why_it_is_down(open_agent: OpenAgent, shared_server: str) -> None:
    agent = await open_agent("reader", shared_server)
    await agent.register("reader", PASSWORD)
    await agent.close()
    async with answering(text("<html>")) as url:
        # The address is the profile's own; who answers there has changed.
        agent = await open_agent("reader")
        agent._session.server = url
        heard = Listener(agent)
        await agent.start()
        waiting = await heard.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))
        assert isinstance(waiting.state, Waiting)
        assert "not as a Mesh server" in waiting.state.reason
