"""Two people and a terminal between them."""

from collections.abc import AsyncIterator

import pytest

from tests.agent.conftest import SignUp
from tests.agent.terminal.scripted import Stage


@pytest.fixture
async def stage(shared_server: str, sign_up: SignUp) -> AsyncIterator[Stage]:
    alice = await sign_up(shared_server, "alice")
    bob = await sign_up(shared_server, "bob")
    room = await alice.create_room(alice.profile)
    await bob.join(room.id)
    made = Stage(alice, bob, room.id)
    await made.begin()
    yield made
    for host in made.hosts:
        await host.close()
