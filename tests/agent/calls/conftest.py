"""Two people in one room, who can call each other."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mesh_agent.agent import Agent
from tests.agent.conftest import SignUp
from tests.support.conditions import PATIENCE_S


@pytest.fixture
async def people(shared_server: str, sign_up: SignUp) -> AsyncIterator[tuple[Agent, Agent, str]]:
    """Alice, whose room it is, bob, and the id of the room; both have a line."""
    alice, bob = await sign_up(shared_server, "alice"), await sign_up(shared_server, "bob")
    room = await alice.create_room(alice.profile)
    await bob.join(room.id)
    for agent in (alice, bob):
        await agent.wait_connected(PATIENCE_S)
    yield alice, bob, room.id
    await asyncio.gather(alice.close(), bob.close())
