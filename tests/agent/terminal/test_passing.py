"""A lane to the host: what comes is taken one frame at a time, and what has no place there ends it."""

import asyncio
from typing import Any

import pytest

from mesh_agent.net.base import LaneLost
from mesh_agent.terminal import passing
from mesh_agent.terminal.passing import Passing
from protocol.errors import MeshError, PeerOutOfOrder
from protocol.peer import FrameReader, P2pError, P2pPing, PeerFrame, encode_frame
from protocol.peer_terminal import Changed, Cursor, Run, TermAck, TermInput, TermOpen, TermState
from tests.support.conditions import until
from tests.support.memory_lanes import HELD_BYTES, MemoryLane, lane_pair

STATE = encode_frame(
    TermState(
        number=1,
        base=0,
        columns=500,
        rows=200,
        cursor=Cursor(0, 0),
        changed=[Changed(row, [Run("x" * 500)]) for row in range(200)],
    )
)


class Taker:
    """Takes frames only while the gate is open."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.gate = asyncio.Event()

    async def __call__(self, frame: bytes) -> None:
        self.taken.append(frame)
        await self.gate.wait()


@pytest.fixture
def ends() -> tuple[MemoryLane, MemoryLane]:
    return lane_pair()


async def said(lane: MemoryLane) -> PeerFrame:
    """The next frame that comes there."""
    reader = FrameReader()
    while (frame := reader.frame()) is None:
        reader.feed(await lane.read(4_096))
    return frame


async def test_who_takes_nothing_costs_no_memory(ends: tuple[MemoryLane, MemoryLane]) -> None:
    ours, theirs = ends
    taker = Taker()
    running = asyncio.create_task(Passing(ours, taker).run())
    written = 0

    async def flood() -> None:
        nonlocal written
        while True:
            await theirs.write(STATE)
            written += len(STATE)

    flooding = asyncio.create_task(flood())
    await until(lambda: taker.taken, "the first frame")
    sizes = [0, 1]

    def is_still() -> bool:
        sizes.append(written)
        return len(sizes) > 20 and len(set(sizes[-10:])) == 1

    await until(is_still, "a full lane")
    assert len(taker.taken) == 1
    assert written < HELD_BYTES + 4 * len(STATE)
    taker.gate.set()
    await until(lambda: len(taker.taken) > 50, "the rest")
    for task in (flooding, running):
        task.cancel()
    await asyncio.gather(flooding, running, return_exceptions=True)


async def test_both_ways(ends: tuple[MemoryLane, MemoryLane]) -> None:
    ours, theirs = ends
    taker = Taker()
    taker.gate.set()
    one = Passing(ours, taker)
    running = asyncio.create_task(one.run())
    one.put(encode_frame(TermAck(number=3)) + encode_frame(TermInput(data=b"x")))
    assert await said(theirs) == TermAck(number=3)
    await theirs.write(encode_frame(P2pPing(stamp=7)))
    await one.written()
    await theirs.close()
    with pytest.raises(LaneLost):
        await running
    assert taker.taken == []


WRONG: list[tuple[bytes, type[MeshError]]] = [
    (encode_frame(TermOpen(columns=80, rows=24)), PeerOutOfOrder),
    (encode_frame(P2pError(code="peer.malformed")), MeshError),
    (b"\xc1", MeshError),
]


@pytest.mark.parametrize(("data", "error"), WRONG)
async def test_what_has_no_place_ends_it(
    ends: tuple[MemoryLane, MemoryLane], data: bytes, error: type[MeshError]
) -> None:
    ours, theirs = ends
    running = asyncio.create_task(Passing(ours, Taker()).run())
    await theirs.write(data)
    with pytest.raises(error):
        await running
    if not isinstance(running.exception(), LaneLost) and error is PeerOutOfOrder:
        told: Any = await said(theirs)
        assert told.code == PeerOutOfOrder.code


async def test_a_kind_that_is_new_is_refused_and_nothing_more(ends: tuple[MemoryLane, MemoryLane]) -> None:
    ours, theirs = ends
    taker = Taker()
    taker.gate.set()
    running = asyncio.create_task(Passing(ours, taker).run())
    await theirs.write(b"\x81\xa4type\xa8TERM_NEW", STATE)
    await until(lambda: taker.taken, "what came after it")
    await theirs.write(b"\x81\xa4type\xa8TERM_NEW" * passing.UNKNOWN_MAX)
    with pytest.raises(MeshError):
        await running


async def test_silence_is_the_end(ends: tuple[MemoryLane, MemoryLane]) -> None:
    now = [0.0]
    ours, _ = ends
    running = asyncio.create_task(Passing(ours, Taker(), clock=lambda: now[0]).run())
    await asyncio.sleep(0)
    now[0] = passing.DEAD_S + 1
    with pytest.raises(LaneLost):
        await running
