"""Rows of the log as records, and records as rows."""

import json
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa
from msgspec import structs

from mesh_server.store.base import MessageRecord
from mesh_server.store.tables import messages, reactions, users

COLUMNS: Final = tuple(column for column in messages.columns if column.name not in ("pk", "changed"))
FIELDS: Final = tuple(column.name for column in COLUMNS)

_values: Final = attrgetter(*FIELDS)
_MENTIONS: Final = FIELDS.index("mentions")

WITH_AUTHOR: Final = sa.select(*COLUMNS, users.c.username).join(users, users.c.id == messages.c.author_id)


def to_row(record: MessageRecord) -> tuple[Any, ...]:
    """The values of `FIELDS`."""
    row = list(_values(record))
    row[_MENTIONS] = json.dumps(record.mentions) if record.mentions else None
    return tuple(row)


def to_record(row: Sequence[Any]) -> MessageRecord:
    """From `COLUMNS` and the author's name; its reactions are not among them."""
    values = dict(zip(FIELDS, row, strict=False))
    named = values.pop("mentions")
    return MessageRecord(**values, author_name=row[-1], mentions=tuple(json.loads(named)) if named else ())


_REACTIONS: Final = (
    sa.select(reactions.c.seq, reactions.c.reaction, reactions.c.user_id)
    .where(reactions.c.room_id == sa.bindparam("room_id", type_=sa.String()))
    .where(reactions.c.seq.in_(sa.bindparam("seqs", expanding=True)))
    .order_by(reactions.c.created_at, reactions.c.user_id)
)


def with_reactions(connection: sa.Connection, records: list[MessageRecord]) -> list[MessageRecord]:
    """The same messages, all of one room, with what people put below them."""
    if not records:
        return records
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    asked = {"room_id": records[0].room_id, "seqs": [record.seq for record in records]}
    for seq, reaction, user_id in connection.execute(_REACTIONS, asked):
        found[seq][reaction].append(user_id)
    return [
        structs.replace(
            record, reactions=tuple((name, tuple(who)) for name, who in found[record.seq].items())
        )
        if record.seq in found
        else record
        for record in records
    ]
