"""A restored backup, as the people see it: what was lost is gone everywhere, and nothing is doubled."""

import asyncio
from pathlib import Path

from mesh_agent.agent import Agent
from mesh_agent.client.state import ConnectionChanged, HistoryReset, Waiting
from tests.agent.conftest import OpenAgent, SignUp
from tests.agent.events import Listener
from tests.agent.test_agent import make_room, say
from tests.support.commands import mesh_server
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess


async def back(open_agent: OpenAgent, profile: str) -> Agent:
    agent = await open_agent(profile)
    await agent.start()
    await agent.wait_connected(PATIENCE_S)
    return agent


async def test_clients_follow_a_restored_server(
    own_server: ServerProcess, sign_up: SignUp, open_agent: OpenAgent, tmp_path: Path
) -> None:
    """One of them comes back only when the room has grown past what it held."""
    alice, bob = await sign_up(own_server.url, "alice"), await sign_up(own_server.url, "bob")
    room_id = await make_room(alice, bob)
    # A client learns which numbering a room has when it connects, not when it joins.
    await bob.close()
    bob = await back(open_agent, bob.profile)
    await say(alice, room_id, "1", "2")
    backup = tmp_path / "backup"
    made = await asyncio.to_thread(mesh_server, "backup", backup, "--data", own_server.folder)
    assert made.returncode == 0, made.stderr
    await say(bob, room_id, "lost", "lost as well")
    await until(lambda: alice.room(room_id).last_seq == 4, "what will be lost")
    assert len((await bob.history(room_id)).messages) == 4
    await bob.close()

    hers = Listener(alice)
    listen = own_server.url.removeprefix("http://")
    assert own_server.stop() == 0
    await hers.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))
    unsent = await alice.send(room_id, "3, typed meanwhile")
    restored = await asyncio.to_thread(mesh_server, "restore", backup, "--data", own_server.folder)
    assert restored.returncode == 0, restored.stderr
    own_server.start(listen)
    await alice.reconnect_now()
    await hers.wait(HistoryReset)
    assert await alice.sent(unsent.nonce, PATIENCE_S) is not None
    await say(alice, room_id, "4", "5", "6")

    for agent in (alice, await back(open_agent, bob.profile)):
        await agent.wait_current(room_id)
        page = (await agent.history(room_id)).messages
        assert [message.content for message in page] == ["1", "2", "3, typed meanwhile", "4", "5", "6"]
        assert [message.seq for message in page] == [1, 2, 3, 4, 5, 6]
