"""The way to the server for the programs that its doors run: a Unix socket, for this server's account alone.

Strategy: those programs reach nothing else (`mesh_tui.confined`), so that it makes no difference to them
where the server listens, by which name and certificate people know it, or which proxy stands before it. They
say in `X-Forwarded-For` for whom they ask, as a proxy does: the door has told them, and limits count by it.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from mesh_server.accepting import BACKLOG
from mesh_server.errors import CannotStart
from mesh_server.http.guest import HttpGuest

SOCKET_FILE: Final = "inside.sock"
ADDRESS_BYTES: Final = 100
"""What fits into the address of a Unix socket everywhere."""


class Inside:
    """Where it is: `path`."""

    def __init__(self, server: asyncio.AbstractServer, path: Path, folder: Path | None) -> None:
        self.path: Final = str(path)
        self._server, self._folder = server, folder

    @classmethod
    async def open(cls, below: Path, make: Callable[[], HttpGuest]) -> Self:
        """In the folder of the data, or, where its path is too long, in a new one. Raises: CannotStart."""
        try:
            listening, path, folder = await asyncio.to_thread(_listen, below)
        except OSError as error:
            why = error.strerror or error
            raise CannotStart(f"The socket of the doors in {below} cannot be opened: {why}.") from None
        server = await asyncio.get_running_loop().create_unix_server(make, sock=listening, backlog=BACKLOG)
        return cls(server, path, folder)

    def close(self) -> None:
        """Nobody new comes in; safe to call twice."""
        self._server.close()
        Path(self.path).unlink(missing_ok=True)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _listen(below: Path) -> tuple[socket.socket, Path, Path | None]:
    """The socket, its path, and the folder that was made for it where there was need for one."""
    path, folder = below.resolve() / "doors" / SOCKET_FILE, None
    if len(os.fsencode(path)) > ADDRESS_BYTES:
        folder = Path(tempfile.mkdtemp(prefix="mesh-"))
        path = folder / SOCKET_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(OSError):  # where the system does not take it, the folder keeps others out
            os.fchmod(listening.fileno(), 0o600)
        listening.bind(str(path))
        path.chmod(0o600)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening, path, folder
