"""Fills a data folder before its server starts: thousands of people and a million messages, in seconds.

Strategy: rows go straight into the tables, as the store itself would have written them, in one transaction
and without an fsync each. Tokens are minted with the folder's own secret, so that nobody has to sign in.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import sqlalchemy as sa

from mesh_server.ids import id_maker, system_clock
from mesh_server.services.names import name_key
from mesh_server.services.tokens import AccessTokens, Claims, load_secret
from mesh_server.store.database import make_engine
from mesh_server.store.folder import DATABASE_FILE
from mesh_server.store.schema import migrate
from mesh_server.store.search import INDEXED
from mesh_server.store.tables import devices, members, messages, meta, rooms, users

_STEP: Final = 10_000
_WORDS: Final = 20_000
"""Words that the messages choose from."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    token: str
    user_id: str


class Seed:
    """An open transaction on the database of `folder`; leaving it commits."""

    def __init__(self, folder: Path) -> None:
        self._engine = make_engine(folder / DATABASE_FILE)
        migrate(self._engine)
        self._connection = self._engine.connect().execution_options(writes=True)
        self._tokens = AccessTokens(load_secret(folder), clock=system_clock)
        self._new_id = id_maker()
        self._people = 0

    def __enter__(self) -> Self:
        self._transaction = self._connection.begin()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._transaction.commit()
        self._connection.close()
        self._engine.dispose()

    def _insert(self, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(sa.insert(table), rows)

    def people(self, count: int, password_hash: bytes = b"*") -> list[Person]:
        """So many more, `user0`, `user1` and so on, each with one device that is signed in."""
        now = system_clock()
        numbers = range(self._people, self._people + count)
        self._people += count
        self._insert(
            users,
            [
                {
                    "id": f"u{number}",
                    "username": f"user{number}",
                    "username_key": name_key(f"user{number}"),
                    "display_name": f"user{number}",
                    "role": "user",
                    "password_hash": password_hash,
                    "created_at": now,
                }
                for number in numbers
            ],
        )
        self._insert(
            devices,
            [
                {
                    "id": f"d{number}",
                    "user_id": f"u{number}",
                    "name": "bench",
                    "created_at": now,
                    "signed_in_at": now,
                    "last_seen_at": now,
                }
                for number in numbers
            ],
        )
        return [self._person(number, now) for number in numbers]

    def known(self) -> list[Person]:
        """The people whom an earlier run made here."""
        rows = self._connection.execute(sa.select(devices.c.id, devices.c.signed_in_at)).all()
        numbers = sorted((int(row.id[1:]), row.signed_in_at) for row in rows)
        self._people = len(numbers)
        return [self._person(number, signed_in_at) for number, signed_in_at in numbers]

    def room_named(self, name: str) -> str | None:
        query = sa.select(rooms.c.id).where(rooms.c.name == name)
        return self._connection.execute(query).scalar_one_or_none()

    def _person(self, number: int, now: int) -> Person:
        claims = Claims(user_id=f"u{number}", device_id=f"d{number}", signed_in_at=now)
        return Person(f"user{number}", self._tokens.mint(claims), f"u{number}")

    def room(self, name: str, inside: list[Person]) -> str:
        """A public room with these members, the first of them its owner; its id."""
        now, room_id = system_clock(), self._new_id()
        row = {
            "id": room_id,
            "name": name,
            "name_key": name_key(name),
            "topic": "",
            "visibility": "public",
            "kind": "room",
            "created_by": inside[0].user_id,
            "created_at": now,
            "last_seq": 0,
            "rev": len(inside),
        }
        self._insert(rooms, [row])
        self._insert(
            members,
            [
                {
                    "room_id": room_id,
                    "user_id": person.user_id,
                    "role": "member" if number else "owner",
                    "joined_at": now,
                    "read_seq": 0,
                }
                for number, person in enumerate(inside)
            ],
        )
        return room_id

    def messages(self, room_id: str, authors: list[Person], count: int) -> None:
        """So many messages, a second apart and up to now, in the log and in the search index."""
        first_rev = self._connection.execute(sa.select(rooms.c.rev).where(rooms.c.id == room_id)).scalar_one()
        texts = _texts()
        began = system_clock() - count * 1000
        for start in range(1, count + 1, _STEP):
            seqs = range(start, min(start + _STEP, count + 1))
            self._insert(
                messages,
                [
                    {
                        "room_id": room_id,
                        "seq": seq,
                        "rev": first_rev + seq,
                        "id": self._new_id(),
                        "author_id": authors[seq % len(authors)].user_id,
                        "device_id": "d" + authors[seq % len(authors)].user_id[1:],
                        "nonce": f"n{seq}",
                        "content": f"{seq}: {next(texts)}"
                        + (f" {RARE}" if seq % 100_000 == AUTHORS - 1 else ""),
                        "content_type": "text/markdown",
                        "created_at": began + seq * 1000,
                    }
                    for seq in seqs
                ],
            )
        head = {"last_seq": count, "rev": first_rev + count}
        self._connection.execute(sa.update(rooms).where(rooms.c.id == room_id).values(head))
        here = members.c.room_id == room_id
        self._connection.execute(sa.update(members).where(here).values(read_seq=count))
        self._index()

    def unread(self, person: Person) -> None:
        """As if they had never looked."""
        self._connection.execute(
            sa.update(members)
            .where(members.c.user_id == person.user_id)
            .values(
                read_seq=0,
                own_since_read=sa.select(sa.func.count())
                .where(messages.c.room_id == members.c.room_id, messages.c.author_id == person.user_id)
                .scalar_subquery(),
            )
        )

    def _index(self) -> None:
        done = int(
            self._connection.execute(sa.select(meta.c.value).where(meta.c.key == INDEXED)).scalar() or 0
        )
        self._connection.exec_driver_sql(
            "INSERT INTO message_search(rowid, content, author_id)"
            " SELECT pk, content, author_id FROM messages WHERE pk > ?",
            (done,),
        )
        last = self._connection.execute(sa.select(sa.func.max(messages.c.pk))).scalar_one()
        self._connection.execute(sa.delete(meta).where(meta.c.key == INDEXED))
        self._connection.execute(sa.insert(meta).values(key=INDEXED, value=str(last)))


LARGE: Final = "large"
AUTHORS: Final = 50
"""People who wrote the large room, in turns; `user50` wrote nothing and has read nothing."""

RARE: Final = "needle"
"""A word that only one message in a hundred thousand has, and only `user49` uses."""


def large_room(folder: Path, count: int) -> tuple[list[Person], str]:
    """A room of so many messages, unless an earlier run has made it in this folder; everyone, and its id."""
    with Seed(folder) as seed:
        known = seed.room_named(LARGE)
        if known is not None:
            return seed.known(), known
        people = seed.people(AUTHORS + 1)
        room_id = seed.room(LARGE, people)
        seed.messages(room_id, people[:-1], count)
        seed.unread(people[-1])
        return people, room_id


def word(rank: int) -> str:
    """The word that is the `rank`-th most common; common ones are short, as in any language."""
    syllables = [_CONSONANTS[rank % 17] + _VOWELS[rank // 17 % 5]]
    rest = rank // 85
    while rest:
        syllables.append(_CONSONANTS[rest % 17] + _VOWELS[rest // 17 % 5])
        rest //= 85
    return "".join(syllables) + "n"


_CONSONANTS: Final = "bcdfghjklmnprstvz"
_VOWELS: Final = "aeiou"


def _texts() -> Iterator[str]:
    """Sentences in which some words are common and most are rare, as Zipf found them to be."""
    choose = random.Random(2)
    words = [word(rank) for rank in range(_WORDS)]
    total, weights = 0.0, []
    for rank in range(_WORDS):
        total += 1 / (rank + 1)
        weights.append(total)
    while True:
        yield " ".join(choose.choices(words, cum_weights=weights, k=choose.randint(2, 20)))
