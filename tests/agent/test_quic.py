"""Lanes over QUIC through real sockets on this machine, and through paths of another kind."""

import asyncio
import contextlib
import itertools
import random
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from mesh_agent.net.base import Lane, LaneLost, WrongCertificate
from mesh_agent.net.endpoint import STRANGERS, TURN_DATAGRAMS, Endpoint
from mesh_agent.net.engine import SEND_BYTES, Engine
from mesh_agent.net.quic import QuicServer, connect_quic
from mesh_agent.net.udp import UdpSocket, groups, open_socket
from tests.support.conditions import until
from tests.support.lanes import MemoryPath, certificate

ALICE, BOB = certificate("alice"), certificate("bob")
MIB = 2**20
HERE = "127.0.0.1"


@asynccontextmanager
async def served(host: str = HERE) -> AsyncIterator[tuple[QuicServer, list[Lane]]]:
    """Bob's server, and the lanes that it accepted."""
    lanes: list[Lane] = []
    server = await QuicServer.listen(
        [(host, 0)], lanes.append, certificate=BOB, peer_fingerprint=ALICE.fingerprint
    )
    try:
        yield server, lanes
    finally:
        await server.close()


async def connect(address: tuple[str, int], **more: float) -> Lane:
    return await connect_quic(None, address, certificate=ALICE, peer_fingerprint=BOB.fingerprint, **more)


@asynccontextmanager
async def lanes_between(host: str = HERE) -> AsyncIterator[tuple[Lane, Lane]]:
    async with served(host) as (server, lanes):
        near = await connect(server.addresses[0])
        try:
            await until(lambda: lanes, "the lane to be accepted")
            yield near, lanes[0]
        finally:
            await near.close()


async def read_all(lane: Lane) -> bytes:
    pieces = []
    while piece := await lane.read(100_000):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_bytes_go_both_ways_and_nothing_is_left_behind(host: str) -> None:
    if host == "::1":
        try:
            open_socket(host).close()
        except OSError:
            pytest.skip("no IPv6 here")
    tasks = asyncio.all_tasks()
    there, back = random.Random(1).randbytes(MIB), random.Random(2).randbytes(MIB // 2)
    async with lanes_between(host) as (near, far):
        assert (near.engine, near.way) == ("quic", "direct")

        async def answer() -> None:
            view = bytearray(len(there))
            await far.read_into(memoryview(view))
            assert view == there
            await far.write(back[:100], memoryview(back)[100:])
            await far.close()

        reading = asyncio.create_task(answer())
        await near.write(there[:70_000], bytearray(there[70_000:]))
        assert await read_all(near) == back
        assert await near.read(1) == b""
        await reading
    assert asyncio.all_tasks() == tasks


async def test_a_read_takes_no_more_than_it_asked_for() -> None:
    async with lanes_between() as (near, far):
        await near.write(b"abcdefghij")
        assert await far.read(3) == b"abc"
        view = bytearray(4)
        await far.read_into(memoryview(view))
        assert view == b"defg"
        assert await far.read(100) == b"hij"


async def test_a_read_that_was_cancelled_loses_nothing() -> None:
    async with lanes_between() as (near, far):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(far.read(10), 0.01)
        await near.write(b"later")
        assert await far.read(10) == b"later"


async def test_nobody_is_told_anything_who_has_another_certificate() -> None:
    async with served() as (server, lanes):
        with pytest.raises(WrongCertificate):
            await connect_quic(
                None,
                server.addresses[0],
                certificate=ALICE,
                peer_fingerprint=certificate("mallory").fingerprint,
            )
        stranger = await connect_quic(
            None,
            server.addresses[0],
            certificate=certificate("mallory"),
            peer_fingerprint=BOB.fingerprint,
        )
        with pytest.raises(LaneLost):
            await stranger.read(1)
        await stranger.close()
        assert lanes == []


async def test_where_nobody_answers_it_says_so_in_time() -> None:
    silent = open_socket(HERE)
    tasks = asyncio.all_tasks()
    with silent, pytest.raises(LaneLost, match="did not answer"):
        await connect(silent.getsockname(), within_s=0.3)
    assert asyncio.all_tasks() == tasks


async def test_garbage_at_the_door_disturbs_nobody() -> None:
    async with served() as (server, lanes):
        near = await connect(server.addresses[0])
        chance = random.Random(3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for size in [0, 1, 5, 6, 7, 30, 1_200, 1_500, 9_000] * 20:
                data = bytearray(chance.randbytes(size))
                if size:
                    data[0] |= chance.choice([0x40, 0xC0])
                stranger.sendto(data, server.addresses[0])
        await near.write(b"x" * 500_000)
        await until(lambda: lanes, "the lane")
        view = bytearray(500_000)
        await lanes[0].read_into(memoryview(view))
        await near.close()


async def test_few_strangers_are_answered_at_a_time() -> None:
    async with served() as (server, lanes):
        (endpoint,) = server._endpoints
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(3 * STRANGERS):
                engine = Engine.client(ALICE, BOB.fingerprint, address="server", now=0.0)
                stranger.sendto(engine.send(0.0)[0][0], server.addresses[0])
        await until(lambda: len(set(endpoint._lanes.values())) == STRANGERS, "all places to be taken")
        assert lanes == []


async def test_who_is_closed_while_it_writes_is_told() -> None:
    async with lanes_between() as (near, far):
        writing = asyncio.create_task(near.write(bytes(4 * SEND_BYTES)))
        await far.read(10)
        await far.close()
        with pytest.raises(LaneLost):
            await writing
        with pytest.raises(LaneLost):
            await near.write(b"more")


async def test_a_writer_waits_for_a_reader_that_rests() -> None:
    async with lanes_between() as (near, far):
        writing = asyncio.create_task(near.write(bytes(20 * MIB)))
        assert isinstance(far, object)
        await until(lambda: far._engine.unread >= 8 * MIB, "the window to be full")  # type: ignore[attr-defined]
        assert not writing.done()
        view = bytearray(20 * MIB)
        await far.read_into(memoryview(view))
        await writing


async def test_lanes_share_a_path_of_another_kind() -> None:
    near_path, far_path = MemoryPath.pairs()
    accepted: list[Lane] = []
    server = await QuicServer.over(far_path, accepted.append, certificate=BOB)
    endpoint = Endpoint.over(near_path)
    lanes = [
        await connect_quic(endpoint, certificate=ALICE, peer_fingerprint=BOB.fingerprint) for _ in range(3)
    ]
    assert {lane.way for lane in lanes} == {"relay"}
    await until(lambda: len(accepted) == 3, "three lanes")
    for number, (near, far) in enumerate(zip(lanes, accepted, strict=True)):
        await near.write(bytes([number]) * 50_000)
        view = bytearray(50_000)
        await far.read_into(memoryview(view))
        assert set(view) == {number}
    await lanes[0].close()
    await lanes[1].write(b"the others stay")
    assert await accepted[1].read(100) == b"the others stay"
    await endpoint.close()
    await server.close()


class Laden:
    """A port at which much has arrived."""

    def __init__(self, bursts: int) -> None:
        self.left = bursts

    async def send(self, datagrams: Sequence[bytes], address: object) -> None:
        del datagrams, address

    async def receive(self) -> tuple[str, list[bytes]]:
        if not self.left:
            raise LaneLost
        self.left -= 1
        return "alice", [b"\x40 garbage"]

    def more(self) -> tuple[str, list[bytes]] | None:
        if not self.left:
            return None
        self.left -= 1
        return "alice", [b"\x40 garbage"]

    def close(self) -> None:
        """Nothing is open."""


async def test_much_of_what_has_arrived_is_worked_on_before_lanes_have_a_turn_but_not_all() -> None:
    port = Laden(bursts=5 * TURN_DATAGRAMS)
    endpoint = Endpoint(port, way="direct", first_bytes=1_200, limit_bytes=1_200)
    left = [port.left]
    while port.left:
        await asyncio.sleep(0)
        left.append(port.left)
    steps = {before - after for before, after in itertools.pairwise(left)}
    await endpoint.close()
    assert steps <= {0, TURN_DATAGRAMS}


async def test_a_path_that_is_lost_takes_its_lanes_with_it() -> None:
    near_path, far_path = MemoryPath.pairs()
    accepted: list[Lane] = []
    server = await QuicServer.over(far_path, accepted.append, certificate=BOB)
    near = await connect_quic(near_path, certificate=ALICE, peer_fingerprint=BOB.fingerprint)
    near_path.close()
    with pytest.raises(LaneLost):
        await near.read(1)
    with pytest.raises(LaneLost):
        await near.write(b"x")
    await near.close()
    await server.close()


# ── sockets ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("plain", [False, True])
async def test_batches_of_any_sizes_arrive_as_they_were(plain: bool) -> None:
    near, far = UdpSocket(open_socket(HERE), plain=plain), UdpSocket(open_socket(HERE), plain=plain)
    sizes = [1_200] * 70 + [900, 1_200, 1_300, 5, 16_384, 16_384, 16_384, 16_384, 16_384, 3, 1]
    sent = [bytes([at % 256]) * size for at, size in enumerate(sizes)]
    await near.send(sent, far.address)
    got: list[bytes] = []
    while len(got) < len(sent):
        address, datagrams = await far.receive()
        assert address == near.address
        got += datagrams
    assert got == sent
    near.close()
    far.close()
    with pytest.raises(LaneLost):
        await far.receive()


@pytest.mark.parametrize("plain", [True, False])
async def test_what_is_at_hand_comes_in_order_and_without_waiting(plain: bool) -> None:
    near, far = UdpSocket(open_socket(HERE), plain=plain), UdpSocket(open_socket(HERE), plain=plain)
    assert far.more() is None
    sent = [b"%d" % number * (number + 1) for number in range(40)]
    for datagram in sent:
        await near.send([datagram], far.address)
    came: list[bytes] = []
    while len(came) < len(sent):
        came += (await far.receive())[1]
        while (burst := far.more()) is not None:
            came += burst[1]
    assert came == sent
    near.close()
    far.close()


def test_a_write_carries_datagrams_of_one_size_and_a_smaller_last_one() -> None:
    sizes = [10, 10, 5, 10, 10, 12, 12, 1, 1]
    cut = [[len(one) for one in group] for group in groups([bytes(size) for size in sizes])]
    assert cut == [[10, 10, 5], [10, 10], [12, 12, 1], [1]]
    many = [list(group) for group in groups([bytes(1_400)] * 150)]
    assert sum(map(len, many)) == 150
    assert all(len(group) * 1_400 <= 65_000 and len(group) <= 64 for group in many)


async def test_a_datagram_too_large_for_the_way_is_lost_and_nothing_else() -> None:
    near, far = UdpSocket(open_socket(HERE)), UdpSocket(open_socket(HERE))
    await near.send([bytes(70_000), b"fits"], far.address)
    assert (await far.receive())[1] == [b"fits"]
    near.close()
    far.close()
