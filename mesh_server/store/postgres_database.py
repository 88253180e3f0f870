"""A PostgreSQL database that several servers write to, each as it would to a file of its own.

Strategy: `SqliteDatabase` has one writer, and every query but the hot one is written for that. So here, too,
writers look after each other: a transaction begins with an advisory lock, which `Append` shares with other
appends (they hold the rooms that they write to, row by row) and everything else has alone. Each server has
one thread that writes, so what it makes known (`then`) follows in the order of its commits; a few read.

Nothing is told to be stored that is not. Each transaction leaves a mark in a row of its writer, so that where
the line breaks during a commit the row says what became of it. (PostgreSQL's own number of the transaction
does not: after a crash the numbers of transactions that left no trace are given again, to others that may be
stored.) Where it cannot be asked within `IN_DOUBT_S`, who waited is told that storage is unavailable: sent
again, a message is found by its nonce. While the database is away, everyone is told so at once, and it is
tried again after a pause that grows.
"""

import asyncio
import contextlib
import queue
import random
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import asyncpg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from mesh_server.store import asyncpg_driver
from mesh_server.store.database import Job, Outage
from protocol.errors import StorageUnavailable

T = TypeVar("T")

READERS: Final = 4
"""Threads that read, with a connection each; one more writes."""

WAITING_MAX: Final = 10_000
"""Reads, or writes, that wait for those before them."""

CONNECT_S: Final = 5.0
STATEMENT_S: Final = 10.0
"""How long PostgreSQL may take for a statement, or wait for a lock."""

IDLE_S: Final = 5.0
"""How long it waits for the next statement: a writer that froze must not hold up all others for longer."""

ANSWER_S: Final = STATEMENT_S + 2.0
"""How long its answer may take, which may be lost."""

IN_DOUBT_S: Final = 30.0
"""How long those wait whose commit was under way when the line broke."""

FIRST_PAUSE_S: Final = 0.05
LAST_PAUSE_S: Final = 2.0
"""Between two attempts to reach a database that is away."""

WRITERS_LOCK: Final = 0x4D657368_0001
"""The advisory lock of whoever writes: "Mesh", and which of its locks."""

MARKS: Final = "commit:"
"""How the names of the rows of writers begin, in `meta`; each holds the time and number of its last mark."""

MARKS_KEPT_MS: Final = 86_400_000
"""After which the row of a writer that marks no more may be forgotten."""

_MARK: Final = (
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_ENTER: Final = {
    shared: f"WITH mark AS ({_MARK}) SELECT pg_advisory_xact_lock{'_shared' * shared}({WRITERS_LOCK})"
    for shared in (False, True)
}
_LAST_MARK: Final = (
    "INSERT INTO meta (key, value) VALUES ($1, '') ON CONFLICT (key) DO UPDATE SET value = meta.value"
    " RETURNING value"
)
"""Waits for a transaction that is not over yet, whoever still holds the line that it came by."""

_FORGET_MARKS: Final = (
    "DELETE FROM meta WHERE starts_with(key, $1) AND key <> $2 AND split_part(value, ' ', 1) < $3"
)
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def make_engine(
    url: str, *, answer_s: float | None = ANSWER_S, statement_s: float = STATEMENT_S
) -> sa.Engine:
    """`url` as PostgreSQL's own programs take it: `postgresql://user:password@host/name?sslmode=…`.

    A transaction is a snapshot that only reads, but where `writes` is among the execution options.
    """
    limit = str(round(statement_s * 1000))

    def line() -> Any:
        return asyncpg.connect(
            url,
            timeout=CONNECT_S,
            command_timeout=answer_s,
            server_settings={
                "application_name": "mesh-server",
                "statement_timeout": limit,
                "lock_timeout": limit,
                "idle_in_transaction_session_timeout": str(round(IDLE_S * 1000)),
                "jit": "off",
            },
        )

    sa.dialects.registry.register("postgresql.mesh", asyncpg_driver.__name__, "Dialect")
    engine = sa.create_engine(
        "postgresql+mesh://",
        creator=lambda: asyncpg_driver.Connection(line),
        hide_parameters=True,  # an error must not quote a password's hash or a message
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN" if writes else _BEGIN_READING)

    event.listen(engine, "before_cursor_execute", _without_nul, retval=True)
    return engine


def _without_nul(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
) -> tuple[str, Any]:
    """PostgreSQL's text has no U+0000, which a file takes; nobody sees which of two such characters it is."""
    return statement, [_clean(row) for row in parameters] if many else _clean(parameters)


def _clean(row: Any) -> Any:
    if not any(isinstance(value, str) and "\0" in value for value in row):
        return row
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


def is_outage(error: BaseException) -> bool:
    """Whether an error tells of the database or the line to it, not of what was asked."""
    return isinstance(error, DBAPIError) and (
        isinstance(error.orig, asyncpg_driver.OperationalError) or error.connection_invalidated
    )


class Line:
    """One thread's connection: made when it is wanted, thrown away when it fails."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    def get(self) -> sa.Connection:
        """Raises: DBAPIError."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def drop(self) -> None:
        """Without a word: it may be silent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.invalidate()
            with contextlib.suppress(Exception):
                connection.close()

    def run(self, query: Callable[..., T], *args: Any) -> T:
        """In a transaction that is begun here, and ended by who calls; here only where the query fails."""
        connection = self.get()
        try:
            connection.begin()
            return query(connection, *args)
        except BaseException as error:
            if is_outage(error):
                self.drop()
            else:
                connection.rollback()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Away:
    """Until when nobody need ask a database that did not answer."""

    def __init__(self) -> None:
        self._pause_s = FIRST_PAUSE_S
        self._until = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() < self._until

    def failed(self) -> float:
        """Seconds, some more or less, so that servers do not come back all at once."""
        pause_s = self._pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)
        self._until = time.monotonic() + pause_s
        return pause_s

    def answered(self) -> None:
        self._pause_s, self._until = FIRST_PAUSE_S, 0.0


class PostgresDatabase:
    """`Database` on PostgreSQL. `read` and `write` run a query function on threads of their own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._local = threading.local()
        self._lines: list[Line] = []
        self._reading = 0
        self._away = _Away()
        self._outage = Outage("read")
        self._writer = _Writer(engine)

    async def read(self, query: Callable[..., T], *args: Any) -> T:
        """`query(connection, *args)` in one snapshot."""
        if self._away or self._reading >= WAITING_MAX:
            raise StorageUnavailable
        self._reading += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, query, *args)
        finally:
            self._reading -= 1

    def _read(self, query: Callable[..., T], *args: Any) -> T:
        line: Line | None = getattr(self._local, "line", None)
        if line is None:
            line = self._local.line = Line(self._engine)
            self._lines.append(line)
        if self._away:
            raise StorageUnavailable
        try:
            try:
                result = _ended(line, query, *args)
            except DBAPIError as error:
                if not error.connection_invalidated and not _was_ended(error):
                    raise
                # The line was broken meanwhile: what only reads may be asked again, on a new one.
                result = _ended(line, query, *args)
        except DBAPIError as error:
            if not is_outage(error):
                raise
            self._away.failed()
            raise self._outage.told(error.orig) from error
        self._away.answered()
        return result

    async def write(self, query: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None) -> T:
        """`query(connection, *args)` in one durable transaction; `then(result)` once it is committed."""
        return await self.submit(query, *args, then=then)

    def submit(
        self, query: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None
    ) -> "asyncio.Future[T]":
        """`write` without waiting; the future may be ignored."""
        job = Job(query, args, then)
        self._writer.submit(job)
        return job.future

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._writer.close)
        await loop.run_in_executor(None, self._readers.shutdown)
        for line in self._lines:
            await loop.run_in_executor(None, line.close)
        self._engine.dispose()


def _ended(line: Line, query: Callable[..., T], *args: Any) -> T:
    """Read in a snapshot that is given back."""
    result = line.run(query, *args)
    try:
        line.get().rollback()
    except DBAPIError:
        line.drop()  # what was read was read
    return result


def _was_ended(error: DBAPIError) -> bool:
    """Whether the server ended the connection, rather than being away or slow."""
    orig = error.orig
    return isinstance(orig, asyncpg_driver.OperationalError) and (
        orig.sqlstate in ("57P01", "57P02", "08006", "08003", "25P03") or "closed" in str(orig)
    )


class _Writer:
    """The one thread that writes: a queue of jobs, a transaction each."""

    def __init__(self, engine: sa.Engine) -> None:
        self._line = Line(engine.execution_options(writes=True))
        self._outage = Outage("written")
        self._away = _Away()
        self._key = f"{MARKS}{secrets.token_hex(8)}"
        self._number = 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-write", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        if self._away or self._jobs.qsize() >= WAITING_MAX:
            job.loop.call_soon(job.fail, StorageUnavailable())  # not before the caller holds the future
        else:
            self._jobs.put(job)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._one(job)
        self._line.close()

    def _one(self, job: Job) -> None:
        if self._away:  # it went away while this one waited
            job.loop.call_soon_threadsafe(job.fail, StorageUnavailable())
            return
        try:
            mark = self._next_mark()
            result = self._line.run(self._store, job, mark)
        except BaseException as error:  # noqa: BLE001 - the thread must outlive a query's mistake; it is passed on
            job.loop.call_soon_threadsafe(job.fail, self._failed(error))
            return
        try:
            self._line.get().commit()
        except BaseException as error:  # noqa: BLE001 - as above; whether it is stored is found out
            self._line.drop()
            told = self._failed(error)
            if not self._is_stored(mark):
                job.loop.call_soon_threadsafe(job.fail, told)
                return
        self._away.answered()
        job.loop.call_soon_threadsafe(job.succeed, result)

    def _failed(self, error: BaseException) -> BaseException:
        """What the asker is told. Where the database is away, so is everyone who comes for a while."""
        if not isinstance(error, DBAPIError) or not is_outage(error):
            return error
        self._away.failed()
        return self._outage.told(error.orig)

    def _next_mark(self) -> str:
        """The time comes first, in as many digits as sort as text."""
        self._number += 1
        return f"{time.time_ns() // 1_000_000:015} {self._number}"

    def _store(self, connection: sa.Connection, job: Job, mark: str) -> Any:
        if self._number == 1:
            long_ago = f"{time.time_ns() // 1_000_000 - MARKS_KEPT_MS:015}"
            connection.exec_driver_sql(_FORGET_MARKS, (MARKS, self._key, long_ago))
        shared = getattr(job.query, "beside_others", False)
        connection.exec_driver_sql(_ENTER[shared], (self._key, mark))
        return job.query(connection, *job.args)

    def _is_stored(self, mark: str) -> bool:
        """What became of a commit whose answer was lost; False, too, where nobody can tell in time."""
        until = time.monotonic() + IN_DOUBT_S
        while time.monotonic() < until:
            try:
                last = self._line.run(self._last_mark)
                self._line.get().rollback()
            except DBAPIError:
                self._line.drop()
                time.sleep(self._away.failed())
            else:
                return last == mark
        return False

    def _last_mark(self, connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql(_LAST_MARK, (self._key,)).scalar_one())
