"""Widths, breaks and cuts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.layout.cells import MARKS, Fragment, Line, clip, pad, paintable, width, wrap
from tests.tui.examples import painted_text

one_line = painted_text.map(lambda text: text.replace("\n", " "))


def _rows(text: str, cells: int, *, words: bool = True) -> list[str]:
    return [line.text for line in wrap([Fragment(text)], cells, words=words)]


def _restored(lines: list[Line]) -> str:
    return "".join(line.text + line.joiner for line in lines).removesuffix("\n")


@given(one_line, st.integers(2, 30), st.booleans())
def test_no_row_is_wider_than_it_may_be(text: str, cells: int, words: bool) -> None:
    assert all(width(row) <= cells for row in _rows(text, cells, words=words))


@given(one_line, st.integers(2, 30), st.booleans())
def test_rows_and_what_joins_them_are_the_text_again(text: str, cells: int, words: bool) -> None:
    lines = list(wrap([Fragment(text)], cells, words=words))
    assert _restored(lines).strip() == text.strip()


@given(one_line, st.integers(2, 30))
def test_breaking_does_not_change_roles(text: str, cells: int) -> None:
    middle = len(text) // 2
    fragments = [Fragment(text[:middle], "strong"), Fragment(text[middle:], "code")]
    letters = [
        (letter, fragment.role) for fragment in fragments for letter in fragment.text if not letter.isspace()
    ]
    rows = [fragment for line in wrap(fragments, cells) for fragment in line.fragments]
    assert [(letter, row.role) for row in rows for letter in row.text if not letter.isspace()] == letters


def test_words_stay_whole_where_they_fit() -> None:
    assert _rows("one two three four", 9) == ["one two", "three", "four"]


def test_a_word_that_fits_nowhere_is_broken() -> None:
    assert _rows("ab abcdefgh i", 4) == ["ab", "abcd", "efgh", "i"]


def test_text_without_spaces_breaks_between_wide_characters() -> None:
    assert _rows("ab日本語", 6) == ["ab日本", "語"]


def test_a_family_is_not_torn_apart() -> None:
    family = "👨‍👩‍👧"
    assert _rows(f"a{family}", 2) == ["a", family]
    assert _rows(family * 3, 4, words=False) == [family * 2, family]


def test_indentation_stays_on_the_first_row() -> None:
    assert _rows("  one two", 6) == ["  one", "two"]


def test_white_space_alone_is_one_row() -> None:
    assert _rows(" " * 40, 5) == [""]


@given(one_line, st.integers(0, 20))
def test_clip_fits_and_says_that_it_cut(text: str, cells: int) -> None:
    clipped = clip(text, cells)
    assert width(clipped) <= cells
    assert clipped == text or clipped == "" or clipped.endswith("…")


@given(one_line, st.integers(0, 20))
def test_pad_is_exactly_as_wide_as_asked(text: str, cells: int) -> None:
    assert width(pad(text, cells)) == cells


@pytest.mark.parametrize(
    ("text", "painted"),
    [
        ("zero\u200bwidth\u00ad\u2060", "zerowidth"),
        ("a\tb", "a   b"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * MARKS),
        ("a\u200db", "ab"),
        ("\u200d👩", "👩"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("❤\ufe0f", "❤\ufe0f"),
    ],
)
def test_what_spoils_the_width_of_its_neighbours_is_not_painted(text: str, painted: str) -> None:
    assert paintable(text) == painted
