"""The statements by which messages are appended to the log, compiled for one database.

Strategy: Core expressions, so that SQLite and PostgreSQL are told the same thing once; compiled to the
driver's own SQL when first needed, and given to its cursor as text. Those that tell or change many rows
exist in several sizes: a batch then takes few statements, each of which the driver knows already.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa

from mesh_server.store.rows import COLUMNS, FIELDS
from mesh_server.store.tables import members, mentions, messages, paces, room_mentions, rooms, users

_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)
"""How many rows a statement is prepared for."""

_JSON: Final[dict[str, tuple[Callable[..., Any], Callable[..., Any]]]] = {
    "sqlite": (sa.func.json_group_array, sa.func.json_array),
    "postgresql": (
        lambda row: sa.cast(
            sa.func.coalesce(sa.func.json_agg(row), sa.literal_column("'[]'::json")), sa.Text
        ),
        sa.func.json_build_array,
    ),
}
"""What makes one JSON array of many rows, and one of many columns."""

_NUMBERED: Final = re.compile(r"\$\d+")

_ASKED: Final = ("number", "room_id", "user_id", "device_id", "nonce")


class Prepared:
    """A statement in the driver's own SQL, with the order in which it takes its parameters."""

    def __init__(self, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._order = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]

    def row(self, values: dict[str, Any]) -> tuple[Any, ...]:
        return tuple([values[name] for name in self._order])


def _as_read(sql: str) -> str:
    """Numbers parameters by where they stand in the text, which is how values are given to `Sized`."""
    numbers: dict[str, str] = {}
    return _NUMBERED.sub(lambda found: numbers.setdefault(found[0], f"${len(numbers) + 1}"), sql)


def _same(**columns: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(name) for name, column in columns.items()))


def _facts(size: int, dialect: sa.Dialect) -> sa.Select[Any]:
    """Of each room, author and nonce that is asked about: number, room, role, and the nonce's first `seq`."""
    kinds = [sa.Integer() if name == "number" else sa.String() for name in _ASKED]
    columns = [sa.column(name, kind) for name, kind in zip(_ASKED, kinds, strict=True)]
    rows = [
        tuple(sa.bindparam(f"{name}_{number}", type_=kind) for name, kind in zip(_ASKED, kinds, strict=True))
        for number in range(size)
    ]
    asked = sa.values(*columns, name="asked").data(rows).cte("asked")
    group, array = _JSON[dialect.name]
    told = array(
        asked.c.number,
        rooms.c.last_seq,
        rooms.c.rev,
        rooms.c.visibility,
        rooms.c.archived_at,
        rooms.c.slow_mode_s,
        members.c.role,
        messages.c.seq,
    )
    inside = sa.and_(members.c.room_id == rooms.c.id, members.c.user_id == asked.c.user_id)
    used = sa.and_(
        messages.c.room_id == rooms.c.id,
        messages.c.device_id == asked.c.device_id,
        messages.c.nonce == asked.c.nonce,
    )
    found = asked.join(rooms, rooms.c.id == asked.c.room_id).outerjoin(members, inside)
    return sa.select(group(told)).select_from(found.outerjoin(messages, used))


def _inserted(size: int, _dialect: sa.Dialect) -> sa.Insert:
    return sa.insert(messages).values(
        [{name: sa.bindparam(f"{name}_{number}") for name in FIELDS} for number in range(size)]
    )


def _grown(size: int, _dialect: sa.Dialect) -> sa.Update:
    """Rooms that grew by as many messages as each other; the transaction holds them, so that `+` is safe."""
    ids = [sa.bindparam(f"id_{number}", type_=sa.String()) for number in range(size)]
    return (
        sa.update(rooms)
        .where(rooms.c.id.in_(ids))
        .values(
            last_seq=rooms.c.last_seq + sa.bindparam("seqs", type_=sa.Integer()),
            rev=rooms.c.rev + sa.bindparam("revs", type_=sa.Integer()),
        )
    )


def _own(size: int, _dialect: sa.Dialect) -> sa.Update:
    """Members who said as much as each other: none of it is unread to themselves."""
    names = ("room_id", "user_id")
    rows = [
        tuple(sa.bindparam(f"{name}_{number}", type_=sa.String()) for name in names) for number in range(size)
    ]
    who = sa.values(*(sa.column(name, sa.String()) for name in names), name="who").data(rows).cte("who")
    return (
        sa.update(members)
        .where(sa.tuple_(members.c.room_id, members.c.user_id).in_(sa.select(who.c.room_id, who.c.user_id)))
        .values(own_since_read=members.c.own_since_read + sa.bindparam("said", type_=sa.Integer()))
    )


class Sized:
    """A statement over many rows at once, for several numbers of them; prepared when first needed.

    To prepare all of them takes a tenth of a second, which every start would wait for.
    """

    def __init__(self, make: Callable[[int, sa.Dialect], sa.ClauseElement], dialect: sa.Dialect) -> None:
        self._make, self._dialect = make, dialect
        self._prepared: dict[int, str] = {}

    def exact(self, rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
        """Statements for all rows, and their parameters."""
        done = 0
        for size in reversed(_SIZES):
            while len(rows) - done >= size:
                yield self._sql(size), list(chain.from_iterable(rows[done : done + size]))
                done += size

    def filled(self, rows: list[tuple[Any, ...]]) -> Iterator[tuple[str, list[Any]]]:
        """As few statements as can be; the last one is filled up with rows of NULL, which find nothing."""
        for done in range(0, len(rows), _SIZES[-1]):
            piece = rows[done : done + _SIZES[-1]]
            size = next(size for size in _SIZES if size >= len(piece))
            values = list(chain.from_iterable(piece))
            yield self._sql(size), values + [None] * ((size - len(piece)) * len(piece[0]))

    def _sql(self, size: int) -> str:
        if size not in self._prepared:
            sql = Prepared(self._make(size, self._dialect), self._dialect).sql
            self._prepared[size] = _as_read(sql) if self._dialect.name == "postgresql" else sql
        return self._prepared[size]


class Statements:
    """All of them. Names are those of what they tell or change."""

    def __init__(self, dialect: sa.Dialect) -> None:
        def prepare(statement: sa.ClauseElement) -> Prepared:
            return Prepared(statement, dialect)

        def prepare_insert(table: sa.Table, *names: str) -> Prepared:
            return prepare(sa.insert(table).values({name: sa.bindparam(name) for name in names}))

        self.facts = Sized(_facts, dialect)
        self.insert = Sized(_inserted, dialect)
        self.grown = Sized(_grown, dialect)
        self.own = Sized(_own, dialect)
        self.lock = (
            None
            if dialect.name == "sqlite"
            else prepare(
                sa.select(rooms.c.id).where(_same(room_id=rooms.c.id)).with_for_update(key_share=True)
            )
        )
        """SQLite has one writer; a database of several holds a room for the first who asks."""
        nonce = _same(room_id=messages.c.room_id, device_id=messages.c.device_id, nonce=messages.c.nonce)
        self.role = prepare(
            sa.select(members.c.role).where(_same(room_id=members.c.room_id, user_id=members.c.user_id))
        )
        self.first = prepare(
            sa.select(*COLUMNS, users.c.username).join(users, users.c.id == messages.c.author_id).where(nonce)
        )
        self.known = prepare(
            sa.select(messages.c.seq).where(_same(id=messages.c.id, room_id=messages.c.room_id))
        )
        pace = _same(room_id=paces.c.room_id, user_id=paces.c.user_id)
        self.pace = prepare(sa.select(paces.c.said_at).where(pace))
        self.next_pace = prepare(sa.update(paces).where(pace).values(said_at=sa.bindparam("said_at")))
        self.first_pace = prepare_insert(paces, "room_id", "user_id", "said_at")
        self.mention = prepare_insert(mentions, "room_id", "user_id", "seq")
        self.named = prepare(
            sa.select(members.c.user_id)
            .join(users, users.c.id == members.c.user_id)
            .where(_same(room_id=members.c.room_id, key=users.c.username_key))
        )
        self.call = prepare_insert(room_mentions, "room_id", "seq", "author_id")
