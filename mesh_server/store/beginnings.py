"""Which words begin as somebody typed, so that SQLite's index is asked for these.

Asked for the beginning of a word, FTS5 gathers each message that has such a word before it tells the newest,
which for a common one is half of a room; asked for whole words it goes through them from the newest on and
stops at the first page. So a beginning is replaced by the words that begin so, where these are not too many.
"""

import re
from typing import Final

import sqlalchemy as sa

WORDS_MAX: Final = 256
"""Words in place of one beginning; with more of them FTS5 is as quick by itself."""

LOOKED_UP_MAX: Final = 2 * WORDS_MAX
"""Words that are looked up for one search: each takes some memory for every segment of the index."""

_LETTERS_MIN: Final = 2
"""Of a beginning that is looked up: of one letter there are too many words."""

_STRING: Final = re.compile(r'("(?:[^"]|"")*")( \*)?')
_PLAIN: Final = re.compile(r'"([0-9A-Za-z]+)"')
"""What is one word for the index, and the same word in small letters."""

_WORD: Final = re.compile(r"[0-9A-Za-z]")
_LAST: Final = "\U0010ffff"

_TERMS: Final = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_terms USING fts5vocab(main, message_search, instance)"
)

_BEGINNING: Final = """
WITH RECURSIVE found(term) AS (
  SELECT (SELECT term FROM temp.search_terms WHERE term >= ? LIMIT 1)
  UNION ALL
  SELECT (SELECT term FROM temp.search_terms WHERE term >= found.term || char(1) LIMIT 1)
  FROM found WHERE found.term < ?
)
SELECT term FROM found WHERE term < ? LIMIT ?
"""
"""From word to word in the index's own order; the messages of each, which may be many, are passed over."""


def spelled_out(connection: sa.Connection, query: str) -> str | None:
    """The same query of FTS5, with words for beginnings; None where nothing can be found.

    `query`: strings as `services.search.parse` makes them.
    """
    strings = [(found[1], bool(found[2])) for found in _STRING.finditer(query)]
    if _STRING.sub("", query).strip() or not all(_WORD.search(string) for string, _ in strings):
        return query  # FTS5 passes over a string without a word, but not where AND stands beside it
    parts, left = [], LOOKED_UP_MAX
    for string, open_ended in strings:
        plain = _PLAIN.fullmatch(string)
        most = min(WORDS_MAX, left)
        if not open_ended or plain is None or len(plain[1]) < _LETTERS_MIN or most <= 0:
            parts.append(f"{string} *" if open_ended else string)
            continue
        words = _words(connection, plain[1].lower(), most + 1)
        if not words:
            return None
        left -= len(words)
        parts.append(f"({' OR '.join(words)})" if len(words) <= most else f"{string} *")
    return " AND ".join(parts)


def _words(connection: sa.Connection, beginning: str, most: int) -> list[str]:
    """Those that begin so, quoted, in the order of their letters."""
    connection.exec_driver_sql(_TERMS)
    until = beginning + _LAST
    return [
        f'"{term}"' for (term,) in connection.exec_driver_sql(_BEGINNING, (beginning, until, until, most))
    ]
