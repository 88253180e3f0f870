"""Emoji by their short names, for completion. Import it late: the table takes some milliseconds.

Strategy: the names that people know from elsewhere (`tada`, `+1`) come from Rich's table, which is there
anyway; those that Unicode added since come from Python's own. Neither skin tones nor parts of a sequence are
offered: a name that completes to half a person helps nobody.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from rich._emoji_codes import EMOJI

SHOWN: Final = 50

_NAME: Final = re.compile(r"[a-z0-9+_-]+")
_LATER: Final = (range(0x1F600, 0x1F650), range(0x1F900, 0x1FA00), range(0x1FA70, 0x1FB00))
"""Where Unicode goes on adding whole emoji."""


@cache
def table() -> dict[str, str]:
    """Name -> character."""
    known = {
        name: character
        for name, character in EMOJI.items()
        if _NAME.fullmatch(name) and "skin_tone" not in name and "\u200d" not in character
    }
    there = set(known.values())
    for points in _LATER:
        for character in map(chr, points):
            name = unicodedata.name(character, "").lower().replace(" ", "_")
            if character not in there and _NAME.fullmatch(name) and unicodedata.category(character) == "So":
                known.setdefault(name, character)
    return known


def find(begin: str) -> list[tuple[str, str]]:
    """Names and characters: those that begin so, the shortest first, then those where a later word does."""
    begin = begin.casefold()
    first = [name for name in table() if name.startswith(begin)]
    later = [name for name in table() if f"_{begin}" in name and not name.startswith(begin)]
    ordered = sorted(first, key=_short) + sorted(later, key=_short)
    return [(name, table()[name]) for name in ordered[:SHOWN]]


def _short(name: str) -> tuple[int, str]:
    return len(name), name
