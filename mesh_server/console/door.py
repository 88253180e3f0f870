"""The socket of the console: a file in the data folder, for its owner alone.

Its mode keeps others out, and the kernel tells who is at the other end, so that a folder with careless
permissions opens nothing. A path may be longer than a Unix socket's address: Linux reaches it through the
open folder then.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOCKET_FILE: Final = "admin.sock"
ADDRESS_BYTES: Final = 100
"""What fits into the address of a Unix socket everywhere."""

BACKLOG: Final = 8
_ON_LINUX: Final = os.uname().sysname == "Linux"
_LINUX_CREDENTIALS: Final = struct.Struct("3i")
"""pid, uid, gid: `struct ucred` of unix(7)."""

_MAC_CREDENTIALS: Final = struct.Struct("2i68x")
"""version, uid, and the groups: `struct xucred` of unix(4)."""

_MAC_LEVEL: Final = 0
_MAC_PEER_CREDENTIALS: Final = 1


@contextlib.contextmanager
def _address(folder: Path) -> Iterator[str]:
    path = folder.resolve() / SOCKET_FILE
    if len(os.fsencode(path)) <= ADDRESS_BYTES or not _ON_LINUX:
        yield str(path)
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_FILE}"
    finally:
        os.close(handle)


def listen(folder: Path) -> socket.socket:
    """In the place of one that a server left behind, by who holds the folder now. Raises: OSError."""
    (folder / SOCKET_FILE).unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(door.fileno(), 0o600)  # on Linux the file is made with it
        with _address(folder) as address:
            door.bind(address)
        (folder / SOCKET_FILE).chmod(0o600)
        door.listen(BACKLOG)
    except OSError:
        door.close()
        raise
    return door


def connect(folder: Path, *, timeout_s: float) -> socket.socket:
    """Raises: OSError."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.settimeout(timeout_s)
    try:
        with _address(folder) as address:
            door.connect(address)
    except OSError:
        door.close()
        raise
    return door


def peer_uid(handle: int) -> int | None:
    """Of the process at the other end of a connection; None where this system cannot tell."""
    with socket.socket(fileno=os.dup(handle)) as peer:
        try:
            if _ON_LINUX:
                data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX_CREDENTIALS.size)
                return int(_LINUX_CREDENTIALS.unpack(data)[1])
            data = peer.getsockopt(_MAC_LEVEL, _MAC_PEER_CREDENTIALS, _MAC_CREDENTIALS.size)
            return int(_MAC_CREDENTIALS.unpack(data)[1])
        except (OSError, struct.error):
            return None


def may_enter(uid: int | None) -> bool:
    """Whoever the server runs as, and the superuser, who could do all of it anyway."""
    return uid is not None and uid in (0, os.geteuid())
