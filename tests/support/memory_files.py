"""A source and a sink in memory, as `mesh_agent.sharing.transferring` has them: quick doubles for disks.

The sink keeps what was written in a `Disk`, which outlives it, as a disk outlives a program that is killed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

from blake3 import blake3

from mesh_agent.files.errors import SinkClosed
from mesh_agent.machines.chunks import ChunkSet
from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Grid
from mesh_agent.sharing.transferring import Accept
from protocol.errors import PeerHashWrong
from protocol.peer import Entry, Range

CHUNK: Final = 64 * 1024


@dataclass(frozen=True)
class Packed:
    """Chunks of one size over all bytes, as if the files lay one behind the other."""

    size: int
    each: int = CHUNK

    @property
    def chunks(self) -> int:
        return -(-self.size // self.each)

    def length(self, index: int) -> int:
        return min(self.each, self.size - index * self.each)

    def bytes_of(self, first: int, count: int) -> int:
        return min(self.size, (first + count) * self.each) - first * self.each


class MemorySource:
    """One file, or a folder whose files lie one behind the other in `data`."""

    mtime = 1_732_095_000_000_000_000
    mode = 0o644

    def __init__(
        self,
        data: bytes,
        *,
        name: str = "notes.bin",
        entries: Sequence[Entry] = (),
        kind: Literal["file", "folder"] = "file",
        chunk_bytes: int = CHUNK,
        holes: Sequence[Range] = (),
    ) -> None:
        self.data = data
        self.name = name
        self.size = len(data)
        self.kind: Literal["file", "folder"] = kind
        self.entries = list(entries)
        self.chunk_bytes = chunk_bytes
        self.grid: Grid = Packed(len(data), chunk_bytes)
        self.faults: list[tuple[int, str]] = []
        self.reads: list[int] = []
        self.before_read: Callable[[int], None] = lambda _: None
        self._holes = holes

    def holes(self) -> Sequence[Range]:
        return self._holes

    def read(self, index: int) -> tuple[bytes | bytearray | memoryview, bytes]:
        self.reads.append(index)
        self.before_read(index)
        data = memoryview(self.data)[index * self.chunk_bytes :][: self.chunk_bytes]
        return data, blake3(data).digest()

    def give_back(self, data: bytes | bytearray | memoryview) -> None:
        """All of it stays in `data`."""

    def whole_hash(self) -> bytes:
        digest: bytes = blake3(self.data).digest()
        return digest


def folder_of(files: dict[str, bytes], **options: Any) -> MemorySource:
    entries = [Entry(path, "file", len(data), 0, 0o644) for path, data in files.items()]
    return MemorySource(b"".join(files.values()), name="stuff", entries=entries, kind="folder", **options)


@dataclass
class Disk:
    """What is kept: parts by transfer, and what is whole by name."""

    parts: dict[str, tuple[bytearray, ChunkSet]] = field(default_factory=dict)
    whole: dict[str, bytes] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    writes: list[int] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    abandoned: list[bool] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    under_way: "set[MemoryComing]" = field(default_factory=set)
    before_write: Callable[[int], None] = lambda _: None
    before_finish: Callable[[], None] = lambda: None
    while_placing: Callable[[], None] = lambda: None

    def open(self, offer: Offer, _: Accept) -> "MemorySink":
        self.events.append("open")
        return MemorySink(self, offer)


@dataclass(eq=False)
class MemoryComing:
    """A chunk on its way; no more of it is told than there is, and nothing twice."""

    size: int
    under_way: "set[MemoryComing]"
    """It is in it until it was written or dropped."""
    keep: Callable[[], None]
    end: int = 0

    def __post_init__(self) -> None:
        self.under_way.add(self)

    def write(self) -> None:
        self.under_way.discard(self)
        self.keep()

    def reach(self, end: int, /) -> None:
        assert self.end < end <= self.size
        self.end = end

    def drop(self) -> None:
        """Nothing of it was kept."""
        self.under_way.discard(self)


class MemorySink:
    def __init__(self, disk: Disk, offer: Offer) -> None:
        self._disk = disk
        self._offer = offer
        self._open = True
        self._stopped = self._placing = False
        meta = offer.meta
        self.grid: Grid = Packed(meta.size, meta.chunk_bytes)
        fresh = (bytearray(meta.size), ChunkSet())
        self._data, self._have = disk.parts.setdefault(meta.transfer, fresh)

    @property
    def have(self) -> Sequence[Range]:
        return self._have.ranges()

    def coming(self, index: int, view: memoryview, digest: bytes, /) -> "MemoryComing":
        keep = partial(self.write, index, view, digest)
        return MemoryComing(len(view), self._disk.under_way, keep)

    def write(self, index: int, data: memoryview, digest: bytes, /) -> None:
        assert self._open, "written to after the end"
        self._disk.before_write(index)
        if blake3(data).digest() != digest:
            raise PeerHashWrong
        at = index * self._offer.meta.chunk_bytes
        self._data[at : at + len(data)] = data
        self._have.add(index)
        self._disk.writes.append(index)

    def hole(self, first: int, count: int) -> None:
        assert self._open
        self._have.add(first, count)

    def fault(self, entry: int, reason: str, /) -> None:
        assert self._open
        self._disk.faults.append((entry, reason))

    def finish(self, digest: bytes, /) -> str:
        assert self._open
        self._open = False
        self._disk.before_finish()
        assert len(self._have) == self.grid.chunks
        meta = self._offer.meta
        if meta.kind == "file" and blake3(self._data).digest() != digest:
            raise PeerHashWrong
        if self._stopped:
            raise SinkClosed
        self._placing = True
        self._disk.while_placing()
        self._disk.whole[meta.name] = bytes(self._data)
        self._disk.done.add(meta.transfer)
        del self._disk.parts[meta.transfer]
        return meta.name

    def stop(self) -> bool:
        self._stopped = not self._placing
        return self._stopped

    def abandon(self, keep: bool) -> None:
        self._open = False
        self._disk.abandoned.append(keep)
        self._disk.events.append("close")
        if not keep:
            self._disk.parts.pop(self._offer.meta.transfer, None)
