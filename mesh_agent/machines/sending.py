"""The sender's machine: which chunk goes next, what must be sent again, and when all of it is there.

    announcing ──all pages told──> offered ──FILE_ACCEPT──> opening ──holes told──> running
    running ──every chunk is written, FILE_DONE told──> finishing ──FILE_DONE──> over

Strategy: three sets. `left` is what the receiver does not have on disk; `free` is the part of it that
nobody is busy with; what lies between is on a lane, or being read, and is known by lane, so that a lane
that dies gives back exactly what it had. FILE_DONE is told when `left` is empty, so nothing is ever sent
after it.

From FILE_DONE on the receiver alone decides: it may be giving the file its name just now. So a cancel is then
a wish, and over only with the answer, FILE_DONE or FILE_CANCEL.
"""

from collections.abc import Hashable, Iterable

from mesh_agent.machines.chunks import ChunkSet, checked
from mesh_agent.machines.credit import Spending
from mesh_agent.machines.digest import Digest
from mesh_agent.machines.transfer import FINISH_S, STALL_S, Ended, Grid, Machine, how_of, sentence, ways
from protocol.errors import PeerHashWrong, PeerMismatch
from protocol.peer import FileAccept, FileCancel, FileDecline, FileDone, Range

Lane = Hashable
"""Whatever tells one lane from another."""


class Sending(Machine):
    """One offer, from its announcement to the receiver's word that it is in its place.

    Attributes:
        done: bytes that the receiver has on disk, or need not be sent.
    """

    table = ways(
        ("announcing", "announced", "offered"),
        ("announcing", "decline", "over"),
        ("offered", "accept", "opening"),
        ("offered", "decline", "over"),
        ("opening", "opened", "running"),
        ("running", "written", "running"),
        ("running", "told", "finishing"),
        ("finishing", "written", "finishing"),
        ("finishing", "done", "over"),
    )

    def __init__(
        self, transfer: str, size: int, grid: Grid, holes: Iterable[Range], credit: Spending, now: float
    ) -> None:
        super().__init__(transfer, "announcing", now)
        self._grid = grid
        self._holes = ChunkSet(holes)
        self._credit = credit
        self._size = size
        self._bytes_left = size
        self._hash: bytes | None = None
        self._wish: Ended | None = None
        self._lanes: dict[Lane, ChunkSet] = {}
        self._paid = ChunkSet()
        self.left = ChunkSet()
        self.free = ChunkSet()
        self.holes_to_tell: list[Range] = []
        self.digest: Digest | None = None

    @property
    def done(self) -> int:
        return self._size - self._bytes_left

    # ── the offer ────────────────────────────────────────────────────────────────────────────────

    def announced(self) -> None:
        """The last page of the manifest was handed over."""
        self.step("announced")

    def declined(self, frame: FileDecline) -> None:
        self.step("decline")
        self.end(Ended("declined", "declined", frame.reason, here=False))

    def know_holes(self, holes: Iterable[Range]) -> None:
        """Chunks that are zeros and take no space; before it is accepted."""
        self._holes = ChunkSet(holes)

    def accepted(self, frame: FileAccept, now: float) -> None:
        """`holes_to_tell` come next, and then `opened`.

        Raises: PeerFault: it has what there is not.
        """
        self.step("accept")
        have = checked(frame.have, self._grid.chunks)
        if have is None:
            raise PeerMismatch
        self.left = ChunkSet.full(self._grid.chunks)
        holes = self._holes.copy()
        for each in have.ranges():
            self.left.discard(each.first, each.count)
            holes.discard(each.first, each.count)
        for each in self._holes.ranges():
            self.left.discard(each.first, each.count)
        self.free = self.left.copy()
        self.digest = Digest(self.left.copy())
        self._bytes_left = sum(self._grid.bytes_of(each.first, each.count) for each in self.left.ranges())
        self.moved_at = now
        self.holes_to_tell = holes.ranges()

    def opened(self) -> None:
        self.step("opened")

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────

    def pick(self) -> int | None:
        """The next chunk to read; None where there is none, or none may be sent now."""
        if self.state != "running" or self.paused:
            return None
        index = self.free.first()
        if index is None:
            return None
        if index not in self._paid:
            size = self._grid.length(index)
            if size > self._credit.room:
                return None
            self._credit.pay(size)
            self._paid.add(index)
        self.free.discard(index)
        return index

    def put_back(self, index: int) -> None:
        """It was picked, and not sent."""
        if self.over:
            self._credit.take_back(self._grid.length(index))
        elif index in self.left:
            self.free.add(index)

    def sent(self, index: int, digest: bytes, lane: Lane) -> None:
        """It begins to go over that lane."""
        assert self.digest is not None
        self.digest.put(index, digest)
        self._lanes.setdefault(lane, ChunkSet()).add(index)

    def moved(self, now: float) -> None:
        """Bytes of it went out."""
        self.moved_at = now

    def lane_lost(self, lane: Lane) -> None:
        """What it had, and is not known to be written, has to go another way."""
        for each in self._lanes.pop(lane, ChunkSet()).ranges():
            for index in range(each.first, each.first + each.count):
                self.put_back(index)

    def written(self, first: int, count: int, now: float) -> dict[Lane, int]:
        """Returns the bytes that each lane has carried of it.

        Raises: PeerFault: chunks that were never sent.
        """
        if self.over:
            return {}
        self.step("written")
        if self._paid.held(first, count) < count:
            raise PeerMismatch
        for index in range(first, first + count):
            if self.left.discard(index):
                self._bytes_left -= self._grid.length(index)
        self.free.discard(first, count)
        self.moved_at = now
        return {lane: carried for lane in self._lanes if (carried := self._take_off(lane, first, count))}

    def under_way(self) -> dict[Lane, int]:
        """The bytes that each lane has, and that are not known to be written."""
        return {lane: sum(map(self._grid.length, held)) for lane, held in self._lanes.items()}

    def _take_off(self, lane: Lane, first: int, count: int) -> int:
        held = self._lanes[lane]
        carried = sum(self._grid.length(index) for index in range(first, first + count) if index in held)
        held.discard(first, count)
        return carried

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    @property
    def complete(self) -> bool:
        """All is on the receiver's disk, and FILE_DONE is to be told."""
        return self.state == "running" and not self.left

    def told(self, digest: bytes, now: float) -> FileDone:
        """`digest`: of the whole."""
        self.step("told")
        self._hash = digest
        self.moved_at = now
        return FileDone(transfer=self.transfer, hash=digest)

    def was_done(self, frame: FileDone) -> None:
        """Raises: PeerFault: the receiver has something else."""
        self.step("done")
        if frame.hash != self._hash:
            raise PeerHashWrong
        self.end(Ended("done"))

    def cancel(self, reason: str, code: str = "cancelled") -> FileCancel | None:
        if self.state != "finishing" or self._wish is not None:
            return super().cancel(reason, code)
        self._wish = Ended(how_of(code), code, reason)
        return FileCancel(transfer=self.transfer, reason=sentence(reason), code=code)

    def was_cancelled(self, frame: FileCancel) -> None:
        super().was_cancelled(frame)
        if self._wish is not None:
            self.end(self._wish)

    def _patience(self) -> float | None:
        if self._wish is not None or (self.state == "running" and self.left):
            return STALL_S
        return FINISH_S if self.state == "finishing" else None
