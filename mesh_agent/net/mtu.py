"""How large a datagram may be: found by trying (RFC 8899), without IO.

Strategy: a connection begins with what surely fits. A probe is a packet that only has a size; whether it
arrives says all, what routers answer is not believed. The sizes are those of the links that there are, tried
upward, each a few times, since a lost probe may have been lost like any other packet. One that does not pass
ends the search for a while. When nothing gets through any more, the way may have changed to a narrower one:
back to what surely fits, and the search begins again.
"""

from typing import Final

SIZES: Final = (1_352, 1_452, 8_952, 16_384)
"""UDP payloads of links with an MTU of 1,400 (tunnels), 1,500 (Ethernet), 9,000 (jumbo), and of loopback."""

TRIES: Final = 3
RAISE_S: Final = 600.0
"""After so long it is tried again whether more passes by now."""
RETRY_S: Final = 10.0
"""After so long a way that has become narrower is searched again."""
SILENT_TIMEOUTS: Final = 3
"""So many timeouts in a row without a word make a way suspect."""


class Search:
    """One connection's search.

    Attributes:
        size: the largest datagram that is known to pass.
    """

    def __init__(self, first: int, limit: int) -> None:
        """`first` surely passes; nothing beyond `limit` is tried. Bytes of UDP payload."""
        self._first = first
        self._sizes = [size for size in SIZES if first < size < limit] + ([limit] if limit > first else [])
        self._at = 0
        self._tries = 0
        self._under_way = False
        self._rests_until = 0.0
        self.size = first

    def probe(self, now: float) -> int | None:
        """The size of a probe to send now, if one is due."""
        if self._under_way or now < self._rests_until or self._at == len(self._sizes):
            return None
        self._under_way = True
        self._tries += 1
        return self._sizes[self._at]

    def arrived(self, size: int) -> None:
        """A probe of that size was confirmed."""
        self._under_way = False
        self._tries = 0
        if self._at < len(self._sizes) and size == self._sizes[self._at]:
            self._at += 1
            self.size = size

    def lost(self, size: int, now: float) -> None:
        """A probe of that size was not."""
        del size
        self._under_way = False
        if self._tries >= TRIES:
            self._tries = 0
            self._rests_until = now + RAISE_S

    def narrowed(self, now: float) -> bool:
        """Nothing gets through any more; whether there is a smaller size to fall back to."""
        if self.size == self._first:
            return False
        self.size = self._first
        self._at = self._tries = 0
        self._under_way = False
        self._rests_until = now + RETRY_S
        return True
