"""A source and a sink with nothing between them: what a line would carry is handed over."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesh_agent.files.sink import Finished, Sink
from mesh_agent.files.source import Source
from mesh_agent.machines.chunks import ChunkSet
from mesh_agent.machines.receiving import Offer

PEER = "alice/laptop"


def offer_of(source: Source, transfer: str = "t1") -> Offer:
    return Offer(source.meta(transfer), list(source.entries))


@contextmanager
def opened(path: Path, **wishes: bool) -> Iterator[Source]:
    source = Source.open(path, **wishes)
    try:
        yield source
    finally:
        source.close()


def missing(source: Source, sink: Sink) -> ChunkSet:
    """What is still to be sent; the holes are told first."""
    left = ChunkSet.full(source.grid.chunks)
    for each in sink.have:
        left.discard(each.first, each.count)
    for each in source.holes():
        left.discard(each.first, each.count)
        sink.hole(each.first, each.count)
    return left


def carry(source: Source, sink: Sink, *, order: random.Random | None = None) -> int:
    """Sends what is missing; returns how many bytes that were."""
    sent = 0
    chunks = list(missing(source, sink))
    if order:
        order.shuffle(chunks)
    for index in chunks:
        data, digest = source.read(index)
        sink.write(index, data, digest)
        sent += len(data)
        source.give_back(data)
    for entry, reason in source.faults:
        sink.fault(entry, reason)
    return sent


def send(path: Path, into: Path, *, source: dict[str, bool] | None = None, **wishes: Any) -> Finished:
    """A whole transfer."""
    with opened(path, **source or {}) as sending:
        sink = Sink.open(into, offer_of(sending), peer=PEER, **wishes)
        try:
            carry(sending, sink)
            return sink.finish(sending.whole_hash() if sending.kind == "file" else b"")
        finally:
            sink.abandon(keep=True)


def file(path: Path, size: int, seed: int = 0) -> Path:
    """A file of bytes that look random, and are the same each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(random.Random(f"{path.name}{seed}").randbytes(size))
    return path


def tree(top: Path) -> dict[str, bytes | str | None]:
    """What is in a folder: bytes of files, targets of links, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


def parts(into: Path) -> list[Path]:
    return [path for path in into.iterdir() if path.name.startswith(".mesh-part-")]


def claimed(sink: Sink) -> set[int]:
    return set(ChunkSet(sink.have))


def names(paths: Iterable[Path]) -> list[str]:
    return sorted(path.name for path in paths)
