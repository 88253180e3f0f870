"""Ids: 20 characters that sort by time, as ULIDs do (https://github.com/ulid/spec), with 50 random bits.

They are names, not secrets: knowing one opens nothing.
"""

import random
import time
from collections.abc import Callable
from typing import Final

Clock = Callable[[], int]
"""Milliseconds since 1970. An argument of every service, so that tests own the time."""

NewId = Callable[[], str]

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_BITS: Final = 50
"""Of each half: ten characters of five bits."""


def system_clock() -> int:
    return time.time_ns() // 1_000_000


def _base32(number: int) -> str:
    high, low = number >> 20, number & 0xFFFFF
    return (
        _PAIRS[high >> 20 & 1023]
        + _PAIRS[high >> 10 & 1023]
        + _PAIRS[high & 1023]
        + _PAIRS[low >> 10]
        + _PAIRS[low & 1023]
    )


def id_maker(clock: Clock = system_clock, random_bits: Callable[[int], int] = random.getrandbits) -> NewId:
    """A source of new ids; those of one millisecond have no order among themselves."""

    def new_id() -> str:
        return _base32(clock()) + _base32(random_bits(_BITS))

    return new_id
