"""Encoded pictures, whole and in order, out of packets that come in any order or not at all.

Strategy: pure; the clock is an argument. A picture is whole with the packet that is marked as its last one,
and is given out as soon as all before it were. What is missing is asked for again a few times (NACK). Where
it does not come in time, or a whole keyframe has come after it, what is between is given up: pictures are
given out again from a keyframe on, since all others are made from those before them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PACKETS_MAX: Final = 512
"""That wait for one before them, or for the end of their picture; with more, that is given up."""

ASKED_MAX: Final = 4
"""How often a packet is asked for."""

ASK_AGAIN_S: Final = 0.04
"""At least so long until the next time; on long lines, until it could have come."""

ASKED_AT_ONCE: Final = 64
"""Packets that are asked for in one go; where more are missing, a keyframe is the quicker way."""

GIVE_UP_S: Final = 0.6
"""How long a missing packet is waited for."""

AGAIN_S: Final = 0.5
"""A keyframe that has not come is asked for again after this."""

JUMP: Final = 3_000
"""A number so far from those before it belongs to a stream that began anew."""


_START: Final = b"\x9d\x01\x2a"
"""Stands in every keyframe of VP8, before its size."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One packet without its descriptor. `first`, `last`: of its picture."""

    timestamp: int
    data: bytes
    first: bool
    last: bool


@dataclass(slots=True)
class _Missing:
    since: float
    asked: int = 0
    asked_at: float = 0.0


def is_key(data: bytes) -> bool:
    """Whether an encoded VP8 picture can be decoded by itself (RFC 6386 section 9.1)."""
    return bool(data) and not data[0] & 1


def key_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a keyframe; None where it is none."""
    if not is_key(data) or len(data) < 10 or data[3:6] != _START:
        return None
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


class Reorder:
    """Of one stream. `lost`: pictures that were given up, as far as they can be counted."""

    def __init__(self) -> None:
        self._pieces: dict[int, Piece] = {}
        self._missing: dict[int, _Missing] = {}
        self._next: int | None = None
        self._newest = 0
        self._broken = True
        self._told_at = float("-inf")
        self.lost = 0

    def add(self, number: int, piece: Piece, now: float) -> list[tuple[bytes, int]]:
        """Encoded pictures that can be decoded now, with their timestamps. `number`: modulo 2**16."""
        at = self._unwrapped(number)
        if self._next is None or abs(at - self._newest) > JUMP:
            self._begin(at)
        assert self._next is not None
        if at < self._next or at in self._pieces:
            return []
        self._pieces[at] = piece
        self._missing.pop(at, None)
        for missing in range(self._newest + 1, at):
            self._missing[missing] = _Missing(now)
        self._newest = max(self._newest, at)
        found = list(self._whole())
        if self._is_late(now):
            found += self._give_up()
        return found

    def wanted(self, now: float, round_trip_s: float = 0.05) -> list[int]:
        """Numbers (modulo 2**16) to ask for now."""
        if len(self._missing) > ASKED_AT_ONCE:
            return []
        pause = max(ASK_AGAIN_S, 1.5 * round_trip_s)
        wanted = []
        for number, missing in self._missing.items():
            if not missing.asked or (missing.asked < ASKED_MAX and now - missing.asked_at > pause):
                missing.asked += 1
                missing.asked_at = now
                wanted.append(number & 0xFFFF)
        return wanted

    def needs_key(self, now: float) -> bool:
        """Whether a keyframe is to be asked for now: nothing can be decoded before one."""
        if not self._broken or now - self._told_at < AGAIN_S:
            return False
        self._told_at = now
        return True

    def broke(self) -> None:
        """The decoder cannot go on from here."""
        self._broken = True

    def _unwrapped(self, number: int) -> int:
        """The one that is nearest to those before it."""
        return self._newest + ((number - self._newest + 0x8000) & 0xFFFF) - 0x8000

    def _begin(self, at: int) -> None:
        self._pieces.clear()
        self._missing.clear()
        self._next = at
        self._newest = at - 1
        self._broken = True

    def _whole(self) -> Iterator[tuple[bytes, int]]:
        """Pictures at the front that have all their packets, taken out."""
        assert self._next is not None
        while (end := self._end_of(self._next)) is not None:
            picture = self._take(self._next, end)
            self._next = end + 1
            key = is_key(picture[0])
            if self._broken and not key:
                self.lost += 1
                continue
            self._broken = False
            yield picture

    def _end_of(self, begin: int) -> int | None:
        """The number of the last packet of the picture that begins there; None where one is missing."""
        at = begin
        while (piece := self._pieces.get(at)) is not None:
            following = self._pieces.get(at + 1)
            if piece.last or (following is not None and following.timestamp != piece.timestamp):
                return at
            at += 1
        return None

    def _take(self, begin: int, end: int) -> tuple[bytes, int]:
        pieces = [self._pieces.pop(at) for at in range(begin, end + 1)]
        return b"".join(piece.data for piece in pieces), pieces[0].timestamp

    def _is_late(self, now: float) -> bool:
        if len(self._pieces) > PACKETS_MAX:
            return True
        if not self._missing:
            return False
        if self._newest - next(iter(self._missing)) >= PACKETS_MAX:
            return True
        oldest = next(iter(self._missing.values()))
        return now - oldest.since > GIVE_UP_S or self._key() is not None

    def _key(self) -> int | None:
        """Where the newest keyframe begins that is whole."""
        for at in sorted(self._pieces, reverse=True):
            piece = self._pieces[at]
            if piece.first and is_key(piece.data) and self._end_of(at) is not None:
                return at
        return None

    def _give_up(self) -> list[tuple[bytes, int]]:
        """On from a keyframe, or from what comes next."""
        key = self._key()
        self._broken = True
        begin = self._newest + 1 if key is None else key
        given_up = [self._pieces.pop(at) for at in list(self._pieces) if at < begin]
        self.lost += 1 + sum(piece.last for piece in given_up)
        self._missing = {at: missing for at, missing in self._missing.items() if at > begin}
        self._next = begin
        return list(self._whole())
