"""Lanes over TLS on this machine: what they carry, whom they trust, and that nothing stays behind."""

import asyncio
import contextlib
import random
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mesh_agent.net.base import Lane, LaneLost, WrongCertificate
from mesh_agent.net.tls import TlsServer, connect_tls
from mesh_agent.net.tls_lane import TlsLane
from tests.support.conditions import until
from tests.support.lanes import certificate

BOB = certificate("bob")
MIB = 2**20
HERE = "127.0.0.1"


def lane_threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("tls-")]


@asynccontextmanager
async def served() -> AsyncIterator[tuple[TlsServer, list[Lane]]]:
    lanes: list[Lane] = []
    server = await TlsServer.listen([(HERE, 0)], lanes.append, certificate=BOB)
    try:
        yield server, lanes
    finally:
        await server.close()


@asynccontextmanager
async def lanes_between() -> AsyncIterator[tuple[Lane, Lane]]:
    async with served() as (server, lanes):
        near = await connect_tls(server.addresses[0], peer_fingerprint=BOB.fingerprint)
        try:
            await until(lambda: lanes, "the lane to be accepted")
            yield near, lanes[0]
        finally:
            await near.close()


async def read_exactly(lane: Lane, count: int) -> bytes:
    view = bytearray(count)
    await lane.read_into(memoryview(view))
    return bytes(view)


def waiting_at(lane: Lane) -> int:
    """Encrypted bytes that have come, and nobody has read."""
    assert isinstance(lane, TlsLane)
    with contextlib.suppress(BlockingIOError):
        return len(lane._stream._socket.recv(MIB, socket.MSG_PEEK))
    return 0


async def read_all(lane: Lane) -> bytes:
    pieces = []
    while piece := await lane.read(100_000):
        pieces.append(piece)
    return b"".join(pieces)


async def test_bytes_go_both_ways_at_once_and_nothing_is_left_behind() -> None:
    tasks = asyncio.all_tasks()
    sent = random.Random(1).randbytes(8 * MIB)
    async with lanes_between() as (near, far):
        assert (near.engine, near.way) == ("tls", "direct")
        views = [bytearray(len(sent)), bytearray(len(sent))]
        await asyncio.gather(
            near.write(sent[:99_999], memoryview(sent)[99_999:]),
            far.write(bytearray(sent)),
            near.read_into(memoryview(views[0])),
            far.read_into(memoryview(views[1])),
        )
        assert views[0] == sent
        assert views[1] == sent
        assert lane_threads()
    assert asyncio.all_tasks() == tasks
    await until(lambda: not lane_threads(), "the threads to end")


async def test_who_reads_into_a_buffer_is_told_of_all_that_came_in_order_and_not_in_the_loop() -> None:
    sent = random.Random(3).randbytes(3 * MIB)
    told: list[bytes] = []
    threads: set[threading.Thread] = set()
    view = memoryview(bytearray(len(sent)))

    def came(end: int) -> None:
        told.append(bytes(view[sum(map(len, told)) : end]))
        threads.add(threading.current_thread())

    async with lanes_between() as (near, far):
        writing = asyncio.create_task(near.write(sent))
        await far.read_into(view, came)
        await writing
    assert b"".join(told) == sent
    assert len(told) > 1
    assert threading.current_thread() not in threads


async def test_what_was_written_before_the_end_arrives_and_then_the_end() -> None:
    sent = random.Random(2).randbytes(MIB)
    async with lanes_between() as (near, far):
        await far.write(sent)
        closing = asyncio.create_task(far.close())
        assert await read_all(near) == sent
        assert await near.read(1) == b""
        await near.close()
        await closing


async def test_a_read_takes_no_more_than_it_asked_for_and_what_was_cancelled_is_not_lost() -> None:
    async with lanes_between() as (near, far):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(far.read(100), 0.01)
        await near.write(b"abcdefghij")
        assert await far.read(3) == b"abc"
        view = bytearray(4)
        await far.read_into(memoryview(view))
        assert view == b"defg"
        assert await far.read(100) == b"hij"


async def test_what_is_there_is_read_with_one_turn_of_a_thread() -> None:
    """Else each byte of a frame that is read byte by byte waits for a thread: 80 of them."""
    async with lanes_between() as (near, far):
        await near.write(b"abcdefghij")
        assert await far.read(1) == b"a"
        reading = far.read(1)
        with pytest.raises(StopIteration) as at_once:
            reading.send(None)
        assert at_once.value.value == b"b"
        await near.write(b"klm")
        assert await read_exactly(far, 4) == b"cdef"
        assert await read_exactly(far, 7) == b"ghijklm"


async def test_a_write_that_is_cancelled_ends_the_lane() -> None:
    async with lanes_between() as (near, far):
        writing = asyncio.create_task(near.write(bytes(64 * MIB)))
        await far.read(10)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        with pytest.raises(LaneLost):
            await near.write(b"x")


async def test_another_certificate_is_told_from_the_right_one() -> None:
    async with served() as (server, lanes):
        with pytest.raises(WrongCertificate):
            await connect_tls(server.addresses[0], peer_fingerprint=certificate("mallory").fingerprint)
        await until(lambda: lanes, "the server's side")
        with pytest.raises(LaneLost):
            await lanes[0].read_into(memoryview(bytearray(1)))
    await until(lambda: not lane_threads(), "the threads to end")


@pytest.mark.parametrize("greeting", [b"", b"GET / HTTP/1.1\r\n\r\n", bytes(2_000)])
async def test_who_does_not_speak_tls_disturbs_nobody(greeting: bytes) -> None:
    async with served() as (server, lanes):
        with socket.create_connection(server.addresses[0]) as stranger:
            stranger.sendall(greeting)
            near = await connect_tls(server.addresses[0], peer_fingerprint=BOB.fingerprint)
            await near.write(b"hello")
            await until(lambda: lanes, "the lane")
            assert await lanes[0].read(5) == b"hello"
            await near.close()
    await until(lambda: not lane_threads(), "the threads to end")


@pytest.mark.parametrize(
    ("version", "protocols"), [(ssl.TLSVersion.TLSv1_2, ["mesh-p2p/1"]), (ssl.TLSVersion.TLSv1_3, ["h2"])]
)
async def test_older_tls_and_other_protocols_are_refused(
    version: ssl.TLSVersion, protocols: list[str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    context.set_alpn_protocols(protocols)
    async with served() as (server, lanes):
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(*server.addresses[0], ssl=context)
            assert await reader.read() == b""
            writer.close()
        assert lanes == []


async def test_where_nobody_answers_it_says_so_in_time() -> None:
    with socket.create_server((HERE, 0)) as silent, pytest.raises(LaneLost):
        await connect_tls(silent.getsockname(), peer_fingerprint=BOB.fingerprint, within_s=0.2)
    with pytest.raises(LaneLost):
        await connect_tls((HERE, 9), peer_fingerprint="x", within_s=0.2)
    await until(lambda: not lane_threads(), "the threads to end")


async def test_a_connection_that_breaks_off_is_lost_and_not_ended() -> None:
    async with lanes_between() as (near, far):
        reading = asyncio.create_task(near.read(10))
        assert isinstance(far, TlsLane)
        far._abort(LaneLost())
        with pytest.raises(LaneLost):
            await reading
        with pytest.raises(LaneLost):
            await near.write(bytes(8 * MIB))


async def test_who_waits_for_bytes_is_woken_when_the_lane_is_closed() -> None:
    async with lanes_between() as (near, far):
        reading = asyncio.create_task(near.read_into(memoryview(bytearray(5))))
        await far.write(b"four")
        await near.close()
        with pytest.raises(LaneLost):
            await reading
        with pytest.raises(LaneLost):
            await near.read(1)


async def test_what_follows_a_buffer_that_was_filled_is_taken_with_it() -> None:
    """Of a file, the head of the next chunk: else each has two turns of a thread."""
    async with lanes_between() as (near, far):
        await near.write(bytes(10_000), b"the next head")
        await until(lambda: waiting_at(far) > 10_000 + len(b"the next head"), "all of it to come")
        view = bytearray(10_000)
        await far.read_into(memoryview(view))
        reading = far.read(100)
        with pytest.raises(StopIteration) as at_once:
            reading.send(None)
        assert at_once.value.value == b"the next head"


@pytest.mark.parametrize(
    "spoilt", [b"\x17\x03\x03\x00\x20" + bytes(32), b"\x17\x03\x03\xff\xff", b"GET / HTTP"]
)
async def test_what_was_not_encrypted_by_the_other_end_loses_the_lane(spoilt: bytes) -> None:
    async with lanes_between() as (near, far):
        await near.write(b"right")
        assert isinstance(near, TlsLane)
        near._stream._socket.send(spoilt)
        await until(lambda: waiting_at(far) > len(spoilt) + 5, "all of it to come")
        view = memoryview(bytearray(6))
        with pytest.raises(LaneLost):
            await far.read_into(view)
        assert bytes(view[:5]) == b"right"
        with pytest.raises(LaneLost):
            await far.read(1)
        with pytest.raises(LaneLost):
            await far.write(b"x")
