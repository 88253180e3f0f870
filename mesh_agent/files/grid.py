"""How an offer is cut into chunks: a pure function of the sizes of its files, the same at both ends.

A file of at least `chunk_bytes`, or one that is offered alone, has chunks of its own; the last of them is
what remains. Consecutive smaller files of a manifest share a chunk as long as they fit in it; such a pack
never goes over a large file. What has no bytes (folders, links, empty files) takes no part. Chunks are
numbered over the whole offer, in the order of its entries.

Strategy: runs. A run is one large file with all its chunks, or one pack; there are no more of them than
files, and looking one up is a search, so that a file of terabytes costs no more than one of a page.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from protocol.peer import Entry, FileMeta


class Piece(NamedTuple):
    """`size` bytes of a chunk, from `at` on: those of an entry from `offset` on."""

    entry: int
    offset: int
    size: int
    at: int


class Stretch(NamedTuple):
    """Bytes of one entry, of consecutive chunks; of a pack of several, `entry` is None."""

    entry: int | None
    offset: int
    size: int


class Grid:
    """
    Attributes:
        chunks: how many there are.
        chunk_bytes: the size of a chunk, at most.
    """

    def __init__(self, sizes: Iterable[int], chunk_bytes: int, *, alone: bool = False) -> None:
        """`sizes`: bytes of each entry, in order. `alone`: it is one file, and no folder."""
        self.chunk_bytes = chunk_bytes
        self._entries = array("q")
        """Those that have bytes."""
        self._sizes = array("q")
        self._runs = array("q")
        """Where in `_entries` each run begins."""
        self._firsts = array("q")
        """The first chunk of each run."""
        self.chunks = 0
        room = 0
        for entry, size in enumerate(sizes):
            if not size:
                continue
            large = alone or size >= chunk_bytes
            if large or size > room:
                self._runs.append(len(self._entries))
                self._firsts.append(self.chunks)
                self.chunks += -(-size // chunk_bytes) if large else 1
                room = 0 if large else chunk_bytes
            room -= 0 if large else size
            self._entries.append(entry)
            self._sizes.append(size)

    @classmethod
    def of(cls, meta: FileMeta, entries: Sequence[Entry]) -> "Grid":
        """That of an offer whose sizes were checked."""
        if meta.kind == "file":
            return cls([meta.size], meta.chunk_bytes, alone=True)
        return cls((entry.size for entry in entries), meta.chunk_bytes)

    def length(self, index: int) -> int:
        """Bytes of a chunk. Raises: IndexError."""
        run, begin, end = self._run(index)
        if end - begin == 1:
            before = (index - self._firsts[run]) * self.chunk_bytes
            return min(self.chunk_bytes, self._sizes[begin] - before)
        return sum(self._sizes[begin:end])

    def pieces(self, index: int) -> list[Piece]:
        """What a chunk consists of. Raises: IndexError."""
        run, begin, end = self._run(index)
        if end - begin == 1:
            offset = (index - self._firsts[run]) * self.chunk_bytes
            size = min(self.chunk_bytes, self._sizes[begin] - offset)
            return [Piece(self._entries[begin], offset, size, 0)]
        pieces = []
        at = 0
        for entry, size in zip(self._entries[begin:end], self._sizes[begin:end], strict=True):
            pieces.append(Piece(entry, 0, size, at))
            at += size
        return pieces

    def span(self, entry: int) -> range:
        """The chunks in which an entry has bytes; none for what has no bytes."""
        at = bisect_right(self._entries, entry) - 1
        if at < 0 or self._entries[at] != entry:
            return range(0)
        run = bisect_right(self._runs, at) - 1
        return range(self._firsts[run], self._firsts[run] + self._count(run))

    def files(self) -> Iterator[tuple[int, range]]:
        """Each entry that has bytes, with its chunks."""
        for run, begin in enumerate(self._runs):
            chunks = range(self._firsts[run], self._firsts[run] + self._count(run))
            for entry in self._entries[begin : self._end(run)]:
                yield entry, chunks

    def _run(self, index: int) -> tuple[int, int, int]:
        if not 0 <= index < self.chunks:
            raise IndexError(index)
        run = bisect_right(self._firsts, index) - 1
        return run, self._runs[run], self._end(run)

    def _end(self, run: int) -> int:
        return self._runs[run + 1] if run + 1 < len(self._runs) else len(self._entries)

    def _count(self, run: int) -> int:
        end = self._firsts[run + 1] if run + 1 < len(self._firsts) else self.chunks
        return end - self._firsts[run]

    def stretches(self, first: int, count: int) -> Iterator[Stretch]:
        """The bytes of consecutive chunks, run by run. Raises: IndexError."""
        end = first + count
        while first < end:
            run, begin, last = self._run(first)
            stop = min(end, self._firsts[run] + self._count(run))
            if last - begin == 1:
                offset = (first - self._firsts[run]) * self.chunk_bytes
                size = min((stop - first) * self.chunk_bytes, self._sizes[begin] - offset)
                yield Stretch(self._entries[begin], offset, size)
            else:
                yield Stretch(None, 0, sum(self._sizes[begin:last]))
            first = stop

    def bytes_of(self, first: int, count: int) -> int:
        """Raises: IndexError."""
        return sum(stretch.size for stretch in self.stretches(first, count))
