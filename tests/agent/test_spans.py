"""Spans of time, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.spans import parse_span, show_span


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("30s", 30),
        (" 15M ", 900),
        ("12h", 43_200),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("off", 0),
    ],
)
def test_a_span_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1y", "-5m", "1.5h", "5 m", "٣d", "9" * 11])
def test_anything_else_is_none(text: str) -> None:
    assert parse_span(text) is None


@given(st.integers(0, 10**8))
def test_what_is_written_is_read(seconds: int) -> None:
    assert parse_span(show_span(seconds)) == seconds
