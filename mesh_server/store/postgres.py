"""The store of any number of nodes: one PostgreSQL database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from mesh_server.store.postgres_database import PostgresDatabase, make_engine
from mesh_server.store.schema import migrate_on
from mesh_server.store.sql import SqlStore, get_epoch

T = TypeVar("T")

MIGRATION_LOCK: Final = 0x4D657368_0002
"""The advisory lock of whoever changes the schema, so that nodes may start at the same time."""

MIGRATION_S: Final = 3600
"""How long a migration, or the wait for that of another node, may take."""

_IN_ORDER: Final = """
DO $$ DECLARE here record; BEGIN
  FOR here IN
    SELECT columns.table_name, columns.column_name,
      format_type(attribute.atttypid, attribute.atttypmod) AS kind
    FROM information_schema.columns
    JOIN pg_attribute AS attribute
      ON attribute.attrelid = format('%I.%I', columns.table_schema, columns.table_name)::regclass
      AND attribute.attname = columns.column_name
    JOIN pg_class AS relation ON relation.oid = attribute.attrelid AND relation.relkind = 'r'
    WHERE columns.table_schema = current_schema() AND columns.collation_name IS DISTINCT FROM 'C'
      AND columns.data_type IN ('text', 'character varying')
  LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s COLLATE "C"',
      here.table_name, here.column_name, here.kind);
  END LOOP;
END $$
"""
"""Text sorts by its code points, as it does in a file, whatever language the database was made for."""


class DatabaseUnusable(Exception):
    """The database cannot be reached or used; one sentence for the operator, without its password."""


class PostgresStore(SqlStore):
    """`Store` on a PostgreSQL database."""

    def __init__(self, engine: sa.Engine, epoch: str) -> None:
        super().__init__(PostgresDatabase(engine), engine.dialect, epoch)

    @classmethod
    def open(cls, url: str) -> Self:
        """Opens, migrates or makes what is in the database; blocks, as `SqliteStore.open` does.

        Raises:
            NewerDatabase: made by a newer program.
            DatabaseUnusable: it cannot be reached, or not be used.
        """
        epoch = alone(make_engine(url, answer_s=None), _prepare)
        return cls(make_engine(url), epoch)


def alone(engine: sa.Engine, query: Callable[[sa.Connection], T]) -> T:
    """One transaction that may take its time, while no other node changes the schema.

    Raises: DatabaseUnusable
    """
    with ThreadPoolExecutor(1) as beside:  # the driver has a loop of its own, where one may run already
        return beside.submit(alone_here, engine, query).result()


def alone_here(engine: sa.Engine, query: Callable[[sa.Connection], T]) -> T:
    """`alone` in the caller's own thread, where no event loop runs. Raises: DatabaseUnusable."""
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {name} = '{MIGRATION_S}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
            return query(connection)
    except DBAPIError as error:
        raise DatabaseUnusable(" ".join(str(error.orig).split())) from None


def make_schema(connection: sa.Connection) -> None:
    """Migrates or makes it. Raises: NewerDatabase."""
    if migrate_on(connection):
        connection.exec_driver_sql(_IN_ORDER)


def _prepare(connection: sa.Connection) -> str:
    make_schema(connection)
    return get_epoch(connection)
