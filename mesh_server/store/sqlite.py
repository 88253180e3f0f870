"""The store of one node: a SQLite file in the data folder, held by one server at a time."""

import secrets
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from mesh_server.store.accounts import SqlAccounts
from mesh_server.store.audit import SqlAudit
from mesh_server.store.cluster import SqlCluster
from mesh_server.store.database import Database, make_engine
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.invites import SqlInvites
from mesh_server.store.messages import SqlMessages
from mesh_server.store.order import SqlOrder
from mesh_server.store.oversight import SqlOversight
from mesh_server.store.peering import SqlPeering
from mesh_server.store.people import SqlPeople
from mesh_server.store.push import SqlPush
from mesh_server.store.rooms import SqlRooms
from mesh_server.store.schema import migrate
from mesh_server.store.search import SqlSearch
from mesh_server.store.tables import meta
from mesh_server.store.tokens import SqlTokens
from mesh_server.store.upkeep import SqlUpkeep
from mesh_server.store.usage import SqlUsage


class SqliteStore:
    """`Store` on `mesh.db` in a folder."""

    def __init__(self, engine: sa.Engine, epoch: str) -> None:
        self.epoch = epoch
        self._db = Database(engine)
        self.accounts = SqlAccounts(self._db)
        self.tokens = SqlTokens(self._db)
        self.people = SqlPeople(self._db)
        self.oversight = SqlOversight(self._db)
        self.audit = SqlAudit(self._db)
        self.rooms = SqlRooms(self._db)
        self.order = SqlOrder(self._db)
        self.invites = SqlInvites(self._db)
        self.upkeep = SqlUpkeep(self._db)
        self.messages = SqlMessages(self._db, engine.dialect)
        self.search = SqlSearch(self._db)
        self.peering = SqlPeering(self._db)
        self.push = SqlPush(self._db)
        self.usage = SqlUsage(self._db)
        self.cluster = SqlCluster(self._db)

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
