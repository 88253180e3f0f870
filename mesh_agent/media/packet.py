"""A packet of sound, as it came."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Packet:
    """`timestamp`: 1/48000 s, modulo 2**32; `number`: modulo 2**16. `at`: monotonic seconds."""

    number: int
    timestamp: int
    payload: bytes
    at: float
