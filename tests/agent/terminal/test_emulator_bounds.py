"""Emulators under programs that ask for much, ask for ever, or lie: what is kept, counted and answered."""

import os
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.terminal.emulator import REPLY_BYTES, Emulator
from mesh_agent.terminal.ghostty import Ghostty
from mesh_agent.terminal.screen import Screen
from mesh_agent.terminal.vt import Pyte
from protocol import limits
from protocol.peer_terminal import Run
from tests.support.frame_fuzz import resident_bytes

Make = type[Ghostty] | type[Pyte]
ENGINES: Final[Sequence[Make]] = (Ghostty, Pyte)
both = pytest.mark.parametrize("make", ENGINES, ids=lambda make: make.__name__.lower())


def numbered(first: int, count: int) -> bytes:
    return b"".join(b"%d\r\n" % number for number in range(first, first + count))


# ── what has scrolled away ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("make", "lines"), [(Ghostty, 40_000), (Pyte, 11_000)])
def test_lines_keep_their_numbers_when_no_more_are_kept(make: Make, lines: int) -> None:
    """Also where one `feed` scrolls away more than is kept."""
    emulator = make(40, 4)
    emulator.feed(numbered(0, lines - 500))
    emulator.feed(numbered(lines - 500, 500))
    assert emulator.above == lines - 3
    assert 8_000 < emulator.kept <= 10_000
    first, found = emulator.lines(lines - 203, 200)
    assert first == lines - 203
    assert found == [[Run(str(number))] for number in range(lines - 203, lines - 3)]
    oldest = emulator.above - emulator.kept
    assert emulator.lines(0, oldest + 1) == (oldest, [[Run(str(oldest))]])


@pytest.mark.parametrize("columns", [20, 80, limits.TERM_COLUMNS])
def test_as_many_lines_are_kept_in_any_width(columns: int) -> None:
    """More or less: whole pages of them are given up, which have more lines where those are short."""
    emulator = Ghostty(columns, 4)
    for _ in range(15):
        emulator.feed(b"x\r\n" * 1_000)
    assert emulator.above == 15_000 - 3
    assert 7_000 < emulator.kept <= 10_000


@both
def test_no_number_is_used_twice_whatever_scrolls(make: Make) -> None:
    emulator = make(20, 4, scrollback=50)
    seen: dict[int, list[Run]] = {}
    for step in range(60):
        emulator.feed(numbered(step * 1_000, 7) + b"\x1b[4S" * 30 + numbered(step * 1_000 + 500, 5))
        first, lines = emulator.lines(0, 100_000)
        for number, runs in enumerate(lines, first):
            assert seen.setdefault(number, runs) == runs


@both
def test_lines_that_are_thrown_away_are_kept_no_more(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed(numbered(0, 50))
    above = emulator.above
    emulator.feed(b"\x1b[3J")
    assert (emulator.kept, emulator.above) == (0, above)
    emulator.feed(numbered(50, 10))
    assert emulator.kept == 10
    assert emulator.above == above + 10


@both
def test_none_is_kept_while_the_alternate_screen_is_shown(make: Make) -> None:
    emulator = make(20, 4)
    emulator.feed(numbered(0, 50))
    emulator.feed(b"\x1b[?1049h")
    assert emulator.kept == 0
    emulator.feed(b"\x1b[?1049l")
    assert emulator.kept == 47


@both
def test_none_is_kept_where_none_is_wanted(make: Make) -> None:
    emulator = make(20, 4, scrollback=0)
    emulator.feed(numbered(0, 500))
    assert emulator.kept == 0
    assert emulator.lines(0, 1_000)[1] == []


# ── nothing grows ────────────────────────────────────────────────────────────────────────────────

FLOODS: Final = {
    "text": b"The quick brown fox jumps over the lazy dog.\r\n",
    "styles": b"\x1b[38;2;%d;%d;%dm\x1b[4:3mx\x1b[48;5;%dmy",
    "marks": "e\u0301\u0302\u0303\u0304\u0305\u0306".encode() * 4,
    "one pile of marks": "\u0301".encode(),
    "families": "\x1b[?2027h👨\u200d👩\u200d👧\u200d👦".encode(),
    "saved cursors": b"\x1b7\x1b[s\x1b[?1048h",
    "titles kept": b"\x1b]0;a title\x07\x1b[22t",
    "links": b"\x1b]8;id=%d;http://example.com/%d%d%d\x1b\\x\x1b]8;;\x1b\\",
    "modes": b"\x1b[?%d;%dh\x1b[%d;%dh",
    "keyboards": b"\x1b[>1u",
    "tabs": b"\x1bH\x1b[C",
    "alternate screens": b"\x1b[?1049hx\x1b[?1049l",
    "colours of the palette": b"\x1b]4;%d;rgb:00/%02x/%02x\x07\x1b]11;rgb:00/00/%02x\x07",
    "pictures": b"\x1b_Ga=t,i=%d,f=24,s=1,v=1;AAAA%d%d%d\x1b\\",
    "prompts": b"\x1b]133;A\x07\x1b]7;file:///%d%d%d%d\x07",
    "questions": b"\x1b[6n\x1b[c\x1b[?2026$p\x1bP$qm\x1b\\",
    "broken": b"\xff\xc3\xe6\x97\x1b[\x1b]\xf0\x9f",
}


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize(("make", "size"), [(Ghostty, 1_000_000), (Pyte, 20_000)])
def test_memory_is_bounded_whatever_a_program_writes(make: Make, size: int, flood: str) -> None:
    """Once it has as many lines as are kept, nothing more stays of what comes."""
    emulator = make(80, 24, scrollback=200)
    bit = FLOODS[flood]
    holes = bit.count(b"%")
    turns = [bit % tuple((turn * 7 + hole) % 256 for hole in range(holes)) for turn in range(256)]
    piece = b"".join(turns)[:8_192]
    screen = Screen(emulator)
    _flood(emulator, screen, piece, size)
    before = resident_bytes(os.getpid())
    _flood(emulator, screen, piece, size)
    assert resident_bytes(os.getpid()) - before < 8 * 2**20
    assert emulator.kept < 2_000
    for runs in screen.rows:
        assert all(len(run.text) <= limits.CLUSTER_CHARS for run in runs if run.cluster)


def _flood(emulator: Emulator, screen: Screen, piece: bytes, size: int) -> None:
    for _ in range(size // len(piece) + 1):
        assert len(emulator.feed(piece)) <= REPLY_BYTES
    screen.update()
    screen.state_since(0)


@pytest.mark.parametrize("flood", ["saved cursors", "titles kept", "modes"])
def test_pyte_keeps_one_of_what_terminals_have_one_of(flood: str) -> None:
    emulator = Pyte(80, 24)
    for turn in range(500):
        emulator.feed(FLOODS[flood] % ((turn,) * FLOODS[flood].count(b"%")))
    assert len(emulator._screen.savepoints) <= 1
    assert len(emulator._screen.mode) <= 4 * 500


def test_a_few_bytes_do_not_hold_pyte_up_for_long() -> None:
    """What may be done by sequences that ask for much is counted, and the rest left out."""
    emulator = Pyte(80, 24)
    emulator.feed(b"x" + b"\x1b[9999b\x1b[9999S\x1b[9999T" * 2_000)
    assert emulator.above < 1_000
    emulator.feed(b"\x1b[2J\x1b[Hx\x1b[3b")
    assert dict(emulator.changed())[0] == [Run("xxxx")]


@both
@pytest.mark.parametrize("size", [(0, 0), (-5, 3), (10_000, 10_000), (1, 1)])
def test_a_size_that_no_terminal_has(make: Make, size: tuple[int, int]) -> None:
    emulator = make(20, 4)
    emulator.feed(b"some text\r\n" * 9)
    emulator.resize(*size)
    assert 1 <= emulator.columns <= limits.TERM_COLUMNS
    assert 1 <= emulator.rows <= limits.TERM_ROWS
    emulator.feed("a日e\u0301\r\n\x1b[5;5Hx".encode())
    screen = Screen(emulator)
    screen.update()
    assert len(screen.rows) == emulator.rows
    again = make(*size)
    assert (again.columns, again.rows) == (emulator.columns, emulator.rows)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────

PIECES: Final = (
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x07",
    "\x1b\\",
    *"?;cntyp16\r",
    "$q",
    "+q",
    "52",
    "4",
    "21",
    "evil",
)

ASKED: Final = (
    "\x1b]2;evil\x07\x1b[21t",
    "\x1b]1;evil\x07\x1b[20t",
    "\x1b]52;c;ZXZpbA==\x07\x1b]52;c;?\x07",
    "\x1bP$qevil\n\x1b\\",
    "\x1bP+q6576696c\x1b\\",
    "\x1b]4;1;evil\x07\x1b]4;1;?\x07",
    "\x1b]7;file:///evil\x07\x1b]7;?\x07",
    "\x1b_Gi=1,a=q;evil\x1b\\",
    "\x1b]99;evil;?\x07",
    "evil\x1b[1;1;1;1;1;9*y",
    "\x1b]21;evil=?\x07",
    "\x1b]5522;evil\x07",
)


@both
@pytest.mark.parametrize("asked", ASKED, ids=repr)
def test_nothing_that_a_program_wrote_is_answered(make: Make, asked: str) -> None:
    """Or whoever can write a file that is shown could type into the shell."""
    reply = make(20, 4).feed(asked.encode())
    assert b"evil" not in reply
    assert not {*reply} & {*b"\r\n"}


@both
@given(asked=st.lists(st.sampled_from(PIECES), max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_answer_is_a_line_typed(make: Make, asked: list[str]) -> None:
    reply = make(20, 4).feed("".join(asked).encode())
    assert b"evil" not in reply
    assert not {*reply} & {*b"\r\n\x03\x04"}


@both
def test_keys_are_not_told_in_kittys_way(make: Make) -> None:
    """Guests have all kinds of terminals, so no program is to expect that."""
    assert make(20, 4).feed(b"\x1b[?u\x1b[6n") == b"\x1b[1;1R"


def test_a_program_that_wants_its_size_in_its_input_is_told_it() -> None:
    emulator = Ghostty(20, 4)
    emulator.feed(b"\x1b[?2048h")
    emulator.resize(30, 5)
    assert emulator.feed(b"").startswith(b"\x1b[48;5;30;")
