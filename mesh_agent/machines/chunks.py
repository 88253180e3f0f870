"""Sets of chunks, as ranges: what is missing, what is there, what are holes.

Strategy: the ends of the ranges in one sorted list, so that a set of a million chunks that come in order is
two numbers, and each operation is a search in it. What comes over the wire is checked against the number of
chunks that there are before it becomes a set.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from protocol import limits
from protocol.peer import Range


class ChunkSet:
    """Indexes of chunks. Ranges are half open here: `first` up to, and without, `end`."""

    __slots__ = ("_edges", "_size")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._edges: list[int] = []
        """first, end, first, end, … rising; between two ranges is at least one chunk."""
        self._size = 0
        for each in ranges:
            self.add(each.first, each.count)

    @classmethod
    def full(cls, chunks: int) -> "ChunkSet":
        """All of the first `chunks`."""
        made = cls()
        if chunks:
            made.add(0, chunks)
        return made

    def copy(self) -> "ChunkSet":
        made = ChunkSet()
        made._edges = self._edges.copy()
        made._size = self._size
        return made

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return bool(self._edges)

    def __contains__(self, index: int) -> bool:
        return bisect_right(self._edges, index) % 2 == 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChunkSet) and self._edges == other._edges

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ChunkSet({list(self.ranges())!r})"

    def __iter__(self) -> Iterator[int]:
        """Rising; the set must not change meanwhile."""
        for first, end in zip(self._edges[::2], self._edges[1::2], strict=True):
            yield from range(first, end)

    def ranges(self, limit: int | None = None) -> list[Range]:
        """The first `limit` ranges, rising."""
        edges = self._edges if limit is None else self._edges[: 2 * limit]
        return [Range(first, end - first) for first, end in zip(edges[::2], edges[1::2], strict=True)]

    def add(self, first: int, count: int = 1) -> int:
        """Returns how many of them were not in it."""
        return self._put(first, first + count, inside=True)

    def discard(self, first: int, count: int = 1) -> int:
        """Returns how many of them were in it."""
        return self._put(first, first + count, inside=False)

    def _put(self, first: int, end: int, *, inside: bool) -> int:
        edges = self._edges
        start = bisect_left(edges, first)
        stop = bisect_right(edges, end)
        before, after = start % 2 == 1, stop % 2 == 1
        held = self._held(first, end)
        put = ([] if before is inside else [first]) + ([] if after is inside else [end])
        edges[start:stop] = put
        changed = end - first - held if inside else held
        self._size += changed if inside else -changed
        return changed

    def held(self, first: int, count: int = 1) -> int:
        """How many of them are in it."""
        return self._held(first, first + count)

    def after(self, index: int) -> int | None:
        """The lowest that is not below `index`; None where there is none."""
        at = bisect_right(self._edges, index)
        if at % 2 == 1:
            return index
        return self._edges[at] if at < len(self._edges) else None

    def _held(self, first: int, end: int) -> int:
        edges = self._edges
        held, at = 0, bisect_right(edges, first)
        if at % 2 == 1:
            held += min(edges[at], end) - first
            at += 1
        while at < len(edges) and edges[at] < end:
            held += min(edges[at + 1], end) - edges[at]
            at += 2
        return held

    def first(self) -> int | None:
        """The lowest; None where it is empty."""
        return self._edges[0] if self._edges else None

    def pop(self) -> int:
        """Takes the lowest out. Raises: IndexError"""
        index = self._edges[0]
        self.discard(index)
        return index


def checked(ranges: Iterable[Range], chunks: int) -> ChunkSet | None:
    """What the other end says, as a set; None where a range goes past the `chunks` that there are."""
    made = ChunkSet()
    for each in ranges:
        if each.first + each.count > chunks:
            return None
        made.add(each.first, each.count)
    return made


def pages(chunks: ChunkSet) -> list[Range]:
    """As many ranges as go into one frame: the lowest."""
    return chunks.ranges(limits.RANGES)
