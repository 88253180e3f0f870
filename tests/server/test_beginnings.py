"""Beginnings of words in a search of SQLite's index: the words in their place find what they would."""

import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from mesh_server.store.beginnings import LOOKED_UP_MAX, WORDS_MAX, spelled_out

MANY = 3 * WORDS_MAX


@pytest.fixture(scope="module")
def index() -> Iterator[sa.Connection]:
    """The server's own index over some texts: words of a few letters, and many that begin with `many`."""
    chance = random.Random(7)
    with sa.create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE message_search USING fts5(content, author_id, "
            "tokenize='unicode61 remove_diacritics 2')"
        )
        texts = [
            " ".join("".join(chance.choices("abáBé", k=chance.randint(1, 4))) for _ in range(4))
            for _ in range(400)
        ]
        texts += [f"many{number:x} ab" for number in range(MANY)]
        connection.exec_driver_sql(
            "INSERT INTO message_search(content, author_id) VALUES (?, 'abba')", [(text,) for text in texts]
        )
        yield connection


def found(index: sa.Connection, query: str | None) -> list[int]:
    if query is None:
        return []
    rows = index.exec_driver_sql(
        "SELECT rowid FROM message_search WHERE message_search MATCH ? ORDER BY rowid DESC",
        (f'content : ({query}) AND author_id : "abba"',),
    )
    return [pk for (pk,) in rows]


@pytest.mark.parametrize(
    "query",
    [
        '"ab" *',
        '"AB" *',
        '"aba" * "bb" *',
        '"ba" * "ab"',
        '"ab ba" "be" *',
        '"ab-ba" * "ae" *',
        '"a" * "bb" *',
        '"áb" * "ba" *',
        '"many1" * "ab" *',
        '"many" * "ab" *',
        '"ab" * "²" *',
        '"ab" * "" "ba" *',
        '"ab" * "zz" *',
        "ab",
        'ab "ba" *',
    ],
)
def test_it_finds_the_same(index: sa.Connection, query: str) -> None:
    assert found(index, spelled_out(index, query)) == found(index, query)


def test_a_beginning_becomes_the_words_that_begin_so(index: sa.Connection) -> None:
    words = ["many2a", *(f"many2a{digit:x}" for digit in range(16))]
    assert spelled_out(index, '"Many2a" * "ab"') == "({}) AND {}".format(
        " OR ".join(f'"{word}"' for word in words), '"ab"'
    )


def test_what_nobody_wrote_is_not_looked_for(index: sa.Connection) -> None:
    assert spelled_out(index, '"ab" "nobody" *') is None


def test_words_are_looked_up_within_bounds(index: sa.Connection) -> None:
    """Of a beginning of too many words nothing is made, and after some of them nothing is looked up."""
    assert spelled_out(index, '"many" *') == '"many" *'
    tried = LOOKED_UP_MAX // (WORDS_MAX + 1) + 1
    spelled = spelled_out(index, '"many" * ' * tried + '"nobody" *')
    assert spelled == " AND ".join(['"many" *'] * tried + ['"nobody" *'])
