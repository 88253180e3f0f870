"""Opening the cache's file: its mode, its lock, and what happens to one that is damaged.

Strategy: all processes that use a file share a lock on it. One that finds the file damaged takes the
lock alone, copies what can still be read of the outbox, and moves the file aside with its journal, never
deleting anything; so no other process goes on writing into a file that nobody will read again. Damage
that shows only later leaves a mark, and the next start mends it.
"""

import contextlib
import fcntl
import logging
import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any, Final

from mesh_agent.client.errors import FilesUnusable
from mesh_agent.client.schema import INSERT_OUTGOING, SELECT_FIRST_OUTBOX, SELECT_OUTBOX, migrate

log = logging.getLogger(__name__)

BUSY_S: Final = 10.0
"""How long to wait for another process that writes."""

PAGES_KIB: Final = 4_096
"""Of the file, kept in memory."""

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether `error` says that the file is broken, rather than locked, full or out of reach."""
    # The low byte is the error's family; what is above it says which of them exactly.
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


class CacheFile:
    """An open database file.

    Attributes:
        db: the connection, for the thread that opened it alone.
        warning: a sentence for the person about what had to be mended; empty mostly.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, makes it where there is none, and mends what can be mended.

        Raises:
            FileTooNew: a newer Mesh wrote it.
            FilesUnusable: it cannot be opened, or is damaged and in use by another process.
        """
        self._path = path
        self._mark = path.with_suffix(".damaged")
        self._lock = _take_shared(path.with_suffix(".lock"))
        self.warning = ""
        try:
            self.db = self._open()
        except (sqlite3.Error, OSError) as error:
            self._release()
            raise FilesUnusable(f"{path} cannot be opened: {error}.") from error
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        self.db.close()
        self._release()

    def mark_damaged(self) -> None:
        """Has the next start mend the file."""
        with contextlib.suppress(OSError):
            self._mark.touch(mode=0o600)

    def _release(self) -> None:
        os.close(self._lock)

    def _open(self) -> sqlite3.Connection:
        try:
            db = _connect(self._path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            if not self._alone():
                raise FilesUnusable(
                    f"{self._path} is damaged, and another Mesh program uses it. Close that one first."
                ) from error
        else:
            if not self._mark.exists() or not self._alone():
                return db
            db.close()
        return self._mend()

    def _alone(self) -> bool:
        """Whether no other process has the file; if so, none will until `_mend` has run."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _mend(self) -> sqlite3.Connection:
        rows, whole = _salvage_outbox(self._path)
        aside = self._path.with_name(f"{self._path.name}.damaged-{secrets.token_hex(3)}")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).replace(aside.with_name(aside.name + suffix))
        db = _connect(self._path)
        with db:
            db.executemany(INSERT_OUTGOING, rows)
        self._mark.unlink(missing_ok=True)
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        unsent = f"{len(rows)} unsent messages were kept" if whole else "Unsent messages in it may be lost"
        self.warning = f"This profile's cache was damaged and is now {aside}. {unsent}; the rest loads anew."
        log.error(self.warning)
        return db


def _take_shared(path: Path) -> int:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be opened: {error.strerror}.") from None
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA cache_size = -{PAGES_KIB}")
        migrate(db, str(path))
    except BaseException:
        db.close()
        raise
    return db


def _salvage_outbox(path: Path) -> tuple[list[tuple[Any, ...]], bool]:
    """The rows of the outbox that can still be read, and whether that is all of them."""
    for select in (SELECT_OUTBOX, SELECT_FIRST_OUTBOX):
        rows: list[tuple[Any, ...]] = []
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S)) as db:
                rows.extend(db.execute(select))
        except sqlite3.Error:
            if rows:
                return rows, False
        else:
            return rows, True
    return [], False
