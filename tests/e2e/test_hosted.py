"""The real client as a door runs it: in a process that bounds it, signed in, and talking with the server."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh_server.building import build
from mesh_server.bus.memory import MemoryBus
from mesh_server.chores import Chores
from mesh_server.configuring import load
from mesh_server.doors.inside import ADDRESS_BYTES, _listen
from mesh_server.doors.launching import Guest, launch_client
from mesh_server.doors.sessions import Folders, Running
from mesh_server.keys import load_keys
from mesh_server.listening import Listeners
from mesh_server.serving import Built
from mesh_server.store.sqlite import SqliteStore
from protocol.rest import RegisterRequest
from tests.support.conditions import until
from tests.support.terminal import PATIENCE_S, Emulator

ADDRESS = "192.0.2.7"


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[tuple[Built, str]]:
    """A server, and the socket for those that it runs."""
    config = load(env={}, flags={"listen": "127.0.0.1:0", "data": str(tmp_path), "bcrypt_cost": 4})
    store = SqliteStore.open(tmp_path)
    built = build(config, store, MemoryBus(), load_keys(config))
    chores = Chores(built.chores)
    listeners = await Listeners.open(config, built.application, built.metrics, built.tcp)
    try:
        yield built, await listeners.open_inside(tmp_path)
    finally:
        await built.gateway.drain(1.0)
        await listeners.close()
        await chores.stop()
        built.gateway.accounts.close()
        await store.close()


async def test_the_client_of_a_door_is_in_at_once_and_writes_and_leaves_nothing(
    inside: tuple[Built, str], tmp_path: Path
) -> None:
    built, way_in = inside
    request = RegisterRequest(username="alice", password="password123")
    session = await built.gateway.accounts.register(request, address=ADDRESS)
    folder = Folders(tmp_path / "doors" / "test").make(session.user.id, session.device.id)
    guest = Guest(
        session=session,
        folder=folder,
        url="https://chat.example.org",
        socket=way_in,
        address=ADDRESS,
        size=(100, 30),
    )
    running = await Running.start(launch_client(guest, 512))
    screen = Emulator(100, 30)
    reading = asyncio.create_task(_read(running, screen))
    try:
        await until(lambda: "connected" in screen.text, "a client that is connected", PATIENCE_S)
        assert "chat.example.org" in screen.text
        (connection,) = built.gateway.connections
        assert connection._address == ADDRESS, "limits count by where the person is"
        await running.type(b"n")
        await until(lambda: "Name" in screen.text, "a new room's form")
        await running.type(b"Harbour\r")
        await until(lambda: "Message Harbour" in screen.text, "the room")
        await running.type(b"/send /etc/passwd\r")
        await until(lambda: "neither sent nor fetched here" in screen.text, "a refusal")
        running.resize(60, 20)
        screen.clear(60, 20)
        await until(lambda: "Harbour" in screen.text, "the room in another size")
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await running.end()
    await until(lambda: not built.gateway.connections, "a client that is gone")


async def _read(running: Running, screen: Emulator) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while data := await running.read():
            screen.feed(data)


@pytest.mark.parametrize("length", [1, 120])
def test_the_socket_is_for_its_owner_alone_wherever_the_data_are(tmp_path: Path, length: int) -> None:
    data = tmp_path / ("x" * length)
    data.mkdir()
    listening, path, folder = _listen(data)
    with listening, socket.socket(socket.AF_UNIX) as line:
        assert len(str(path)) <= ADDRESS_BYTES
        assert path.is_relative_to(data) is (length == 1)
        assert (folder is None) is (length == 1)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        listening.listen()
        line.connect(str(path))
    if folder is not None:
        shutil.rmtree(folder)
