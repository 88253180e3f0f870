"""The BLAKE3 of a whole file whose chunks come in about the right order.

Strategy: a chunk is hashed from memory, while it is at hand, as soon as it is its turn: piece by piece, right
after each piece was read or received, where nothing has to be waited for (`Passing`), as bytes that are still
in the processor's own cache take a third less time. A thread whose chunk comes next but for those that
other threads have in hand right now waits for them, which is never long; of what comes a little too early
otherwise, as several lanes bring it, a copy is kept. Whatever came earlier than that is read again when its
turn has come, mostly from the system's cache. So little is left to do at the end.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from mesh_agent.files.grid import Grid
from mesh_agent.files.sparse import ZEROS

if TYPE_CHECKING:
    from blake3 import blake3

Reader = Callable[[int], bytes | memoryview | None]
"""The bytes of a chunk that was here before its turn; None for a hole."""

CAUGHT_UP: Final = 16
"""Chunks that are read again at a time, by one thread, while others wait to be written."""

PIECE_BYTES: Final = 512 * 1024
"""What is read or hashed at a time: it stays in the processor's own cache. Smaller pieces cost more turns of
the interpreter than they save."""

EARLY_BYTES: Final = 16 * 1024 * 1024
"""Of a chunk whose turn comes within so many bytes, a copy is kept."""


class Whole:
    """May be used by several threads. `next`: chunks up to here were hashed."""

    def __init__(self, grid: Grid) -> None:
        from blake3 import blake3

        self._hasher = blake3()
        self._grid = grid
        self._guard = threading.Condition()
        self._hashing = False
        """One thread is, without the guard; only that one changes `next`."""
        self._in_hand: set[int] = set()
        self._early: dict[int, bytes] = {}
        self._early_most = EARLY_BYTES // grid.chunk_bytes
        self.next = 0

    @property
    def reads_from(self) -> int:
        """What is at hand now and stands behind this offset comes too early, and will be read again."""
        return (self.next + self._early_most + 1) * self._grid.chunk_bytes

    @contextmanager
    def in_hand(self, index: int) -> Iterator[None]:
        """A thread reads or writes this chunk, and will let it `pass_by`, unless it fails."""
        with self._guard:
            self._in_hand.add(index)
        try:
            yield
        finally:
            with self._guard:
                self._in_hand.discard(index)
                self._guard.notify_all()

    def pass_by(self, index: int, data: bytes | memoryview) -> None:
        """A chunk is at hand, and hashed if it is its turn, or will be once others in hand have passed."""
        with self._guard:
            self._guard.wait_for(lambda: not self._comes_soon(index))
            if self.next < index <= self.next + self._early_most:
                self._early[index] = bytes(data)
            if self.next != index:
                return
            self._hashing = True
        try:
            self._take(data)
            self._take_early()
        finally:
            self._rest()

    def begin(self, index: int) -> "blake3 | None":
        """A hasher of all before this chunk, where it is its turn and nobody else hashes: then all others
        wait until `commit` or `give_up`.
        """
        with self._guard:
            if self.next != index or self._hashing:
                return None
            self._hashing = True
        return self._hasher.copy()

    def commit(self, hasher: "blake3") -> None:
        """It has hashed all of the chunk that is next."""
        try:
            with self._guard:
                self._hasher = hasher
                self._pass_on()
            self._take_early()
        finally:
            self._rest()

    def give_up(self) -> None:
        """What was begun is not to count."""
        self._rest()

    def _comes_soon(self, index: int) -> bool:
        """All chunks before it whose turn has not come are in hand: of them, the first waits for none. Or it
        is its turn, but for the thread that hashes now.
        """
        if self.next >= index:
            return self.next == index and self._hashing
        before = range(self.next, index)
        return len(before) <= len(self._in_hand) and self._in_hand.issuperset(before)

    def catch_up(self, is_here: Callable[[int], bool], read: Reader) -> None:
        """A few of those that are here and whose turn has come; nothing where another thread is at it."""
        with self._guard:
            if self._hashing:
                return
            self._hashing = True
        try:
            for _ in range(CAUGHT_UP):
                if self.next >= self._grid.chunks or self._will_pass(self.next) or not is_here(self.next):
                    return
                self._take_next(read)
        finally:
            self._rest()

    def _will_pass(self, index: int) -> bool:
        with self._guard:
            return index in self._in_hand and index not in self._early

    def finish(self, read: Reader) -> bytes:
        """All of them, then the hash. Raises: what `read` does."""
        with self._guard:
            self._guard.wait_for(lambda: not self._hashing)
            self._hashing = True
        try:
            while self.next < self._grid.chunks:
                self._take_next(read)
            return bytes(self._hasher.digest())
        finally:
            self._rest()

    def _take_next(self, read: Reader) -> None:
        early = self._pop_early()
        self._take(read(self.next) if early is None else early)

    def _take_early(self) -> None:
        while (early := self._pop_early()) is not None:
            self._take(early)

    def _pop_early(self) -> bytes | None:
        with self._guard:
            return self._early.pop(self.next, None)

    def _rest(self) -> None:
        with self._guard:
            self._hashing = False
            self._guard.notify_all()

    def _take(self, data: bytes | memoryview | None) -> None:
        if data is None:
            size = self._grid.length(self.next)
            while size:
                self._hasher.update(ZEROS[:size])
                size -= min(size, ZEROS.nbytes)
        else:
            self._hasher.update(data)
        with self._guard:
            self._pass_on()

    def _pass_on(self) -> None:
        """With the guard: the chunk that was next is hashed."""
        self.next += 1
        self._guard.notify_all()


class Passing:
    """One chunk while it goes by, piece by piece: hashed by itself, and with the whole as soon as it is its
    turn. For one thread at a time.

    Args:
        whole: of the file that it is a chunk of; None where that has no hash.
        view: where its bytes come in.
        expected: the BLAKE3 of the chunk; another one is kept from the whole.
    """

    def __init__(
        self, whole: Whole | None, index: int, view: memoryview, expected: bytes | None = None
    ) -> None:
        from blake3 import blake3

        self._whole, self._index, self._view, self._expected = whole, index, view, expected
        self._chunk = blake3()
        self._ahead: blake3 | None = None
        self._at = self._ahead_at = 0

    def reach(self, end: int) -> None:
        """All of the view up to there has come."""
        self._chunk.update(self._view[self._at : end])
        self._at = end
        if self._whole is None:
            return
        if self._ahead is None:
            self._ahead = self._whole.begin(self._index)
        if self._ahead is not None:
            self._ahead.update(self._view[self._ahead_at : self._at])
            self._ahead_at = self._at
            if self._at == len(self._view):
                self._end(self._whole, self._ahead)

    def rest(self) -> None:
        """All that did not come yet is in the view."""
        while self._at < len(self._view):
            self.reach(min(self._at + PIECE_BYTES, len(self._view)))

    def _end(self, whole: Whole, ahead: "blake3") -> None:
        if self._expected in (None, self.digest):
            self._ahead = None
            whole.commit(ahead)
        else:
            self.drop()

    @property
    def digest(self) -> bytes:
        """The BLAKE3 of what has come."""
        return bytes(self._chunk.digest())

    def drop(self) -> None:
        """Nothing more comes; whatever was not all there does not count."""
        if self._ahead is not None and self._whole is not None:
            self._ahead = None
            self._whole.give_up()
