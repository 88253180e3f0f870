"""What nodes ask of the database about each other; how they learn what the bus did not tell.

Strategy: it is asked again and again, so each question goes by a primary key, or by an index that there is
for other reasons, for as many keys as a node has something to do with, and many keys a statement. A node is
a row of `meta`: there are few, and they come and go.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from mesh_server.store.base import NodeRecord
from mesh_server.store.database import Database
from mesh_server.store.tables import devices, members, meta, rooms

CHUNK: Final = 500
"""Keys in one statement."""

NODE_PREFIX: Final = "node:"
"""Of the key in `meta` of a node that runs."""


class SqlCluster:
    """`ClusterStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def list_revs(self, room_ids: Collection[str]) -> dict[str, int]:
        return await self._db.read(_revs, room_ids)

    async def list_joined(self, user_ids: Collection[str], since: int) -> list[tuple[str, str]]:
        return await self._db.read(_joined, user_ids, since)

    async def list_revoked(self, device_ids: Collection[str]) -> list[str]:
        return await self._db.read(_revoked, device_ids)

    async def beat(self, node: NodeRecord) -> list[NodeRecord]:
        return await self._db.write(_beat, node)

    async def remove_node(self, node_id: str) -> None:
        await self._db.write(_remove, node_id)


def _chunks(keys: Collection[str]) -> Iterator[Sequence[str]]:
    listed = list(keys)
    for start in range(0, len(listed), CHUNK):
        yield listed[start : start + CHUNK]


def _revs(connection: sa.Connection, room_ids: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(room_ids):
        query = sa.select(rooms.c.id, rooms.c.rev).where(rooms.c.id.in_(chunk), rooms.c.deleted_at.is_(None))
        found.update((row.id, row.rev) for row in connection.execute(query))
    return found


def _joined(connection: sa.Connection, user_ids: Collection[str], since: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for chunk in _chunks(user_ids):
        query = sa.select(members.c.room_id, members.c.user_id).where(
            members.c.user_id.in_(chunk), members.c.joined_at > since
        )
        found += [(row.room_id, row.user_id) for row in connection.execute(query)]
    return found


def _revoked(connection: sa.Connection, device_ids: Collection[str]) -> list[str]:
    signed_in: set[str] = set()
    for chunk in _chunks(device_ids):
        query = sa.select(devices.c.id).where(devices.c.id.in_(chunk), devices.c.revoked_at.is_(None))
        signed_in.update(connection.execute(query).scalars())
    return [device_id for device_id in device_ids if device_id not in signed_in]


def _beat(connection: sa.Connection, node: NodeRecord) -> list[NodeRecord]:
    key, value = NODE_PREFIX + node.id, msgspec.json.encode(node).decode()
    updated = connection.execute(sa.update(meta).where(meta.c.key == key).values(value=value))
    if updated.rowcount == 0:
        connection.execute(sa.insert(meta).values(key=key, value=value))
    query = sa.select(meta.c.value).where(meta.c.key.startswith(NODE_PREFIX))
    return [msgspec.json.decode(text, type=NodeRecord) for text in connection.execute(query).scalars()]


def _remove(connection: sa.Connection, node_id: str) -> None:
    connection.execute(sa.delete(meta).where(meta.c.key == NODE_PREFIX + node_id))
