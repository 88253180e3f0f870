"""What goes through stdin or stdout, on disk meanwhile: a transfer has a size, and may be read again.

Strategy: a folder of the profile, locked by the program that needs it; the lock of one that was killed is
free, so that whoever spools next takes away what it left. Memory holds one piece at a time.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from mesh_agent.client.errors import FilesUnusable
from mesh_agent.client.folders import Profile

PIECE_BYTES: Final = 1024 * 1024
_BEGINS: Final = "spool-"


@asynccontextmanager
async def spooled(profile: str) -> AsyncIterator[Path]:
    """All of stdin, as a file that is gone afterwards. Raises: FilesUnusable."""
    with emptied(profile) as folder:
        copy = folder / "stdin"
        await _drained(copy)
        yield copy


async def _drained(copy: Path) -> None:
    """A daemon thread reads, since a read of stdin can be waited for in vain."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[OSError | None] = loop.create_future()

    def settle(error: OSError | None) -> None:
        if not done.done():
            done.set_result(error)

    def read() -> None:
        error = None
        try:
            with copy.open("xb") as file:
                while data := os.read(sys.stdin.fileno(), PIECE_BYTES):
                    file.write(data)
        except OSError as caught:
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    error = await done
    if error is not None:
        raise FilesUnusable(f"Stdin cannot be kept: {error.strerror}.")


@contextmanager
def emptied(profile: str) -> Iterator[Path]:
    """An empty folder of the profile's, which is gone afterwards, with all in it. Raises: FilesUnusable."""
    data = Profile.open(profile).data
    _sweep(data)
    folder = data / f"{_BEGINS}{os.getpid()}"
    try:
        folder.mkdir(mode=0o700)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FilesUnusable(f"{folder} cannot be made: {error.strerror}.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _sweep(data: Path) -> None:
    for left in data.glob(f"{_BEGINS}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)
