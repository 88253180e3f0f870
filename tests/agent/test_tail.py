"""A room as it goes, as lines: what is there already needs nothing to happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from mesh_agent.client.state import AgentEvent, Connected, ConnectionChanged
from mesh_agent.tail import Tail
from protocol.rest import Message
from tests.agent.conftest import SignUp
from tests.support.conditions import PATIENCE_S, until


async def _nothing() -> AsyncIterator[AgentEvent]:
    await asyncio.Event().wait()
    yield ConnectionChanged(Connected(None))


async def test_a_room_in_which_nothing_happens_any_more_is_shown(sign_up: SignUp, shared_server: str) -> None:
    agent = await sign_up(shared_server, "quiet")
    room = await agent.create_room("where nothing happens")
    for text in ("one", "two"):
        outgoing = await agent.send(room.id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)
    await until(lambda: agent.is_current(room.id), "the room to be current")
    shown: list[Message] = []
    following = asyncio.create_task(Tail(agent, room.id, shown.append, lambda _: None).follow(_nothing(), 10))
    await until(lambda: [message.content for message in shown] == ["one", "two"], "both")
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
