"""How much may be under way: the credit of both ends, and the pace of a person's limit.

Strategy: credit counts raw bytes since the handshake, over all lanes. Each chunk is paid for once, however
often it has to be sent, and is paid back once it is written, so that a lane that dies costs no credit for
good: what it had is sent again for nothing. What is dropped with its transfer was perhaps never seen by the
receiver; the sender takes that back, at most what the receiver has not paid back, and the receiver, who saw
the same lane die, allows for it.
"""

from typing import Final

from protocol import limits
from protocol.errors import PeerOverCredit
from protocol.peer import P2pCredit, Written

WINDOW_BYTES: Final = 64 * 1024 * 1024
"""Raw bytes that may be on their way to one receiver and not yet on its disk: so much of its memory."""

SHARE: Final = 2
"""A new limit is told once this part of the window has been written."""

WRITTEN_MAX: Final = 512
"""Ranges of written chunks that are told at once."""


class Spending:
    """The sender's side."""

    def __init__(self) -> None:
        self.limit = 0
        self.spent = 0
        self._window = 0

    def raised(self, limit: int) -> None:
        """Raises: PeerOverCredit: a limit that was given is taken back."""
        if limit < self.limit:
            raise PeerOverCredit
        self._window = self._window or limit
        self.limit = limit

    @property
    def room(self) -> int:
        """Bytes that may be sent now."""
        return self.limit - self.spent

    def pay(self, size: int) -> None:
        self.spent += size

    def take_back(self, size: int) -> None:
        """For bytes that never left, or may never have arrived, and will not be sent again."""
        owed = self.spent - (self.limit - self._window)
        self.spent -= min(size, max(0, owed))


class Granting:
    """The receiver's side.

    Args:
        window: bytes; no less than the largest chunk that is accepted.

    Attributes:
        arrived: raw bytes whose chunk was announced, each chunk once.
        released: how many of them are on disk, or dropped.
    """

    def __init__(self, window: int = WINDOW_BYTES) -> None:
        self.window = window
        self._slack = 0
        self._told = 0
        self._written: list[Written] = []
        self.arrived = 0
        self.released = 0

    def arriving(self, size: int) -> None:
        """A chunk that did not come before. Raises: PeerOverCredit"""
        if self.arrived + size > self._told + self._slack:
            raise PeerOverCredit
        self.arrived += size

    def release(self, size: int) -> None:
        self.released += size

    def lane_lost(self) -> None:
        """The sender may take back what was on it."""
        self._slack += self.window

    def written(self, transfer: str, index: int) -> None:
        """To be told with the next credit."""
        last = self._written[-1] if self._written else None
        if last and last.transfer == transfer and last.first + last.count == index:
            self._written[-1] = Written(transfer, last.first, last.count + 1)
        else:
            self._written.append(Written(transfer, index, 1))

    def forget(self, transfer: str) -> None:
        """It is over: what was written of it would be taken for that of its next try."""
        self._written = [each for each in self._written if each.transfer != transfer]

    @property
    def plenty(self) -> bool:
        """Enough was written to be told at once."""
        limit = self.released + self.window
        return limit - self._told >= self.window // SHARE or len(self._written) >= WRITTEN_MAX

    @property
    def due(self) -> bool:
        """A new credit should be told: enough was written, or nothing else is on its way to be."""
        return self.plenty or (bool(self._written) and self.arrived == self.released)

    @property
    def untold(self) -> bool:
        """There is something to tell, if only a little."""
        return bool(self._written) or self.released + self.window > self._told

    def frame(self) -> P2pCredit:
        """What is to be told; taken as told."""
        self._told = self.released + self.window
        written = self._written[:WRITTEN_MAX]
        self._written = self._written[WRITTEN_MAX:]
        return P2pCredit(limit=self._told, written=written)


class Pace:
    """A limit of bytes a second (a token bucket that may be overdrawn by one piece).

    Args:
        rate: bytes a second; None for no limit.
    """

    BURST_S: Final = 0.25
    """So much time's bytes may go at once after a rest."""

    def __init__(self, rate: int | None, now: float) -> None:
        self.rate = rate
        self._held = 0.0
        self._at = now

    def piece(self, size: int) -> int:
        """How many of `size` bytes to send at once, so that the pace is even."""
        if self.rate is None:
            return size
        return min(size, max(limits.CHUNK_MIN_BYTES // 4, self.rate // 8))

    def take(self, size: int, now: float) -> float:
        """`size` bytes go; returns the seconds to wait before the next."""
        if self.rate is None:
            return 0.0
        burst = self.rate * self.BURST_S
        self._held = min(burst, self._held + (now - self._at) * self.rate) - size
        self._at = now
        return max(0.0, -self._held / self.rate)
