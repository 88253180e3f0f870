"""`mesh-server migrate-from-sqlite`: a server that has grown, moved to an empty PostgreSQL database."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from mesh_server.config import Config
from mesh_server.console.door import SOCKET_FILE
from mesh_server.errors import CannotStart
from mesh_server.keys import shared_secrets
from mesh_server.store.folder import DATABASE_FILE, LOCK_FILE, DataFolderInUse, DataFolderLock
from mesh_server.store.moving import COMMITTING, SCRATCH, Moved, MoveFailed, move
from mesh_server.store.postgres import DatabaseUnusable
from mesh_server.store.schema import NewerDatabase

SAID_EVERY_S: Final = 2.0
SIGNALLED: Final = 128
"""The exit code after a signal is that much more than its number, as shells have it."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)

_SERVER_OWN: Final = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", LOCK_FILE, SOCKET_FILE)


def run(config: Config, arguments: argparse.Namespace) -> int:
    """Raises: CannotStart."""
    folder = config.folder
    if not config.database:
        raise CannotStart("Say where to, with --database postgresql://… or in MESH_DATABASE.")
    if not (folder / DATABASE_FILE).is_file():
        raise CannotStart(f"There is no database in {folder}. Name the server's data folder with --data.")
    try:
        lock = DataFolderLock(folder)
        progress = _Progress(folder)
        try:
            secrets = shared_secrets(folder)
            moved = move(folder, config.database, secrets, progress.tell, keep=not arguments.dry_run)
        finally:
            progress.over()
            lock.release()
    except DatabaseUnusable as error:
        raise CannotStart(f"The database cannot be used: {error}. Nothing was moved.") from None
    except (MoveFailed, DataFolderInUse, NewerDatabase) as error:
        raise CannotStart(f"{error} Nothing was moved.") from None
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    if arguments.json:
        told = {"dry_run": arguments.dry_run, "keys": sorted(secrets), "left": _others(folder)}
        print(msgspec.json.encode(told | msgspec.to_builtins(moved)).decode())
    else:
        _tell(moved, sorted(secrets), folder, dry_run=arguments.dry_run)
    return 0


def _others(folder: Path) -> list[str]:
    """What lies in the data folder besides the server's own files."""
    return sorted(
        path.name for path in folder.iterdir() if path.name not in _SERVER_OWN and path.suffix != ".key"
    )


class _Progress:
    """Lines on stderr: each kind of work once, and every other second how far it is.

    SIGINT and SIGTERM end it at once: PostgreSQL takes back what was not committed, once the line is gone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kind = ""
        self._said_at = 0.0
        self._before = {number: signal.signal(number, self._end) for number in _ENDING}

    def tell(self, what: str, done: int, total: int) -> None:
        now, kind = time.monotonic(), what.split()[0]
        if kind == self._kind and now - self._said_at < SAID_EVERY_S:
            return
        self._kind, self._said_at = kind, now
        _say(f"{what}: {done:,} of {total:,}" if done else f"{what} …")

    def over(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, _frame: object) -> None:
        shutil.rmtree(self._folder / SCRATCH, ignore_errors=True)
        told = (
            "run it again: it says whether all was moved" if self._kind == COMMITTING else "nothing was moved"
        )
        _say(f"mesh-server: stopped; {told}.")
        os._exit(SIGNALLED + number)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _tell(moved: Moved, keys: list[str], folder: Path, *, dry_run: bool) -> None:
    rows, took_s = sum(moved.rows.values()), sum(moved.seconds.values())
    print(
        f"{'Tried with' if dry_run else 'Moved'} {rows:,} rows of {len(moved.rows)} tables, among them "
        f"{moved.rows['messages']:,} messages, in {took_s:.0f} s; each was read back and compared."
    )
    for table, count in moved.replaced.items():
        print(f"In {count:,} rows of {table}, U+0000, which PostgreSQL does not take, became U+FFFD.")
    print(f"Keys in the database: {', '.join(keys) or 'none, as there are none in the data folder'}.")
    if others := _others(folder):
        print(f"Not moved, as no server reads it: {', '.join(others)}.")
    if dry_run:
        print("All of it was taken back: the database is empty as before.")
        return
    print(f"The file {folder / DATABASE_FILE} is as it was. Start no server on it any more: what is said")
    print("there would be missing in the database.")
    print("Start the nodes on the database; clients go on where they are.")
