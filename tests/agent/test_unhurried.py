"""Properties of what is tested first in a run: how quick the machine is says nothing about them either."""

from hypothesis import given, settings
from hypothesis import strategies as st


@given(st.integers(0, 1))
def test_an_example_may_take_as_long_as_it_likes(number: int) -> None:
    mine = vars(test_an_example_may_take_as_long_as_it_likes)["_hypothesis_internal_use_settings"]
    assert isinstance(mine, settings)
    assert mine.deadline is None, number
