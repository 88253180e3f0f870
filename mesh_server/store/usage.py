"""What the relay has carried: one row, since it is read and written whole, by whichever node has news.

It holds who has relayed something today and the sessions that go on, which are few; it must not grow with all
the people that there are, nor cost a row each minute for each of them.
"""

from collections import Counter

import msgspec
import sqlalchemy as sa

from mesh_server.store.base import RelayUsage
from mesh_server.store.database import Database
from mesh_server.store.tables import meta, p2p_sessions

_KEY = "relay_usage"


class SqlUsage:
    """`UsageStore` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def get_usage(self) -> RelayUsage:
        return await self._db.read(_get)

    async def add_usage(self, news: RelayUsage) -> RelayUsage:
        return await self._db.write(_add, news)


def _get(connection: sa.Connection) -> RelayUsage:
    text = connection.execute(sa.select(meta.c.value).where(meta.c.key == _KEY)).scalar_one_or_none()
    return RelayUsage() if text is None else msgspec.json.decode(text, type=RelayUsage)


def _add(connection: sa.Connection, news: RelayUsage) -> RelayUsage:
    before = _get(connection)
    # The clocks of nodes differ by a little at midnight; one that is far ahead was wrong.
    day = before.day if 0 <= before.day - news.day <= 1 else news.day
    told = [usage.users for usage in (before, news) if usage.day == day]
    sessions = _sum(before.sessions, news.sessions)
    there = connection.execute(sa.select(p2p_sessions.c.id).where(p2p_sessions.c.id.in_(sessions))).scalars()
    usage = RelayUsage(day=day, users=_sum(*told), sessions={id_: sessions[id_] for id_ in there})
    values = {"value": msgspec.json.encode(usage).decode()}
    if connection.execute(sa.update(meta).where(meta.c.key == _KEY).values(values)).rowcount == 0:
        connection.execute(sa.insert(meta).values(key=_KEY, **values))
    return usage


def _sum(*counts: dict[str, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)
