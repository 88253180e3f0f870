"""What the relay has carried: one row, since it is read once, at a start, and written whole.

It holds who has relayed something today and the sessions that go on, which are few; it must not grow with all
the people that there are, nor cost a row each minute for each of them.
"""

import msgspec
import sqlalchemy as sa

from mesh_server.store.base import RelayUsage
from mesh_server.store.database import Database
from mesh_server.store.tables import meta

_KEY = "relay_usage"


class SqlUsage:
    """`UsageStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def get_usage(self) -> RelayUsage:
        return await self._db.read(_get)

    async def set_usage(self, usage: RelayUsage) -> None:
        await self._db.write(_set, msgspec.json.encode(usage).decode())


def _get(connection: sa.Connection) -> RelayUsage:
    text = connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY)).scalar_one_or_none()
    return RelayUsage() if text is None else msgspec.json.decode(text, type=RelayUsage)


def _set(connection: sa.Connection, text: str) -> None:
    query = sa.update(meta).where(meta.c.key == _KEY).values(value=text)
    if connection.execute(query).rowcount == 0:
        connection.execute(sa.insert(meta).values(key=_KEY, value=text))
