"""What the table of verbs is made of: rows, arguments, and the kinds of values that these take."""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mesh_agent.spans import parse_span


@dataclass(frozen=True, slots=True)
class Argument:
    """What `add_argument` is told."""

    names: tuple[str, ...]
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """`name` may be several words. `summary` is one phrase, `example` a whole command. `rest`: the argument,
    a list, that gets the words which stand behind others' options; without one such words are refused."""

    name: str
    summary: str
    example: str
    arguments: tuple[Argument, ...] = ()
    rest: str = ""


def arg(*names: str, **options: Any) -> Argument:
    return Argument(names, options)


def number_from(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    """A type for `add_argument`: a number from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most}")
        return number

    return parse


_SIZES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def size(most: int = 10**15) -> Callable[[str], int]:
    """A type for `add_argument`: a number of bytes such as `500k`, `20M` or `1.5G`."""

    def parse(text: str) -> int:
        found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,3})?)([kmgt]?)b?", text.strip().casefold())
        number = int(float(found[1]) * _SIZES[found[2]]) if found else 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no size such as 500k, 20M or 1.5G")
        return number

    return parse


def span(most: int, *, off: bool = False) -> Callable[[str], int]:
    """A type for `add_argument`: a span of time such as `30s`, `12h` or `7d`; with `off`, that too."""

    def parse(text: str) -> int:
        seconds = parse_span(text)
        if seconds is None or not (0 if off else 1) <= seconds <= most:
            such = "30s, 15m, 12h or 7d" + (", or off" if off else "")
            raise argparse.ArgumentTypeError(f"{text!r} is no span of time such as {such}, up to {most} s")
        return seconds

    return parse
