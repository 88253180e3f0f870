"""Times on the wire: RFC 3339, UTC, milliseconds. Inside the programs: integer milliseconds since 1970."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def format_time(ms: int) -> str:
    """`1700000000123` -> `"2023-11-14T22:13:20.123Z"`."""
    text = (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def parse_time(text: str) -> int:
    """The inverse of `format_time`; any RFC 3339 offset is understood.

    Raises:
        ValueError: not a time, or a time without an offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without an offset from UTC: {text!r}")
    return (moment - _EPOCH) // _MILLISECOND
