"""Copies of a whole database, made while a server writes to it.

Strategy: SQLite's backup interface (https://www.sqlite.org/backup.html) copies one snapshot, page by page.
The rows are counted in the same snapshot, so that the copy can be held against what it is a copy of,
whatever is written meanwhile.
"""

import os
import secrets
import sqlite3
from pathlib import Path

import sqlalchemy as sa

from mesh_server.store.database import make_engine
from mesh_server.store.soundness import Contents, contents, damage, frozen_engine
from mesh_server.store.tables import meta


class CopyFailed(Exception):
    """The copy is not what it should be; one sentence for the operator."""


def copy_database(source: Path, target: Path) -> Contents:
    """Copies what `source` holds at this moment to a new file, which is on disk and verified then.

    Raises:
        CopyFailed
        sqlalchemy.exc.DBAPIError, sqlite3.Error, OSError: one of the files cannot be used.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    engine = make_engine(source)
    with engine.connect() as connection, connection.begin():
        expected = contents(connection)
        copy = sqlite3.connect(target, isolation_level=None)
        try:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(copy)
            # One file that is whole by itself; a server that opens it makes it WAL again.
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            copy.close()
    sync(target)
    found = verify(target)
    if found != expected:
        raise CopyFailed(f"The copy {target} does not hold the rows that it should.")
    return found


def verify(path: Path) -> Contents:
    """What a database that nobody uses holds. Raises: CopyFailed, where it is damaged or none."""
    try:
        with frozen_engine(path).connect() as connection:
            found = damage(connection)
            if found:
                raise CopyFailed(f"The database {path} is damaged: {found[0]}.")
            return contents(connection)
    except sa.exc.DBAPIError as error:
        raise CopyFailed(f"The file {path} is no database of a server: {error.orig}.") from None
    except sa.exc.NoResultFound:
        raise CopyFailed(f"The file {path} is no database of a server.") from None


def renew_epoch(path: Path) -> str:
    """Gives the numbers of a database another name, so that clients forget those that they hold."""
    epoch = secrets.token_hex(8)
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.update(meta).where(meta.c.key == "epoch").values(value=epoch))
    sync(path)
    return epoch


def checkpoint(path: Path) -> None:
    """Brings what is in the log into the file, so that the file is whole. Raises: DBAPIError."""
    with make_engine(path).connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
