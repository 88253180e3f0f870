"""What a real terminal shows after the painter's bytes is what it was told to show."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyghostty import Terminal

from mesh_agent.terminal import painter
from mesh_agent.terminal.painter import (
    BLANK,
    Cell,
    Painter,
    cells_of,
    colours_of,
    inverted,
    sequence_of,
    window,
)
from protocol.peer_terminal import BOLD, INVERSE, OVERLINED, RGB, UNDERLINE_SHIFT, Cursor, Run

COLUMNS, ROWS = 12, 4


def shown(terminal: Terminal) -> list[str]:
    lines = [line.rstrip() for line in terminal.text().split("\n")]
    return lines + [""] * (ROWS - len(lines))


def read(lines: Sequence[Sequence[Cell]]) -> list[str]:
    return ["".join(cell.text for cell in line).rstrip() for line in lines]


def screen(*texts: str) -> list[list[Cell]]:
    return [cells_of([Run(text)] if text else [], COLUMNS) for text in texts]


@pytest.fixture
def terminal() -> Terminal:
    made = Terminal(cols=COLUMNS, rows=ROWS)
    made.feed(painter.ENTER)
    return made


narrow = st.builds(
    Run,
    st.text("ab é─│Ж", min_size=1, max_size=5),
    st.sampled_from((0, 2, 16, 200, RGB | 0x123456)),
    st.sampled_from((0, 3, RGB)),
    st.sampled_from((0, BOLD, INVERSE | BOLD)),
)
wide = st.builds(lambda text: Run(text, width=2), st.text("世界語", min_size=1, max_size=3))
runs = narrow | wide
screens = st.lists(
    st.lists(st.lists(runs, max_size=4).map(lambda row: cells_of(row, COLUMNS)), max_size=ROWS),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(screens)
def test_any_screens_one_after_the_other(told: list[list[list[Cell]]]) -> None:
    terminal = Terminal(cols=COLUMNS, rows=ROWS)
    terminal.feed(painter.ENTER)
    paints = Painter(COLUMNS, ROWS)
    for lines in told:
        terminal.feed(paints.paint(lines, None))
        assert shown(terminal) == read(lines) + [""] * (ROWS - len(lines))
        for row, line in enumerate(lines):
            for column, cell in enumerate(line):
                if cell.text.strip():
                    style = terminal.style(column, row)
                    assert style["bold"] == bool(cell.attributes & BOLD)
                    assert style["inverse"] == bool(cell.attributes & INVERSE)
                    assert (style["fg"] is None) == (cell.foreground == 0)


def test_what_is_shown_already_costs_nothing(terminal: Terminal) -> None:
    paints = Painter(COLUMNS, ROWS)
    at = Cursor(2, 0)
    terminal.feed(paints.paint(screen("hello"), at))
    assert paints.paint(screen("hello"), at) == b""
    moved = paints.paint(screen("hello"), Cursor(3, 0))
    assert b"hello" not in moved
    one = paints.paint(screen("hellx"), Cursor(3, 0))
    assert b"hell" not in one
    assert b"x" in one
    terminal.feed(moved + one)
    assert shown(terminal)[0] == "hellx"
    assert terminal.cursor == (3, 0)


def test_the_cursor_is_shown_where_it_is_in_sight() -> None:
    paints = Painter(COLUMNS, ROWS)
    assert b"\x1b[?25h" in paints.paint(screen("a"), Cursor(0, 0))
    assert b"\x1b[?25h" not in paints.paint(screen("a"), Cursor(COLUMNS, 0))
    assert b"\x1b[?25h" not in paints.paint(screen("a"), Cursor(0, 0, visible=False))
    assert b"\x1b[6 q" in paints.paint(screen("a"), Cursor(0, 0, shape=2))


def test_another_size_is_painted_anew(terminal: Terminal) -> None:
    paints = Painter(COLUMNS, ROWS)
    terminal.feed(paints.paint(screen("one", "two"), None))
    terminal.feed(b"\x1b[Hgarbage")
    paints.resize(COLUMNS, ROWS)
    terminal.feed(paints.paint(screen("one"), None))
    assert shown(terminal) == ["one", "", "", ""]


def test_a_character_that_gets_wider_leaves_no_half(terminal: Terminal) -> None:
    paints = Painter(COLUMNS, ROWS)
    for text, width in (("ab", 1), ("世", 2), ("xy", 1), ("界", 2)):
        terminal.feed(paints.paint([cells_of([Run(text, width=width), Run("z")], COLUMNS)], None))
        assert shown(terminal)[0] == text + "z"


def test_a_cluster_is_one_cell_and_what_follows_stands_right(terminal: Terminal) -> None:
    cluster = Run("e\u0301", cluster=True)
    family = Run("👨\u200d👩\u200d👧", width=2, cluster=True)
    paints = Painter(COLUMNS, ROWS)
    data = paints.paint([cells_of([cluster, Run("x"), family, Run("y")], COLUMNS)], None)
    assert data.index(b"\x1b[2G") > data.index("e\u0301".encode())
    assert b"\x1b[5G" in data


def test_no_text_becomes_a_sequence() -> None:
    evil = Run("a\x1b]52;c;QQ==\x07\x9b31m\u202e\n")
    data = Painter(40, 1).paint([cells_of([evil], 40)], None).decode()
    for control in ("\x1b]", "\x07", "\x9b", "\u202e", "\n"):
        assert control not in data


def test_what_does_not_fit_is_left_out() -> None:
    assert read([cells_of([Run("世" * 9, width=2)], 5)]) == ["世世"]
    assert len(cells_of([Run("x" * 90)], 5)) == 5


def test_a_window_cuts_wide_characters_to_blanks() -> None:
    cells = cells_of([Run("a"), Run("世界", width=2), Run("b")], 10)
    assert read([window(cells, 2, 3)]) == [" 界"]
    assert read([window(cells, 0, 2)]) == ["a"]
    assert read([window(cells, 8, 4)]) == [""]
    assert all(cell.text for cell in window(cells, 2, 2))
    assert len(window(cells, 8, 4)) == 4


def test_reverse_mode_turns_everything_over() -> None:
    assert inverted([BLANK, Cell("a", attributes=INVERSE)]) == [Cell(" ", attributes=INVERSE), Cell("a")]


COLOURS = [
    (0, RGB, "\x1b[0m"),
    (2, RGB, "\x1b[0;31m"),
    (10, 16, "\x1b[0;91m"),
    (200, 256, "\x1b[0;38;5;199m"),
    (RGB | 0x0102FF, RGB, "\x1b[0;38;2;1;2;255m"),
    (RGB | 0xFF0000, 256, "\x1b[0;38;5;196m"),
    (RGB | 0x808080, 256, "\x1b[0;38;5;244m"),
    (RGB | 0xFE0101, 16, "\x1b[0;91m"),
    (197, 16, "\x1b[0;91m"),
]


@pytest.mark.parametrize(("colour", "colours", "expected"), COLOURS)
def test_colours_as_many_as_there_are(colour: int, colours: int, expected: str) -> None:
    assert sequence_of(colour, 0, 0, colours) == expected


def test_attributes() -> None:
    assert sequence_of(0, 2, BOLD | OVERLINED) == "\x1b[0;1;53;41m"
    assert sequence_of(0, 0, 1 << UNDERLINE_SHIFT) == "\x1b[0m\x1b[4m"
    assert sequence_of(0, 0, 3 << UNDERLINE_SHIFT).endswith("\x1b[4:3m")
    assert sequence_of(0, 0, 7 << UNDERLINE_SHIFT) == "\x1b[0m"


def test_what_a_terminal_says_of_its_colours() -> None:
    assert colours_of({"TERM": "xterm", "COLORTERM": "truecolor"}) == RGB
    assert colours_of({"TERM": "screen-256color"}) == 256
    assert colours_of({"TERM": "linux"}) == 16
    assert colours_of({}) == 16
