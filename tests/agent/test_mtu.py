"""How large a datagram may be: the search by itself, and on links in virtual time."""

import random

import pytest

from mesh_agent.net.mtu import RAISE_S, RETRY_S, SIZES, TRIES, Search
from scripts.bench.simulated import Link, World
from tests.support.lanes import opened

MIB = 2**20


def test_sizes_are_tried_upward_one_at_a_time() -> None:
    search = Search(1_200, 16_384)
    for size in SIZES:
        assert search.probe(0.0) == size
        assert search.probe(0.0) is None
        search.arrived(size)
        assert search.size == size
    assert search.probe(9 * RAISE_S) is None


def test_what_does_not_pass_is_tried_again_and_then_left_for_a_while() -> None:
    search = Search(1_200, 1_452)
    search.probe(0.0)
    search.arrived(1_352)
    for _ in range(TRIES):
        assert search.probe(1.0) == 1_452
        search.lost(1_452, 1.0)
    assert search.probe(2.0) is None
    assert search.size == 1_352
    assert search.probe(1.0 + RAISE_S) == 1_452


def test_nothing_beyond_the_limit_is_tried() -> None:
    assert Search(1_200, 1_200).probe(0.0) is None
    assert Search(16_384, 16_384).probe(0.0) is None
    assert Search(1_200, 1_300).probe(0.0) == 1_300


def test_a_way_that_got_narrower_is_searched_again() -> None:
    search = Search(1_200, 1_352)
    assert not search.narrowed(0.0)
    search.probe(0.0)
    search.arrived(1_352)
    assert search.narrowed(5.0)
    assert search.size == 1_200
    assert search.probe(5.0) is None
    assert search.probe(5.0 + RETRY_S) == 1_352


@pytest.mark.parametrize(
    ("largest", "found"), [(65_535, 16_384), (1_452, 1_452), (1_400, 1_352), (1_200, 1_200)]
)
def test_a_connection_finds_what_its_link_carries(largest: int, found: int) -> None:
    world = World()
    links = [
        Link(rate=4e6, delay_s=0.01, largest=largest, loss=0.01, chance=random.Random(seed))
        for seed in (1, 2)
    ]
    alice, bob = opened(world, *links, limit=16_384)
    alice.left = 2 * MIB
    assert world.run(lambda: bob.got == 2 * MIB)
    assert alice.engine.connection.datagram_bytes == found


def test_a_link_that_gets_narrower_does_not_end_a_connection() -> None:
    world = World()
    alice, bob = opened(world, Link(rate=4e6, delay_s=0.01), Link(rate=4e6, delay_s=0.01), limit=16_384)
    alice.left = 8 * MIB
    assert world.run(lambda: bob.got > MIB)
    assert alice.engine.connection.datagram_bytes == 16_384
    alice.link.largest = 1_300
    assert world.run(lambda: bob.got == 8 * MIB)
    assert alice.engine.connection.datagram_bytes == 1_200
