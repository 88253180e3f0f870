"""Rows of every table that nobody would have thought of: any text, any number, whatever the columns take."""

import random
from collections import defaultdict
from typing import Any, Final

import sqlalchemy as sa

from mesh_server.store.tables import metadata

ODD: Final = (
    *("", " ", "\t", "\n", "\r\n", "\x01", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffd"),
    *("\\", "\\.", "\\N", "'", '"', "%", "_", "{}", '["x"]', "NULL", "A", "a"),
    *("é", "e\u0301", "ß", "日本語", "👍", "👩\u200d👩\u200d👧", "\U0010ffff"),
)
LONG: Final = 8_000
_EDGES: Final = (0, 1, -1, 2**31, 2**63 - 1, -(2**63))


class OddRows:
    """The same for the same seed. `insert` fills the tables, so that what is referred to is there."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._known: dict[str, list[Any]] = defaultdict(list)

    def insert(self, connection: sa.Connection, count: int) -> None:
        for table in metadata.sorted_tables:
            rows = [self._row(table, number) for number in range(count)]
            connection.execute(sa.insert(table), rows)
            for row in rows:
                for name, value in row.items():
                    self._known[f"{table.name}.{name}"].append(value)

    def _row(self, table: sa.Table, number: int) -> dict[str, Any]:
        unique = {name for index in table.indexes if index.unique for name in index.columns.keys()}  # noqa: SIM118
        unique |= {column.name for column in table.primary_key.columns}
        unique |= {
            column.name
            for constraint in table.constraints
            if isinstance(constraint, sa.UniqueConstraint)
            for column in constraint.columns
        }
        return {
            column.name: self._value(column, number, unique=column.name in unique) for column in table.columns
        }

    def _value(self, column: sa.Column[Any], number: int, *, unique: bool) -> Any:
        if column.nullable and self._random.random() < 0.3:
            return None
        for key in column.foreign_keys:
            return self._known[key.target_fullname][number]
        kind = column.type
        if isinstance(kind, sa.Boolean):
            return self._random.random() < 0.5
        if isinstance(kind, sa.LargeBinary):
            return self._random.randbytes(self._random.randrange(40)) + (bytes([number]) if unique else b"")
        if isinstance(kind, sa.Integer):
            small = isinstance(kind, sa.Integer) and not isinstance(kind, sa.BigInteger)
            return number + 1_000 if unique else self._random.choice(_EDGES[:3] if small else _EDGES)
        return self._text(
            kind.length if isinstance(kind, sa.String) else None, f"{number}." if unique else ""
        )

    def _text(self, most: int | None, begin: str) -> str:
        """Up to `most` characters."""
        pieces = [begin, *self._random.choices(ODD, k=self._random.randrange(12))]
        if most is None and self._random.random() < 0.1:
            pieces.append("long " * (LONG // 5))
        return "".join(pieces)[:most]
