"""A home of their own for each test, real servers, and agents that are closed at the end."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mesh_agent.agent import Agent
from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server

PASSWORD = "password123"
_numbers = itertools.count(1)

OpenAgent = Callable[..., Awaitable[Agent]]
SignUp = Callable[..., Awaitable[Agent]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders in which the person who runs the tests has nothing."""
    folder = tmp_path / "home"
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(folder / name.lower()))
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for tests that neither stop it nor look at all of it."""
    with running_server(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server.url


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that a test may kill and start again."""
    with running_server(tmp_path / "data") as server:
        yield server


@pytest.fixture
async def open_agent() -> AsyncIterator[OpenAgent]:
    """Opens agents and closes them."""
    async with AsyncExitStack() as stack:

        async def open_(profile: str, server: str | None = None) -> Agent:
            agent = await Agent.open(profile=profile, server=server)
            stack.push_async_callback(agent.close)
            return agent

        yield open_


@pytest.fixture
async def sign_up(open_agent: OpenAgent) -> SignUp:
    """A new person, connected. Their profile has their name, which no other test has."""

    async def sign_up_(server: str, name: str) -> Agent:
        username = f"{name}{next(_numbers)}"
        agent = await open_agent(username, server)
        await agent.register(username, PASSWORD)
        await agent.wait_connected(PATIENCE_S)
        return agent

    return sign_up_
