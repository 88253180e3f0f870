"""How fast a connection sends, in virtual time: loss that means nothing, and loss that means something."""

import random

import pytest

from mesh_agent.net.congestion import LEAST_PACKETS, WINDOW_MAX
from scripts.bench.simulated import End, Link, World
from scripts.bench.transfer_bench import simulated
from tests.support.lanes import opened

MIB = 2**20
RATE = 5e6 / 8
"""Five megabits: the same as on a faster line, with fewer packets to simulate."""


def line(loss: float = 0.0, *, queue_s: float = 0.06, rate: float = RATE) -> Link:
    return Link(rate, 0.03, loss, queue_bytes=rate * queue_s, chance=random.Random(3))


def flow(world: World, there: Link, back: Link) -> End:
    near, far = opened(world, there, back, size=1_452, limit=1_452)
    near.left = 500 * MIB
    return far


def test_a_line_that_loses_packets_by_itself_is_used_nevertheless() -> None:
    share = simulated("mesh", rate=4 * RATE, rtt_s=0.06, loss=0.01, mib=8)
    cubic = simulated("paced-cubic", rate=4 * RATE, rtt_s=0.06, loss=0.01, mib=2)
    assert share > 0.75  # the first round trips, which find the line, are in it
    assert share > 1.5 * cubic


@pytest.mark.parametrize("loss", [0.0, 0.02])
def test_the_queue_of_a_line_stays_short(loss: float) -> None:
    world = World()
    there = line(loss, queue_s=1.0)
    far = flow(world, there, line())
    world.run(lambda: False, limit_s=2.5)
    waits, got = [], far.got
    for _ in range(20):
        world.run(lambda: False, limit_s=0.1)
        waits.append(max(0.0, there.free_at - world.now))
    assert sum(waits) / len(waits) < 0.065  # about one round trip, where a second would find room
    assert far.got - got > 0.8 * 2 * RATE


def test_two_share_a_line() -> None:
    world = World()
    there, back = line(), line()
    one, two = flow(world, there, back), flow(world, there, back)
    world.run(lambda: False, limit_s=3)
    before = one.got, two.got
    world.run(lambda: False, limit_s=4)
    shares = [(end.got - got) / RATE / 4 for end, got in zip((one, two), before, strict=True)]
    assert sum(shares) > 0.85
    assert min(shares) > 0.2


def test_a_line_that_gets_slower_is_not_flooded() -> None:
    world = World()
    there = line(rate=2 * RATE)
    far = flow(world, there, line())
    world.run(lambda: False, limit_s=2)
    there.rate = RATE / 2
    there.queue_bytes = RATE / 2 * 0.06
    world.run(lambda: False, limit_s=4)
    before, dropped, carried = far.got, there.dropped, there.carried
    world.run(lambda: False, limit_s=4)
    lost = (there.dropped - dropped) * 1_480
    assert lost < 0.05 * (there.carried - carried)
    assert far.got - before > 0.6 * 4 * RATE / 2


def test_the_window_is_bounded_at_both_ends() -> None:
    world = World()
    near, far = opened(world, Link(2e8, 0.2), Link(2e8, 0.2), size=16_384, limit=16_384)
    near.left = 60 * MIB
    congestion = near.engine.connection.congestion
    most = 0
    for _ in range(40):
        world.run(lambda: False, limit_s=0.05)
        most = max(most, congestion.bytes_in_flight)
    assert MIB < most <= WINDOW_MAX + 16_384
    assert far.got > 2 * MIB
    congestion.on_persistent_congestion()
    assert congestion.congestion_window == LEAST_PACKETS * 16_384
