"""The log of a room, from its first message to its last, without ever holding more than a page of it.

Each page is a short transaction of its own: a reader that takes hours keeps no old pages of the file alive.
"""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from mesh_server.store.base import MessageRecord
from mesh_server.store.messages import list_page
from mesh_server.store.tables import messages, rooms

PAGE: Final = 500


class Export:
    """Reads beside the server that may run. Raises: sqlalchemy.exc.DBAPIError."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def find_room(self, name_key: str, room_id: str) -> str | None:
        """The id of a room that has this name or this id; the id goes first."""
        either = (rooms.c.id == room_id) | (rooms.c.name_key == name_key)
        query = (
            sa.select(rooms.c.id)
            .where(either, rooms.c.deleted_at.is_(None))
            .order_by((rooms.c.id == room_id).desc())
            .limit(1)
        )
        with self._engine.connect() as connection, connection.begin():
            return connection.execute(query).scalar()

    def messages(self, room_id: str, since: int) -> Iterator[MessageRecord]:
        """In the order of the log, from the first one that was written at `since` or later."""
        with self._engine.connect() as connection:
            with connection.begin():
                after = _seq_before(connection, room_id, since)
            while True:
                with connection.begin():
                    page, more = list_page(connection, room_id, after, _END, PAGE, newest=False, thread=None)
                yield from page
                if not more:
                    return
                after = page[-1].seq


_END: Final = 2**62


def _seq_before(connection: sa.Connection, room_id: str, since: int) -> int:
    query = sa.select(sa.func.min(messages.c.seq)).where(
        messages.c.room_id == room_id, messages.c.created_at >= since
    )
    first = connection.execute(query).scalar()
    return _END if first is None else int(first) - 1
