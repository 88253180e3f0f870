"""The data folder: the names of its files, and who may use it."""

import fcntl
import json
import os
from pathlib import Path
from typing import Final

DATABASE_FILE: Final = "mesh.db"
LOCK_FILE: Final = "server.lock"


class DataFolderInUse(Exception):
    """Another server holds this data folder."""


def running_at(folder: Path) -> str | None:
    """Where the server that holds a data folder listens; empty while it does not yet, None without one."""
    try:
        file = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return str(json.loads(os.pread(file, 4096, 0))["url"])
        except (ValueError, KeyError, TypeError):
            return ""  # it is being written
    finally:
        os.close(file)
    return None


class DataFolderLock:
    """Held as long as the server runs; the file says where that server is.

    Its content is JSON, `{"pid": 4711, "url": "http://127.0.0.1:8000"}`; the lock itself (flock) ends with
    the process, however that ends.
    """

    def __init__(self, folder: Path) -> None:
        """Raises: DataFolderInUse, OSError."""
        self._file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise DataFolderInUse(
                f"Another mesh-server already runs on the data folder {folder}. Stop it first, or name "
                "another folder with --data."
            ) from None
        self.tell(url="")

    def tell(self, *, url: str) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    def release(self) -> None:
        os.close(self._file)
