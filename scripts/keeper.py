"""Runs one server for as long as somebody uses it, then stops it.

Strategy: whoever uses the server holds a shared lock on one file. The keeper waits for the exclusive lock,
which the kernel gives it when the last user has ended, in whatever way: there is no count to go wrong, and
nothing to ask again and again. It keeps that lock until the server has gone, so that a new user waits.

Arguments: the lock file, then the server's command line. The server's first line of output, by which it says
that it is ready, is passed on; it ends with the server if that ends first. Standard library only.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

STOP_S: Final = 30.0
"""How long a server may take to drain before it is killed, seconds; what it acked is on disk by then."""


def keep(users: Path, command: Sequence[str]) -> int:
    """Runs `command` until nobody holds `users`; gives its exit status."""
    with (
        users.open() as lock,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as server,
    ):
        try:
            assert server.stdout is not None
            if announced := server.stdout.readline():
                announce(announced)
                fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            stop(server)
    return server.returncode


def announce(line: bytes) -> None:
    """Passes the line on and closes the output, so that its reader sees that there is no more."""
    with contextlib.suppress(BrokenPipeError):  # the reader has gone; the lock says so too
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    with Path("/dev/null").open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def stop(server: subprocess.Popen[bytes]) -> None:
    """Lets the server drain, and kills it when that takes too long; one that has ended stays as it is."""
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()


def leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    sys.exit(keep(Path(sys.argv[1]), sys.argv[2:]))
