"""The audit log. An act writes its entry in its own transaction: there is neither without the other."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from mesh_server.store.base import Actor, AuditQuery, AuditRecord
from mesh_server.store.database import Database
from mesh_server.store.tables import audit
from protocol.rest import AuditAction


class SqlAudit:
    """`AuditStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def list_entries(self, query: AuditQuery, limit: int) -> list[AuditRecord]:
        return await self._db.read(_list_entries, query, limit)

    async def forget_entries(self, before: int, limit: int) -> int:
        return await self._db.write(_forget_entries, before, limit)


def note(
    connection: sa.Connection,
    by: Actor | None,
    action: AuditAction,
    *,
    room_id: str | None = None,
    target: tuple[str | None, str] = (None, ""),
    details: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Adds an entry; nothing where nobody is to be named.

    `target`: id and name of whom or what it was done to. A detail that is None is left out.
    """
    if by is None:
        return
    said = {name: _text(value) for name, value in details.items() if value is not None}
    row = {
        "at": by.at,
        "action": action,
        "actor_id": by.id,
        "actor_name": by.name,
        "address": by.address,
        "room_id": room_id,
        "target_id": target[0],
        "target_name": target[1],
        "details": json.dumps(said, ensure_ascii=False),
    }
    connection.execute(sa.insert(audit).values(row))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list_entries(connection: sa.Connection, query: AuditQuery, limit: int) -> list[AuditRecord]:
    wanted: list[sa.ColumnElement[bool]] = [
        audit.c[name] == value
        for name in ("room_id", "actor_id", "target_id", "action")
        if (value := getattr(query, name)) is not None
    ]
    if query.before is not None:
        wanted.append(audit.c.at < query.before)
    if query.after is not None:
        wanted.append(audit.c.at >= query.after)
    if query.cursor is not None:
        wanted.append(audit.c.id < query.cursor)
    statement: sa.Select[Any] = sa.select(audit).where(*wanted).order_by(audit.c.id.desc()).limit(limit)
    return [
        AuditRecord(**{**row, "details": json.loads(row["details"])})
        for row in connection.execute(statement).mappings()
    ]


def _forget_entries(connection: sa.Connection, before: int, limit: int) -> int:
    oldest = sa.select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at).limit(limit)
    return connection.execute(sa.delete(audit).where(audit.c.id.in_(oldest))).rowcount
