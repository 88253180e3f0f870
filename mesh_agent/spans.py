"""Spans of time as people write them: `30s`, `15m`, `12h`, `7d`, `2w`."""

import re
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"([0-9]{1,10})([smhdw]?)")


def parse_span(text: str) -> int | None:
    """`text` in seconds, 0 for `off`; None for what is no span."""
    text = text.strip().lower()
    if text == "off":
        return 0
    match = _SPAN.fullmatch(text)
    return int(match[1]) * _UNITS[match[2] or "s"] if match else None


def show_span(seconds: int) -> str:
    """`seconds` in the largest unit that says it exactly, but for weeks that nobody counts in."""
    for unit in "dhm":
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
