"""`SshKeyStore` on a `Database`."""

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.base import SshKeyRecord
from mesh_server.store.database import Database
from mesh_server.store.tables import ssh_keys, users
from protocol import limits
from protocol.errors import TooManySshKeys


class SqlSshKeys:
    """`SshKeyStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_key(self, new: SshKeyRecord) -> None:
        await self._db.write(_create, new)

    async def list_keys(self, user_id: str) -> list[SshKeyRecord]:
        return await self._db.read(_list, user_id)

    async def remove_key(self, user_id: str, key_id: str) -> bool:
        mine = (ssh_keys.c.user_id == user_id) & (ssh_keys.c.id == key_id)
        return await self._db.write(_remove, mine) > 0

    async def has_key(self, username_key: str, fingerprint: str) -> bool:
        return await self._db.read(_has, username_key, fingerprint)


def _create(connection: sa.Connection, new: SshKeyRecord) -> None:
    theirs = ssh_keys.c.user_id == new.user_id
    _remove(connection, theirs & (ssh_keys.c.fingerprint == new.fingerprint))
    count = sa.select(sa.func.count()).select_from(ssh_keys).where(theirs)
    if connection.execute(count).scalar_one() >= limits.SSH_KEYS:
        raise TooManySshKeys
    connection.execute(sa.insert(ssh_keys).values(structs.asdict(new)))


def _list(connection: sa.Connection, user_id: str) -> list[SshKeyRecord]:
    query = (
        sa.select(ssh_keys)
        .where(ssh_keys.c.user_id == user_id)
        .order_by(ssh_keys.c.created_at, ssh_keys.c.id)
    )
    return [SshKeyRecord(**row) for row in connection.execute(query).mappings()]


def _remove(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    return connection.execute(sa.delete(ssh_keys).where(which)).rowcount


def _has(connection: sa.Connection, username_key: str, fingerprint: str) -> bool:
    query = (
        sa.select(ssh_keys.c.id)
        .join(users, users.c.id == ssh_keys.c.user_id)
        .where(
            users.c.username_key == username_key,
            users.c.deleted_at.is_(None),
            ssh_keys.c.fingerprint == fingerprint,
        )
    )
    return connection.execute(query).first() is not None


def remove_keys_of(connection: sa.Connection, user_id: str) -> None:
    """With the password that they stood beside, or with the account."""
    _remove(connection, ssh_keys.c.user_id == user_id)
