"""One SQLite file: who may touch it, on which thread, and what is on disk when.

Strategy: one thread writes, a few read, and queries are plain functions of a `sqlalchemy.Connection`
that run there from begin to commit, in one hop. The design names aiosqlite here; it was tried first, and
because it hops to its thread once a statement, a transaction that appends one message took 3.0 ms
through it, 1.1 ms as one hop with SQLAlchemy's compiler, and 0.33 ms as one hop with statements compiled
beforehand (2 cores, fsync included). The same functions run on PostgreSQL under `AsyncConnection.run_sync`.

WAL with `synchronous=FULL` (https://www.sqlite.org/pragma.html#pragma_synchronous): a commit returns after
its fsync, so what is acknowledged survives a power cut. What a write makes known to others (`then`) runs
on the event loop in the order of the commits, before the writer's own await returns.
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from protocol.errors import StorageUnavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

_READERS: Final = 2
_BUSY_TIMEOUT_MS: Final = 5_000
_CACHE_KIB: Final = 16 * 1024
_CHECKPOINT_PAGES: Final = 10_000
"""Pages in the log (40 MiB) before it begins anew: at SQLite's own 1,000 commits were slower."""

_MOVE_ROWS: Final = 1_000
"""Rows and transactions that are written before what they say moves from the log to the database."""

_MOVE_EVERY_S: Final = 0.2
"""The pause before each such move: a page that is written often moves once then."""

_TOLD_EVERY_S: Final = 10.0
"""How often the log is told of a disk that fails."""

_WAL_BYTES: Final = 64 * 1024 * 1024
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={_BUSY_TIMEOUT_MS}",
    f"cache_size=-{_CACHE_KIB}",
    "secure_delete=ON",
    f"wal_autocheckpoint={_CHECKPOINT_PAGES}",  # of the programs beside the server; its writer has `_Mover`
    f"journal_size_limit={_WAL_BYTES}",
    "trusted_schema=OFF",
    "temp_store=MEMORY",
)


def make_engine(path: Path) -> sa.Engine:
    """An engine whose every connection is durable, and begins as SQLAlchemy says, not as sqlite3 guesses."""
    engine = sa.create_engine(
        f"sqlite:///{path}",
        poolclass=sa.pool.NullPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,  # an error must not quote a password's hash or a message
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        """Below SQLAlchemy, whose way to it costs what five messages of a batch do."""
        immediate = connection.get_execution_options().get("writes", False)
        try:
            driver_of(connection).execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
        except sqlite3.Error as error:
            raise DBAPIError.instance("BEGIN", None, error, sqlite3.Error) from error

    return engine


def driver_of(connection: sa.Connection) -> sqlite3.Connection:
    """What is below SQLAlchemy."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class Database(Protocol):
    """What every store stands on: this module's file, or PostgreSQL (`store.postgres_database`).

    `read` and `write` raise `StorageUnavailable` where the disk is full, gone or read-only, or the database
    is away: nothing was stored then. A `MeshError` that a query raises rolls back and is passed on.
    """

    async def read(self, query: Callable[..., T], *args: Any) -> T:
        """`query(connection, *args)` in one snapshot."""
        ...

    async def write(self, query: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None) -> T:
        """`query(connection, *args)` in one durable transaction; `then(result)` once it is on disk.

        `then` runs on the event loop, in the order of the commits, even where the caller was cancelled.
        """
        ...

    def submit(
        self, query: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None
    ) -> "asyncio.Future[T]":
        """`write` without waiting; the future may be ignored."""
        ...

    async def close(self) -> None:
        """Waits for what is under way, and closes every connection."""
        ...


class SqliteDatabase:
    """`Database` on a file. `read` and `write` run a query function on their own threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-read")
        self._local = threading.local()
        self._outage = Outage("read")
        self._read_connections: list[sa.Connection] = []
        self._writer = _Writer(engine)

    async def read(self, query: Callable[..., T], *args: Any) -> T:
        """`query(connection, *args)` in one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query, *args)

    def _read(self, query: Callable[..., T], *args: Any) -> T:
        connection: sa.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._engine.connect()
            self._read_connections.append(connection)
        try:
            with connection.begin():
                return query(connection, *args)
        except DBAPIError as error:
            raise self._outage.failed(error) from error

    async def write(self, query: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None) -> T:
        """`query(connection, *args)` in one durable transaction; `then(result)` once it is on disk.

        `then` runs on the event loop, in the order of the commits, even where the caller was cancelled.
        """
        return await self.submit(query, *args, then=then)

    def submit(
        self, query: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None
    ) -> "asyncio.Future[T]":
        """`write` without waiting; the future may be ignored."""
        return self._writer.submit(query, args, then)

    async def close(self) -> None:
        """Waits for what is under way, checkpoints the log and closes every connection."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._writer.close)
        await loop.run_in_executor(None, self._readers.shutdown)
        for connection in self._read_connections:
            connection.close()
        self._engine.dispose()


class Outage:
    """Tells the log that the disk fails, but not each time that it does.

    Else a full disk, on which the log may well be, would be filled further by hundreds of lines a second.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._quiet_until = 0.0
        self._untold = 0

    def failed(self, error: DBAPIError) -> Exception:
        """What the asker is told; the reason goes to the log only. A bug in a query stays a bug."""
        if not isinstance(error.orig, sqlite3.OperationalError):
            return error
        return self.told(error.orig)

    def told(self, reason: object) -> StorageUnavailable:
        now = time.monotonic()
        if now >= self._quiet_until:
            more = f" ({self._untold} more since the last time)" if self._untold else ""
            log.error("the database cannot be %s: %s%s", self._doing, reason, more)
            self._quiet_until, self._untold = now + _TOLD_EVERY_S, 0
        else:
            self._untold += 1
        return StorageUnavailable()


class Job:
    """A write, and where its outcome goes."""

    __slots__ = ("args", "future", "loop", "query", "then")

    def __init__(
        self, query: Callable[..., Any], args: tuple[Any, ...], then: Callable[[Any], None] | None
    ) -> None:
        self.query, self.args, self.then = query, args, then
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()

    def succeed(self, result: Any) -> None:
        try:
            if self.then is not None:
                self.then(result)
        finally:
            if not self.future.done():
                self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


_Finish = Callable[[sqlite3.Connection], None]
"""What the writer does between two transactions."""


class _Mover:
    """Moves what was written from the log to the database, while the writer goes on.

    A checkpoint that the committing connection runs, as SQLite does by itself, makes a whole batch of senders
    wait for it. So a thread of its own runs them, each for as much as was written when it began; but the log
    begins anew only once all of it has been moved, which a busy writer never lets happen. So where the log is
    long, the writer moves what came meanwhile, a few pages, between two transactions.
    """

    def __init__(self, engine: sa.Engine, ask_writer: Callable[[_Finish], None]) -> None:
        self._connection = engine.connect()
        self._ask_writer = ask_writer
        self._outage = Outage("checkpointed")
        self._written = threading.Event()
        self._moved_rows = 0
        self._closing = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-move", daemon=True)
        self._thread.start()

    def written(self, rows: int) -> None:
        """Called by the writer, with all that it has written so far."""
        if rows - self._moved_rows >= _MOVE_ROWS:
            self._moved_rows = rows
            self._written.set()

    def close(self) -> None:
        """To be called while the writer still runs."""
        self._closing.set()
        self._written.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        driver = driver_of(self._connection)
        while self._written.wait() and not self._closing.wait(_MOVE_EVERY_S):
            self._written.clear()
            if self._move(driver) >= _CHECKPOINT_PAGES:
                self._move(driver)  # what came during the first, so that little is left for the writer
                self._finished.clear()
                self._ask_writer(self._finish)
                self._finished.wait()

    def _finish(self, driver: sqlite3.Connection) -> None:
        try:
            self._move(driver)
        finally:
            self._finished.set()

    def _move(self, driver: sqlite3.Connection) -> int:
        """How many pages the log has, moved or not; none where that fails: the next time does it then."""
        try:
            _busy, pages, _moved = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._outage.failed(DBAPIError(None, None, error))
            return 0
        return int(pages)


class _Writer:
    """The one thread that writes: a queue of jobs, a transaction each."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._outage = Outage("written")
        self._jobs: queue.SimpleQueue[Job | _Finish | None] = queue.SimpleQueue()
        self._mover = _Mover(engine, self._jobs.put)
        self._thread = threading.Thread(target=self._run, name="store-write", daemon=True)
        self._thread.start()

    def submit(
        self, query: Callable[..., T], args: tuple[Any, ...], then: Callable[[T], None] | None
    ) -> "asyncio.Future[T]":
        job = Job(query, args, then)
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        self._mover.close()
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        with self._engine.connect().execution_options(writes=True) as connection:
            driver = driver_of(connection)
            driver.execute("PRAGMA wal_autocheckpoint=0")
            transactions = 0
            while (job := self._jobs.get()) is not None:
                if not isinstance(job, Job):
                    job(driver)
                    continue
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    self._one(connection, job)
                transactions += 1
                self._mover.written(transactions + driver.total_changes)

    def _one(self, connection: sa.Connection, job: Job) -> None:
        try:
            with connection.begin():
                result = job.query(connection, *job.args)
        except DBAPIError as error:
            job.loop.call_soon_threadsafe(job.fail, self._outage.failed(error))
        except BaseException as error:  # noqa: BLE001 - the thread must outlive a query's mistake; it is passed on
            job.loop.call_soon_threadsafe(job.fail, error)
        else:
            job.loop.call_soon_threadsafe(job.succeed, result)
