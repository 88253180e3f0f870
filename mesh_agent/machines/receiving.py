"""The receiver's machine: what was offered, which chunk may come, and when all of it is there.

    listing ──the last page──> offered ──accepted──> running ──FILE_DONE──> finishing ──in its place──> over

Strategy: nothing is believed. Each page, chunk and hole is held against the offer and the grid that follows
from it before anything is done with it; what does not fit is a fault of the other end. `missing` is what is
not on disk yet; a chunk that is here already, or on its way to the disk, is told from one that is new, so
that it is paid and written once however often it comes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mesh_agent.machines.chunks import ChunkSet, checked, pages
from mesh_agent.machines.credit import Granting
from mesh_agent.machines.digest import Digest
from mesh_agent.machines.transfer import STALL_S, Ended, Grid, Machine, sentence, ways
from protocol.errors import PeerHashWrong, PeerMismatch, PeerOutOfOrder
from protocol.peer import (
    Entry,
    FileAccept,
    FileCancel,
    FileChunk,
    FileDecline,
    FileDone,
    FileFault,
    FileHole,
    FileMeta,
    FolderManifest,
    Range,
)

AGAIN: Final = 4_096
"""Chunks of one transfer that may come a second time: more than lanes that die account for."""

MANIFEST_BYTES: Final = 128 * 1024 * 1024
"""All paths and targets of one folder, in UTF-8 or less."""


DISK: Final = "disk."
"""What the codes of errors of a disk begin with."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What was offered, whole; nothing of it is believed or safe to paint."""

    meta: FileMeta
    entries: Sequence[Entry]


class Receiving(Machine):
    """One offer, from its first frame to its place on disk.

    Attributes:
        entries: of a folder, as far as its manifest has come.
        missing: chunks that are not on disk.
        faults: entries that the sender could not read, and its reason.
        done: bytes on disk and verified.
    """

    table = ways(
        ("listing", "page", "listing"),
        ("listing", "listed", "offered"),
        ("listing", "decline", "over"),
        ("offered", "decline", "over"),
        ("offered", "accept", "running"),
        ("running", "chunk", "running"),
        ("running", "hole", "running"),
        ("running", "fault", "running"),
        ("running", "done", "finishing"),
        ("finishing", "chunk", "finishing"),  # once more, over a lane that its sender took for dead
        ("finishing", "finished", "over"),
    )

    def __init__(self, meta: FileMeta, credit: Granting, now: float) -> None:
        folder = meta.kind == "folder"
        super().__init__(meta.transfer, "listing" if folder else "offered", now)
        if meta.entries and not folder:
            raise PeerMismatch
        self.meta = meta
        self.entries: list[Entry] = []
        self.missing = ChunkSet()
        self.faults: dict[int, str] = {}
        self.done = 0
        self._credit = credit
        self._grid: Grid | None = None
        self._here = ChunkSet()
        """On disk, or on the way to it."""
        self._paid = ChunkSet()
        self._holes = ChunkSet()
        self._again = 0
        self._listed_bytes = 0
        self._listed_chars = 0
        self._digest: Digest | None = None
        self._hash = b""

    def end(self, ended: Ended) -> None:
        super().end(ended)
        self._credit.forget(self.transfer)

    # ── the offer ────────────────────────────────────────────────────────────────────────────────

    def page(self, frame: FolderManifest, now: float) -> bool:
        """Returns whether it was the last.

        Raises: PeerFault: more or fewer entries or bytes than announced, or a page of nothing.
        """
        self.step("page")
        self.moved_at = now
        self.entries += frame.entries
        self._listed_bytes += sum(entry.size for entry in frame.entries)
        self._listed_chars += sum(len(entry.path) + len(entry.target) for entry in frame.entries)
        fits = (
            len(self.entries) <= self.meta.entries
            and self._listed_bytes <= self.meta.size
            and self._listed_chars <= MANIFEST_BYTES
            and all(entry.kind == "file" or not entry.size for entry in frame.entries)
        )
        if not fits or not (frame.entries or frame.last):
            raise PeerMismatch
        if frame.last:
            if len(self.entries) != self.meta.entries or self._listed_bytes != self.meta.size:
                raise PeerMismatch
            self.step("listed")
        return frame.last

    def decline(self, reason: str, how: Ended | None = None) -> FileDecline | FileCancel:
        """`how`: the end as this side sees it, where it is not the person's wish.

        A disk that cannot take what the person has said yes to is no wish of theirs on the other side either.
        """
        self.step("decline")
        self.end(how or Ended("declined", "declined", reason))
        if how is not None and how.code.startswith(DISK):
            return FileCancel(transfer=self.transfer, reason=sentence(reason), code=how.code)
        return FileDecline(transfer=self.transfer, reason=sentence(reason))

    def accept(self, grid: Grid, have: Iterable[Range], now: float) -> FileAccept:
        """`have`: chunks that are on disk and verified already."""
        self.step("accept")
        here = checked(have, grid.chunks)
        assert here is not None, "more is here than there is"
        told = pages(here)
        self._here = ChunkSet(told)
        self.missing = ChunkSet.full(grid.chunks)
        for each in told:
            self.missing.discard(each.first, each.count)
        self._grid = grid
        self._digest = Digest(self.missing.copy())
        self.done = sum(grid.bytes_of(each.first, each.count) for each in told)
        self.moved_at = now
        return FileAccept(transfer=self.transfer, have=told)

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────

    def chunk(self, frame: FileChunk, now: float) -> bool:
        """A chunk begins to come; returns whether it is new, and to be written.

        Raises: PeerFault: it is none of this offer, of another length, or more than was granted.
        """
        self.step("chunk")
        if self.state == "finishing" and frame.index not in self._paid:
            raise PeerOutOfOrder
        grid = self._grid
        assert grid is not None
        self.moved_at = now
        if frame.index >= grid.chunks or frame.length != grid.length(frame.index):
            raise PeerMismatch
        if frame.index in self._holes:
            raise PeerMismatch
        if not self._here.add(frame.index):
            self._again += 1
            if self._again > AGAIN:
                raise PeerOutOfOrder
            return False
        if frame.index not in self._paid:
            self._credit.arriving(frame.length)
            self._paid.add(frame.index)
        return True

    def moved(self, now: float) -> None:
        """Bytes of it came."""
        self.moved_at = now

    def not_here(self, index: int) -> None:
        """It did not come whole, or was not what it should be: it has to come again."""
        self._here.discard(index)

    def written(self, index: int, digest: bytes) -> None:
        """It is on disk and verified; also told of what comes to an end after the transfer did."""
        assert self._grid is not None
        assert self._digest is not None
        size = self._grid.length(index)
        self._credit.release(size)
        if self.over:
            return
        self._digest.put(index, digest)
        self.missing.discard(index)
        self.done += size
        self._credit.written(self.transfer, index)

    def dropped(self, index: int) -> None:
        """It came, and is not kept, as the transfer is over."""
        assert self._grid is not None
        self._credit.release(self._grid.length(index))

    def hole(self, frame: FileHole, now: float) -> None:
        """Raises: PeerFault: it is outside of the offer, or where bytes came."""
        self.step("hole")
        grid = self._grid
        assert grid is not None
        assert self._digest is not None
        if frame.first + frame.count > grid.chunks or self._paid.held(frame.first, frame.count):
            raise PeerMismatch
        self.done += self._missing_bytes(grid, frame.first, frame.count)
        self.missing.discard(frame.first, frame.count)
        self._here.add(frame.first, frame.count)
        self._holes.add(frame.first, frame.count)
        self._digest.skip(frame.first, frame.count)
        self.moved_at = now

    def _missing_bytes(self, grid: Grid, first: int, count: int) -> int:
        if self.missing.held(first, count) == count:
            return grid.bytes_of(first, count)
        return sum(grid.length(index) for index in range(first, first + count) if index in self.missing)

    def fault(self, frame: FileFault, now: float) -> None:
        """Raises: PeerFault: there is no such entry."""
        self.step("fault")
        if frame.entry >= self.meta.entries:
            raise PeerMismatch
        self.faults.setdefault(frame.entry, frame.reason)
        self.moved_at = now

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    def was_done(self, frame: FileDone, now: float) -> None:
        """All was sent: it is to be verified and put in its place, and then `finished`.

        Raises: PeerFault: not all is here, or it is not what was sent.
        """
        if self.missing:
            raise PeerOutOfOrder
        self.step("done")
        assert self._digest is not None
        if self.meta.kind == "folder" and self._digest.digest() != frame.hash:
            raise PeerHashWrong
        self._hash = frame.hash
        self.moved_at = now

    def finished(self) -> FileDone:
        self.step("finished")
        self.end(Ended("done"))
        return FileDone(transfer=self.transfer, hash=self._hash)

    def _patience(self) -> float | None:
        return STALL_S if self.state in ("listing", "running") else None
