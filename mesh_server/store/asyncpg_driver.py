"""asyncpg as SQLAlchemy's plain engines take a driver (PEP 249), for a thread of its own.

Strategy: the queries of the store are plain functions that run in a thread from begin to commit, on
PostgreSQL as on a file. So a connection has an event loop that runs only while the connection is asked
something, by whichever thread asks; the loop that serves people never waits. What is needed of the driver's
interface is here, and nothing else: no types of dates, no cursors on the server.

A connection sends what it is told and begins no transaction by itself: `store.postgres_database` says how
each begins. Statements are prepared once a connection.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import (
    PGCompiler_asyncpg,
    PGDialect_asyncpg,
    PGExecutionContext_asyncpg,
)
from sqlalchemy.pool import NullPool

T = TypeVar("T")

STATEMENTS: Final = 256
"""Statements that a connection keeps prepared."""

CLOSE_S: Final = 1.0

apilevel = "2.0"
threadsafety = 1
paramstyle = "numeric_dollar"
Binary = bytes


class Error(Exception):
    """`sqlstate` says what the server complained of; None where the line or the driver did."""

    sqlstate: str | None = None


class InterfaceError(Error):
    """Something was asked that the driver cannot do."""


class DatabaseError(Error):
    pass


class OperationalError(DatabaseError):
    """The database, or the line to it, is not as it should be: what was asked may be right."""


class IntegrityError(DatabaseError):
    pass


class DataError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


_OF_CLASS: Final[dict[str, type[Error]]] = {
    "08": OperationalError,  # the line
    "22": DataError,
    "23": IntegrityError,
    "25": OperationalError,  # a server that only reads, or a transaction that ended
    "28": OperationalError,  # who may come in
    "3D": OperationalError,  # no such database
    "40": OperationalError,  # rolled back, so that another could go on
    "42": ProgrammingError,
    "53": OperationalError,  # out of disk, memory or connections
    "55": OperationalError,  # waited too long for a lock
    "57": OperationalError,  # shut down, or not yet up; out of time
    "58": OperationalError,  # its disk
}
"""By classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


def _raise(error: Exception) -> NoReturn:
    kind: type[Error] = InterfaceError
    state: str | None = None
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        kind = _OF_CLASS.get(state[:2], DatabaseError)
    elif isinstance(error, (OSError, TimeoutError)) or "connection" in str(error):
        kind = OperationalError
    raised = kind(str(error) or type(error).__name__)
    raised.sqlstate = state
    raise raised from error


class Connection:
    """One connection, and the loop that runs while it is asked something."""

    def __init__(self, make: Callable[[], Awaitable[Any]]) -> None:
        """Raises: OperationalError."""
        self._loop = asyncio.new_event_loop()
        self._statements: OrderedDict[str, Any] = OrderedDict()
        try:
            self._line = self.wait(make)
        except BaseException:
            self._loop.close()
            raise

    def wait(self, ask: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Of a line that is closed, asking fails at once. Raises: Error."""
        try:
            return self._loop.run_until_complete(_asked(ask, args))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            _raise(error)

    @property
    def is_closed(self) -> bool:
        return bool(self._line.is_closed())

    def prepared(self, sql: str) -> Any:
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = self.wait(self._line.prepare, sql)
            if len(self._statements) > STATEMENTS:
                self._statements.popitem(last=False)
        else:
            self._statements.move_to_end(sql)
        return statement

    def say(self, sql: str) -> None:
        """One or several statements without parameters."""
        self.wait(self._line.execute, sql)

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """As COPY does: `rows` are asked for one by one as they are sent. What they raise is passed on."""
        self.wait(partial(self._line.copy_records_to_table, table, columns=columns, records=rows))

    def copy_text(self, table: str, columns: Sequence[str], pieces: Iterable[bytes]) -> None:
        """As `copy`, of lines in PostgreSQL's own text format, for types that have no other here."""
        source = _one_by_one(pieces)
        self.wait(partial(self._line.copy_to_table, table, columns=columns, source=source, format="text"))

    def cursor(self) -> "Cursor":
        return Cursor(self)

    def commit(self) -> None:
        self.say("COMMIT")

    def rollback(self) -> None:
        if not self.is_closed and self._line.is_in_transaction():
            self.say("ROLLBACK")

    def close(self) -> None:
        """In good order where the server answers soon."""
        if self._loop.is_closed():
            return
        try:
            self.wait(partial(self._line.close, timeout=CLOSE_S))
        except Error:
            self._line.terminate()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def terminate(self) -> None:
        """At once, without a word."""
        if not self._loop.is_closed():
            self._line.terminate()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()


async def _one_by_one(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _asked(ask: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
    return await ask(*args)


class Cursor:
    """All rows of an answer are here once it is there."""

    arraysize = 1
    lastrowid = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self._next = 0
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        statement = self._connection.prepared(sql)
        self._rows, self._next = self._connection.wait(statement.fetch, *parameters), 0
        columns = statement.get_attributes()
        self.description = [
            (column.name, column.type.oid, None, None, None, None, None) for column in columns
        ] or None
        told = statement.get_statusmsg().rpartition(" ")[2]  # such as UPDATE 3
        self.rowcount = int(told) if told.isdecimal() else -1

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.wait(self._connection.prepared(sql).executemany, rows)
        self.description, self.rowcount, self._rows, self._next = None, -1, [], 0

    def setinputsizes(self, *_sizes: Any) -> None:
        """Types stand in the statements."""

    def fetchone(self) -> Any:
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchmany(self, size: int | None = None) -> list[Any]:
        first, self._next = self._next, min(self._next + (size or self.arraysize), len(self._rows))
        return self._rows[first : self._next]

    def fetchall(self) -> list[Any]:
        first, self._next = self._next, len(self._rows)
        return self._rows[first:]

    def close(self) -> None:
        self._rows = []


class _Compiler(PGCompiler_asyncpg):
    """Who writes holds the advisory lock (`store.postgres_database`), so rows need not be held as well.

    But for the rooms that are written to beside others: that is asked for with `key_share`.
    """

    def for_update_clause(self, select: Any, **options: Any) -> str:
        wanted = select._for_update_arg  # noqa: SLF001 - the compiler's own way to it
        said = super().for_update_clause(select, **options)  # type: ignore[no-untyped-call]
        return str(said) if wanted.key_share else ""


class _Context(PGExecutionContext_asyncpg):
    def handle_dbapi_exception(self, _error: Any) -> None:
        """No types are kept that could be those of another schema."""


class Dialect(PGDialect_asyncpg):
    """SQLAlchemy's own for asyncpg, on the driver of this module."""

    statement_compiler = _Compiler
    execution_ctx_cls = _Context
    is_async = False
    supports_statement_cache = True
    supports_server_side_cursors = False

    @classmethod
    def import_dbapi(cls) -> Any:
        return __import__(__name__, fromlist=["paramstyle"])

    @classmethod
    def get_pool_class(cls, _url: Any) -> Any:
        return NullPool

    def on_connect(self) -> None:
        """The types of JSON stay text."""

    def initialize(self, _connection: Any) -> None:
        """Nothing is asked of the server: what is used here, every version has."""
        self.server_version_info = (14,)
        self.default_schema_name = "public"

    def get_driver_connection(self, connection: Any) -> Any:
        return connection

    def is_disconnect(self, _error: Any, connection: Any, _cursor: Any) -> bool:
        return isinstance(connection, Connection) and connection.is_closed
