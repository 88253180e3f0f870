"""Times travel as RFC 3339 in UTC with milliseconds, and come back as the same number."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.times import TIME_MAX, format_time, parse_time


@given(st.integers(0, TIME_MAX))
def test_round_trip(ms: int) -> None:
    assert parse_time(format_time(ms)) == ms


@given(st.integers(0, TIME_MAX), st.integers(0, TIME_MAX))
def test_written_times_sort_as_they_pass(one: int, other: int) -> None:
    assert (format_time(one) < format_time(other)) == (one < other)


@given(st.integers(0, TIME_MAX), st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_any_offset_is_understood(ms: int, offset_min: int) -> None:
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    elsewhere = utc.astimezone(timezone(timedelta(minutes=offset_min)))
    assert parse_time(elsewhere.isoformat()) == ms


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (999, "1970-01-01T00:00:00.999Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (TIME_MAX, "9999-12-31T00:00:00.000Z"),
    ],
)
def test_known_times(ms: int, text: str) -> None:
    assert format_time(ms) == text
    assert parse_time(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20.0Z",
        "2023-11-14t22:13:20z",
        "2023-11-14T22:13:20.000999999Z",
        "2023-11-14T22:13:20-00:00",
        "2023-11-15T00:13:20+02:00",
        "2023-11-14T16:43:20-05:30",
    ],
)
def test_other_ways_to_write_one_moment(text: str) -> None:
    assert parse_time(text) == 1_700_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1700000000",
        "2023-11-14",
        "2023-11-14T22:13:20",
        "2023-11-14 22:13:20Z",
        "2023-11-14T22:13Z",
        "20231114T221320Z",
        "2023-W46-2T22:13:20Z",
        "2023-02-29T00:00:00Z",
        "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:60Z",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+24:00",
        "2023-11-14T22:13:20+02:00:30",
        "2023-11-14T22:13:20Z\n",
        " 2023-11-14T22:13:20Z",
        "２０２３-11-14T22:13:20Z",
        "1969-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T00:00:00.001Z",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        ms = parse_time(text)
    except ValueError:
        return
    assert 0 <= ms <= TIME_MAX


def test_every_time_has_a_local_time_everywhere() -> None:
    for offset in (timedelta(hours=-12), timedelta(hours=14)):
        for ms in (0, TIME_MAX):
            assert datetime.fromtimestamp(ms / 1000, timezone(offset))


def test_a_time_beyond_the_calendar_cannot_be_written() -> None:
    with pytest.raises(OverflowError):
        format_time(TIME_MAX * 2)
