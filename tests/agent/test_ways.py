"""Which way is taken: a better one has its head start, and no more; what failed is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.machines.ways import HEAD_START_S, HOPED_S, MEET_S, ORDER, Race, tried
from mesh_agent.net.base import Way

AT = 100.0


def race(*ways: Way, hoped: Way | None = None) -> Race:
    return Race(ways or ORDER, now=AT, hoped=hoped)


def test_a_direct_way_is_taken_at_once() -> None:
    ways = race()
    assert ways.choose(AT) is None
    assert ways.found("direct") is False
    assert ways.choose(AT) == "direct"
    assert not ways.still_better("punched")


@pytest.mark.parametrize("way", ["punched", "relay"])
def test_a_worse_way_waits_for_a_better_one_and_no_longer(way: Way) -> None:
    ways = race()
    ways.found(way)
    start = HEAD_START_S[way]
    assert ways.due() == AT + start
    assert ways.choose(AT + start - 0.01) is None
    assert ways.choose(AT + start) == way
    assert ways.still_better("direct")


def test_a_better_way_that_comes_in_time_is_taken() -> None:
    ways = race()
    ways.found("relay")
    assert ways.choose(AT + 0.1) is None
    ways.found("punched")
    assert ways.choose(AT + HEAD_START_S["punched"]) == "punched"


def test_nothing_is_waited_for_that_has_failed() -> None:
    ways = race()
    ways.found("relay")
    ways.lost("direct", "nobody answered")
    assert ways.choose(AT) is None
    ways.lost("punched", "no packet came through")
    assert ways.choose(AT) == "relay"


def test_a_better_way_that_comes_later_is_better_and_a_worse_one_is_not() -> None:
    ways = race()
    ways.found("punched")
    assert ways.choose(AT + 5) == "punched"
    assert ways.found("relay") is False
    assert ways.found("direct") is True
    assert ways.choose(AT + 6) == "punched"


def test_a_way_that_is_known_to_come_is_waited_for_longer() -> None:
    ways = race(hoped="punched")
    ways.found("relay")
    assert ways.choose(AT + HOPED_S - 0.1) is None
    assert ways.choose(AT + HOPED_S) == "relay"
    ways = race(hoped="punched")
    ways.found("punched")
    assert ways.choose(AT + HEAD_START_S["punched"]) == "punched"


def test_a_lane_that_is_lost_before_it_is_taken_is_not_taken() -> None:
    ways = race("direct", "relay")
    ways.found("relay")
    ways.lost("relay", "the server relays no more")
    ways.lost("direct", "nobody answered")
    assert ways.choose(AT + MEET_S) is None
    assert ways.over(AT)


def test_it_is_over_when_all_have_failed_or_time_is_up() -> None:
    ways = race("direct", "relay")
    assert not ways.over(AT)
    ways.lost("direct", "nobody answered")
    assert not ways.over(AT)
    assert ways.over(AT + MEET_S)
    ways.lost("relay", "the server relays nothing")
    assert ways.over(AT)
    assert race().over(AT) is False
    assert Race([], now=AT).over(AT)


def test_what_was_tried_is_one_sentence() -> None:
    assert tried({"relay": "The server relays nothing.", "direct": "nobody answered"}) == (
        "No way to the other device was found. Tried directly: nobody answered;"
        " through the server: the server relays nothing."
    )
    assert "may be tried" in tried({})
    ways = race("direct", "relay")
    ways.lost("relay", "quota")
    assert ways.why_not().endswith("directly: nobody answered; through the server: quota.")


_steps = st.lists(
    st.tuples(st.sampled_from(ORDER), st.booleans(), st.floats(0, 3, allow_nan=False)), max_size=8
)


@given(_steps, st.sampled_from([None, *ORDER]))
def test_whatever_happens_the_best_that_is_there_is_taken_once_and_in_time(
    steps: list[tuple[Way, bool, float]], hoped: Way | None
) -> None:
    ways, now, there = Race(ORDER, now=AT, hoped=hoped), AT, set()
    for way, good, pause in steps:
        if ways.taken is None:
            if good:
                ways.found(way)
                there.add(way)
            else:
                ways.lost(way, "lost")
                there.discard(way)
        now += pause
        taken = ways.choose(now)
        assert taken is None or taken == min(there, key=ORDER.index)
        if taken is not None:
            break
        assert ways.due() > now or now >= AT + MEET_S or ways.over(now)
    if there:
        assert ways.choose(AT + MEET_S) == min(there, key=ORDER.index)
