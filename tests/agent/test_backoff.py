"""How long the agent waits between two tries."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.client.backoff import BASE_S, CAP_S, RETRY_AFTER_MAX_S, STABLE_S, Backoff

DRAWS = st.floats(0, 1, exclude_max=True)


def test_the_bound_doubles_up_to_the_cap() -> None:
    backoff = Backoff()
    waits = [backoff.failed(0.0, 1.0) for _ in range(9)]
    assert waits == [BASE_S, 1.0, 2.0, 4.0, 8.0, 16.0, CAP_S, CAP_S, CAP_S]


def test_attempts_count_from_the_last_time_the_line_was_up() -> None:
    backoff = Backoff()
    assert backoff.attempt == 1
    backoff.failed(0.0, 0.5)
    backoff.failed(1.0, 0.5)
    assert backoff.attempt == 3
    backoff.up(2.0)
    assert backoff.attempt == 1
    backoff.failed(100.0, 0.5)
    assert backoff.attempt == 1


def test_a_line_that_lasted_forgives_and_one_that_broke_at_once_does_not() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.failed(0.0, 1.0)
    backoff.up(10.0)
    assert backoff.failed(10.0 + STABLE_S / 2, 1.0) == 16.0
    backoff.up(20.0)
    assert backoff.failed(20.0 + STABLE_S, 1.0) == BASE_S


def test_what_a_new_connection_mends_is_tried_at_once_but_only_once() -> None:
    backoff = Backoff()
    assert backoff.failed(0.0, 1.0, prompt=True) == 0.0
    assert backoff.failed(0.0, 1.0, prompt=True) == 1.0


def test_the_servers_wish_comes_on_top_and_is_bounded() -> None:
    assert Backoff().failed(0.0, 1.0, retry_after=3.0) == 3.0 + BASE_S
    assert Backoff().failed(0.0, 0.0, retry_after=1e9) == RETRY_AFTER_MAX_S


@given(st.lists(st.tuples(DRAWS, st.booleans(), st.floats(0, 100)), max_size=60))
def test_no_wait_is_negative_or_past_the_cap(steps: list[tuple[float, bool, float]]) -> None:
    backoff, now = Backoff(), 0.0
    for draw, up, elapsed in steps:
        now += elapsed
        if up:
            backoff.up(now)
        assert 0.0 <= backoff.failed(now, draw) <= CAP_S
