"""The rows of a server's file as PostgreSQL takes them and tells them, a table at a time, each as a stream.

Strategy: both databases tell a table in the order of its primary key, which is the same in both, because
PostgreSQL's text is made to sort by its code points. So two streams are held against each other row by row,
and however large a table is, a few thousand of its rows are in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, zip_longest
from typing import Any, Final

import sqlalchemy as sa

from mesh_server.store.asyncpg_driver import Connection
from mesh_server.store.cluster import NODE_PREFIX
from mesh_server.store.database import driver_of
from mesh_server.store.search import INDEXED, STALE
from mesh_server.store.words import to_tsvector

STEP: Final = 5_000
"""Rows that are read at once, and between two words about how far it is."""

LEFT: Final = f"key NOT IN ('{INDEXED}', '{STALE}', 'checked') AND key NOT LIKE '{NODE_PREFIX}%'"
"""What of `meta` is moved: neither how far the index of that file is, nor who ran on it."""

_FIT: Final = (
    "SELECT pk, content, author_id FROM messages"
    " WHERE deleted_at IS NULL AND content_type GLOB 'text/*' ORDER BY pk"
)
"""Messages that a search is to find."""

Row = tuple[Any, ...]
Tell = Callable[[int], None]
"""Told how many rows of a table are done."""


class Different(Exception):
    """A row is not the same in both databases; which, and of which table."""


class TableRows:
    """The rows of one table. `replaced`: in how many of those read last U+0000 gave way to U+FFFD."""

    def __init__(self, table: sa.Table) -> None:
        self.name = table.name
        self.columns = [column.name for column in table.columns]
        self._keys = [self.columns.index(column.name) for column in table.primary_key.columns]
        self._booleans = [
            place for place, column in enumerate(table.columns) if isinstance(column.type, sa.Boolean)
        ]
        self.replaced = 0

    def _select(self) -> str:
        names = ", ".join(f'"{name}"' for name in self.columns)
        keys = ", ".join(f'"{self.columns[place]}"' for place in self._keys)
        return f'SELECT {names} FROM "{self.name}"{_where(self.name)} ORDER BY {keys}'  # noqa: S608 - our own names

    def of_file(self, source: sa.Connection, tell: Tell) -> Iterator[Row]:
        self.replaced = 0
        for number, row in enumerate(driver_of(source).execute(self._select()), 1):
            yield self._as_taken(row)
            if number % STEP == 0:
                tell(number)

    def _as_taken(self, row: Row) -> Row:
        """As the store writes it to PostgreSQL (`postgres_database`)."""
        clean = list(row)
        for place in self._booleans:
            clean[place] = None if row[place] is None else bool(row[place])
        if any(value.__class__ is str and "\0" in value for value in row):
            self.replaced += 1
            clean = [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in clean]
        return tuple(clean)

    def of_database(self, target: Connection) -> Iterator[Row]:
        return _told(target, f"moved_{self.name}", self._select())

    def compare(self, source: sa.Connection, target: Connection, tell: Tell) -> int:
        """How many rows there are in both. Raises: Different."""
        count = 0
        for ours, theirs in zip_longest(self.of_file(source, tell), self.of_database(target)):
            if ours != theirs:
                raise Different(self.difference(ours, theirs))
            count += 1
        return count

    def difference(self, ours: Row | None, theirs: Row | None) -> str:
        """What is to be said of the first two rows that are not the same; None is the end of a table."""
        mine, other = (
            None if row is None else tuple(row[place] for place in self._keys) for row in (ours, theirs)
        )
        if mine is not None and mine == other:
            assert ours is not None
            assert theirs is not None
            names = [name for name, a, b in zip(self.columns, ours, theirs, strict=True) if a != b]
            return f"{self._called(mine)} is another in {', '.join(names)}"
        if mine is not None and (other is None or mine < other):
            return f"{self._called(mine)} is missing"
        assert other is not None
        return f"{self._called(other)} was not there"

    def _called(self, key: Row) -> str:
        told = [
            f"{self.columns[place]}={value.hex() if isinstance(value, bytes) else repr(value)}"
            for place, value in zip(self._keys, key, strict=True)
        ]
        return f"the row {', '.join(told)} of {self.name}"


def _where(table: str) -> str:
    return f" WHERE {LEFT}" if table == "meta" else ""


def _told(target: Connection, name: str, select: str) -> Iterator[Row]:
    target.say(f"DECLARE {name} NO SCROLL CURSOR FOR {select}")
    cursor = target.cursor()
    while True:
        cursor.execute(f"FETCH {STEP} FROM {name}")
        rows = cursor.fetchall()
        yield from map(tuple, rows)
        if len(rows) < STEP:
            break
    target.say(f"CLOSE {name}")


# ── the index of the search ──────────────────────────────────────────────────────────────────────


def index_lines(source: sa.Connection, tell: Tell) -> Iterator[bytes]:
    """Its rows, in the text format of COPY, many at once."""
    rows = iter(driver_of(source).execute(_FIT))
    done = 0
    while piece := list(islice(rows, STEP)):
        yield "".join(
            f"{pk}\t{_escaped(to_tsvector(content, author_id))}\n" for pk, content, author_id in piece
        ).encode()
        done += len(piece)
        tell(done)


def _escaped(text: str) -> str:
    """https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2"""
    for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, escaped)
    return text


def compare_index(source: sa.Connection, target: Connection) -> int:
    """How many messages are in it. Raises: Different, where they are not those of the file."""
    ours: Iterable[Row] = ((row[0],) for row in driver_of(source).execute(_FIT))
    count = 0
    for mine, theirs in zip_longest(
        ours, _told(target, "moved_words", "SELECT pk FROM message_search ORDER BY pk")
    ):
        if mine != theirs:
            which = min(row for row in (mine, theirs) if row is not None)
            raise Different(f"the message {which[0]} is not in the index of the search as it should be")
        count += 1
    return count
