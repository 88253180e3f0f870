"""Both emulators against one contract, and the screen that guests build against what the emulator shows."""

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.terminal.emulator import REPLY_BYTES, TITLE_CHARS, Emulator, make_emulator
from mesh_agent.terminal.ghostty import Ghostty
from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.rows import checked_row
from mesh_agent.terminal.screen import Screen
from mesh_agent.terminal.tokens import SEQUENCE_CHARS, STRING_CHARS, Tokens
from mesh_agent.terminal.vt import Pyte
from protocol import limits
from protocol.peer import FrameReader
from protocol.peer_terminal import (
    ALTERNATE_SCREEN,
    APPLICATION_CURSOR,
    APPLICATION_KEYPAD,
    BLINK,
    BOLD,
    BRACKETED_PASTE,
    FOCUS_EVENTS,
    INVERSE,
    ITALIC,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
    RGB,
    STRUCK,
    UNDERLINE_SHIFT,
    Cursor,
    Run,
    TermState,
)
from tests.agent.terminal.cases import CASES, Case
from tests.agent.terminal.cases_more import MORE

Make = type[Ghostty] | type[Pyte]
ENGINES: Final[Sequence[Make]] = (Ghostty, Pyte)
both = pytest.mark.parametrize("make", ENGINES, ids=lambda make: make.__name__.lower())


def shown(emulator: Emulator) -> list[str]:
    """The rows as text, without styles."""
    rows = Screen(emulator)
    rows.update()
    return ["".join(run.text for run in runs) for runs in rows.rows]


def row_of(make: Make, text: str, row: int = 0) -> list[Run]:
    emulator = make(20, 4)
    emulator.feed(text.encode())
    return dict(emulator.changed())[row]


# ── cases ────────────────────────────────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize("case", CASES + MORE, ids=lambda case: case.name)
def test_a_sequence_does_what_it_is_for(make: Make, case: Case) -> None:
    emulator = make(case.columns, case.rows)
    emulator.feed(case.written.encode())
    seen = [row.rstrip() for row in shown(emulator)]
    wanted = [*case.rows_shown, *[""] * (case.rows - len(case.rows_shown))]
    if make.__name__ in case.differs:
        assert seen != wanted, "it does it now, and the table of cases says that it does not"
        return
    assert seen == wanted
    if case.cursor is not None:
        cursor = emulator.cursor()
        assert (cursor.column, cursor.row) == case.cursor


@both
@pytest.mark.parametrize("case", (CASES + MORE)[::5], ids=lambda case: case.name)
def test_input_cut_anywhere_equals_input_whole(make: Make, case: Case) -> None:
    whole, cut = make(case.columns, case.rows), make(case.columns, case.rows)
    whole.feed(case.written.encode())
    for byte in case.written.encode():
        cut.feed(bytes([byte]))
    assert shown(whole) == shown(cut)
    assert whole.cursor() == cut.cursor()


# ── styles, widths, modes ────────────────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize(
    ("sgr", "style"),
    [
        ("1", (0, 0, BOLD)),
        ("3;4", (0, 0, ITALIC | 1 << UNDERLINE_SHIFT)),
        ("5;7;9", (0, 0, BLINK | INVERSE | STRUCK)),
        ("31;42", (2, 3, 0)),
        ("91;102", (10, 11, 0)),
        ("38;2;1;2;3;48;2;255;254;253", (RGB | 0x010203, RGB | 0xFFFEFD, 0)),
        ("1;31;0", (0, 0, 0)),
        ("1;22;31;39", (0, 0, 0)),
        ("38:2::1:2:3;48:2:4:5:6", (RGB | 0x010203, RGB | 0x040506, 0)),
        ("58;2;1;2;3;1;58:5:7;58;5;9;3", (0, 0, BOLD | ITALIC)),
        ("4;4:0;9", (0, 0, STRUCK)),
        ("1m\x1b[58;2;1;2;3", (0, 0, BOLD)),
    ],
)
def test_styles(make: Make, sgr: str, style: tuple[int, int, int]) -> None:
    (run,) = row_of(make, f"\x1b[{sgr}mx")
    assert run == Run("x", *style)


def test_what_only_ghostty_tells() -> None:
    assert row_of(Ghostty, "\x1b[38;5;200mx") == [Run("x", 201)]
    assert row_of(Ghostty, "\x1b[4:3mx") == [Run("x", attributes=3 << UNDERLINE_SHIFT)]
    assert row_of(Pyte, "\x1b[4:3mx") == [Run("x", attributes=1 << UNDERLINE_SHIFT)]
    assert row_of(Ghostty, "\x1b[44m\x1b[2K") == [Run(" " * 20, 0, 5)]


@both
def test_characters_take_the_cells_that_they_take(make: Make) -> None:
    assert row_of(make, "a日本b") == [Run("a"), Run("日本", width=2), Run("b")]
    assert "".join(run.text for run in row_of(make, "e\u0301\u0302x")) in {"e\u0301\u0302x", "\u00e9\u0302x"}
    pile = "e" + "\u0301" * 500
    assert max(len(run.text) for run in row_of(make, pile)) <= limits.CLUSTER_CHARS


@both
def test_what_is_not_utf8_is_shown_as_such(make: Make) -> None:
    emulator = make(10, 2)
    emulator.feed(b"a\xff\xc3(\xe6\x97")
    emulator.feed(b"\xa5b")
    row = shown(emulator)[0]
    assert row.startswith("a\ufffd")
    assert row.endswith("日b")


@both
@pytest.mark.parametrize(
    ("written", "modes"),
    [
        ("\x1b[?1h", APPLICATION_CURSOR),
        ("\x1b=", APPLICATION_KEYPAD),
        ("\x1b[?2004h", BRACKETED_PASTE),
        ("\x1b[?1049h", ALTERNATE_SCREEN),
        ("\x1b[?1049h\x1b[?1049l", 0),
        ("\x1b[?1004h", FOCUS_EVENTS),
        ("\x1b[?9h", 1 << MOUSE_SHIFT),
        ("\x1b[?1000h", 2 << MOUSE_SHIFT),
        ("\x1b[?1002h\x1b[?1006h", 3 << MOUSE_SHIFT | 2 << MOUSE_FORMAT_SHIFT),
        ("\x1b[?1003h\x1b[?1015h", 4 << MOUSE_SHIFT | 3 << MOUSE_FORMAT_SHIFT),
        ("\x1b[?2004h\x1b[?1h\x1bc", 0),
    ],
)
def test_modes(make: Make, written: str, modes: int) -> None:
    emulator = make(20, 4)
    emulator.feed(written.encode())
    assert emulator.modes() == modes


@both
@pytest.mark.parametrize(
    ("written", "cursor"),
    [
        ("ab", Cursor(2, 0)),
        ("\x1b[?25l", Cursor(0, 0, visible=False)),
        ("\x1b[?25l\x1b[?25h\x1b[4 q", Cursor(0, 0, shape=1)),
        ("\x1b[6 q", Cursor(0, 0, shape=2)),
        ("\x1b[6 q\x1b[2 q", Cursor(0, 0)),
    ],
)
def test_cursors(make: Make, written: str, cursor: Cursor) -> None:
    emulator = make(20, 4)
    emulator.feed(written.encode())
    emulator.changed()
    assert emulator.cursor() == cursor


@both
def test_titles_and_bells(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed("\x1b]2;a\u202eb\x07\x07\x07".encode())
    assert emulator.bells == 2
    assert emulator.title in {"ab", "a b", "a\ufffdb"}
    emulator.feed(b"\x1b]0;" + b"t" * 3_000 + b"\x1b\\")
    assert len(emulator.title) <= TITLE_CHARS
    assert shown(emulator)[0] == ""


# ── what is asked of the terminal ────────────────────────────────────────────────────────────────


@both
def test_the_emulator_answers_what_a_program_asks(make: Make) -> None:
    emulator = make(20, 4)
    assert emulator.feed(b"ab\x1b[6n") == b"\x1b[1;3R"
    assert emulator.feed(b"\x1b[c").startswith(b"\x1b[?")
    assert emulator.feed(b"nothing asked") == b""


@both
def test_who_asks_on_and_on_is_not_answered_without_end(make: Make) -> None:
    emulator = make(20, 4)
    assert 0 < len(emulator.feed(b"\x1b[6n" * 10_000)) <= REPLY_BYTES
    assert emulator.feed(b"\x1b[6n") == b"\x1b[1;1R"


@both
def test_what_is_for_the_persons_machine_does_nothing(make: Make) -> None:
    emulator = make(20, 4)
    clipboard, file, notice = "\x1b]52;c;aGk=\x07", "\x1b]1337;File=name=YQ==:aGk=\x07", "\x1b]9;hello\x07"
    picture = "\x1b_Ga=T,f=24,s=1,v=1;AAAA\x1b\\"
    for written in (clipboard, "\x1b]52;c;?\x07", file, notice, "\x1b]777;notify;a;b\x07", picture):
        emulator.feed(written.encode())
    assert shown(emulator) == ["", "", "", ""]


@both
def test_a_program_cannot_change_the_size(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed(b"\x1b[?40h\x1b[?3h\x1b[8;50;200tx")
    screen = Screen(emulator)
    screen.update()
    assert (emulator.columns, emulator.rows, len(screen.rows)) == (20, 4, 4)
    assert all(sum(len(run.text) * run.width for run in runs) <= 20 for runs in screen.rows)


# ── what has scrolled away ───────────────────────────────────────────────────────────────────────


@both
def test_lines_that_scroll_away_are_numbered_and_told(make: Make) -> None:
    emulator = make(20, 4)
    for number in range(50):
        emulator.feed(f"line {number}\r\n".encode())
        assert emulator.above == max(0, number + 2 - 4)
    assert emulator.kept == 47
    first, lines = emulator.lines(40, 100)
    assert first == 40
    assert lines == [[Run(f"line {number}")] for number in range(40, 47)]
    assert emulator.lines(47, 5) == (47, [])
    assert shown(emulator) == ["line 47", "line 48", "line 49", ""]


@both
def test_the_alternate_screen_leaves_what_scrolled_away_as_it_is(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed(b"one\r\n" * 10)
    above = emulator.above
    emulator.feed(b"\x1b[?1049h" + b"two\r\n" * 10)
    assert emulator.above == above
    assert emulator.lines(0, 10)[1] == []
    emulator.feed(b"\x1b[?1049l")
    assert emulator.above == above
    assert emulator.lines(0, 1) == (0, [[Run("one")]])


@both
def test_no_more_lines_are_kept_than_were_wanted(make: Make) -> None:
    emulator = make(20, 4, scrollback=100)
    for _ in range(50):
        emulator.feed(b"".join(b"%d\r\n" % number for number in range(100)))
    assert 0 < emulator.kept < 1_000
    assert emulator.above >= emulator.kept
    first, lines = emulator.lines(0, 5_000)
    assert (first, len(lines)) == (emulator.above - emulator.kept, emulator.kept)


@both
def test_after_another_size_the_lines_have_other_numbers(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed(b"a\r\n" * 10)
    before = emulator.above
    emulator.resize(30, 6)
    assert emulator.above >= before
    first, lines = emulator.lines(0, 100)
    assert first >= emulator.above - emulator.kept
    assert len(lines) == emulator.kept


# ── nothing grows ────────────────────────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize("opening", ["\x1b]0;", "\x1b]52;c;", "\x1bP", "\x1b_G", "\x1b^", "\x1bX", "\x1b["])
def test_a_sequence_that_never_ends_is_not_collected(make: Make, opening: str) -> None:
    emulator = make(20, 4)
    emulator.feed(opening.encode())
    for _ in range(8):
        emulator.feed(b"1;" * 8_000)
    emulator.feed(b"\x1b\\\x18\x1b[2J\x1b[Hback")
    assert shown(emulator)[0] == "back"


def test_what_is_held_of_a_sequence_is_bounded() -> None:
    tokens = Tokens()
    for opening in ("\x1b]", "\x1b["):
        for _ in range(100):
            list(tokens.feed(opening.encode() + b"1" * 1_000))
            assert len(tokens._held) <= max(STRING_CHARS, SEQUENCE_CHARS)


def test_there_is_an_emulator_everywhere() -> None:
    assert make_emulator(80, 24).feed(b"\x1b[6n") == b"\x1b[1;1R"


# ── guests ───────────────────────────────────────────────────────────────────────────────────────


def told(frames: Sequence[bytes]) -> list[TermState]:
    reader = FrameReader()
    states: list[TermState] = []
    for frame in frames:
        assert len(frame) <= limits.PEER_FRAME_BYTES
        reader.feed(frame)
        for state in reader.frames():
            assert isinstance(state, TermState)
            states.append(state)
    return states


_BITS: Final = st.sampled_from(
    [
        *"ab日é👍",
        "e\u0301",
        "\u0301",
        "a\u200b\u202e",
        "👨\u200d👩\u200d👧",
        "\u2764\ufe0f",
        "\u1112\u1161\u11ab",
        "\x1b[?2027h",
        "\x1b[?69h\x1b[2;4s",
        "\x1b[?6h",
        "\x1b[3J",
        "\x1b[20b",
        "\r\n",
        "\t",
        "\x08",
        "\x1b[H",
        "\x1b[2J",
        "\x1b[K",
        "\x1b[1K",
        "\x1b[31m",
        "\x1b[48;2;9;8;7m",
        "\x1b[7m",
        "\x1b[m",
        "\x1b[3;2r",
        "\x1b[1;3r",
        "\x1bM",
        "\x1bD",
        "\x1b[L",
        "\x1b[2M",
        "\x1b[3@",
        "\x1b[2P",
        "\x1b[4X",
        "\x1b[5b",
        "\x1b[2S",
        "\x1b[2T",
        "\x1b[4;5H",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?25l",
        "\x1b7",
        "\x1b8",
        "\x1bc",
        "\x1b#8",
        "\x1b]0;title\x07",
        "word " * 9,
    ]
)
_STEPS: Final = st.lists(
    st.one_of(
        st.lists(_BITS, min_size=1, max_size=8).map(lambda bits: "".join(bits).encode()),
        st.binary(min_size=1, max_size=12),
        st.tuples(st.integers(1, 30), st.integers(1, 8)),
        st.booleans(),
    ),
    max_size=25,
)


@pytest.mark.parametrize("make", ENGINES, ids=lambda make: make.__name__.lower())
@settings(max_examples=120, deadline=None)
@given(steps=_STEPS)
def test_what_a_guest_builds_is_what_the_emulator_shows(make: Make, steps: list[object]) -> None:
    """However often a guest is told, it sees the latest state, and as one who comes now would see it."""
    emulator = make(12, 5)
    screen, guest = Screen(emulator), GuestScreen()
    for step in (*steps, True):
        if isinstance(step, bytes):
            emulator.feed(step)
        elif isinstance(step, tuple):
            emulator.resize(*step)
        elif step:
            screen.update()
            for state in told(screen.state_since(guest.number)):
                guest.apply(state)
            assert guest.rows_ == [checked_row(runs, guest.columns) for runs in screen.rows]
            assert (guest.columns, guest.rows) == (emulator.columns, emulator.rows)
            assert (guest.cursor, guest.modes) == (emulator.cursor(), emulator.modes())
            late = GuestScreen()
            for state in told(screen.state_since(0)):
                late.apply(state)
            assert (late.rows_, late.number) == (guest.rows_, guest.number)
            assert (late.title, late.above, late.kept, late.bells) == (
                guest.title,
                emulator.above,
                emulator.kept,
                emulator.bells,
            )
            fresh = dict(_whole(emulator))
            assert [fresh.get(row, []) for row in range(emulator.rows)] == screen.rows


def _whole(emulator: Emulator) -> list[tuple[int, list[Run]]]:
    """Every row, read anew; what was marked as changed stays to be told."""
    held, emulator._whole = emulator._whole, True  # type: ignore[attr-defined]
    rows = list(emulator.changed())
    emulator._whole = held  # type: ignore[attr-defined]
    return rows


@both
def test_a_state_that_is_too_large_for_a_frame_is_told_in_several(make: Make) -> None:
    columns, rows = (limits.TERM_COLUMNS, limits.TERM_ROWS) if make is Ghostty else (200, 60)
    emulator = make(columns, rows)
    cells = [f"\x1b[38;2;{c % 256};{c // 256};{r}mx" for r in range(rows) for c in range(columns)]
    emulator.feed("".join(cells).encode())
    screen, guest = Screen(emulator), GuestScreen()
    screen.update()
    states = told(screen.state_since(0))
    assert len(states) > 1
    for state in states:
        guest.apply(state)
    assert guest.complete
    assert guest.rows_ == screen.rows
    assert sum(map(len, screen.rows)) > columns * rows // 2


@both
def test_what_is_written_again_as_it_was_is_not_told_again(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed(b"\x1b[Hsame\r\nother")
    screen = Screen(emulator)
    assert screen.update()
    emulator.feed(b"\x1b[Hsame\r\nother")
    assert not screen.update()
    emulator.feed(b"\x1b[HSAME\r\nother")
    assert screen.update()
    (state,) = told(screen.state_since(1))
    assert [changed.row for changed in state.changed] == [0]
    assert screen.state_since(2) == []
    screen.touch()
    (state,) = told(screen.state_since(2, echo=7))
    assert (state.number, state.base, state.changed, state.echo) == (3, 2, [], 7)
