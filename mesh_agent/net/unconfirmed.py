"""What was written to a QUIC stream and is not known to have arrived: it may have to be sent again.

Strategy: the pieces as they were written, each copied once, as whoever wrote it uses its memory for the next.
aioquic has one array of bytes for this; where more is written at one end while the other end of it is taken
away, the system gives it fresh memory and copies all of its 8 MiB, again and again: a fifth of what a file
cost its sender. This stands in the array's place, and does what aioquic asks of that: it is appended to, cut
at the front, and read in slices.
"""

from bisect import bisect_right
from typing import Final

from mesh_agent.net.base import Buffer

SMALL_BYTES: Final = 4_096
"""Pieces below this are put together, so that there are not many of them."""


class Unconfirmed:
    """Offsets are counted from the first byte that is still there."""

    __slots__ = ("_cut", "_pieces", "_starts", "_stop")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._starts: list[int] = []
        """Where each piece begins, counted from the first byte that there ever was."""
        self._cut = self._stop = 0

    def __len__(self) -> int:
        return self._stop - self._cut

    def __iadd__(self, data: Buffer) -> "Unconfirmed":
        size = len(data)
        if self._pieces and size + len(self._pieces[-1]) <= SMALL_BYTES:
            self._pieces[-1] += bytes(data)
        elif size:
            self._pieces.append(bytes(data))
            self._starts.append(self._stop)
        self._stop += size
        return self

    def __getitem__(self, part: slice) -> Buffer:
        """`part`: both ends, within what is there."""
        start, stop = part.start + self._cut, part.stop + self._cut
        at = bisect_right(self._starts, start) - 1
        begins = self._starts[at]
        view = memoryview(self._pieces[at])[start - begins : stop - begins]
        if len(view) == stop - start:
            return view
        parts = [view]
        while (begins := begins + len(self._pieces[at])) < stop:
            at += 1
            parts.append(memoryview(self._pieces[at])[: stop - begins])
        return b"".join(parts)

    def __delitem__(self, part: slice) -> None:
        """The first bytes, up to the end of `part`."""
        self._cut += part.stop
        gone = bisect_right(self._starts, self._cut) - 1
        if self._cut >= self._stop:
            gone = len(self._pieces)
        if gone > 0:
            del self._pieces[:gone], self._starts[:gone]
