"""A small JSON file of a profile that is kept up to date while the program runs.

Strategy: a change is written at once, in a thread, and what changes meanwhile a moment later: a program
that is killed loses at most `SETTLE_S` and what one write takes. The file is replaced as a whole. Where
the disk refuses, all stays in memory and is tried again with the next change; that is told once, and
told again only after it has worked in between. A file that cannot be read is set aside; it is never a reason
not to start.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from mesh_agent.client.folders import read_small, replace_file
from protocol.errors import MeshError

SETTLE_S: Final = 0.2
"""Between two writes of a file, so that typing is not a write for each key."""

Content = TypeVar("Content")

log = logging.getLogger(__name__)


class Kept(Generic[Content]):
    """Holds `content`; whoever changes it calls `changed`. `path` need not exist."""

    def __init__(self, path: Path, empty: Callable[[], Content], kind: Any) -> None:
        """`kind`: the type that the file must have, of which `empty` makes one."""
        self._path = path
        self._empty = empty
        self._kind = kind
        self.content: Content = empty()
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._writes: set[asyncio.Task[MeshError | None]] = set()
        self._refused = False

    async def load(self) -> None:
        self.content = await asyncio.to_thread(self._read)

    def changed(self) -> None:
        """`content` is no longer what was read or saved."""
        self._changed.set()

    def forget(self) -> None:
        """Keeps nothing of it."""
        self.content = self._empty()
        self.changed()

    @property
    def unsaved(self) -> bool:
        """There is a change that no write has begun with."""
        return self._changed.is_set()

    async def keep_saving(self, complain: Callable[[MeshError], None]) -> None:
        """Saves each change, until cancelled; `complain` is told where that begins to fail."""
        while True:
            await self._changed.wait()
            was_refused = self._refused
            error = await self.save()
            if error is not None and not was_refused:
                complain(error)
            await asyncio.sleep(SETTLE_S)

    async def save(self) -> MeshError | None:
        """Writes what has changed, after a write that is under way; returns why it could not be.

        What has begun is done, also where nobody waits for it any more: it may be the last before the end.
        """
        write = asyncio.create_task(self._write())
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        return await asyncio.shield(write)

    async def _write(self) -> MeshError | None:
        async with self._writing:
            return await self._replace()

    async def _replace(self) -> MeshError | None:
        if not self._changed.is_set():
            return None
        self._changed.clear()
        try:
            await asyncio.to_thread(replace_file, self._path, msgspec.json.encode(self.content))
        except MeshError as error:
            if not self._refused:
                log.warning("%s was not saved: %s", self._path.name, error.message)
            self._refused = True
            return error
        self._refused = False
        return None

    def _read(self) -> Content:
        try:
            data = read_small(self._path)
            content: Content = self._empty() if data is None else msgspec.json.decode(data, type=self._kind)
        except (MeshError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("%s could not be read and was set aside: %s", self._path.name, error)
            with suppress(OSError):
                self._path.replace(self._path.with_suffix(".unreadable"))
            return self._empty()
        return content
