"""What some systems can do with files and Python has no name for; where one cannot, the answer says so.

Strategy: the C library is asked by name. Each call has a plain way round it at its caller: a hole that
cannot be punched is written, a rename that replaces nothing is done by a link, a flush of all is a flush of
each.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from mesh_agent.files.safe_path import SafeName

_RENAME_NOREPLACE: Final = 1
_RENAME_EXCL: Final = 4
"""The same on macOS."""

_KEEP_SIZE_PUNCH_HOLE: Final = 3
_WAIT_BEFORE: Final = 1
_WRITE: Final = 2
_WAIT_AFTER: Final = 4
"""Of `sync_file_range`."""

_CANNOT: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM})


@cache
def _function(name: str, *arguments: Any) -> Callable[..., int] | None:
    if os.name != "posix":
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if found is not None:
        found.argtypes = arguments
        found.restype = ctypes.c_int
    return found


def _called(function: Callable[..., int] | None, *arguments: Any) -> bool:
    """Whether it did it; False where it cannot. Raises: OSError."""
    if function is None:
        return False
    while function(*arguments) != 0:
        code = ctypes.get_errno()
        if code in _CANNOT:
            return False
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))
    return True


def rename_new(source: int, name: SafeName, target: int, new: SafeName) -> bool:
    """Renames without replacing, between two folders' descriptors; False where the system or disk cannot.

    Raises: FileExistsError and other OSErrors.
    """
    sys.audit("os.rename", name, new, source, target)  # as Python's own does
    linux = sys.platform != "darwin"
    path = ctypes.c_char_p
    function = _function(
        "renameat2" if linux else "renameatx_np", ctypes.c_int, path, ctypes.c_int, path, ctypes.c_uint
    )
    flags = _RENAME_NOREPLACE if linux else _RENAME_EXCL
    return _called(function, source, os.fsencode(name), target, os.fsencode(new), flags)


def flush_disk(fd: int) -> bool:
    """Everything on the file system of `fd` is on disk after it; False where there is no such call."""
    return _called(_function("syncfs", ctypes.c_int), fd)


def punch(fd: int, offset: int, size: int) -> bool:
    """Zeros that take no space; False where the disk cannot."""
    if sys.platform != "linux":
        return False
    function = _function("fallocate", ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong)
    return _called(function, fd, _KEEP_SIZE_PUNCH_HOLE, offset, size)


def start_writing(fd: int, offset: int, size: int) -> bool:
    """The system begins to bring these bytes to the disk; False where it cannot be told. Raises: OSError."""
    return _sync_range(fd, offset, size, _WRITE)


def wait_until_written(fd: int, offset: int, size: int) -> None:
    """These bytes have left for the disk, which is no promise that they stay there. Raises: OSError."""
    _sync_range(fd, offset, size, _WAIT_BEFORE | _WRITE | _WAIT_AFTER)


def _sync_range(fd: int, offset: int, size: int, flags: int) -> bool:
    if sys.platform != "linux":
        return False
    long = ctypes.c_longlong
    function = _function("sync_file_range", ctypes.c_int, long, long, ctypes.c_uint)
    return _called(function, fd, offset, size, flags)
