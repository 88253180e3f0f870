"""The files of a part: written, read again, and made ready for their final names.

Strategy: by number, in the folder of the part, so that no name of another person matters before the end.
Large files stay open while chunks come, from several threads, and are written past the system's cache where
that can be; small ones are written, and given their mode and time, in one go.
"""

import contextlib
import os
from typing import Final

from mesh_agent.files.behind import Behind
from mesh_agent.files.direct import FLAG, Direct
from mesh_agent.files.errors import told_as_sink_error
from mesh_agent.files.folders import Folder, dress, is_file
from mesh_agent.files.grid import Piece, Stretch
from mesh_agent.files.handles import Handles
from mesh_agent.files.manifest import Checked
from mesh_agent.files.safe_path import SafeName, entry_name
from mesh_agent.files.sparse import clear, data_in, write_all

MADE_TRIED: Final = 20
"""How often a small file is made anew while other threads make the same one."""


class Parts:
    """Raises, in all methods: OSError as the system does, or SinkError."""

    def __init__(self, folder: Folder, checked: Checked, *, fresh: bool) -> None:
        self.folder = folder
        self._checked = checked
        self._fresh = fresh
        self._handles = Handles(self._open)
        self._direct = Direct(lambda entry: self._open(entry, FLAG))
        self._behind = Behind(self._handles.use)

    def name(self, entry: int) -> SafeName:
        return entry_name(entry)

    def size(self, entry: int) -> int:
        return self._about(entry)[0]

    def is_there(self, entry: int) -> bool:
        return is_file(self.folder.look(self.name(entry)))

    def _about(self, entry: int) -> tuple[int, int, int]:
        """Size, mtime and mode."""
        meta = self._checked.meta
        told = meta if meta.kind == "file" else self._checked.entries[entry]
        return told.size, told.mtime, told.mode

    def _open(self, entry: int, how: int = 0) -> int:
        fd = self.folder.open(self.name(entry), os.O_RDWR | os.O_CREAT | how)
        try:
            size = self.size(entry)
            if os.fstat(fd).st_size != size:
                os.ftruncate(fd, size)
        except OSError:
            os.close(fd)
            raise
        return fd

    def reads_again(self, offset: int) -> None:
        """A single file will be read again from here on, and should stay in memory."""
        self._behind.reads_from = offset

    def put(self, piece: Piece, data: memoryview) -> None:
        """What arrived of one file."""
        size, mtime, mode = self._about(piece.entry)
        if piece.size == size < self._checked.grid.chunk_bytes:
            self._put_small(self.name(piece.entry), data, mtime, mode)
            return
        for begin, end in data_in(data, fresh=self._fresh):
            if self._behind.may_leave(piece.offset + end):
                begin += self._direct.write(piece.entry, data[begin:end], piece.offset + begin)
            if begin < end:
                with self._handles.use(piece.entry) as fd:
                    write_all(fd, data[begin:end], piece.offset + begin)
                    self._behind.wrote(fd, piece.entry, piece.offset + begin, end - begin)

    def _put_small(self, name: SafeName, data: memoryview, mtime: int, mode: int) -> None:
        fd = self._made_anew(name)
        try:
            write_all(fd, data, 0)
            dress(fd, mtime, mode)
        finally:
            os.close(fd)

    def _made_anew(self, name: SafeName) -> int:
        """What is there is from before, perhaps with a mode that forbids to write it; or another lane brings
        the same at this moment, and whoever is last has it whole."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        for _ in range(MADE_TRIED):
            with contextlib.suppress(FileExistsError):
                return self.folder.open(name, flags)
            self.folder.remove(name)
        return self.folder.open(name, flags)

    def read(self, piece: Piece, view: memoryview) -> bool:
        """Fills `view` with what is in the part; False where that is not all there."""
        if not self.is_there(piece.entry):
            return False
        with self._handles.use(piece.entry) as fd:
            return read_full(fd, view, piece.offset)

    def clear(self, stretch: Stretch) -> None:
        """A hole: zeros that take no space."""
        assert stretch.entry is not None
        with self._handles.use(stretch.entry) as fd:
            if not self._fresh:
                clear(fd, stretch.offset, stretch.offset + stretch.size)

    def dress(self, entry: int, *, flush: bool) -> None:
        """Gives a file its time and mode, and makes one that has no bytes. `flush`: and brings it to the
        disk.
        """
        size, mtime, mode = self._about(entry)
        if not size:
            self._put_small(self.name(entry), memoryview(b""), mtime, mode)
        with told_as_sink_error(), self.folder.opened(self.name(entry), os.O_RDONLY) as fd:
            dress(fd, mtime, mode)
            if flush:
                os.fsync(fd)

    def allocated(self) -> int:
        """What the part takes on the disk by now."""
        with os.scandir(self.folder.fd) as found:
            return sum(each.stat(follow_symlinks=False).st_blocks * 512 for each in found)

    def close(self) -> None:
        self._handles.close()
        self._direct.close()


def read_full(fd: int, view: memoryview, offset: int) -> bool:
    """Fills `view`; False where the file ends before."""
    at = 0
    while at < view.nbytes:
        count = os.preadv(fd, [view[at:]], offset + at)
        if not count:
            return False
        at += count
    return True
