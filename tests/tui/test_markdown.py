"""Markdown to rows: what it means, and that nobody's text can do more than that."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesh_tui.layout.cells import width
from mesh_tui.layout.code import LEXERS, SOURCE_CHARS, highlight
from mesh_tui.layout.markdown import flows, rows
from mesh_tui.theme import ROLES
from protocol.limits import CONTENT_CHARS
from tests.tui.examples import painted_text


def _texts(source: str, cells: int = 40) -> list[str]:
    return [line.text for line in rows(source, cells)]


def _roles(source: str, me: str = "") -> dict[str, str]:
    """Text -> role of every fragment."""
    return {fragment.text: fragment.role for line in rows(source, 60, me) for fragment in line.fragments}


@given(painted_text, st.integers(8, 40))
def test_rows_fit_and_hold_nothing_that_a_terminal_obeys(source: str, cells: int) -> None:
    for line in rows(source, cells):
        assert width(line.text) <= cells
        assert all(unicodedata.category(letter) not in ("Cc", "Cs") for letter in line.text)
        assert {word for fragment in line.fragments for word in fragment.role.split()} <= ROLES.keys()


@given(st.text(alphabet="*_`~[]()<>!#-+=1.>\\| \nab&;", max_size=200))
def test_any_pile_of_marks_is_painted(source: str) -> None:
    assert all(width(line.text) <= 20 for line in rows(source, 20))


def test_emphasis_code_and_struck_out() -> None:
    roles = _roles("*a* **b** `c` ~~d~~ ***e***")
    assert (roles["a"], roles["b"], roles["c"], roles["d"], roles["e"]) == (
        "em", "strong", "code-inline", "strike", "em strong",
    )  # fmt: skip


@example("7*7*")
@example("~~~7")
@example("~~~7 a\nB")
@given(st.text(alphabet="aB7.) *_~#>-+=[]!(\\\n", max_size=60))
def test_no_word_is_swallowed(source: str) -> None:
    """What is emphasised within a word, such as 7*7*, may stand beside the rest of it without a mark."""
    painted = (letter for line in rows(source, 400) for letter in line.text)
    missing = [letter for letter in source if letter in "aB7" and letter not in painted]
    assert not missing


@pytest.mark.parametrize("source", ["12.", "7)", "-", "+", "#", ">", "text\n\n3.", "- a\n-\n- b", "> - 1."])
def test_a_mark_with_nothing_behind_it_is_painted_as_it_is(source: str) -> None:
    assert _texts(source)[-1].strip("• ▎") or _texts(source)[-1].strip()
    painted = "".join(_texts(source))
    assert all(mark in painted for mark in re.findall(r"\d+[.)]|[#+]", source))


def test_numbers_stand_as_they_were_written() -> None:
    assert _texts("3. a\n3. b\n1986. c") == ["3. a", "3. b", "1986. c"]


def test_plain_text_keeps_its_lines() -> None:
    assert _texts("one\ntwo\n\nthree") == ["one", "two", "", "three"]


def test_many_empty_lines_are_one() -> None:
    assert _texts("one" + "\n" * 500 + "two") == ["one", "", "two"]


def test_a_link_shows_where_it_leads() -> None:
    assert _texts("[your bank](http://evil.example)", 60) == ["your bank ‹http://evil.example›"]
    assert _texts("[http://a.example](http://a.example)", 60) == ["http://a.example"]


def test_an_address_and_a_mention_stand_out() -> None:
    roles = _roles("see https://mesh.example/a_b_c, @bob and @alice.", me="alice")
    assert roles["https://mesh.example/a_b_c"] == "link"
    assert roles["@bob"] == "mention"
    assert roles["@alice"] == "mention-me"


def test_html_is_text() -> None:
    assert _texts("<b>x</b> <script>y</script> &amp;") == ["<b>x</b> <script>y</script> &amp;"]


@pytest.mark.parametrize(
    "source", ["&#x202e;x", "&#27;[31m", "<http://a.example/%E2%80%AE>", "[x](http://a/%1b)"]
)
def test_nothing_spells_a_control_character(source: str) -> None:
    assert not {"\x1b", "\u202e"} & set("".join(_texts(source)))


def test_a_block_of_code_is_coloured_and_indented_as_written() -> None:
    lines = list(rows("```python\ndef f():\n    return 1\n```", 40))
    assert [line.text for line in lines] == [" def f():", "     return 1"]
    assert [line.decoration for line in lines] == [1, 1]
    assert {line.fill for line in lines} == {"code"}
    assert ("def", "code code-keyword") in [tuple(fragment) for fragment in lines[0].fragments]


def test_a_long_line_of_code_is_broken_and_joined_without_a_gap() -> None:
    lines = list(rows("```\n" + "x" * 30 + "\n```", 11))
    assert [line.text for line in lines] == [" " + "x" * 10] * 3
    assert [line.joiner for line in lines] == ["", "", "\n"]


def test_lists_and_quotes_are_indented() -> None:
    assert _texts("- one\n- two\n  - three\n\n1. a\n2. b") == [
        "• one",
        "• two",
        "  • three",
        "1. a",
        "2. b",
    ]
    assert _texts("> said\n> so") == ["▎ said", "▎ so"]


def test_bullets_and_bars_are_not_copied() -> None:
    assert [line.text[line.decoration :] for line in rows("> - said", 40)] == ["said"]


@pytest.mark.parametrize("depth", [5, 15, 25, 100, 2_000])
def test_levels_without_end_still_leave_room_and_swallow_nothing(depth: int) -> None:
    for source in (
        "> " * depth + "deep",
        "".join("  " * level + "- x\n" for level in range(min(depth, 60))) + "deep",
    ):
        assert all(width(text) <= 8 for text in _texts(source, 8))
        assert "deep" in "".join(_texts(source, 8)).replace(" ", "")


def test_more_marks_than_people_write_are_painted_as_they_came() -> None:
    source = "![" * (CONTENT_CHARS // 2)
    (flow,) = flows(source)
    assert "".join(fragment.text for fragment in flow.lines[0]) == source


ATTACKS = {
    "brackets": "[" * CONTENT_CHARS,
    "stars": "*a" * (CONTENT_CHARS // 2),
    "quotes": "> " * (CONTENT_CHARS // 2),
    "lists": "".join(" " * depth + "- a\n" for depth in range(120))[:CONTENT_CHARS],
    "just few enough": "![" * 600 + "x" * 6_000,
    "backticks": "".join("`" * (count % 80) + "a" for count in range(190)),
    "python": "```python\n" + "'" * 3_900 + "\n```",
    "html": "```html\n" + "<a " * 1_300 + "\n```",
    "javascript": "```js\n" + "/" * 3_900 + "\n```",
    "sql": "```sql\n" + "/*" * 1_900 + "\n```",
    "wide": "字" * CONTENT_CHARS,
    "lines": "a\n" * (CONTENT_CHARS // 2),
}


@pytest.mark.parametrize("source", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_longest_and_worst_message_is_painted_within_its_width(source: str) -> None:
    assert len(source) <= CONTENT_CHARS
    widths = [width(line.text) for line in rows(source, 40)]
    assert widths
    assert max(widths) <= 40


@pytest.mark.parametrize("language", sorted(set(LEXERS.values())))
def test_every_lexer_there_is_takes_what_it_is_given(language: str) -> None:
    source = "\"'`(/*{[<!--#$\\" * 40 + "\n\x00end"
    assert [
        "".join(fragment.text for fragment in line) for line in highlight(source, language)
    ] == source.split("\n")


def test_a_language_without_a_lexer_and_a_long_source_are_one_colour() -> None:
    assert {fragment.role for line in highlight("x = 1", "klingon") for fragment in line} == {"code"}
    assert {fragment.role for line in highlight("x = 1\n" * SOURCE_CHARS, "python") for fragment in line} == {
        "code"
    }
