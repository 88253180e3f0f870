"""A restored backup, as the people see it: what was lost is gone everywhere, and nothing is doubled."""

import asyncio
from pathlib import Path

from mesh_agent.client.state import ConnectionChanged, HistoryReset, Waiting
from tests.agent.conftest import SignUp
from tests.agent.events import Listener
from tests.agent.test_agent import make_room, say
from tests.support.commands import mesh_server
from tests.support.conditions import until
from tests.support.server import ServerProcess


async def test_clients_follow_a_restored_server(
    own_server: ServerProcess, sign_up: SignUp, tmp_path: Path
) -> None:
    alice, bob = await sign_up(own_server.url, "alice"), await sign_up(own_server.url, "bob")
    room_id = await make_room(alice, bob)
    await say(alice, room_id, "1", "2")
    backup = tmp_path / "backup"
    made = await asyncio.to_thread(mesh_server, "backup", backup, "--data", own_server.folder)
    assert made.returncode == 0, made.stderr
    await say(alice, room_id, "lost")
    await say(bob, room_id, "lost as well")
    hers, his = Listener(alice), Listener(bob)

    listen = own_server.url.removeprefix("http://")
    assert own_server.stop() == 0
    for heard in (hers, his):
        await heard.wait(ConnectionChanged, lambda event: isinstance(event.state, Waiting))
    unsent = await alice.send(room_id, "3, typed meanwhile")
    restored = await asyncio.to_thread(mesh_server, "restore", backup, "--data", own_server.folder)
    assert restored.returncode == 0, restored.stderr
    own_server.start(listen)
    await alice.reconnect_now()
    await bob.reconnect_now()
    await hers.wait(HistoryReset)
    await his.wait(HistoryReset)
    assert await alice.sent(unsent.nonce, 20) is not None
    await say(bob, room_id, "4")
    for agent in (alice, bob):
        await agent.wait_current(room_id)
        await until(lambda agent=agent: agent.room(room_id).last_seq == 4, "the last message")  # type: ignore[misc]  # a bound default
        page = (await agent.history(room_id)).messages
        assert [message.content for message in page] == ["1", "2", "3, typed meanwhile", "4"]
        assert [message.seq for message in page] == [1, 2, 3, 4]
