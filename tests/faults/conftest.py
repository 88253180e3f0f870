"""One server a test, because each of them breaks it."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.server import ServerProcess, running_server
from tests.support.wire import Person, register

HEARTBEAT_S = 3.0
"""Where it is tried that silence is noticed. Nowhere else: on a busy machine anyone is silent for longer. Who
is held up there for five seconds is not given up yet."""

_numbers = itertools.count(1)
"""Names that nobody had before, where several tests share a server."""


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """It takes as much as it can: what is too much from one person is tried elsewhere.

    A test that needs settings of its own names them, `indirect`.
    """
    settings = {"MESH_HEARTBEAT_S": "600", "MESH_LIMITS_ENABLED": "false"}
    settings |= getattr(request, "param", {})
    with running_server(tmp_path / "data", **settings) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    return await register(http, server.url, f"alice{next(_numbers)}")


@pytest.fixture
async def bob(http: aiohttp.ClientSession, server: ServerProcess) -> Person:
    return await register(http, server.url, f"bob{next(_numbers)}")


@pytest.fixture
async def room_id(alice: Person, bob: Person) -> str:
    """A room that both are in; its `rev` is 1."""
    room_id = await alice.create_room(f"Room {next(_numbers)}")
    await bob.join(room_id)
    return room_id
