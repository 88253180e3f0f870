"""Which names there may be, and when two of them are the same."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_server.services import names
from mesh_server.services.names import name_key
from protocol import limits
from protocol.errors import DisplayNameInvalid, MeshError, RoomNameInvalid, TopicInvalid, UsernameInvalid
from protocol.text import clean_name

ANY = st.text(max_size=80)
LETTERS = st.text(st.characters(categories=["L", "Nd", "M"]), max_size=12)
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# ── when two names are the same ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "ALICE"),
        ("alice", "аlice"),  # Cyrillic a
        ("alice", "ΑLICE"),  # Greek capital alpha
        ("alice", "aIice"),  # capital I
        ("alice", "a1ice"),
        ("alice", "ａｌｉｃｅ"),  # full width
        ("alice", "𝒶𝓁𝒾𝒸ℯ"),
        ("Bob", "ВОВ"),  # Cyrillic
        ("bob", "b0b"),
        ("bob", "bοb"),  # Greek omicron
        ("modern", "modem"),
        ("corner", "ⅽorner"),  # roman numeral
        ("straße", "STRASSE"),
        ("Ünal", "U\u0308nal"),
        ("ﬁona", "fiona"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("HΕLLO", "hello"),  # Greek capital epsilon
        ("general", "general\ufe0f"),
        ("a-b", "a‐b"),
    ],
)
def test_case_and_look_make_no_other_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "alicia"),
        ("bob", "bab"),
        ("user2", "user3"),
        ("jurgen", "jürgen"),
        ("vue", "yue"),
        ("nova", "vova"),
        ("Юра", "Юла"),
        ("田中", "中田"),
    ],
)
def test_other_names_are_other_names(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_ascii_letters_and_digits_stay_apart_but_for_those_that_look_alike() -> None:
    keys: dict[str, str] = {}
    for character in "abcdefghijklmnopqrstuvwxyz0123456789":
        keys[name_key(character)] = keys.get(name_key(character), "") + character
    assert [same for same in keys.values() if len(same) > 1] == ["il1", "o0"]


@given(ANY | LETTERS)
def test_a_key_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@given(ANY | LETTERS)
def test_a_name_in_capitals_is_the_same_name(text: str) -> None:
    name = clean_name(text)
    assert name_key(name) == name_key(name.upper())


def test_every_character_has_a_key_that_is_its_own_key() -> None:
    for code in (*range(0x20000), *range(0x2F800, 0x2FA20)):  # between them, ideographs that are themselves
        key = name_key(chr(code))
        assert name_key(key) == key, hex(code)


# ── which names there may be ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    ["alice", "Zoë", "o.neil", "田中", "Юра", "محمد", "नमस्ते", "x_1-y.z", "7of9", "a" * 32],
)
def test_usernames_of_any_script(name: str) -> None:
    assert names.username(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a\nb",
        ".alice",
        "-x",
        "_x",
        "a" * 33,
        "a@b",
        "a/b",
        "😀",
        "\u0301",
        "a#b",
        "<b>",
        "Υork",
    ],
)
def test_what_is_no_username(name: str) -> None:
    with pytest.raises(UsernameInvalid):
        names.username(name)


@pytest.mark.parametrize(
    "text", ["\u202ealice", "al\u200bice", "alice\u0000", " alice\t", "a\u2066lice", "ali\u00adce"]
)
def test_what_cannot_be_seen_is_taken_out(text: str) -> None:
    assert names.username(text) == "alice"
    assert names.room_name(text) == "alice"


def test_who_cannot_exist_has_a_key_that_nobody_has() -> None:
    assert names.login_key("Alice") == name_key("alice")
    assert names.login_key("not a name") == ""
    assert names.login_key("a" * 5_000) == ""


@pytest.mark.parametrize(
    ("rule", "most", "refusal"),
    [
        (names.room_name, limits.NAME_CHARS, RoomNameInvalid),
        (names.display_name, limits.NAME_CHARS, DisplayNameInvalid),
    ],
)
def test_names_are_bounded(rule: Callable[[str], str], most: int, refusal: type[MeshError]) -> None:
    assert rule("x" * most) == "x" * most
    for text in ("x" * (most + 1), "", " \t\n ", "\u200b\u202e\u2060"):
        with pytest.raises(refusal):
            rule(text)


def test_a_topic_may_be_empty_and_is_bounded() -> None:
    assert names.room_topic(" \u202e ") == ""
    assert names.room_topic("one\ntwo") == "one two"
    with pytest.raises(TopicInvalid):
        names.room_topic("x" * (limits.TOPIC_CHARS + 1))


def test_a_device_is_always_named() -> None:
    assert names.device_name("") == names.device_name("\u202e") == "unnamed device"
    assert names.device_name("my laptop\n") == "my laptop"
    assert len(names.device_name("x" * 4_000)) == limits.NAME_CHARS


@given(ANY)
def test_no_control_survives_and_cleaning_again_changes_nothing(text: str) -> None:
    rules = (names.username, names.room_name, names.display_name, names.room_topic, names.device_name)
    for rule in rules:
        try:
            name = rule(text)
        except MeshError:
            continue
        assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Zl", "Zp"}
        assert not BIDI & set(name)
        assert rule(name) == name
