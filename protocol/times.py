"""Times on the wire: RFC 3339, UTC, milliseconds. Inside the programs: integer milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)

TIME_MAX: Final = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""The last time that is understood: a day before the calendar ends, so that every zone can show it."""


def format_time(ms: int) -> str:
    """`1700000000123` -> `"2023-11-14T22:13:20.123Z"`.

    Raises:
        OverflowError: beyond the calendar, which ends with the year 9999.
    """
    seconds, milliseconds = divmod(ms, 1000)
    return f"{_format_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=256)
def _format_second(seconds: int) -> str:
    """Kept for a while: what is said at once is said in the same second."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat(timespec="seconds").removesuffix("+00:00")


def parse_time(text: str) -> int:
    """The inverse of `format_time`; any offset of RFC 3339 is understood, leap seconds are not.

    Raises:
        ValueError: not a time, a time without an offset from UTC, or one outside 1970 to `TIME_MAX`.
    """
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError(f"not a time of RFC 3339: {text[:40]!r}")
    ms = (datetime.fromisoformat(text.upper()) - _EPOCH) // _MILLISECOND
    if not 0 <= ms <= TIME_MAX:
        raise ValueError(f"a time outside 1970 to 9999: {text[:40]!r}")
    return ms
