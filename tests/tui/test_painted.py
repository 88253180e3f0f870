"""What is sent is only the difference, and the terminal shows what it would if all were painted anew."""

import os
import subprocess
import sys
from typing import Final

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyte import screens as emulated
from pyte.screens import Char
from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from mesh_tui.painted import Abilities, Painted
from tests.tui.examples import AWKWARD, painted_text

WIDTH: Final = 24
HEIGHT: Final = 8
COLOURS: Final = ColorSystem.TRUECOLOR
EXAMPLES: Final = int(os.environ.get("MESH_EXAMPLES", "40"))
"""The emulator is slow; MESH_EXAMPLES=2000 looks longer."""

ABLE: Final = Abilities(erases_in_colour=True, erases=True, moves_lines=True)
ABILITIES: Final = (ABLE, ABLE._replace(erases_in_colour=False), Abilities())

STYLES: Final = [
    Style.parse(words)
    for words in (
        "#f8f8f2 on #272822",
        "bold #f8f8f2 on #272822",
        "bold italic red on #272822",
        "#f8f8f2 on #3e3d32",
        "reverse #f8f8f2 on #272822",
        "underline bright_red",
        "none",
        "strike color(200) on color(17)",
    )
]


class Screen(pyte.Screen):
    """An emulator; `colours_erased`: whether it erases in the background that is set."""

    def __init__(self, *, colours_erased: bool) -> None:
        self._colours_erased = colours_erased
        super().__init__(WIDTH, HEIGHT)
        self.reset_mode(pyte.modes.DECAWM)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        before = self.cursor.attrs
        self.cursor.attrs = self._erased
        super().erase_in_line(how, private)
        self.cursor.attrs = before

    def erase_characters(self, count: int | None = None) -> None:
        before = self.cursor.attrs
        self.cursor.attrs = self._erased
        super().erase_characters(count)
        self.cursor.attrs = before

    @property
    def _erased(self) -> Char:
        attrs = self.cursor.attrs
        return Char(" ", bg=attrs.bg) if self._colours_erased else Char(" ")

    @property
    def cells(self) -> list[list[tuple[object, ...]]]:
        return [[_seen(self.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def _seen(char: Char) -> tuple[object, ...]:
    """What can be seen of a cell: of a blank, not its letter's colour."""
    if char.data == " " and not (char.reverse or char.underscore or char.strikethrough):
        return " ", char.bg
    return tuple(char)


def _strip(pieces: list[tuple[str, int]]) -> Strip:
    """A row of exactly the width of the screen."""
    segments, left = [], WIDTH
    for text, style in pieces:
        text = text if cell_len(text) <= left else set_cell_size(text, left)
        segments.append(Segment(text, STYLES[style]))
        left -= cell_len(text)
    return Strip([*segments, Segment(" " * left, STYLES[0])], WIDTH)


def _full(rows: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[row] for row in rows], Region(0, 0, WIDTH, HEIGHT))


def _part(rows: list[Strip], first: int, last: int) -> ChopsUpdate:
    """Only the rows from `first` to `last`, as Textual gives them when they alone have changed."""
    chops = [{0: row if first <= y <= last else None} for y, row in enumerate(rows)]
    return ChopsUpdate(chops, [(y, 0, WIDTH) for y in range(first, last + 1)], [[WIDTH]] * HEIGHT)


def _played(frames: list[str], *, colours_erased: bool = True) -> Screen:
    screen = Screen(colours_erased=colours_erased)
    stream = pyte.Stream(screen)
    for frame in frames:
        stream.feed(frame)
    return screen


def _anew(rows: list[Strip]) -> str:
    return Painted(Abilities()).frame(_full(rows), WIDTH, HEIGHT, COLOURS)


words = st.one_of(
    painted_text, st.sampled_from(AWKWARD), st.sampled_from(["hello", " ", "日本", "   ", "a  b"])
)
pieces = st.lists(st.tuples(words, st.integers(0, len(STYLES) - 1)), max_size=4)
row = pieces.map(_strip)
screens = st.lists(row, min_size=HEIGHT, max_size=HEIGHT)


@st.composite
def sequences(draw: st.DrawFn) -> list[list[Strip]]:
    """Screens one after the other: some rows change, or some move and others take their place."""
    shown = draw(screens)
    all_shown = [shown]
    for _ in range(draw(st.integers(1, 4))):
        top = draw(st.integers(0, HEIGHT - 1))
        bottom = draw(st.integers(top, HEIGHT - 1))
        by = draw(st.integers(1, HEIGHT))
        block = shown[top : bottom + 1]
        fresh = draw(st.lists(row, min_size=min(by, len(block)), max_size=min(by, len(block))))
        block = draw(st.sampled_from([block[by:] + fresh, fresh + block[: max(0, len(block) - by)]]))
        shown = shown[:top] + block + shown[bottom + 1 :]
        all_shown.append(shown)
    return all_shown


@pytest.mark.parametrize("abilities", ABILITIES)
@settings(max_examples=EXAMPLES, deadline=None)
@given(sequences())
def test_the_difference_leads_to_the_same_screen(abilities: Abilities, shown: list[list[Strip]]) -> None:
    painted = Painted(abilities)
    frames = [painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS) for rows in shown]
    played = _played(frames, colours_erased=abilities.erases_in_colour)
    assert played.cells == _played([_anew(shown[-1])]).cells


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    screens, st.lists(st.tuples(screens, st.integers(0, HEIGHT - 1), st.integers(0, HEIGHT - 1)), max_size=3)
)
def test_parts_of_the_screen_do_too(shown: list[Strip], parts: list[tuple[list[Strip], int, int]]) -> None:
    painted = Painted(ABLE)
    frames = [painted.frame(_full(shown), WIDTH, HEIGHT, COLOURS)]
    for rows, one, other in parts:
        first, last = sorted((one, other))
        shown = shown[:first] + rows[first : last + 1] + shown[last + 1 :]
        frames.append(painted.frame(_part(rows, first, last), WIDTH, HEIGHT, COLOURS))
    assert _played(frames).cells == _played([_anew(shown)]).cells


@pytest.mark.parametrize("wide", [1, 2])
@pytest.mark.parametrize("unit", ["\ue0b0", "\U0001fae9", "👍🏽"])
def test_what_follows_a_unit_of_doubtful_width_is_painted_again(
    unit: str, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulated, "wcwidth", lambda letter: wide if ord(letter) > 0x2E7F else 1)
    painted = Painted(ABLE)
    before, after = ([_strip([(f"a{mark}bcd", 0)])] * HEIGHT for mark in (" " * cell_len(unit), unit))
    played = _played([painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS) for rows in (before, after)])
    column = 1 + cell_len(unit)
    assert [played.buffer[0][x].data for x in range(column, column + 3)] == ["b", "c", "d"]


def _row(text: str) -> Strip:
    return _strip([(text, 0)])


def test_what_is_shown_already_is_not_sent_again_until_it_is_forgotten() -> None:
    painted, rows = Painted(ABLE), [_row(f"row {y}") for y in range(HEIGHT)]
    first = painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    assert painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS) == ""
    painted.forget()
    assert painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS) == first
    wider = [row.extend_cell_length(WIDTH + 1, STYLES[0]) for row in rows]
    assert len(painted.frame(_full(wider), WIDTH + 1, HEIGHT, COLOURS)) >= len(first)


def test_a_letter_takes_a_few_bytes() -> None:
    painted, rows = Painted(ABLE), [_row(f"row {y}") for y in range(HEIGHT)]
    painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    rows[3] = _row("row 3x")
    sent = painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    assert sent == "\x1b[4;6H\x1b[38;2;248;248;242;48;2;39;40;34mx\x1b[m"


def test_what_says_where_a_row_stands_is_not_kept() -> None:
    """Textual keeps a look for each row that ever was selectable; a day of messages makes no end of them."""
    kept = Strip.render_ansi.cache_info().currsize
    painted, text = Painted(ABLE), _row("a few words")
    for first in range(0, 10 * HEIGHT, HEIGHT):
        rows = [text.apply_offsets(0, first + y) for y in range(HEIGHT)]
        painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    assert Strip.render_ansi.cache_info().currsize == kept


def test_rows_that_move_are_moved_by_the_terminal() -> None:
    painted, rows = Painted(ABLE), [_row(f"message number {y}") for y in range(HEIGHT)]
    painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    rows = [*rows[1:-1], _row("something new"), rows[-1]]
    sent = painted.frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    assert sent.startswith("\x1b[1;7r\x1b[1H\x1b[1M\x1b[r")
    assert sent.count("message") == 0


@pytest.mark.parametrize(
    ("term", "abilities"),
    [("xterm-256color", ABLE), ("vt100", Abilities()), ("no-such-terminal", Abilities()), ("", Abilities())],
)
def test_abilities_are_those_of_the_terminal_database(term: str, abilities: Abilities) -> None:
    # The database is asked once in a process.
    code = "import sys; from mesh_tui.painted import Abilities; print(Abilities.of(sys.argv[1]))"
    told = subprocess.run([sys.executable, "-c", code, term], stdout=subprocess.PIPE, text=True, check=True)
    assert told.stdout.strip() == str(abilities)


def test_gnu_screen_reverses_no_slanted_letters() -> None:
    look = "bold italic link https://example.org #030303 on color(3)"
    row = Strip([Segment("slanted", Style.parse(look))])
    upright = Strip([Segment("slanted", Style.parse(look.replace("italic ", "")))])
    painted = Painted(Abilities.of("screen.no-such-terminal"))
    assert painted.frame(_full([row]), WIDTH, HEIGHT, COLOURS) == _anew([upright])
    assert _anew([row]) != _anew([upright])


def test_control_characters_do_not_reach_the_terminal() -> None:
    rows = [Strip([Segment("a\x1b]0;x\x07\x9b1mb", STYLES[0])])] + [_row("")] * (HEIGHT - 1)
    sent = Painted(ABLE).frame(_full(rows), WIDTH, HEIGHT, COLOURS)
    assert "a]0;x1mb" in sent
