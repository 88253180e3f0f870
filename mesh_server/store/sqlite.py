"""The store of one node: a SQLite file in the data folder, held by one server at a time."""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sa

from mesh_server.store.accounts import SqlAccounts
from mesh_server.store.database import Database, make_engine
from mesh_server.store.invites import SqlInvites
from mesh_server.store.messages import SqlMessages
from mesh_server.store.order import SqlOrder
from mesh_server.store.rooms import SqlRooms
from mesh_server.store.schema import migrate
from mesh_server.store.search import SqlSearch
from mesh_server.store.tables import meta
from mesh_server.store.upkeep import SqlUpkeep

DATABASE_FILE: Final = "mesh.db"
LOCK_FILE: Final = "server.lock"


class DataFolderInUse(Exception):
    """Another server holds this data folder."""


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


class SqliteStore:
    """`Store` on `mesh.db` in a folder."""

    def __init__(self, engine: sa.Engine, epoch: str) -> None:
        self.epoch = epoch
        self._db = Database(engine)
        self.accounts = SqlAccounts(self._db)
        self.rooms = SqlRooms(self._db)
        self.order = SqlOrder(self._db)
        self.invites = SqlInvites(self._db)
        self.upkeep = SqlUpkeep(self._db)
        self.messages = SqlMessages(self._db, engine.dialect)
        self.search = SqlSearch(self._db)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Opens, migrates or makes the database; blocks, so call it before the loop serves anyone.

        Raises:
            NewerDatabase: made by a newer program.
            sqlalchemy.exc.DBAPIError: not a database, or not to be read or written.
        """
        path = folder / DATABASE_FILE
        path.touch(mode=0o600)
        engine = make_engine(path)
        migrate(engine)
        return cls(engine, _epoch(engine))

    async def check(self) -> None:
        await self._db.write(_touch)

    async def close(self) -> None:
        await self._db.close()


def _epoch(engine: sa.Engine) -> str:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        known = connection.execute(sa.select(meta.c.value).where(meta.c.key == "epoch")).scalar_one_or_none()
        if known is not None:
            return str(known)
        epoch = secrets.token_hex(8)
        connection.execute(sa.insert(meta).values(key="epoch", value=epoch))
        return epoch


def _touch(connection: sa.Connection) -> None:
    """A write that changes nothing, but needs the disk."""
    query = sa.update(meta).where(meta.c.key == "checked").values(value="1")
    if connection.execute(query).rowcount == 0:
        connection.execute(sa.insert(meta).values(key="checked", value="1"))
