"""The receiving side: what comes is verified, written, and in the end put in its place.

Strategy: everything is written into a part (`staging.py`) whose names are numbers, and a chunk counts once
its bytes are written and its journal record is. Nothing has its final name before all of it is there, its
hash is right and it was brought to the disk; then one rename gives it the name, replacing nothing unasked.
So whenever the machine dies, there is the part or the file, and never half a file under its name.

All methods may be called from threads, `write` from several at once. They raise OSError nowhere: what the
disk says becomes a `SinkError` with a sentence, and the part stays to be gone on with.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final, Self

from mesh_agent.files import existing, resuming
from mesh_agent.files.assembling import Outcome, assemble_file, assemble_folder
from mesh_agent.files.errors import Incomplete, NoSpace, SinkClosed, told_as_sink_error
from mesh_agent.files.existing import Kept
from mesh_agent.files.folders import Folder, is_folder
from mesh_agent.files.grid import Grid
from mesh_agent.files.journal import CHUNK, DOUBT, FAULT
from mesh_agent.files.manifest import Checked, check, digest, free_space
from mesh_agent.files.parts import Parts
from mesh_agent.files.staging import TREE, Staging
from mesh_agent.files.whole import Passing, Whole
from mesh_agent.machines.chunks import ChunkSet
from mesh_agent.machines.receiving import Offer
from mesh_agent.sharing.state import Conflict
from protocol.errors import PeerHashWrong, PeerMismatch
from protocol.peer import Range

BLOCK_BYTES: Final = 4_096
"""What a file takes on disk is a multiple of it, on nearly all of them."""


@dataclass(frozen=True, slots=True)
class Finished:
    """
    Attributes:
        place: where the file or folder is; where it was left out, what is there instead.
        renamed: the paths of the first files that got another name than the prompt said, as theirs was taken.
        skipped: how many files were here already, or were left out as the person wished.
        faults: entries that were not received, each with its reason, as sentences.
    """

    place: Path
    renamed: Sequence[str] = ()
    skipped: int = 0
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Coming:
    """A chunk on its way in. For one thread at a time.

    Attributes:
        write: all of it is there: it is verified, and written. Raises: PeerHashWrong, SinkError.
    """

    passing: Passing
    write: Callable[[], None]

    def reach(self, end: int) -> None:
        """All up to there has come, and is hashed now, while the processor has it at hand."""
        self.passing.reach(end)

    def drop(self) -> None:
        """The rest will not come."""
        self.passing.drop()


class Sink:
    """
    Attributes:
        checked: the offer with its safe names.
        grid: how it is cut into chunks.
    """

    def __init__(
        self, into: Path, top: Folder, checked: Checked, staging: Staging, conflict: Conflict
    ) -> None:
        self.checked = checked
        self.grid = checked.grid
        self._into = into
        self._top = top
        self._staging = staging
        self._conflict = conflict
        self._parts = Parts(staging.folder, checked, fresh=staging.fresh)
        self._kept = Kept()
        self._kept_chunks = ChunkSet()
        self._have = ChunkSet()
        self._holes = ChunkSet()
        self._faults: dict[int, str] = dict(checked.left_out)
        self._whole = Whole(checked.grid) if checked.meta.kind == "file" else None
        self._scratch = bytearray()
        self._guard = threading.Condition()
        self._busy = 0
        self._closed = False
        self._stopped = self._placing = False
        self._room_checked = False

    @classmethod
    def open(
        cls,
        into: Path,
        offer: Offer,
        *,
        peer: str = "",
        conflict: Conflict = "rename",
        resume: bool = True,
        links: bool = False,
        checksum: bool = False,
        on_verified: Callable[[int], None] | None = None,
    ) -> Self:
        """Ready for what is missing; `have` says what is not. `into` is made where it is missing.

        `peer`: the person and device that offer it, any text of the caller's: with the offer, it is by what
        the part is found again. `checksum`: what has the same size and time is fetched and compared all the
        same. `on_verified` is told bytes, now and then, as a part from before is read; what it raises ends
        the opening.

        Raises: OfferRefused, SinkError.
        """
        checked = check(offer, links=links)
        with told_as_sink_error():
            into.mkdir(parents=True, exist_ok=True)
            top = Folder.at(into)
            try:
                staging = Staging.open(top, digest(offer, peer), resume=resume)
            except BaseException:
                top.close()
                raise
            sink = cls(into, top, checked, staging, conflict)
            try:
                sink._look(checksum=checksum, on_verified=on_verified)
            except BaseException:
                sink.abandon(keep=True)
                raise
        return sink

    # ── what is here already ─────────────────────────────────────────────────────────────────────

    def _look(self, *, checksum: bool, on_verified: Callable[[int], None] | None) -> None:
        claimed = resuming.claims(self._staging.records, self.grid)
        if self._whole is not None:
            checksum = checksum or claimed.doubted
            self._kept = existing.kept_file(self._top, self.checked, self._conflict, checksum=checksum)
        else:
            with self._merged() as merged:
                if merged is not None:
                    self._kept = existing.kept_of_folder(
                        merged, self.checked, self._conflict, checksum=checksum
                    )
        kept = self._kept
        for chunks, entries in groupby(self.grid.files(), key=lambda each: each[1]):
            if all(entry in kept for entry, _ in entries):
                self._kept_chunks.add(chunks.start, len(chunks))
        self._have = self._kept_chunks.copy()
        if not self._staging.fresh:
            checker = resuming.Checker(self._parts, self.grid, kept, self._whole, on_verified)
            checker.check(claimed, self._have)

    @contextmanager
    def _merged(self) -> Iterator[Folder | None]:
        """The folder that this one is put into: one half put together before, or one of that name."""
        for above, name in ((self._staging.folder, TREE), (self._top, self.checked.title)):
            if is_folder(above.look(name)):
                with above.child(name) as found:
                    yield found
                return
        yield None

    @property
    def have(self) -> list[Range]:
        """The chunks that need not come."""
        with self._guard:
            return self._have.ranges()

    # ── what comes ───────────────────────────────────────────────────────────────────────────────

    def coming(self, index: int, view: memoryview, digest: bytes) -> "Coming":
        """A chunk that begins to come into `view`, and its BLAKE3. Does not wait. Raises: PeerMismatch."""
        if not 0 <= index < self.grid.chunks or view.nbytes != self.grid.length(index):
            raise PeerMismatch
        passing = Passing(self._whole, index, view, digest)
        return Coming(passing, partial(self._write, passing, index, view, digest))

    def write(self, index: int, data: memoryview | bytes | bytearray, digest: bytes) -> None:
        """A chunk that is all here. Raises: PeerMismatch, PeerHashWrong, SinkError."""
        self.coming(index, memoryview(data), digest).write()

    def _write(self, passing: Passing, index: int, view: memoryview, digest: bytes) -> None:
        """One that is on the disk already is checked and ignored."""
        passing.rest()
        if passing.digest != digest:
            raise PeerHashWrong
        with self._using():
            if self._has(index):
                return
            self._make_sure_of_room()
            if self._whole is None:
                self._keep(index, view, digest)
                return
            self._parts.reads_again(self._whole.reads_from)
            with self._whole.in_hand(index):
                self._keep(index, view, digest)
                self._whole.pass_by(index, view)
            self._whole.catch_up(self._has, self._read)

    def _keep(self, index: int, view: memoryview, digest: bytes) -> None:
        for piece in self.grid.pieces(index):
            if piece.entry not in self._kept:
                self._parts.put(piece, view[piece.at : piece.at + piece.size])
        self._staging.journal.append(CHUNK, index, digest=digest)
        with self._guard:
            self._have.add(index)

    def hole(self, first: int, count: int) -> None:
        """Chunks that are zeros and take no space; told before the first chunk, they need no room.

        Raises: PeerMismatch, SinkError.
        """
        if first < 0 or count < 1 or first + count > self.grid.chunks:
            raise PeerMismatch
        stretches = list(self.grid.stretches(first, count))
        if any(stretch.entry is None for stretch in stretches):
            raise PeerMismatch
        with self._using():
            for stretch in stretches:
                if stretch.entry is not None and stretch.entry not in self._kept:
                    self._parts.clear(stretch)
            with self._guard:
                self._have.add(first, count)
                self._holes.add(first, count)

    def fault(self, entry: int, reason: str = "") -> None:
        """The sender could not read this entry of a folder: it is not kept. Raises: PeerMismatch,
        SinkError.
        """
        if not 0 <= entry < len(self.checked.entries):
            raise PeerMismatch
        with self._using():
            self._staging.journal.append(FAULT, entry)
            with self._guard:
                self._faults[entry] = reason or "it could not be read"

    def _has(self, index: int) -> bool:
        with self._guard:
            return index in self._have

    def _make_sure_of_room(self) -> None:
        """Once, before the first byte: it would be a pity to find out after an hour."""
        with self._guard:
            if self._room_checked:
                return
            free = ChunkSet([*self._kept_chunks.ranges(), *self._holes.ranges()])
        files = self.checked.files - len(self._kept.equal) - len(self._kept.wished)
        needed = self.checked.meta.size - _bytes(self.grid, free) + BLOCK_BYTES // 2 * files
        taken = 0 if self._staging.fresh else self._parts.allocated()
        room = free_space(self._into)
        if needed > taken + room:
            missing = _sized(needed - taken)
            raise NoSpace(f"It needs {missing} more on the disk, which has room for {_sized(room)}.")
        self._room_checked = True

    def _read(self, index: int) -> bytes | memoryview | None:
        """A chunk of a single file that is here, until the next is read; `Whole` asks for one at a time.

        Raises: Incomplete, OSError.
        """
        with self._guard:
            if index in self._holes:
                return None
        (piece,) = self.grid.pieces(index)
        if len(self._scratch) < piece.size:
            self._scratch = bytearray(piece.size)
        view = memoryview(self._scratch)[: piece.size]
        if self._closed or not self._parts.read(piece, view):
            raise Incomplete
        return view

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    def finish(self, digest: bytes = b"") -> Finished:
        """Puts it in its place. `digest`: of a single file, the BLAKE3 of all its bytes.

        Raises:
            Incomplete: something is missing.
            PeerHashWrong: what is here is not what was read; nothing of it counts any more.
            SinkError: it can be tried again; SinkClosed: `stop` came first.
        """
        with self._using():
            if len(self._have) < self.grid.chunks:
                raise Incomplete
            if self._whole is not None:
                self._verify(self._whole, digest)
            self._begin_to_place()
            if self._whole is not None:
                outcome = assemble_file(self._top, self._parts, self.checked, self._kept, self._conflict)
            else:
                outcome = assemble_folder(
                    self._top, self._parts, self.checked, self._kept, self._faults, self._conflict
                )
        self.abandon(keep=False)
        return self._finished(outcome)

    def stop(self) -> bool:
        """Nothing of it gets a name from now on; False where that has begun, so that it is too late."""
        with self._guard:
            self._stopped = not self._placing
            return self._stopped

    def _begin_to_place(self) -> None:
        with self._guard:
            if self._stopped:
                raise SinkClosed
            self._placing = True

    def _verify(self, whole: Whole, digest: bytes) -> None:
        if 0 in self._kept.wished:
            return
        if 0 in self._kept.equal:
            right = resuming.has_hash(self._top, self.checked.title, digest)
        else:
            right = whole.finish(self._read) == digest
        if not right:
            self._staging.journal.append(DOUBT)
            raise PeerHashWrong

    def _finished(self, outcome: Outcome) -> Finished:
        faults = [self._fault_line(entry, reason) for entry, reason in sorted(self._faults.items())]
        return Finished(self._into / outcome.name, tuple(outcome.renamed), outcome.skipped, tuple(faults))

    def _fault_line(self, entry: int, reason: str) -> str:
        return f"{self.checked.title}/{self.checked.paths[entry]}: {reason}"

    def abandon(self, keep: bool) -> None:
        """Closes it, once those who write are done. `keep`: the part stays, to be gone on with."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._guard.wait_for(lambda: not self._busy)
        self._parts.close()
        if keep:
            self._staging.close()
        else:
            self._staging.remove()
        self._top.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Nothing is closed meanwhile. Raises: SinkClosed; SinkError for OSError."""
        with self._guard:
            if self._closed:
                raise SinkClosed
            self._busy += 1
        try:
            with told_as_sink_error():
                yield
        finally:
            with self._guard:
                self._busy -= 1
                self._guard.notify_all()


def _bytes(grid: Grid, chunks: ChunkSet) -> int:
    return sum(grid.bytes_of(each.first, each.count) for each in chunks.ranges())


def _sized(size: int) -> str:
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    amount = float(size)
    for unit in units:
        if amount < 1024 or unit == units[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
