"""The sending side: one file or folder, read chunk by chunk.

Strategy: what was offered is what is sent, or it is told. A file is looked at (size, time) when it is
offered, and again each time after it was read; one that was changed meanwhile is not sent as if it were
whole: a single file ends the transfer, a file of a folder becomes a fault, and its bytes zeros. Files of a
folder are opened from the folder's descriptor, one component after another, following no link unless that
was asked for.

`read` may be called by several threads at once. Memory: one chunk for each that is read now or not given
back, and a few that were: fresh memory costs a page fault for every 4 KiB.
"""

import mmap
import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Self

from mesh_agent.files.errors import (
    SourceChanged,
    SourceError,
    SourceMissing,
    SourceSpecial,
    SourceTooMuch,
    SourceUnreadable,
)
from mesh_agent.files.grid import Grid, Piece
from mesh_agent.files.handles import Handles
from mesh_agent.files.memory import memory
from mesh_agent.files.parts import read_full
from mesh_agent.files.scan import Place, Scan, Scanner, open_place, sendable
from mesh_agent.files.sparse import holes_of
from mesh_agent.files.whole import PIECE_BYTES, Passing, Whole
from mesh_agent.machines.chunks import ChunkSet
from mesh_agent.net.base import Buffer
from protocol import limits
from protocol.peer import Entry, FileMeta, Range
from protocol.text import clean_line

LARGE_BYTES: Final = 256 * 1024**2
"""From so many bytes on, chunks are as large as may be. Each costs some turns between threads, whatever its
size; what is lost with a lane, and memory, grow with it."""

KEPT: Final = 8
"""Buffers of chunks that were given back, and serve the next."""

_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
NAMELESS: Final = "files"
"""What the root of a disk is called."""


class Source:
    """
    Attributes:
        name, size, mtime, mode, kind: as in `FILE_META`.
        entries: of a folder, its manifest.
        grid: how it is cut into chunks.
        chunk_bytes: of the grid.
        faults: entries that could not be read, and why; more come while chunks are read.
        left_out: of a folder, what cannot be sent at all, as sentences.
    """

    def __init__(
        self, fd: int, name: str, about: os.stat_result, scan: Scan | None, *, follow_links: bool
    ) -> None:
        self.kind: Literal["file", "folder"] = "folder" if scan else "file"
        self.name = name[: limits.PATH_CHARS]
        self.size = scan.size if scan else about.st_size
        self.mtime = about.st_mtime_ns
        self.mode = stat.S_IMODE(about.st_mode) & 0o777
        self.entries: Sequence[Entry] = scan.entries if scan else ()
        self.left_out: Sequence[str] = scan.left_out if scan else ()
        self.chunk_bytes = chunk_bytes_for(self.size)
        self.faults: list[tuple[int, str]] = []
        self.grid = Grid.of(self.meta(""), self.entries)
        self._fd = fd
        self._places: Sequence[Place] = scan.places if scan else ()
        self._follow = follow_links
        self._handles = Handles(self._open_entry)
        self._lock = threading.Lock()
        self._buffers: list[mmap.mmap] = []
        self._faulty: set[int] = set()
        self._whole = Whole(self.grid) if scan is None else None
        self._holes = ChunkSet()
        self._find_holes()

    @classmethod
    def open(cls, path: Path, *, follow_links: bool = False, ignore: bool = True) -> Self:
        """`path` may itself be a link. Of a folder: links in it are sent as links, unless they are
        followed; what `.meshignore` names is left out, unless it is not to be read.

        Raises: SourceError
        """
        try:
            fd = os.open(path, _READ)
        except OSError as error:
            raise _cannot_open(path, error) from None
        name = path.name if path.name not in {"", ".."} else path.resolve().name
        return cls.opened(fd, sendable(name) or NAMELESS, follow_links=follow_links, ignore=ignore)

    @classmethod
    def opened(cls, fd: int, name: str, *, follow_links: bool = False, ignore: bool = True) -> Self:
        """The same of a descriptor, which is closed in the end, whatever happens. Raises: SourceError."""
        try:
            about = os.fstat(fd)
            scan = None
            if stat.S_ISDIR(about.st_mode):
                scan = Scanner(fd, follow_links=follow_links, ignore=ignore).run()
            else:
                _refuse_unsendable(name, about)
            return cls(fd, name, about, scan, follow_links=follow_links)
        except OSError as error:
            os.close(fd)
            raise SourceUnreadable(f"{name} cannot be read: {error.strerror}.") from None
        except BaseException:
            os.close(fd)
            raise

    def meta(self, transfer: str, request: str | None = None) -> FileMeta:
        return FileMeta(
            transfer=transfer,
            name=self.name,
            size=self.size,
            mtime=self.mtime,
            mode=self.mode,
            kind=self.kind,
            chunk_bytes=self.chunk_bytes,
            entries=len(self.entries),
            request=request,
        )

    # ── holes ────────────────────────────────────────────────────────────────────────────────────

    def holes(self) -> list[Range]:
        """Chunks that are nothing but holes; they are told, and not read."""
        return self._holes.ranges()

    def _find_holes(self) -> None:
        if self.kind == "file":
            for each in holes_of(self._fd, os.fstat(self._fd), 0, self.grid):
                self._holes.add(each.first, each.count)
            return
        for number, entry in enumerate(self.entries):
            if entry.size < self.chunk_bytes:
                continue
            try:
                with self._handles.use(number) as fd:
                    found = holes_of(fd, os.fstat(fd), self.grid.span(number).start, self.grid)
                    if self._is_as_offered(number, fd):
                        for each in found:
                            self._holes.add(each.first, each.count)
            except (OSError, SourceError):
                continue  # it is told when it is read

    # ── chunks ───────────────────────────────────────────────────────────────────────────────────

    def read(self, index: int) -> tuple[memoryview, bytes]:
        """The bytes of a chunk, and their BLAKE3.

        Raises: SourceChanged, SourceUnreadable: of a single file. Those of a folder become faults.
        """
        from blake3 import blake3

        if self._whole is not None:
            return self._read_by(self._whole, index)
        view = self._bytes(index)
        return view, bytes(blake3(view).digest())

    def _read_by(self, whole: Whole, index: int) -> tuple[memoryview, bytes]:
        """Of a single file: each piece is hashed right after it was read."""
        view = self._buffer(self.grid.length(index))
        passing = Passing(whole, index, view)
        (piece,) = self.grid.pieces(index)
        with whole.in_hand(index):
            try:
                for at in range(0, piece.size, PIECE_BYTES):
                    part = view[at : at + PIECE_BYTES]
                    self._read_single(piece.offset + at, part)
                    passing.reach(at + len(part))
            finally:
                passing.drop()
            whole.pass_by(index, view)
        return view, passing.digest

    def give_back(self, data: Buffer) -> None:
        """Nobody looks at what `read` returned any more."""
        buffer = data.obj if isinstance(data, memoryview) else None
        if isinstance(buffer, mmap.mmap):
            with self._lock:
                if len(self._buffers) < KEPT:
                    self._buffers.append(buffer)

    def _buffer(self, size: int) -> memoryview:
        """Whatever was in it before is in it still."""
        with self._lock:
            buffer = self._buffers.pop() if self._buffers else None
        return memoryview(memory(self.chunk_bytes) if buffer is None else buffer)[:size]

    def whole_hash(self) -> bytes:
        """Of a single file: the BLAKE3 of all its bytes; what was not read in order is read now.

        Raises: SourceChanged, SourceUnreadable.
        """
        assert self._whole is not None, "a folder has no hash of its own"
        digest = self._whole.finish(self._again)
        try:
            self._hold_against(0, self._fd)
        except OSError as error:
            raise SourceUnreadable(f"{self.name} cannot be read: {error.strerror}.") from None
        return digest

    def _again(self, index: int) -> memoryview | None:
        if index in self._holes:
            return None
        view = self._bytes(index)
        self.give_back(view)  # it is hashed before the next one is read
        return view

    def _bytes(self, index: int) -> memoryview:
        view = self._buffer(self.grid.length(index))
        for piece in self.grid.pieces(index):
            part = view[piece.at : piece.at + piece.size]
            if self.kind == "file":
                self._read_single(piece.offset, part)
            elif piece.entry not in self._faulty:
                self._read_entry(piece, part)
            else:
                part[:] = bytes(part.nbytes)
        return view

    def _read_single(self, offset: int, view: memoryview) -> None:
        try:
            full = read_full(self._fd, view, offset)
            self._hold_against(0, self._fd)
        except OSError as error:
            raise SourceUnreadable(f"{self.name} cannot be read: {error.strerror}.") from None
        if not full:
            raise SourceChanged

    def _read_entry(self, piece: Piece, view: memoryview) -> None:
        try:
            if self.entries[piece.entry].size < self.chunk_bytes:
                self._read_once(piece, view)
            else:
                with self._handles.use(piece.entry) as fd:
                    self._read_from(fd, piece, view)
        except SourceChanged:
            self._found_faulty(piece.entry, "it was changed while it was sent")
        except FileNotFoundError:
            self._found_faulty(piece.entry, "it is gone")
        except OSError as error:
            self._found_faulty(piece.entry, f"it cannot be read ({(error.strerror or 'error').lower()})")
        else:
            return
        view[:] = bytes(view.nbytes)

    def _read_once(self, piece: Piece, view: memoryview) -> None:
        fd = self._open_entry(piece.entry)
        try:
            self._read_from(fd, piece, view)
        finally:
            os.close(fd)

    def _read_from(self, fd: int, piece: Piece, view: memoryview) -> None:
        full = stat.S_ISREG(os.fstat(fd).st_mode) and read_full(fd, view, piece.offset)
        self._hold_against(piece.entry, fd)
        if not full:
            raise SourceChanged

    def _hold_against(self, number: int, fd: int) -> None:
        if not self._is_as_offered(number, fd):
            raise SourceChanged

    def _is_as_offered(self, number: int, fd: int) -> bool:
        about = os.fstat(fd)
        told = self.entries[number] if self.kind == "folder" else self
        return stat.S_ISREG(about.st_mode) and (about.st_size, about.st_mtime_ns) == (told.size, told.mtime)

    def _found_faulty(self, entry: int, reason: str) -> None:
        with self._lock:
            if entry not in self._faulty:
                self._faulty.add(entry)
                self.faults.append((entry, reason))

    def _open_entry(self, number: int) -> int:
        return open_place(self._fd, self._places[number], follow_links=self._follow, last=_READ)

    def close(self) -> None:
        """Once nobody reads any more."""
        self._handles.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def chunk_bytes_for(size: int) -> int:
    """How large the chunks of an offer of so many bytes are."""
    return limits.CHUNK_BYTES if size < LARGE_BYTES else limits.CHUNK_MAX_BYTES


def _refuse_unsendable(name: str, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise SourceSpecial(f"{clean_line(name)} is neither a file nor a folder.")
    if about.st_size > limits.INTEGER_MAX:
        raise SourceTooMuch(f"{clean_line(name)} is larger than anything that can be sent.")


def _cannot_open(path: Path, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceMissing(f"There is no file or folder {path}.")
    if isinstance(error, PermissionError):
        return SourceUnreadable(f"You may not read {path}.")
    if error.errno == 6:  # ENXIO: a socket, or a device without a driver
        return SourceSpecial(f"{path} is neither a file nor a folder.")
    return SourceUnreadable(f"{path} cannot be read: {error.strerror}.")
