"""The contract of a bus, on that of a single node and on a real NATS server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import get_args
from uuid import uuid4

import pytest

from mesh_server.bus.base import (
    Bus,
    BusMessage,
    DeviceRevoked,
    Look,
    PeopleHere,
    PeopleWanted,
    PersonHere,
    RoomChanged,
    RoomGone,
    Spent,
    SpentOf,
    ToRooms,
    ToUser,
    Tried,
    UserChanged,
)
from mesh_server.bus.codec import MESSAGE_BYTES, seal, unseal
from mesh_server.bus.line import trust
from mesh_server.bus.memory import MemoryBus
from mesh_server.bus.nats import NatsBus
from mesh_server.errors import CannotStart
from protocol.events import (
    MessageEdited,
    PresenceChanged,
    ReadMarked,
    RoomDeleted,
    Typing,
)
from tests.support.bus_messages import ROOM, came_in, created, message, went_out
from tests.support.certificates import make_certificate
from tests.support.conditions import until
from tests.support.nats_server import NatsServer, shared
from tests.support.tasks import running

LOOK = Look(room_id=ROOM, rev=7)


class Node:
    """A bus, and what is heard there."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[BusMessage] = []
        bus.subscribe(self.heard.append)

    async def hears(self, *messages: BusMessage) -> None:
        await until(lambda: len(self.heard) >= len(messages), "all to be heard")
        assert self.heard == list(messages)


@asynccontextmanager
async def nats_node(url: str, subject: str, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Node]:
    bus = NatsBus([url], node=uuid4().hex, subject=subject, tls=tls)
    async with running(bus.keep()):
        await until(lambda: bus.is_up, "a line to the bus")
        yield Node(bus)


@pytest.fixture
def subject() -> str:
    return f"mesh.{uuid4().hex}"


@pytest.fixture(params=["memory", "nats"])
async def node(request: pytest.FixtureRequest, subject: str) -> AsyncIterator[Node]:
    if request.param == "memory":
        yield Node(MemoryBus())
        return
    async with nats_node(shared().url, subject) as on_nats:
        yield on_nats


@pytest.fixture
async def nodes(subject: str) -> AsyncIterator[tuple[Node, Node, Node]]:
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(nats_node(shared().url, subject)) for _ in range(3)]
        yield made[0], made[1], made[2]


def test_there_is_one_of_each() -> None:
    assert {type(one) for one in ONE_OF_EACH} == set(get_args(BusMessage))


ONE_OF_EACH: list[BusMessage] = [
    created(1, 2),
    came_in("bob", 3, "peer"),
    went_out("bob", 4, "kicked"),
    RoomChanged(room_id=ROOM, rev=5, event=MessageEdited(message=message(5)), asked_by="peer"),
    RoomGone(room_id=ROOM, event=RoomDeleted(room_id=ROOM)),
    ToUser(
        user_id="bob",
        event=ReadMarked(room_id=ROOM, user_id="bob", seq=1),
        except_devices=("phone", "laptop"),
        room_id=ROOM,
    ),
    ToRooms(room_ids=[ROOM], event=Typing(room_id=ROOM, user_id="bob", username="bob"), except_user="bob"),
    ToRooms(room_ids=[ROOM], event=PresenceChanged(user_id="bob", presence="away"), except_user=""),
    DeviceRevoked(device_id="phone"),
    UserChanged(user_id="bob"),
    Tried(account="bob", origin="phone", address="192.0.2.1", fits=False),
    Spent("node", [SpentOf("send", "user", "bob", 3)]),
    PeopleHere(
        "node", 3, [PersonHere("bob", "away", "lunch", [ROOM]), PersonHere("alice", None)], roster=True
    ),
    PeopleWanted("node"),
    LOOK,
]


# ── every bus ────────────────────────────────────────────────────────────────────────────────────


async def test_a_node_hears_itself_before_publishing_returns_and_once(node: Node) -> None:
    for number, told in enumerate(ONE_OF_EACH, start=1):
        node.bus.publish(told)
        assert node.heard == ONE_OF_EACH[:number]
    await asyncio.sleep(0)
    assert node.heard == ONE_OF_EACH


async def test_every_handler_hears_everything(node: Node) -> None:
    second: list[BusMessage] = []
    node.bus.subscribe(second.append)
    node.bus.publish(LOOK)
    assert node.heard == second == [LOOK]


# ── several nodes ────────────────────────────────────────────────────────────────────────────────


async def test_the_others_hear_all_of_it_in_its_order_and_the_node_itself_nothing_twice(
    nodes: tuple[Node, Node, Node],
) -> None:
    first, *others = nodes
    told = [*ONE_OF_EACH, *(created(rev) for rev in range(10, 210))]
    for one in told:
        first.bus.publish(one)
    for other in others:
        await other.hears(*told)
    others[0].bus.publish(LOOK)
    # An echo of what the first one said would have come before this.
    await first.hears(*told, LOOK)


async def test_what_is_too_large_for_the_bus_is_told_to_stand_in_the_log(
    nodes: tuple[Node, Node, Node],
) -> None:
    first, other, _ = nodes
    large = created(8, 9, content="x" * 1_000_000)
    first.bus.publish(large)
    first.bus.publish(LOOK)
    assert first.heard == [large, LOOK]
    await other.hears(Look(room_id=ROOM, rev=9), LOOK)


async def test_servers_that_share_a_nats_server_hear_nothing_of_each_other(subject: str) -> None:
    url = shared().url
    async with (
        nats_node(url, subject) as mine,
        nats_node(url, f"{subject}2") as strange,
        nats_node(url, subject) as other,
    ):
        strange.bus.publish(created(1))
        other.bus.publish(LOOK)
        await mine.hears(LOOK)


async def test_a_handler_that_fails_is_heard_again(nodes: tuple[Node, Node, Node]) -> None:
    first, other, _ = nodes

    def failing(_: BusMessage) -> None:
        raise ValueError

    other.bus.subscribe(failing)
    first.bus.publish(LOOK)
    first.bus.publish(created(1))
    await other.hears(LOOK, created(1))


# ── a line that breaks ───────────────────────────────────────────────────────────────────────────


async def test_a_bus_without_a_line_loses_what_is_said_blocks_nobody_and_comes_back(subject: str) -> None:
    server = NatsServer()
    server.start()
    gaps = []
    try:
        async with nats_node(server.url, subject) as first, nats_node(server.url, subject) as other:
            assert isinstance(first.bus, NatsBus)
            assert isinstance(other.bus, NatsBus)
            first.bus.on_gap = lambda: gaps.append(len(first.heard))
            server.stop()
            await until(lambda: not first.bus.is_up and not other.bus.is_up, "the lines to end")  # type: ignore[attr-defined]
            first.bus.publish(created(1))
            assert (first.heard, first.bus.lost) == ([created(1)], 1)
            server.start()
            await until(lambda: first.bus.is_up and other.bus.is_up, "new lines")  # type: ignore[attr-defined]
            assert 1 in gaps, "it says that something may have been missed"
            first.bus.publish(LOOK)
            await other.hears(LOOK)
    finally:
        server.stop()


async def test_a_server_that_wants_a_password_gets_it_from_the_address(subject: str) -> None:
    server = NatsServer("--user", "mesh", "--pass", "secret")
    server.start()
    try:
        url = server.url.replace("//", "//mesh:secret@")
        async with nats_node(url, subject) as first, nats_node(url, subject) as other:
            first.bus.publish(LOOK)
            await other.hears(LOOK)
    finally:
        server.stop()


async def test_a_server_with_tls_is_believed_by_its_certificate_alone(subject: str, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "bus")
    server = NatsServer("--tls", "--tlscert", str(certificate), "--tlskey", str(key))
    server.start()
    url = f"tls://localhost:{server.port}"
    try:
        async with nats_node(url, subject, tls=trust(str(certificate))) as first:
            strange = NatsBus([url], node="strange", subject=subject)
            async with nats_node(url, subject, tls=trust(str(certificate))) as other, running(strange.keep()):
                await until(lambda: strange.attempts > 1, "the one that does not know it to try")
                first.bus.publish(LOOK)
                await other.hears(LOOK)
                assert strange.lines == 0
    finally:
        server.stop()


def test_certificates_that_are_none_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="bus_ca"):
        trust(str(tmp_path / "missing.pem"))
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(CannotStart, match="bus_ca"):
        trust(str(tmp_path / "empty.pem"))


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("told", ONE_OF_EACH, ids=lambda told: type(told).__name__)
def test_bytes_and_back(told: BusMessage) -> None:
    sealed = seal("node", told, 1_000_000)
    assert sealed is not None
    assert unseal(sealed) == ("node", told)


def test_what_is_in_no_log_and_too_large_is_lost() -> None:
    typing = ToRooms(room_ids=["r" * 100] * 100, event=RoomDeleted(room_id=ROOM), except_user="")
    assert seal("node", typing, 10_000) is None


def _changed(sealed: bytes | None, old: bytes, new: bytes) -> bytes:
    assert sealed is not None
    assert old in sealed
    return sealed.replace(old, new)


def test_what_another_version_says_is_looked_up_where_it_is_in_a_log() -> None:
    later = _changed(seal("node", created(3), 10_000), b"MessagesCreated", b"MessagesPainted")
    assert unseal(later) == ("node", Look(room_id=ROOM, rev=3))
    assert (
        unseal(_changed(seal("node", DeviceRevoked("phone"), 10_000), b"DeviceRevoked", b"DeviceRenamed"))
        is None
    )


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"x" * (MESSAGE_BYTES + 1), b"\x91" * 5_000])
def test_rubbish_is_nothing(data: bytes) -> None:
    assert unseal(data) is None
