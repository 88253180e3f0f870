"""How large the data folder's files are, looked at now and then in a thread: a disk may not answer."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

from mesh_server.store.folder import DATABASE_FILE

LOOK_EVERY_S: Final = 15.0


class Sizes:
    """Bytes, as they were at the last look; 0 before the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.database = 0
        self.log = 0
        self.free = 0

    async def keep(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(OSError):  # the disk is gone, which the store tells loudly enough
                await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Raises: OSError."""
        database = self._folder / DATABASE_FILE
        self.database = database.stat().st_size if database.exists() else 0  # it may be elsewhere
        log = database.with_name(f"{DATABASE_FILE}-wal")
        self.log = log.stat().st_size if log.exists() else 0
        disk = os.statvfs(self._folder)
        self.free = disk.f_bavail * disk.f_frsize
