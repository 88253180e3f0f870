"""Folders by descriptor: each step goes one component down, and follows no symbolic link.

Strategy: a path of several components is never given to the system below the folder that the person chose,
so whoever swaps a folder for a link between a check and a write changes nothing: the descriptor stays what
it was, and a link where a folder should be is refused. Names are `SafeName`; the type checker and
`tests/agent/files` hold that.
"""

import errno
import os
import stat
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mesh_agent.files.safe_path import SafeName, SafePath, SafeTarget

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINK: Final = os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
NOT_A_FOLDER: Final = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EMLINK})
"""What opening something else than a folder is answered with, links included."""

_NOT_FLUSHED: Final = frozenset({errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP})
_NOT_KEPT: Final = frozenset({errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EOVERFLOW})
"""What disks answer that keep no modes (FAT), or not every time."""

KEPT_MODE: Final = 0o777
"""Of a peer's mode; never setuid, setgid or sticky."""


@contextmanager
def tolerated(codes: Container[int | None]) -> Iterator[None]:
    """What a disk cannot do, and can be done without."""
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise


def dress(fd: int, mtime: int, mode: int) -> None:
    """Gives a file or folder its time (nanoseconds) and mode, as far as the disk keeps them."""
    with tolerated(_NOT_KEPT):
        os.fchmod(fd, mode & KEPT_MODE)
    with tolerated(_NOT_KEPT):
        os.utime(fd, ns=(mtime, mtime))


class Folder:
    """An open folder. All methods raise OSError as the system does."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def at(cls, place: Path) -> Self:
        """One that the person chose; links on the way to it are theirs."""
        return cls(os.open(place, _FOLDER))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def child(self, name: SafeName) -> "Folder":
        return Folder(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.fd))

    def make(self, name: SafeName, mode: int = 0o777) -> "Folder":
        """Makes and opens it. Raises: FileExistsError."""
        os.mkdir(name, mode, dir_fd=self.fd)
        return self.child(name)

    def look(self, name: SafeName) -> os.stat_result | None:
        """What is there, links not followed; None for nothing."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    @contextmanager
    def opened(self, name: SafeName, flags: int, mode: int = 0o600) -> Iterator[int]:
        """The descriptor of a file in it, which is no link."""
        fd = os.open(name, flags | _NO_LINK, mode, dir_fd=self.fd)
        try:
            yield fd
        finally:
            os.close(fd)

    def open(self, name: SafeName, flags: int, mode: int = 0o600) -> int:
        return os.open(name, flags | _NO_LINK, mode, dir_fd=self.fd)

    def link(self, name: SafeName, target: SafeTarget) -> None:
        """Makes a symbolic link. Raises: FileExistsError."""
        os.symlink(target, name, dir_fd=self.fd)

    def target(self, name: SafeName) -> str | None:
        """What a symbolic link says; None where there is none."""
        try:
            return os.readlink(name, dir_fd=self.fd)
        except OSError:
            return None

    def touch(self, name: SafeName, mtime: int) -> None:
        """`mtime`: nanoseconds; of a link, its own."""
        os.utime(name, ns=(mtime, mtime), dir_fd=self.fd, follow_symlinks=False)

    def remove(self, name: SafeName) -> None:
        """A file or link; nothing where there is none."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.fd)

    def list(self) -> list[str]:
        """Names as the disk has them; they are not safe to paint."""
        with os.scandir(self.fd) as found:
            return [each.name for each in found]

    def flush(self) -> None:
        """As far as the disk flushes folders at all."""
        with tolerated(_NOT_FLUSHED):
            os.fsync(self.fd)


def walk(top: Folder, path: SafePath | None) -> Folder:
    """The folder at `path`, opened one component after another; the caller closes it."""
    at = Folder(os.dup(top.fd))
    for name in path.parts if path else ():
        with at as above:
            at = above.child(name)
    return at


def is_file(found: os.stat_result | None) -> bool:
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(found: os.stat_result | None) -> bool:
    return found is not None and stat.S_ISDIR(found.st_mode)
