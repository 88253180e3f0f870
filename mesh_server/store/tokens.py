"""Personal tokens: devices that a program comes in as, by a secret of their own."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.accounts import for_each, revoke
from mesh_server.store.audit import note
from mesh_server.store.base import Actor, DeviceRecord
from mesh_server.store.database import Database
from mesh_server.store.rooms import require_active, user_name
from mesh_server.store.tables import devices
from protocol import limits
from protocol.errors import TooManyTokens


class SqlTokens:
    """`TokenStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def create_token(self, token: DeviceRecord, *, by: Actor | None = None) -> None:
        await self._db.write(_create_token, token, by)

    async def list_tokens(self, user_id: str, now: int) -> list[DeviceRecord]:
        return await self._db.read(_list_tokens, user_id, now)

    async def find_token(self, token_hash: bytes) -> str | None:
        return await self._db.read(_find_token, token_hash)

    async def revoke_token(
        self,
        user_id: str,
        token_id: str,
        *,
        now: int,
        on_revoked: Callable[[str], None],
        by: Actor | None = None,
    ) -> bool:
        revoked = await self._db.write(_revoke_token, user_id, token_id, now, by, then=for_each(on_revoked))
        return bool(revoked)

    async def expire_tokens(self, *, now: int, on_revoked: Callable[[str], None]) -> None:
        if await self._db.read(_any_expired, now):  # nothing is written where nothing is to be done
            await self._db.write(revoke, _expired(now), now, then=for_each(on_revoked))


def _usable(user_id: str, now: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        devices.c.user_id == user_id,
        devices.c.token_hash.is_not(None),
        devices.c.revoked_at.is_(None),
        devices.c.expires_at.is_(None) | (devices.c.expires_at > now),
    )


def _expired(now: int) -> sa.ColumnElement[bool]:
    return sa.and_(devices.c.expires_at <= now, devices.c.revoked_at.is_(None))


def _create_token(connection: sa.Connection, token: DeviceRecord, by: Actor | None) -> None:
    user = require_active(connection, token.user_id)
    count = sa.select(sa.func.count()).select_from(devices).where(_usable(token.user_id, token.created_at))
    if connection.execute(count).scalar_one() >= limits.USER_TOKENS:
        raise TooManyTokens
    connection.execute(sa.insert(devices).values(structs.asdict(token)))
    said = {"token": token.name}
    note(connection, by, "token.create", target=(token.user_id, user), details=said)


def _list_tokens(connection: sa.Connection, user_id: str, now: int) -> list[DeviceRecord]:
    query: sa.Select[Any] = (
        sa.select(devices)
        .where(_usable(user_id, now))
        .order_by(devices.c.created_at.desc(), devices.c.id.desc())
    )
    return [DeviceRecord(**row) for row in connection.execute(query).mappings()]


def _find_token(connection: sa.Connection, token_hash: bytes) -> str | None:
    query = sa.select(devices.c.id).where(devices.c.token_hash == token_hash, devices.c.revoked_at.is_(None))
    return connection.execute(query).scalar_one_or_none()


def _revoke_token(
    connection: sa.Connection, user_id: str, token_id: str, now: int, by: Actor | None
) -> Sequence[str]:
    this = sa.and_(devices.c.user_id == user_id, devices.c.id == token_id, devices.c.token_hash.is_not(None))
    name = connection.execute(sa.select(devices.c.name).where(this)).scalar_one_or_none()
    revoked = revoke(connection, this, now)
    if revoked:
        target, said = (user_id, user_name(connection, user_id)), {"token": name}
        note(connection, by, "token.revoke", target=target, details=said)
    return revoked


def _any_expired(connection: sa.Connection, now: int) -> bool:
    return connection.execute(sa.select(devices.c.id).where(_expired(now)).limit(1)).first() is not None
