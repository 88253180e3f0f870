"""Two people with a room, one of whom takes what the other sends."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from tests.agent.conftest import SignUp
from tests.agent.sharing.carriers import LASTING, helpers, join
from tests.support.conditions import until
from tests.support.disk import NoSmallDisk, SmallDisk, small_disk


@pytest.fixture
async def alice(shared_server: str, sign_up: SignUp) -> AsyncIterator[Agent]:
    """Owner of the room that bears her name."""
    agent = await sign_up(shared_server, "alice")
    await agent.create_room(agent.profile)
    yield agent
    await agent.close()
    await until(lambda: not helpers(), "the end of all processes")


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Agent, into: Path) -> Agent:
    """A member of it, who takes everything."""
    agent = await sign_up(shared_server, "bob")
    await join(agent, alice, into)
    return agent


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "in"


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(LASTING))
    return path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Of 16 MiB."""
    try:
        with small_disk(tmp_path / "disk", 16 * 1024) as disk:
            yield disk
    except NoSmallDisk:
        pytest.skip("this machine lets no small disk be mounted")
