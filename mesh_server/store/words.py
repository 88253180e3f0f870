"""Words as SQLite's index finds them, for one that PostgreSQL keeps: the same query finds the same.

Strategy: PostgreSQL's own parser cuts addresses, numbers and hyphens its own way, by the language of the
database. So texts are cut here, by the rules of FTS5's `unicode61 remove_diacritics 2`
(https://www.sqlite.org/fts5.html#unicode61_tokenizer), and PostgreSQL is given what they are made of, with
places, as a `tsvector`; a query becomes a `tsquery` in the same way.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import islice
from typing import Final

WORD_CHARS: Final = 256
"""What a word is cut to; PostgreSQL takes up to 2,046 bytes."""

PLACES: Final = 16_383
"""The last place that PostgreSQL can tell; all words beyond have it."""

_STRING: Final = re.compile(r'"((?:[^"]|"")*)"( *\*)?|([^\s"]+)')
_COMBINING: Final = range(0x300, 0x332)
"""Marks that FTS5 takes away; other marks part words."""

_AUTHOR: Final = "@"
"""Before the author's id among the words: no word has one."""


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    """What a character is in a word: nothing for a mark, and a space where it is in none."""
    if ord(char) in _COMBINING:
        return ""
    if unicodedata.category(char)[0] not in "LN" and unicodedata.category(char) != "Co":
        return " "
    lower = char.lower()[:1]
    plain = unicodedata.normalize("NFD", lower)[:1]
    return plain if "LATIN" in unicodedata.name(lower, "") else lower


def words_of(text: str) -> list[str]:
    """In their order, folded."""
    return [word[:WORD_CHARS] for word in "".join(map(_letter, text)).split()]


def to_tsvector(text: str, author_id: str) -> str:
    """PostgreSQL's text of a `tsvector`: the words, their places, and who wrote them."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words_of(text), 1):
        places.setdefault(word, []).append(min(place, PLACES))
    told = [f"'{word}':{','.join(map(str, islice(dict.fromkeys(at), 255)))}" for word, at in places.items()]
    return " ".join([*told, _quote(_AUTHOR + author_id)])


def to_tsquery(query: str, author_id: str | None = None) -> str | None:
    """PostgreSQL's text of a `tsquery`; None where nothing can be found.

    `query`: strings as `services.search.parse` makes them: all have to occur, the last word of one with a
    star is the beginning of a word. A string without a word says nothing.
    """
    phrases = []
    for quoted, star, bare in _STRING.findall(query):
        words = [f"'{word}'" for word in words_of(bare or quoted)]
        if words:
            phrases.append(f"({' <-> '.join(words)}{':*' if star else ''})")
    if not phrases:
        return None
    if author_id is not None:
        phrases.append(_quote(_AUTHOR + author_id))
    return " & ".join(phrases)


def _quote(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
