"""A store out of its parts: the same queries, on whichever database they are given."""

import secrets
from collections.abc import Callable

import sqlalchemy as sa

from mesh_server.store.accounts import SqlAccounts
from mesh_server.store.audit import SqlAudit
from mesh_server.store.cluster import SqlCluster
from mesh_server.store.database import Database
from mesh_server.store.invites import SqlInvites
from mesh_server.store.messages import SqlMessages
from mesh_server.store.order import SqlOrder
from mesh_server.store.oversight import SqlOversight
from mesh_server.store.peering import SqlPeering
from mesh_server.store.people import SqlPeople
from mesh_server.store.push import SqlPush
from mesh_server.store.rooms import SqlRooms
from mesh_server.store.search import SqlSearch
from mesh_server.store.ssh_keys import SqlSshKeys
from mesh_server.store.tables import meta
from mesh_server.store.tokens import SqlTokens
from mesh_server.store.upkeep import SqlUpkeep
from mesh_server.store.usage import SqlUsage


class SqlStore:
    """`Store` on a `Database`."""

    def __init__(self, database: Database, dialect: sa.Dialect, epoch: str) -> None:
        self.epoch = epoch
        self._db = database
        self.accounts = SqlAccounts(self._db)
        self.tokens = SqlTokens(self._db)
        self.people = SqlPeople(self._db)
        self.oversight = SqlOversight(self._db)
        self.audit = SqlAudit(self._db)
        self.rooms = SqlRooms(self._db)
        self.order = SqlOrder(self._db)
        self.invites = SqlInvites(self._db)
        self.upkeep = SqlUpkeep(self._db)
        self.messages = SqlMessages(self._db, dialect)
        self.search = SqlSearch(self._db)
        self.peering = SqlPeering(self._db)
        self.push = SqlPush(self._db)
        self.ssh_keys = SqlSshKeys(self._db)
        self.usage = SqlUsage(self._db)
        self.cluster = SqlCluster(self._db)

    async def check(self) -> None:
        await self._db.write(_touch)

    async def get_secret(self, key: str, make: Callable[[], str]) -> str:
        """What all nodes share under a name of `meta`; made by the first that asks."""
        return await self._db.write(_get_secret, key, make)

    async def close(self) -> None:
        await self._db.close()


def get_epoch(connection: sa.Connection) -> str:
    """Made the first time."""
    known = connection.execute(sa.select(meta.c.value).where(meta.c.key == "epoch")).scalar_one_or_none()
    if known is not None:
        return str(known)
    epoch = secrets.token_hex(8)
    connection.execute(sa.insert(meta).values(key="epoch", value=epoch))
    return epoch


def _get_secret(connection: sa.Connection, key: str, make: Callable[[], str]) -> str:
    known = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()
    if known is not None:
        return str(known)
    value = make()
    connection.execute(sa.insert(meta).values(key=key, value=value))
    return value


def _touch(connection: sa.Connection) -> None:
    """A write that changes nothing, but needs the disk."""
    query = sa.update(meta).where(meta.c.key == "checked").values(value="1")
    if connection.execute(query).rowcount == 0:
        connection.execute(sa.insert(meta).values(key="checked", value="1"))
