"""The thread in which the cache's file is read and written, so that the loop never waits for a disk.

Strategy: one thread, so everything happens in the order asked for. Changes are written behind: the first
after a pause at once, what comes while it is under way or within `WRITE_EVERY_S` of it together in the next
transaction, since a turn of the thread costs the loop more than the writing. Whoever reads sees everything
that was queued before, since what has gathered goes first. A write that fails (a full disk) is logged
and forgotten: the server has it all, and the cache knows by `rev` where it stopped.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from mesh_agent.client.cache import Cache
from mesh_agent.client.cache_file import is_damage
from mesh_agent.client.changes import Change
from mesh_agent.client.errors import FilesUnusable

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

QUEUED_CHANGES: Final = 2_000
"""Changes that gather before whoever adds more has to wait (`room_to_write`)."""

WRITE_EVERY_S: Final = 0.1
"""Between the beginnings of two transactions that nobody waits for."""


class CacheThread:
    """One account's cache, for the loop that opened it."""

    def __init__(self, cache: Cache, executor: ThreadPoolExecutor) -> None:
        self._cache = cache
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Change] = []
        self._writes = 0
        self._next_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._room = asyncio.Event()
        self._room.set()
        self.warning = cache.warning

    @classmethod
    async def open(cls, path: Path) -> "CacheThread":
        """Raises as `CacheFile`."""
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mesh-cache")
        try:
            cache = await asyncio.get_running_loop().run_in_executor(executor, Cache, path)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(cache, executor)

    def change(self, changes: list[Change]) -> None:
        """Has `changes` written soon."""
        self._gathered.extend(changes)
        self._write_in_time()
        if len(self._gathered) > QUEUED_CHANGES:
            self._room.clear()

    async def room_to_write(self) -> None:
        """Waits until not too much is queued."""
        await self._room.wait()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function`, a method of `cache`, in its thread, after all changes queued so far.

        Raises:
            FilesUnusable: the file could not be read or written.
            MeshError: as `function` does.
        """
        if self._gathered:
            self._write()
        try:
            return await self._loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))
        except sqlite3.Error as error:
            self._note(error)
            raise FilesUnusable(f"This profile's cache cannot be used: {error}.") from error

    @property
    def cache(self) -> Cache:
        """To name its methods for `run`, not to call them."""
        return self._cache

    async def close(self) -> None:
        """Writes what is queued and closes the file."""
        if self._gathered:
            self._write()
        await self._loop.run_in_executor(self._executor, self._cache.close)
        self._executor.shutdown(wait=False)

    def _write_in_time(self) -> None:
        """Now, or when a transaction is due again; none while one is under way."""
        if not self._gathered or self._writes:
            return
        if self._loop.time() >= self._next_at or len(self._gathered) > QUEUED_CHANGES:
            self._write()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._next_at, self._due)

    def _due(self) -> None:
        self._timer = None
        self._write_in_time()

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._next_at = self._loop.time() + WRITE_EVERY_S
        changes, self._gathered = self._gathered, []
        self._writes += 1
        self._room.set()
        future = self._loop.run_in_executor(self._executor, self._cache.apply, changes)
        future.add_done_callback(self._written)

    def _written(self, future: asyncio.Future[None]) -> None:
        self._writes -= 1
        error = future.exception()
        if isinstance(error, sqlite3.Error):
            self._note(error)
        elif error is not None:
            raise error
        self._write_in_time()

    def _note(self, error: sqlite3.Error) -> None:
        log.error("the cache could not be used: %s", error)
        if is_damage(error):
            self._cache.mark_damaged()
