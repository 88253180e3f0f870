"""What of a part from before still counts: what the journal claims, and the disk still has.

Strategy: each chunk is read from the part and hashed before it counts, in order, so that a single file's
own hash goes along with it. Holes are not claimed: the sender tells them again, which costs nothing.
"""

import os
from collections.abc import Callable, Iterable
from typing import Final

from mesh_agent.files.existing import Kept
from mesh_agent.files.folders import Folder
from mesh_agent.files.grid import Grid
from mesh_agent.files.journal import CHUNK, DOUBT, FAULT, Record
from mesh_agent.files.parts import Parts
from mesh_agent.files.safe_path import SafeName
from mesh_agent.files.whole import Whole
from mesh_agent.machines.chunks import ChunkSet

_READ_BYTES: Final = 1024 * 1024


class Claims:
    """
    Attributes:
        hashes: chunk -> BLAKE3.
        doubted: all was here once, and its hash was not the right one.
    """

    def __init__(self) -> None:
        self.hashes: dict[int, bytes] = {}
        self.doubted = False

    def drop(self, chunks: range) -> None:
        if len(chunks) > len(self.hashes):
            self.hashes = {index: hashed for index, hashed in self.hashes.items() if index not in chunks}
        else:
            for index in chunks:
                self.hashes.pop(index, None)


def claims(records: Iterable[Record], grid: Grid) -> Claims:
    """What a journal says, in the end; what does not fit the grid is no claim."""
    made = Claims()
    for record in records:
        if record.kind == CHUNK and record.a < grid.chunks:
            made.hashes[record.a] = record.hash
        elif record.kind == FAULT:
            made.drop(grid.span(record.a))
        elif record.kind == DOUBT:
            made = Claims()
            made.doubted = True
    return made


class Checker:
    """Reads a part again."""

    def __init__(
        self,
        parts: Parts,
        grid: Grid,
        kept: Kept,
        whole: Whole | None,
        on_verified: Callable[[int], None] | None,
    ) -> None:
        self._parts = parts
        self._grid = grid
        self._kept = kept
        self._whole = whole
        self._on_verified = on_verified or (lambda _: None)

    def check(self, claimed: Claims, have: ChunkSet) -> None:
        """Adds to `have` what counts. Raises: OSError; what `on_verified` does."""
        from blake3 import blake3

        buffer = bytearray()
        for index, hashed in sorted(claimed.hashes.items()):
            size = self._grid.length(index)
            if len(buffer) < size:
                buffer = bytearray(size)
            view = memoryview(buffer)[:size]
            if index not in have and self._read(index, view) and blake3(view).digest() == hashed:
                have.add(index)
                if self._whole is not None:
                    self._whole.pass_by(index, view)
            self._on_verified(size)

    def _read(self, index: int, view: memoryview) -> bool:
        return all(
            piece.entry not in self._kept and self._parts.read(piece, view[piece.at : piece.at + piece.size])
            for piece in self._grid.pieces(index)
        )


def has_hash(folder: Folder, name: SafeName, hashed: bytes) -> bool:
    """Whether that is the BLAKE3 of a file; one that cannot be read has another."""
    from blake3 import blake3

    hasher = blake3()
    try:
        with folder.opened(name, os.O_RDONLY) as fd:
            at = 0
            while data := os.pread(fd, _READ_BYTES, at):
                hasher.update(data)
                at += len(data)
    except OSError:
        return False
    return bool(hasher.digest() == hashed)
