"""A home of their own for each test, real servers, seats before the program, and people without a screen."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from mesh_agent.agent import Agent
from tests.support import pressed
from tests.support.conditions import PATIENCE_S
from tests.support.server import ServerProcess, running_server
from tests.tui.seat import PASSWORD, Seat, seated


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "presses(*actions): it presses their keys; see tests.support.pressed")


def pytest_runtest_setup() -> None:
    pressed.PRESSED.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """What a test that passes says of itself is true."""
    yield
    wrong = [pressed.missing(name) for marker in item.iter_markers("presses") for name in marker.args]
    assert not any(wrong), "; ".join(filter(None, wrong))


_numbers = itertools.count(1)

TERMINAL: Final = ("TERM_PROGRAM", "LC_TERMINAL", "KITTY_WINDOW_ID", "TMUX", "STY")
"""What the environment says of the terminal that the tests are started in, besides TERM."""

SitDown = Callable[..., Awaitable[Seat]]
SignUp = Callable[..., Awaitable[Agent]]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Pytest's, but as long for every test and in every run: where a path ends, what is shown is broken."""
    with tempfile.TemporaryDirectory(prefix="mesh-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders in which the person who runs the tests has nothing."""
    folder = tmp_path / "home"
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(folder / name.lower()))
    for name in ("NO_COLOR", "SSH_CONNECTION", *TERMINAL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for tests that neither stop it nor look at all of it."""
    with running_server(tmp_path_factory.mktemp("tui") / "data") as server:
        yield server.url


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that a test may kill and start again."""
    with running_server(tmp_path / "data") as server:
        yield server


@pytest.fixture
def number() -> int:
    """One that no other test has; for names on the shared server."""
    return next(_numbers)


@pytest.fixture
async def sit_down() -> AsyncIterator[SitDown]:
    """Opens apps; they end with the test."""
    async with AsyncExitStack() as stack:

        async def sit_down(
            profile: str, server: str | None = None, size: tuple[int, int] = (80, 24), link: str = ""
        ) -> Seat:
            opened = seated(server=server, profile=profile, size=size, link=link)
            return await stack.enter_async_context(opened)

        yield sit_down


@pytest.fixture
async def sign_up() -> AsyncIterator[SignUp]:
    """Makes people who have an agent and no screen; connected."""
    async with AsyncExitStack() as stack:

        async def sign_up(name: str, server: str) -> Agent:
            agent = await Agent.open(profile=name, server=server)
            stack.push_async_callback(agent.close)
            await agent.register(name, PASSWORD)
            await agent.wait_connected(PATIENCE_S)
            return agent

        yield sign_up


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """The owner of a room, in it."""
    seat = await sit_down("alice", shared_server, size=(100, 30))
    await seat.register(f"alice{number}")
    await seat.create_room(f"room {number}")
    return seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Seat, number: int) -> Agent:
    """Someone without a screen, in alice's room."""
    agent = await sign_up(f"bob{number}", shared_server)
    await agent.join(alice.room.room.id)
    await alice.sees(f"● bob{number}")
    return agent
