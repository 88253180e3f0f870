"""From the part to the final name, in one step that replaces nothing unasked.

Strategy: the disk is asked to rename and not to replace (renameat2, renameatx_np); where it cannot, a hard
link does the same. A name that is taken is met by the person's wish (`conflicts.py`), and looked at again
each time, as it may have been taken a moment ago.
"""

import errno
import os
from typing import Final, NamedTuple

from mesh_agent.files.conflicts import decide
from mesh_agent.files.errors import SinkError
from mesh_agent.files.folders import Folder, is_file
from mesh_agent.files.safe_path import SafeName, numbered, portable
from mesh_agent.files.system import rename_new
from mesh_agent.sharing.state import Conflict

NAMES_TRIED: Final = 10_000
_COMPARED_BYTES: Final = 1024 * 1024
NAME_REFUSED: Final = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG})
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
)


class Placed(NamedTuple):
    """`name`: under which it is; None where it was left out, as the name was taken."""

    name: SafeName | None


def place_file(
    part: Folder, own: SafeName, to: Folder, name: SafeName, mtime: int, conflict: Conflict
) -> Placed:
    """Gives the file `own` of `part` the name `name` in `to`, or what the person wishes instead.

    A file there with the same bytes is left as it is: then nothing arrived that was not there.
    Raises: OSError, SinkError.
    """
    wanted = name
    for number in range(2, NAMES_TRIED):
        try:
            if rename_free(part, own, to, name):
                return Placed(name)
        except OSError as error:
            if error.errno not in NAME_REFUSED or portable(name) == name:
                raise
            wanted = name = portable(name)
            continue
        there = to.look(name)
        if there is None:
            continue
        if is_file(there) and same_bytes(part, own, to, name):
            return Placed(None)
        what = decide(conflict, there, mtime)
        if what == "skip":
            return Placed(None)
        if what == "replace":
            os.rename(own, name, src_dir_fd=part.fd, dst_dir_fd=to.fd)
            return Placed(name)
        name = numbered(wanted, number)
    raise SinkError(f"There are {NAMES_TRIED:,} files called {wanted} already.")


def place_folder(part: Folder, own: SafeName, to: Folder, name: SafeName) -> SafeName:
    """The same of a folder: one that is there is never replaced. Raises: OSError, SinkError."""
    wanted = name
    for number in range(2, NAMES_TRIED):
        if rename_free(part, own, to, name, folder=True):
            return name
        name = numbered(wanted, number)
    raise SinkError(f"There are {NAMES_TRIED:,} folders called {wanted} already.")


def rename_free(part: Folder, own: SafeName, to: Folder, name: SafeName, *, folder: bool = False) -> bool:
    """False where the name is taken. Raises: OSError."""
    try:
        return rename_new(part.fd, own, to.fd, name) or _without_call(part, own, to, name, folder)
    except FileExistsError:
        return False


def _without_call(part: Folder, own: SafeName, to: Folder, name: SafeName, folder: bool) -> bool:
    if not folder:
        try:
            os.link(own, name, src_dir_fd=part.fd, dst_dir_fd=to.fd, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        else:
            os.unlink(own, dir_fd=part.fd)
            return True
    # Such a disk (FAT, some network ones) has no better way than to look first.
    if to.look(name) is not None:
        return False
    os.rename(own, name, src_dir_fd=part.fd, dst_dir_fd=to.fd)
    return True


def same_bytes(part: Folder, own: SafeName, to: Folder, name: SafeName) -> bool:
    """Whether two files are the same; one that cannot be read is not. Raises: OSError: the part."""
    with part.opened(own, os.O_RDONLY) as ours:
        try:
            theirs = to.open(name, os.O_RDONLY)
        except OSError:
            return False
        try:
            return os.fstat(ours).st_size == os.fstat(theirs).st_size and _same(ours, theirs)
        except OSError:
            return False
        finally:
            os.close(theirs)


def _same(one: int, other: int) -> bool:
    at = 0
    while data := os.pread(one, _COMPARED_BYTES, at):
        if data != os.pread(other, len(data), at):
            return False
        at += len(data)
    return True
