"""What may be painted, and what may be a name."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.text import MARKS_MAX, clean_line, clean_name, clean_text

C0_C1_DEL = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]}
BIDI = {
    character
    for character in map(chr, range(0x110000))
    if unicodedata.bidirectional(character) in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
} | {"\u061c", "\u200e", "\u200f"}

DEPRECATED_CONTROLS = set(map(chr, range(0x206A, 0x2070)))
"""They once switched how digits, Arabic letters and brackets are shown."""

IGNORABLE = {
    chr(code)
    for first, last in [
        (0x00AD, 0x00AD),
        (0x034F, 0x034F),
        (0x061C, 0x061C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8),
        (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    ]
    for code in range(first, last + 1)
}
"""Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties: unseen where it means nothing."""

KEPT_IN_NAMES = {"\u200c", "\u200d", *map(chr, range(0xFE00, 0xFE10))}
"""The joiners and the variation selectors."""

AWKWARD = (
    "aB \t\n\r=\u0338\u0301\u0308\u0344\u0f71\u0f73\u09c7\u09be\u1100\u1161\u11a8\u212a\u1fef\u2000\u2800"
    "\u00a0\u3000\u2028\u0085\u200b\u200c\u200d\u202e\u2066\ufe0f\u20e3\ufeff\u00ad\u3164\U000e0041👩💻❤é"
    "\x00\x1b\x9b\x7f\ud83d\udc69"
)
"""Characters that combine, vanish, decompose, join, separate or do harm."""

any_text = st.text(
    st.characters(exclude_categories=()) | st.sampled_from(AWKWARD),
    max_size=40,
)


def marks_in_a_row(text: str) -> int:
    """The most marks that stand on one base; what cannot be seen is no base."""
    most = row = 0
    for character in text:
        match unicodedata.category(character):
            case "Mn" | "Me":
                row += 1
            case "Cf":
                pass
            case _:
                row = 0
        most = max(most, row)
    return most


# ── clean_text ───────────────────────────────────────────────────────────────────────────────────


@given(any_text)
def test_nothing_harmful_leaves_clean_text(text: str) -> None:
    cleaned = clean_text(text)
    assert not set(cleaned) & (C0_C1_DEL - {"\n", "\t"})
    assert not set(cleaned) & BIDI
    assert not set(cleaned) & {"\u2028", "\u2029", "\ufeff"}
    assert not any("\ud800" <= character <= "\udfff" for character in cleaned)
    assert marks_in_a_row(cleaned) <= MARKS_MAX


def test_every_control_goes_but_for_newline_and_tab() -> None:
    for control in sorted(C0_C1_DEL - {"\n", "\t", "\r", "\x85"} | BIDI | DEPRECATED_CONTROLS | {"\ufeff"}):
        assert clean_text(f"a{control}b") == "ab", ascii(control)


@given(any_text)
def test_clean_text_is_idempotent(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("one\r\ntwo\rthree\u2028four\u2029five\x85six", "one\ntwo\nthree\nfour\nfive\nsix"),
        ("a\tb\n\nc", "a\tb\n\nc"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("\x9b2J", "2J"),
        ("a\x00b\x7fc\x0bd\x0ce", "abcde"),
        ("user\u202enimda", "usernimda"),
        ("\ufeffstart", "start"),
        ("half \ud83d, other half \udc69", "half , other half "),
        ("\r\u200e\n", "\n\n"),
    ],
    ids=ascii,
)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


WRITTEN_WITH_CARE = [
    "👩\u200d💻",
    "👨\u200d👩\u200d👧\u200d👦",
    "❤\ufe0f\u200d🔥",
    "👍🏽",
    "🇸🇪",
    "1\ufe0f\u20e3",
    "नमस्ते",
    "می\u200cخواهم",
    "ท้องฟ้า",
    "שָׁלוֹם",
    "ཧྐྵྨླྺྼྻྂ",
    "Việt Nam",
    "한국어",
    "naïve café",
]


@pytest.mark.parametrize("text", WRITTEN_WITH_CARE)
def test_what_people_write_survives(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert clean_text(text) == text
    assert clean_line(text) == text
    assert clean_name(text) == composed


@pytest.mark.parametrize("clean", [clean_text, clean_line, clean_name])
@pytest.mark.parametrize("spacer", ["", "\u200b", "\u200d", "\ufe0f"], ids=ascii)
def test_piles_of_marks_are_thinned(clean: Callable[[str], str], spacer: str) -> None:
    pile = spacer.join("\u0325" * 500)
    assert marks_in_a_row(clean(f"z{pile}y{pile}x")) <= MARKS_MAX
    assert clean(f"z{pile}y").startswith("z\u0325")
    assert clean(f"z{pile}y").endswith("y")


@pytest.mark.parametrize("clean", [clean_text, clean_line, clean_name])
@pytest.mark.parametrize("base", ["z", "👩", "!", "न"])
def test_as_many_marks_as_may_be_stay(clean: Callable[[str], str], base: str) -> None:
    full = base + "\u0325" * MARKS_MAX
    assert clean(full) == full
    assert clean(full + "\u0325") == full


# ── clean_line ───────────────────────────────────────────────────────────────────────────────────


@given(any_text)
def test_a_clean_line_is_one_line_without_white_space_at_its_ends(text: str) -> None:
    line = clean_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert "  " not in line
    assert clean_line(line) == line == clean_text(line)


def test_clean_line() -> None:
    assert clean_line("  Where we\n\ttry  things\r\n") == "Where we try things"


# ── clean_name ───────────────────────────────────────────────────────────────────────────────────


@given(any_text)
def test_a_clean_name_is_a_clean_line_in_nfc(text: str) -> None:
    name = clean_name(text)
    assert unicodedata.is_normalized("NFC", name)
    assert clean_line(name) == name
    assert marks_in_a_row(name) <= MARKS_MAX


@given(any_text)
def test_clean_name_is_idempotent(text: str) -> None:
    assert clean_name(clean_name(text)) == clean_name(text)


@given(any_text)
def test_a_name_is_empty_or_begins_with_something_to_see(text: str) -> None:
    name = clean_name(text)
    assert not name or unicodedata.category(name[0]) not in {"Zs", "Zl", "Zp", "Cc", "Cs", "Mn", "Me"}
    assert not name or name[0] not in IGNORABLE


@given(any_text)
def test_only_joiners_and_variation_selectors_are_left_of_what_cannot_be_seen(text: str) -> None:
    name = clean_name(text)
    assert set(name) & IGNORABLE <= KEPT_IN_NAMES


def test_each_ignorable_goes_or_is_one_that_emoji_and_scripts_are_written_with() -> None:
    for character in sorted(IGNORABLE - KEPT_IN_NAMES):
        assert clean_name(f"a{character}b") == "ab", ascii(character)
    for character in sorted(KEPT_IN_NAMES):
        assert clean_name(f"é{character}é") == f"é{character}é", ascii(character)


@given(any_text)
def test_both_ways_to_compose_a_name_are_one_name(text: str) -> None:
    assert clean_name(unicodedata.normalize("NFC", text)) == clean_name(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Test Chat", "Test Chat"),
        ("  Test\n\tChat ", "Test Chat"),
        ("Cafe\u0301", "Café"),
        ("a\u00a0b\u3000c\u2800d", "a b c d"),
        ("al\u200bi\u00adce\u2060", "alice"),
        ("ali\u200dce", "alice"),
        ("a\u200b\u0301", "á"),
        ("a \u200b", "a"),
        ("a \u200b b", "a b"),
        ("👩\u200d", "👩"),
        ("👩\u200d\u200d💻", "👩💻"),
        ("\u200d👩", "👩"),
        ("bob\U000e0062\U000e006f", "bob"),
        ("\u0301 \u0301alice", "alice"),
        ("", ""),
        (" \n ", ""),
        ("\u200d", ""),
        ("\ufe0f\ufe0f", ""),
        ("\u2800\u3164\u115f", ""),
        ("\u0301\u0301", ""),
        ("\u202e\x1b\x00", ""),
    ],
    ids=ascii,
)
def test_clean_name(text: str, name: str) -> None:
    assert clean_name(text) == name
