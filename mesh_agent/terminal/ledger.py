"""What this device has told rooms of terminals that it shares, on disk, so that an end is told after any end.

    begin ──> a file, locked ──told──> with the message's id ──the room was told of the end──> gone
                  └── its program is killed: the system lets the lock go ──> `abandoned`, for the next one

Strategy: one file for each terminal, and who shares it holds a lock on that file as long as it lives. So what
a killed program has left is known for certain, and what another living program of this device shares is never
taken for it. What is read here was written by an earlier run: a file that makes no sense is removed.
"""

import contextlib
import fcntl
import os
import threading
from pathlib import Path
from typing import Final

import msgspec

FILE_BYTES: Final = 4_096
FILES_MAX: Final = 256
"""Files that are looked at; nobody leaves so many."""

_SUFFIX: Final = ".json"
_NEW: Final = ".new"


class Left(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A terminal (or a call, by its id) of which a room was told. `message`: the id of that message; empty:
    not known yet."""

    user: str
    room: str
    terminal: str
    command: str
    message: str = ""


class Ledger:
    """One profile's. Reads and writes files: to be called in a thread. Never raises: where the disk is full
    or gone, a terminal is shared all the same, and only what a kill leaves is not mended."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when it is first needed."""
        self._folder = folder
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()
        self._closed = False

    def begin(self, left: Left) -> None:
        """From now on it is ours, until `end`."""
        with self._lock, contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._path(left.terminal)
            new = path.with_suffix(_NEW)  # nobody sees it before it is locked
            descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._held[left.terminal] = descriptor
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(descriptor, left)
            new.rename(path)

    def told(self, left: Left) -> None:
        """It has its message."""
        with self._lock, contextlib.suppress(OSError):
            descriptor = self._held.get(left.terminal)
            if descriptor is not None:
                _write(descriptor, left)

    def end(self, terminal: str) -> None:
        """Nothing is to be told of it any more."""
        with self._lock, contextlib.suppress(OSError):
            descriptor = self._held.pop(terminal, None)
            if descriptor is not None:
                try:
                    self._path(terminal).unlink(missing_ok=True)
                finally:
                    os.close(descriptor)

    def abandoned(self, user: str) -> list[Left]:
        """What programs of that person have left that live no more; it is ours from now on."""
        with self._lock:
            files = [] if self._closed else self._files()
            return [left for path in files if (left := self._taken(path, user)) is not None]

    def close(self) -> None:
        """What is not ended is left to whoever comes next."""
        with self._lock:
            self._closed = True
            while self._held:
                os.close(self._held.popitem()[1])

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _path(self, terminal: str) -> Path:
        return self._folder / f"{terminal}{_SUFFIX}"

    def _files(self) -> list[Path]:
        try:
            found = [path for path in self._folder.iterdir() if path.suffix == _SUFFIX]
        except OSError:
            return []
        return sorted(found)[:FILES_MAX]

    def _taken(self, path: Path, user: str) -> Left | None:
        """Locks it, where nobody has it and it is of that person."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left = _read(descriptor)
            gone = os.fstat(descriptor).st_nlink == 0  # whoever had it has just ended it
            if left is None and not gone:
                path.unlink(missing_ok=True)
            if left is None or gone or left.user != user or path != self._path(left.terminal):
                os.close(descriptor)
                return None
        except OSError:  # somebody has it
            os.close(descriptor)
            return None
        self._held[left.terminal] = descriptor
        return left


def _write(descriptor: int, left: Left) -> None:
    data = msgspec.json.encode(left)
    os.pwrite(descriptor, data, 0)
    os.ftruncate(descriptor, len(data))


def _read(descriptor: int) -> Left | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, FILE_BYTES, 0), type=Left)
    except msgspec.MsgspecError:
        return None
