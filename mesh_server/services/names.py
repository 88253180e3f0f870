"""Which names there may be, and when two names are the same.

Strategy: `protocol.text.clean_name` gives every name its one written form (NFC, nothing invisible, no
control); each kind of name then has its own rule and its own error. `name_key` is what all names have in
common that differ only by case or look: Unicode's skeleton (UTS 39 section 4) over case-folded,
compatibility-decomposed text, so that a unique column in the store is all that keeps impostors out.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

from protocol import limits
from protocol.errors import DisplayNameInvalid, MeshError, RoomNameInvalid, TopicInvalid, UsernameInvalid
from protocol.text import clean_line, clean_name

_DATA: Final = "confusables.txt"
_UNNAMED_DEVICE: Final = "unnamed device"
_USERNAME_SIGNS: Final = frozenset("._-")
_IGNORABLE: Final = re.compile("[\u200c\u200d\ufe00-\ufe0f]")
"""The Default_Ignorable_Code_Points that `clean_name` leaves: joiners and variation selectors."""

_TWO_FACED: Final = re.compile("[\u039d\u03a5]")
"""Greek capital nu and upsilon: they look like N and Y, their small forms like v and u. The key goes by the
small form, so among Latin letters they could pass for another name."""

_LATIN: Final = re.compile("[A-Za-z]")


# ── when two names are the same ──────────────────────────────────────────────────────────────────


def name_key(name: str) -> str:
    """What every name has that differs from `name` only by case or look; it is its own key.

    `alice`, `ALICE`, `a1ice` and `аlice` with a Cyrillic a share one; so do `modern` and `modem`.
    """
    key, last = name, None
    while key != last:
        key, last = _key_step(key), key
    return key


def _key_step(text: str) -> str:
    # Upper case first: several small letters share a capital, and some capitals are two letters.
    folded = unicodedata.normalize("NFC", text).upper().casefold()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold())
    return _IGNORABLE.sub("", clean_line(decomposed.translate(_looks())))


@cache
def _looks() -> dict[int, str]:
    """Each character that looks like something else -> what it looks like."""
    looks = {}
    for line in files(__package__).joinpath(_DATA).read_text("utf-8").split("\n"):
        look, _, characters = line.partition("\t")
        looks.update(dict.fromkeys(map(ord, characters), look))
    return looks


# ── which names there may be ─────────────────────────────────────────────────────────────────────


def username(text: str) -> str:
    """Letters and digits of any script and . _ - after the first. Raises: UsernameInvalid."""
    name = _visible(text, limits.USERNAME_CHARS, UsernameInvalid)
    if not _is_letter_or_digit(name[0]) or not all(map(_is_username_character, name)):
        raise UsernameInvalid
    return name


def login_key(text: str) -> str:
    """The key of a name that someone signs in with; what cannot be a username has one that nobody has."""
    try:
        return name_key(username(text))
    except UsernameInvalid:
        return ""


def display_name(text: str) -> str:
    """Raises: DisplayNameInvalid."""
    return _visible(text, limits.NAME_CHARS, DisplayNameInvalid)


def room_name(text: str) -> str:
    """Raises: RoomNameInvalid."""
    return _visible(text, limits.NAME_CHARS, RoomNameInvalid)


def room_topic(text: str) -> str:
    """May be empty. Raises: TopicInvalid."""
    topic = clean_name(text)
    if len(topic) > limits.TOPIC_CHARS:
        raise TopicInvalid
    return topic


def status_text(text: str) -> str:
    """May be empty; what cleaning makes longer is cut to its limit."""
    return clean_name(clean_name(text)[: limits.STATUS_CHARS])


def ban_reason(text: str) -> str:
    """Cut to its limit rather than refused: the ban matters more than all of its reason."""
    return clean_name(clean_name(text)[: limits.REASON_CHARS])


def device_name(text: str) -> str:
    """Cut to its limit rather than refused: programs choose it, from the name of a machine."""
    return clean_name(clean_name(text)[: limits.NAME_CHARS]) or _UNNAMED_DEVICE


def _visible(text: str, most: int, refusal: type[MeshError]) -> str:
    name = clean_name(text)
    if not name or len(name) > most or not name_key(name):
        raise refusal
    if _LATIN.search(name) and _TWO_FACED.search(unicodedata.normalize("NFKD", name)):
        raise refusal("This name mixes Greek capitals with Latin letters that they look like.")
    return name


def _is_letter_or_digit(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "L" or category == "Nd"


def _is_username_character(character: str) -> bool:
    return (
        character in _USERNAME_SIGNS
        or _is_letter_or_digit(character)
        or unicodedata.category(character) in {"Mn", "Mc"}
    )
