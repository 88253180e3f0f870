"""A server that breaks off, falls silent, repeats itself or lies: the agent carries on and loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from msgspec.structs import replace

from mesh_agent.agent import Agent
from mesh_agent.client import outbox, socket
from mesh_agent.client.errors import NotMesh
from mesh_agent.client.state import (
    Connected,
    ConnectionChanged,
    HistoryReset,
    MessageReceived,
    OutgoingChanged,
    SignedOut,
    Waiting,
)
from protocol import limits
from protocol.close import CloseCode
from protocol.codec import MSGPACK
from protocol.errors import NonceConflict
from protocol.events import Bye, Error, MessageAck, MessageCreated, SendMessage, Typing
from tests.agent.conftest import PASSWORD, OpenAgent
from tests.agent.events import Listener
from tests.agent.rooms import ME
from tests.agent.strange import Script, ScriptedServer, Socket, serving
from tests.support.conditions import PATIENCE_S, until


@asynccontextmanager
async def connected(
    script: Script, open_agent: OpenAgent
) -> AsyncIterator[tuple[ScriptedServer, Agent, Listener]]:
    """A server that follows `script`, and an agent that is signed in there and tries to connect."""
    server = ScriptedServer(script)
    async with serving(server.app()) as url:
        agent = await open_agent("me", url)
        heard = Listener(agent)
        await agent.login("me", PASSWORD)
        try:
            yield server, agent, heard
        finally:
            await agent.close()


async def stay(server: ScriptedServer, peer: Socket) -> None:
    """A good server in which nothing happens."""
    await server.greet(peer)
    await peer.drain()


def waits(heard: Listener) -> list[Waiting]:
    return [event.state for event in heard.of(ConnectionChanged) if isinstance(event.state, Waiting)]


async def test_a_missing_change_is_fetched_by_a_new_connection(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        if peer.number == 1:
            await peer.send(server.log.post())
            server.log.post()
            await peer.send(server.log.post())
        await peer.drain()

    async with connected(script, open_agent) as (server, _, heard):
        await heard.wait_texts("r", "1 as of 1", "2 as of 2", "3 as of 3")
        assert server.sockets[1].hello is not None
        assert server.sockets[1].hello.resume == {"r": 1}


async def test_what_is_sent_twice_is_told_once(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        first, second = server.log.post(), server.log.post()
        await peer.send(first, first, second, first, second)
        await peer.drain()

    async with connected(script, open_agent) as (server, agent, heard):
        await heard.wait_texts("r", "1 as of 1", "2 as of 2")
        await until(lambda: isinstance(agent.connection, Connected) and agent.connection.lag_s is not None)
        assert heard.texts("r") == ["1 as of 1", "2 as of 2"]
        assert len(server.sockets) == 1


async def test_an_unknown_type_is_skipped_and_what_it_changed_is_fetched(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        if peer.number == 1:
            await peer.send(server.log.post())
            server.log.edit(1)
            await peer.wire.send_bytes(
                MSGPACK.encode(server.log.post()).replace(b"chat.message.created", b"chat.message.crinkle")
            )
            await peer.send(server.log.post())
        await peer.drain()

    async with connected(script, open_agent) as (_, _, heard):
        await heard.wait_texts("r", "1 as of 1", "1 as of 2", "2 as of 3", "3 as of 4")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"\x93\x01\x02\x03",
        MSGPACK.encode(Bye(reason="x", retry_after=1.0))[:-3],
        MSGPACK.encode(Typing(room_id="\x1b[2J", user_id="u", username="u")),
    ],
)
async def test_a_frame_that_is_none_ends_the_connection_and_not_the_agent(
    open_agent: OpenAgent, frame: bytes
) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        if peer.number == 1:
            await peer.wire.send_bytes(frame)
        else:
            await peer.send(server.log.post())
        await peer.drain()

    async with connected(script, open_agent) as (_, _, heard):
        await heard.wait_texts("r", "1 as of 1")
        assert "does not understand" in waits(heard)[0].reason


async def test_a_frame_past_the_limit_ends_the_connection(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        if peer.number == 1:
            await peer.wire.send_bytes(b"\xa1" * (limits.SERVER_FRAME_BYTES + 1))
        await peer.drain()

    async with connected(script, open_agent) as (server, _, heard):
        await until(lambda: len(server.sockets) == 2, "a second connection")
        assert waits(heard)


async def test_text_where_binary_was_agreed_ends_the_connection(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        if peer.number == 1:
            await peer.wire.send_str("{}")
        else:
            await server.greet(peer)
        await peer.drain()

    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        assert waits(heard)


async def test_a_first_word_that_is_no_welcome_is_no_mesh_server(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await peer.send(Bye(reason="first of all", retry_after=0.0))
        await peer.drain()

    async with connected(script, open_agent) as (_, _, heard):
        await until(lambda: waits(heard))
        assert "not as a Mesh server" in waits(heard)[0].reason


async def test_silence_is_noticed(open_agent: OpenAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "HEARTBEAT_MIN_S", 0.05)

    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer, heartbeat_s=0.05)
        if peer.number == 1:
            await asyncio.Event().wait()
        await peer.drain()

    async with connected(script, open_agent) as (server, _, heard):
        await until(lambda: len(server.sockets) == 2, "a second connection")
        assert "has not been heard of" in waits(heard)[0].reason


async def test_the_servers_wish_to_wait_is_honoured(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        await peer.send(Bye(reason="back soon", retry_after=120.0))
        await peer.wire.close(code=CloseCode.RESTART)

    async with connected(script, open_agent) as (server, agent, heard):
        await until(lambda: waits(heard))
        (wait,) = waits(heard)
        assert "restarting" in wait.reason
        assert 120.0 <= wait.retry_in_s < 121.0
        await agent.reconnect_now()
        await until(lambda: len(server.sockets) == 2, "not to wait after all")


@pytest.mark.parametrize("code", [code for code in CloseCode if code not in socket.PAUSES_S])
async def test_whatever_the_code_it_comes_back(open_agent: OpenAgent, code: CloseCode) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        if peer.number == 1:
            await peer.wire.close(code=code)
        else:
            await peer.send(server.log.post())
        await peer.drain()

    async with connected(script, open_agent) as (_, _, heard):
        await heard.wait_texts("r", "1 as of 1")


@pytest.mark.parametrize("code", socket.PAUSES_S)
async def test_where_coming_back_at_once_would_do_harm_it_waits(
    open_agent: OpenAgent, code: CloseCode
) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        await peer.wire.close(code=code)

    async with connected(script, open_agent) as (_, _, heard):
        await until(lambda: waits(heard))
        assert waits(heard)[0].retry_in_s >= socket.PAUSES_S[code]


async def test_a_handshake_that_leads_elsewhere_does_not_carry_the_token_there(open_agent: OpenAgent) -> None:
    seen = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response()

    app = web.Application()
    app.router.add_get("/elsewhere", elsewhere)
    async with serving(app) as other:

        async def redirect(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{other}/elsewhere")

        async with serving(ScriptedServer(stay).app(socket=redirect)) as url:
            agent = await open_agent("me", url)
            heard = Listener(agent)
            await agent.login("me", PASSWORD)
            await until(lambda: waits(heard))
            assert "sends elsewhere" in waits(heard)[0].reason
    assert seen == []


# ── the outbox ───────────────────────────────────────────────────────────────────────────────────


async def test_a_refusal_for_now_is_tried_again_with_the_same_nonce(
    open_agent: OpenAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "RETRY_FIRST_S", 0.01)
    asked: list[SendMessage] = []

    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        while (request := await peer.receive()) is not None:
            assert isinstance(request, SendMessage)
            asked.append(request)
            if len(asked) < 4:
                code = ["storage.unavailable", "rate.limited", "server.internal"][len(asked) - 1]
                await peer.send(Error(re=request.id, code=code, message="Not now."))
            else:
                await take(server, peer, request)

    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        outgoing = await agent.send("r", "patience")
        assert await agent.sent(outgoing.nonce, PATIENCE_S) is not None
        assert {request.nonce for request in asked} == {outgoing.nonce}
        told = [(event.outgoing.state, event.outgoing.error) for event in heard.of(OutgoingChanged)]
        assert told == [("pending", ""), *[("pending", "Not now.")] * 3]


async def take(server: ScriptedServer, peer: Socket, request: SendMessage) -> None:
    """As a good server does."""
    posted = server.log.post(ME, request.nonce)
    message = replace(posted.message, content=request.content)
    server.log.messages[-1] = message
    ack = MessageAck(
        re=request.id,
        room_id="r",
        nonce=request.nonce,
        message_id=message.id,
        seq=message.seq,
        rev=message.rev,
    )
    await peer.send(ack, MessageCreated(message=message))


async def test_a_refusal_for_good_is_told(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        while (request := await peer.receive()) is not None:
            await peer.send(Error(re=request.id, code=NonceConflict.code, message="No\x1b[31m."))

    async with connected(script, open_agent) as (_, agent, _):
        await agent.wait_connected(PATIENCE_S)
        outgoing = await agent.send("r", "x")
        with pytest.raises(NonceConflict):
            await agent.sent(outgoing.nonce, PATIENCE_S)
        assert [waiting.error for waiting in agent.outgoing("r")] == ["No[31m."]


async def test_a_line_that_breaks_before_the_answer_sends_it_again(open_agent: OpenAgent) -> None:
    nonces: list[str] = []

    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        while (request := await peer.receive()) is not None:
            assert isinstance(request, SendMessage)
            nonces.append(request.nonce)
            if peer.number == 1:
                return
            await take(server, peer, request)

    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        outgoing = await agent.send("r", "once")
        assert await agent.sent(outgoing.nonce, PATIENCE_S) is not None
        await heard.wait_texts("r", "once")
        assert nonces == [outgoing.nonce] * 2


async def test_what_turns_up_in_the_resume_is_not_sent_again(open_agent: OpenAgent) -> None:
    asked: list[str] = []

    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        while (request := await peer.receive()) is not None:
            assert isinstance(request, SendMessage)
            asked.append(request.nonce)
            if len(asked) == 1:
                server.log.post(ME, request.nonce)
                return  # it has the message; that it has is never told
            await take(server, peer, request)

    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        first = await agent.send("r", "one")
        assert await agent.sent(first.nonce, PATIENCE_S) is not None
        second = await agent.send("r", "two")
        assert await agent.sent(second.nonce, PATIENCE_S) is not None
        await heard.wait_texts("r", "1 as of 1", "two")
        assert asked == [first.nonce, second.nonce]
        assert agent.outgoing("r") == []


async def test_an_own_message_past_a_missing_change_still_replaces_its_outgoing_one(
    open_agent: OpenAgent,
) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        while (request := await peer.receive()) is not None:
            assert isinstance(request, SendMessage)
            server.log.post()  # which this client is never told of
            await peer.send(server.log.post(ME, request.nonce))

    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        outgoing = await agent.send("r", "x")
        await heard.wait_texts("r", "1 as of 1", "2 as of 2")
        assert [event.nonce for event in heard.of(MessageReceived)] == [None, outgoing.nonce]
        assert agent.outgoing("r") == []


async def test_an_answer_without_the_message_shows_it_when_it_comes(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        while (request := await peer.receive()) is not None:
            assert isinstance(request, SendMessage)
            message = server.log.post(ME, request.nonce).message
            ack = MessageAck(
                re=request.id, room_id="r", nonce=request.nonce, message_id=message.id, seq=1, rev=1
            )
            await peer.send(ack)
            await until(lambda: told.is_set())
            return

    told = asyncio.Event()
    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        outgoing = await agent.send("r", "acknowledged, and the line breaks")
        sent = await agent.sent(outgoing.nonce, PATIENCE_S)
        assert sent is not None
        assert (sent.seq, sent.content) == (1, outgoing.content)
        assert agent.outgoing("r") == [outgoing]
        told.set()
        await heard.wait_texts("r", "1 as of 1")
        assert agent.outgoing("r") == []


async def test_a_restored_backup_starts_the_room_over(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        await server.greet(peer)
        if peer.number == 1:
            await peer.send(server.log.post())
            server.log.epoch = "e2"
            return
        await peer.drain()

    async with connected(script, open_agent) as (_, _, heard):
        assert await heard.wait(HistoryReset) == HistoryReset("r")


async def test_tokens_that_end_again_and_again_do_not_end_the_session(open_agent: OpenAgent) -> None:
    async def script(server: ScriptedServer, peer: Socket) -> None:
        if peer.number <= 3:
            await peer.wire.close(code=CloseCode.NOT_AUTHENTICATED)
        else:
            await server.greet(peer)
        await peer.drain()

    async with connected(script, open_agent) as (_, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        assert not any(isinstance(event.state, SignedOut) for event in heard.of(ConnectionChanged))


async def test_a_cache_that_fails_costs_neither_history_nor_the_line(open_agent: OpenAgent) -> None:
    async with connected(stay, open_agent) as (server, agent, heard):
        await agent.wait_connected(PATIENCE_S)
        thread = agent._signed_in()._cache
        await thread.run(lambda: thread.cache._db.execute("DROP TABLE messages"))
        await server.sockets[0].send(server.log.post())
        await heard.wait_texts("r", "1 as of 1")
        await agent.mark_read("r", 1)
        with pytest.raises(NotMesh):  # it is asked for history, and this server has none
            await agent.history("r")
        await server.sockets[0].wire.close()
        await until(lambda: len(server.sockets) == 2, "a second connection")
        await agent.wait_connected(PATIENCE_S)
