"""Bare lines: what was written and nothing else, as much of it as fits."""

from hypothesis import given
from hypothesis import strategies as st

from mesh_tui.layout.bare import bare_lines, end_shown, first_shown, parted, rows_of
from mesh_tui.layout.cells import Fragment, wrap
from mesh_tui.layout.message import Head
from tests.tui.examples import ALICE, message, outgoing

LINES = ["one", "two " * 10, "three", "", "five"]


def _lines(*entries: object) -> list[str]:
    return [line for lines in bare_lines([Head("beginning"), *entries], ALICE) for line in lines]  # type: ignore[list-item]


def test_a_line_is_as_long_as_it_was_written_and_nothing_stands_before_it() -> None:
    long = "a word " * 100
    lines = _lines(message(1, f"{long}\n```\nmake  all\n```", by=ALICE), message(2, "- [x](https://a.b)"))
    for written in (long, "make  all", "- [x](https://a.b)"):
        assert written in lines


def test_messages_of_one_person_share_a_header() -> None:
    lines = _lines(message(1, "Hi!"), message(2, "There?"), message(3, "Yes.", by=ALICE))
    begun = [place for place, line in enumerate(lines) if line.startswith(("alice  ", "bob  "))]
    assert [lines[place + 1 :][:2] for place in begun] == [["Hi!", "There?"], ["Yes."]]


def test_what_is_deleted_or_was_not_sent_says_so() -> None:
    lines = _lines(message(1, "", deleted=True), outgoing("n", "not there", error="no"))
    assert "This message was deleted." in lines
    assert any(line.startswith("alice") and line.endswith("failed") for line in lines)


def test_nothing_of_others_reaches_the_terminal_as_a_command() -> None:
    lines = _lines(message(1, "\x1b[2Jgone\x9b31m\r\x07\u202etxt"))
    assert not any(not letter.isprintable() for line in lines for letter in line)


def test_rows_are_those_that_the_terminal_makes() -> None:
    assert [rows_of(line, 10) for line in ("", "0123456789", "0123456789a", "日本語日本語")] == [1, 1, 2, 2]


def test_what_fits_ends_where_the_reader_is_and_begins_where_the_next_does() -> None:
    assert first_shown(LINES, 5, 20, 3) == 2
    assert end_shown(LINES, 2, 20, 3) == 5
    assert first_shown(LINES, 2, 20, 1) == 1, "a line that is too long is shown all the same"
    assert end_shown(LINES, 1, 20, 1) == 2
    assert first_shown([], 0, 20, 3) == 0
    assert end_shown([], 0, 20, 3) == 0


def test_a_line_longer_than_the_screen_is_shown_in_parts_of_a_screen() -> None:
    long = "".join(f"{number:05}" for number in range(20))
    assert list(parted(["short", long], 10, 4)) == [["short"], [long[:40], long[40:80], long[80:]]]


@given(st.text("ab 日本é😀", max_size=120), st.integers(2, 12), st.integers(1, 6))
def test_the_parts_of_a_line_fit_and_are_the_line(line: str, columns: int, rows: int) -> None:
    (parts,) = parted([line], columns, rows)
    assert "".join(parts) == line
    for part in parts:
        assert len(list(wrap([Fragment(part)], columns, words=False))) <= rows


@given(st.lists(st.text(max_size=60), max_size=30), st.integers(1, 20), st.integers(1, 10))
def test_paging_shows_every_line(texts: list[str], columns: int, rows: int) -> None:
    end = len(texts)
    seen: list[str] = []
    while end:
        first = first_shown(texts, end, columns, rows)
        assert first < end
        seen = [*texts[first:end], *seen]
        end = first
    assert seen == texts
