"""How quick lanes are, and which has the next chunk: by itself, and between couriers in virtual time."""

import itertools
import random

import pytest

from mesh_agent.machines import throughput
from mesh_agent.machines.throughput import Throughput
from mesh_agent.net.base import Buffer
from tests.agent.couriers import DONE, Two
from tests.agent.transfers import CHUNK
from tests.support.memory_files import MemorySource
from tests.support.memory_lanes import MemoryLane
from tests.support.virtual_time import virtually


def carrying(rate: float, chunks: int, *, until: float = 10.0, costly: bool = False) -> Throughput:
    """A lane that has carried so many chunks by `until`, and owes none."""
    made = Throughput(0.0, costly=costly)
    now = until - chunks * CHUNK / rate
    for _ in range(chunks):
        made.sent(CHUNK, now)
        now += CHUNK / rate
        made.written(CHUNK, now)
    return made


@pytest.mark.parametrize(("ratio", "worth"), [(1, True), (7, True), (9, False)])
def test_a_lane_is_left_alone_once_it_is_known_to_be_far_slower(ratio: int, worth: bool) -> None:
    quick, slow = carrying(1e9, 50), carrying(1e9 / ratio, throughput.KNOWN)
    assert slow.is_worth_it([quick, slow], 10.0) is worth
    assert quick.is_worth_it([quick, slow], 10.0)
    assert slow.is_worth_it([slow], 10.0), "nobody else is there"


def test_a_lane_that_is_not_known_gets_a_few_chunks_to_show_what_it_can() -> None:
    quick, new = carrying(1e9, 50), Throughput(10.0)
    given = 0
    while new.is_worth_it([quick, new], 10.0):
        new.sent(CHUNK, 10.0)
        given += 1
    assert given == throughput.KNOWN


def test_large_chunks_make_a_lane_known_sooner() -> None:
    quick, new = carrying(1e9, 50), Throughput(10.0)
    size = throughput.KNOWN_BYTES // 2
    given = 0
    while new.is_worth_it([quick, new], 10.0):
        new.sent(size, 10.0)
        given += 1
    assert given == 2
    new.written(2 * size, 10.1)
    assert new.known


@pytest.mark.parametrize(("ratio", "worth"), [(0.5, True), (1.1, False), (7, False)])
def test_a_costly_lane_is_left_alone_beside_a_cheap_one_that_is_quicker(ratio: float, worth: bool) -> None:
    cheap, costly = carrying(1e8, 50), carrying(1e8 / ratio, 50, costly=True)
    assert costly.is_worth_it([cheap, costly], 10.0) is worth
    assert cheap.is_worth_it([cheap, costly], 10.0), "it is used beside a costly one that is quicker"
    other = carrying(1e8, 50, costly=True)
    assert costly.is_worth_it([other, costly], 10.0), "both are costly"


def test_a_costly_lane_shows_what_it_can_after_the_cheap_ones() -> None:
    cheap, costly = Throughput(0.0), Throughput(0.0, costly=True)
    for _ in range(throughput.KNOWN):
        assert not costly.is_worth_it([costly, cheap], 0.0)
        assert cheap.is_worth_it([costly, cheap], 0.0)
        cheap.sent(CHUNK, 0.0)
    assert not costly.is_worth_it([costly, cheap], throughput.SHOW_S / 2)
    assert costly.is_worth_it([costly, cheap], throughput.SHOW_S + 0.1), "the cheap one may never answer"
    cheap.written(throughput.KNOWN * CHUNK, throughput.SHOW_S / 2)
    assert costly.is_worth_it([costly, cheap], throughput.SHOW_S / 2), "it has shown what it does"


def beside(cheap: Throughput, rate: float, begins: float, ends: float) -> None:
    """It carries so many bytes a second while a costly one takes the processor from it."""
    now = begins
    while now < ends:
        cheap.sent(CHUNK, now)
        now += CHUNK / rate
        cheap.written(CHUNK, now, costly_until=now)


def test_what_a_cheap_lane_does_beside_a_costly_one_is_not_held_against_it() -> None:
    cheap, costly = carrying(6e8, 50), carrying(3e8, 50, costly=True)
    beside(cheap, 4e7, 10.0, 10.4)
    assert cheap.rate(10.4) < 1e8
    assert not costly.is_worth_it([cheap, costly], 10.4)
    assert cheap.is_worth_it([cheap, carrying(6e8, 50, costly=True)], 10.4), "though far slower now"
    assert not cheap.is_worth_it([cheap, carrying(6e8, 50)], 10.4), "cheap ones do not slow each other so"


def test_a_cheap_lane_that_falls_silent_is_as_quick_as_it_was_no_more() -> None:
    cheap, costly = carrying(6e8, 50), carrying(1e8, 50, costly=True)
    cheap.sent(CHUNK, 10.0)
    assert not costly.is_worth_it([cheap, costly], 10.4)
    assert costly.is_worth_it([cheap, costly], 12.0)


def test_what_was_carried_partly_beside_a_costly_lane_was_not_carried_alone() -> None:
    cheap, costly = Throughput(0.0), Throughput(0.0, costly=True)
    cheap.sent(2 * CHUNK, 1.0)
    costly.sent(CHUNK, 1.0)
    assert costly.busy_until(1.5) == 1.5
    costly.written(CHUNK, 1.8)
    assert costly.busy_until(2.5) == 1.8
    cheap.written(CHUNK, 2.0, costly_until=costly.busy_until(2.0))
    assert cheap.rate_alone(2.0) == cheap.rate(2.0) == pytest.approx(CHUNK)
    cheap.written(CHUNK, 2.1, costly_until=costly.busy_until(2.1))
    assert cheap.rate_alone(2.1) == pytest.approx(10 * CHUNK)


def test_a_cheap_lane_is_looked_at_alone_again_and_ever_less_often() -> None:
    """What it did alone at the beginning may have been chance."""
    cheap, costly = carrying(1e8, 50), carrying(3e8, 50, costly=True)
    lanes, now, rested = [cheap, costly], 10.0, []
    while now < 40.0:
        costly.sent(CHUNK, now)
        costly.written(CHUNK, now + CHUNK / 3e8)
        rested.append(not costly.is_worth_it(lanes, now))
        assert cheap.is_worth_it(lanes, now)
        beside(cheap, 5e7, now, now + 0.1)
        now += 0.1
    looks = [at for at in range(1, len(rested)) if rested[at] and not rested[at - 1]]
    gaps = [(after - before) / 10 for before, after in itertools.pairwise(looks)]
    assert len(looks) >= 4
    assert gaps == sorted(gaps)
    assert gaps[-1] <= throughput.TRY_S + 2 * throughput.SHOW_S
    assert sum(rested) / 10 < throughput.SHOW_S * (len(looks) + 1), "each look is short"


def test_a_look_ends_when_a_cheap_lane_has_shown_what_it_does_and_that_counts() -> None:
    cheap, costly = carrying(1e8, 50), carrying(3e8, 50, costly=True)
    lanes = [cheap, costly]
    now = 10.0 + 2 * throughput.AGAIN_S + throughput.SHOW_S
    assert not costly.is_worth_it(lanes, now)
    for _ in range(throughput.KNOWN):
        cheap.sent(CHUNK, now)
        now += CHUNK / 6e8
        cheap.written(CHUNK, now)
    assert not cheap.is_looked_at(now)
    assert not costly.is_worth_it(lanes, now), "it was the quicker one of what was known before"
    assert cheap.rate_alone(now) == pytest.approx(6e8)
    assert cheap.rate_alone(now + 2 * throughput.TRY_S) < 3e8, "that was long ago"


def test_a_cheap_lane_that_comes_later_is_looked_at_and_one_that_is_far_slower_is_not() -> None:
    costly, late = carrying(3e8, 50, costly=True), Throughput(10.0)
    assert not costly.is_worth_it([costly, late], 10.0)
    for _ in range(throughput.KNOWN):
        assert late.is_worth_it([costly, late], 10.0), "large chunks, of which one would make it known"
        late.sent(throughput.KNOWN_BYTES, 10.0)
    assert not costly.is_worth_it([costly, late], 10.1)
    late.written(throughput.KNOWN * throughput.KNOWN_BYTES, 10.03)
    assert not costly.is_worth_it([costly, late], 10.1), "it is quicker"
    slow = carrying(1e6, throughput.KNOWN)
    for tenth in range(150):
        now = 10.0 + tenth / 10
        costly.sent(CHUNK, now)
        costly.written(CHUNK, now + CHUNK / 3e8)
        assert costly.is_worth_it([costly, slow], now)


@pytest.mark.parametrize("costly", [False, True])
def test_there_is_always_a_lane_that_is_worth_it(costly: bool) -> None:
    """Whatever they owe, and however long."""
    new = [Throughput(0.0, costly=costly and each == 0) for each in range(3)]
    for lane in new:
        for _ in range(2 * throughput.KNOWN):
            lane.sent(CHUNK, 0.0)
    assert any(lane.is_worth_it(new, 1.0) for lane in new)
    known = [carrying(1e8, 50, costly=costly), carrying(1e8, 50)]
    for lane in known:
        lane.sent(CHUNK, 10.0)
    for now in (10.5, 15.0, 19.0):
        assert any(lane.is_worth_it([*known, *new], now) for lane in known)


def test_what_was_cancelled_is_not_held_against_a_lane() -> None:
    lane = carrying(1e8, 50)
    lane.sent(CHUNK, 10.0)
    lane.forgiven(CHUNK, 11.0)
    assert lane.rate(100.0) == pytest.approx(1e8)


def test_a_slow_lane_is_tried_again_later() -> None:
    quick, slow = carrying(1e9, 50), carrying(1e6, throughput.KNOWN)
    assert not slow.is_worth_it([quick, slow], 10.0)
    assert slow.is_worth_it([quick, slow], 10.0 + 2 * throughput.TRY_S)


def test_a_quick_lane_that_falls_silent_is_quick_no_more() -> None:
    quick, slow = carrying(1e8, 50), carrying(1e6, throughput.KNOWN)
    quick.sent(CHUNK, 10.0)
    assert not slow.is_worth_it([quick, slow], 10.0)
    assert slow.is_worth_it([quick, slow], 12.0)


def test_what_was_long_ago_counts_less() -> None:
    lane = carrying(1e6, 50)
    now = 10.0
    for _ in range(200):
        lane.sent(CHUNK, now)
        now += CHUNK / 1e8
        lane.written(CHUNK, now)
    assert lane.rate(now) > 5e7


# ── couriers ─────────────────────────────────────────────────────────────────────────────────────

MIB = 2**20

ALONE, BESIDE, COSTLY = 400e6, 4e6, 160e6
"""What a cheap lane takes a second, what it takes while a costly one is busy, and what that takes."""


class Costly(MemoryLane):
    """While something is written to it, the lane `slows` is slow."""

    engine = "quic"
    slows: MemoryLane | None = None

    async def write(self, *pieces: Buffer) -> None:
        if self.slows is not None:
            self.slows.rate = BESIDE
        try:
            await super().write(*pieces)
        finally:
            if self.slows is not None:
                self.slows.rate = ALONE


def test_a_file_goes_by_the_cheap_lane_that_a_costly_one_would_make_slow() -> None:
    async def scene() -> None:
        main, end = Costly(), Costly()
        main.other, end.other, main.rate = end, main, COSTLY
        both = Two(main=(main, end))
        data = random.Random(1).randbytes(MIB) * 64
        source = MemorySource(data, chunk_bytes=MIB)

        def add(index: int) -> None:
            """The cheap lane comes when the costly one is busy already."""
            if len(both.pairs) == 1 and index >= 16:
                main.slows, _ = both.add_lane()
                main.slows.rate = ALONE

        source.before_read = add
        assert await both.send(source) == DONE
        await both.close()
        assert both.bob.disk.whole == {"notes.bin": data}
        by_cheap = both.pairs[1][1].read_bytes
        assert by_cheap > 0.6 * len(data)

    virtually(scene())
