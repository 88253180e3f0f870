"""Rows that came from another person: whether they fit, and what of them may be painted."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from protocol import limits
from protocol.errors import PeerMalformed
from protocol.peer_terminal import Run

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufeff\ud800-\udfff]"
)
"""Controls, what turns the order of text around, and halves of characters."""

REPLACED: Final = "\ufffd"

_SOFT_HYPHEN: Final = "\u00ad"
_JOINER: Final = "\u200d"
_VIRAMA: Final = 9
_COVERING: Final = frozenset({"Mn", "Me", "Cf"})


def safe_text(text: str) -> str:
    """`text` with as many characters, each of which is seen by itself and none acts on a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_alone, _UNSAFE.sub(REPLACED, text)))


def _alone(character: str) -> str:
    return REPLACED if character >= "\x80" and _covers(character) and character != _SOFT_HYPHEN else character


def _covers(character: str) -> bool:
    """Whether it has no cell of its own: it would move all that comes after it."""
    return unicodedata.category(character) in _COVERING or "\u1160" <= character <= "\u11ff"


def safe_cluster(text: str) -> str:
    """The one character that is seen, and what belongs to it; all else is left out, so that it stays one."""
    first = safe_text(text[0])
    kept = [first]
    for character in text[1:] if first != REPLACED else "":
        if not _UNSAFE.match(character) and _belongs(character, kept):
            kept.append(character)
    return "".join(kept[: limits.CLUSTER_CHARS])


def _belongs(character: str, before: Sequence[str]) -> bool:
    if unicodedata.category(character) == "Mc" or _covers(character):
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff":  # the colour of a skin
        return True
    if _is_flag(character):
        return len(before) == 1 and _is_flag(before[0])
    return before[-1] == _JOINER or unicodedata.combining(before[-1]) == _VIRAMA


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def width_of(runs: Sequence[Run]) -> int:
    """The cells that they take."""
    return sum(run.width if run.cluster else run.width * len(run.text) for run in runs)


def checked_row(runs: Sequence[Run], columns: int) -> list[Run]:
    """The row as it may be painted. Raises: PeerMalformed: it is wider than that."""
    if width_of(runs) > columns:
        raise PeerMalformed
    return [safe_run(run) for run in runs]


def safe_run(run: Run) -> Run:
    """A run of as many cells whose text may be painted."""
    text = (safe_cluster if run.cluster else safe_text)(run.text)
    return run if text == run.text else replace(run, text=text)
