"""Guarantee 2 on disks that fill up, fail or hang: what is acknowledged is stored, the rest is refused."""

import asyncio
import errno
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.conditions import until
from tests.support.disk import NoSmallDisk, SmallDisk, small_disk
from tests.support.ledger import Truth
from tests.support.machine import Machine, needs_machine
from tests.support.server import ServerProcess, running_server
from tests.support.wire import Json, Person, Socket, register

MESSAGE = "x" * 7_000


def contents(truth: Truth) -> list[str]:
    assert truth.damage == []
    return [message["content"] for message in truth.messages]


# ── a disk that is really full ───────────────────────────────────────────────────────────────────


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with small_disk(tmp_path / "disk", kib=2048) as made:
            yield made
    except NoSmallDisk:
        pytest.skip("only root can mount a small disk, on Linux")


async def test_a_disk_that_is_full_takes_nothing_and_loses_nothing(
    disk: SmallDisk, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with running_server(disk.folder / "data") as server:
        alice, bob = [await register(http, server.url, name) for name in ("alice", "bob")]
        room_id = await alice.create_room()
        await bob.join(room_id)
        async with alice.socket() as hers, bob.socket() as his:
            acked = await _fill(hers, room_id)
            # A full disk is only full for what is new.
            page = await bob.call("GET", f"/api/rooms/{room_id}/messages", limit=200)
            assert page["messages"][-1]["seq"] == acked
            assert (await his.ask("system.ping"))["type"] == "system.pong"
            disk.resize(64 * 1024)
            ack = await hers.say(room_id, "room again", nonce="after")
            assert (ack["type"], ack["seq"]) == ("chat.message.ack", acked + 1)
            await his.wait(
                lambda m: m["type"] == "chat.message.created" and m["message"]["seq"] == ack["seq"]
            )
        assert server.stop() == 0
        assert contents(Truth.read(server.folder / "mesh.db")) == [MESSAGE] * acked + ["room again"]


async def test_a_server_killed_on_a_full_disk_starts_again(
    disk: SmallDisk, http: aiohttp.ClientSession
) -> None:
    with running_server(disk.folder / "data") as server:
        alice = await register(http, server.url, "alice")
        room_id = await alice.create_room()
        async with alice.socket() as hers:
            acked = await _fill(hers, room_id)
        server.kill()
        disk.resize(64 * 1024)
        server.start(server.url.removeprefix("http://"))
        async with alice.socket() as hers:
            # The one that was refused is sent again: once it is stored, it is stored once.
            for _ in range(2):
                assert (await hers.say(room_id, MESSAGE, nonce=f"n{acked + 1}"))["seq"] == acked + 1
        server.stop()
        assert contents(Truth.read(server.folder / "mesh.db")) == [MESSAGE] * (acked + 1)


async def _fill(socket: Socket, room_id: str) -> int:
    """Sends until the disk is full; how many were acknowledged."""
    for number in range(1, 10_000):
        answer = await socket.say(room_id, MESSAGE, nonce=f"n{number}")
        if answer["type"] == "system.error":
            assert answer["code"] == "storage.unavailable"
            return number - 1
        socket.seen.clear()
    raise AssertionError("the disk never filled up")


# ── a disk that fails, and one that hangs ────────────────────────────────────────────────────────


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "data", tmp_path / "machine")


@pytest.fixture
def server(machine: Machine, tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "data").mkdir()
    with running_server(tmp_path / "data", **machine.environment) as running:
        yield running


@needs_machine
async def test_what_a_failing_disk_did_not_take_is_refused_and_can_be_sent_again(
    server: ServerProcess, machine: Machine, alice: Person, bob: Person, room_id: str
) -> None:
    failures = [(errno.EIO, errno.EIO), (0, errno.EIO), (errno.EIO, 0), (errno.EROFS, 0)]
    async with alice.socket() as hers, bob.socket() as his:
        for writing, syncing in failures:
            words = [f"{errno.errorcode.get(writing)}, {syncing}: {number}" for number in range(20)]
            with machine.broken_disk(writing=writing, syncing=syncing):
                for word in words:
                    assert (await hers.say(room_id, word))["code"] == "storage.unavailable"
            for word in words:
                assert (await hers.say(room_id, word))["type"] == "chat.message.ack"
                heard = await his.wait("chat.message.created")
                assert heard["message"]["content"] == word
        assert heard["message"]["seq"] == 20 * len(failures)
    outage = [line for line in server.log_text().splitlines() if "the database" in line]
    assert len(outage) < 10, "an outage must not fill the disk with the log of it"


@needs_machine
async def test_a_message_refused_by_the_disk_is_never_there_twice(
    server: ServerProcess, machine: Machine, alice: Person, room_id: str
) -> None:
    """A commit whose sync fails is in the file all the same, and a kill can bring it back."""
    async with alice.socket() as hers:
        with machine.broken_disk(writing=0):
            assert (await hers.say(room_id, "Hello!", nonce="once"))["code"] == "storage.unavailable"
            server.kill()
    server.start(server.url.removeprefix("http://"))
    async with alice.socket() as hers:
        acks = [await hers.say(room_id, "Hello!", nonce="once") for _ in range(2)]
        assert [ack["seq"] for ack in acks] == [1, 1]
    server.stop()
    assert contents(Truth.read(server.folder / "mesh.db")) == ["Hello!"]


@needs_machine
async def test_nobody_hears_of_a_message_before_the_disk_has_it(
    server: ServerProcess, machine: Machine, alice: Person, bob: Person, room_id: str
) -> None:
    """Acks follow the sync, not the write: while syncing hangs, there is neither ack nor message."""
    async with alice.socket() as hers, bob.socket() as his:
        with machine.held_disk():
            await hers.send("chat.message.send", room_id=room_id, nonce="n", content="Hello!")
            await until(lambda: machine.waits_for_disk, "the message to reach the disk")
            for socket in (hers, his):
                assert _of_chat(await socket.settle()) == []
            page = await bob.call("GET", f"/api/rooms/{room_id}/messages")
            assert page["messages"] == []
        assert (await hers.wait("chat.message.ack"))["seq"] == 1
        assert (await his.wait("chat.message.created"))["message"]["content"] == "Hello!"


@needs_machine
async def test_what_hung_in_the_disk_when_the_server_was_killed_is_stored_once(
    server: ServerProcess, machine: Machine, alice: Person, room_id: str
) -> None:
    async with alice.socket() as hers:
        with machine.held_disk():
            await hers.send("chat.message.send", room_id=room_id, nonce="n", content="Hello!")
            await until(lambda: machine.waits_for_disk, "the message to reach the disk")
            await asyncio.to_thread(server.kill)
    server.start(server.url.removeprefix("http://"))
    async with alice.socket() as hers:
        assert (await hers.say(room_id, "Hello!", nonce="n"))["seq"] == 1
        assert (await hers.say(room_id, "Hello again!", nonce="m"))["seq"] == 2


def _of_chat(messages: list[Json]) -> list[Json]:
    return [message for message in messages if message["type"].startswith("chat.")]
