"""A whole screen for a terminal that shows something else: afterwards both show the same."""

import random

import pytest

from mesh_agent.terminal.ghostty import Ghostty
from mesh_agent.terminal.repainting import left_behind, repainted
from mesh_agent.terminal.screen import Screen

PIECES = (
    b"some text ",
    b"\r\n",
    b"\x1b[5;5H",
    b"\x1b[2J",
    b"\x1b[1;33;44m",
    b"\x1b[0m",
    b"\x1b[2;4r",
    b"\x1b[?6h",
    b"\x1b[4h",
    b"\x1b(0qqq",
    b"\x1b[?1049h",
    b"\x1b[?1049l",
    b"\x1b[?2004h",
    b"\x1b[?1002;1006h",
    b"\x1b[?1003;1015h",
    b"\x1b[?1;1004h",
    b"\x1b[?25l",
    b"\x1b=",
    b"\x1b[6 q",
    "é ü".encode(),
    b"\x1b]2;a title",
    b"\x1b[",
)


@pytest.mark.parametrize("seed", range(20))
def test_a_terminal_in_whatever_state_shows_the_screen(seed: int) -> None:
    chance = random.Random(seed)
    program, person = Ghostty(40, 10), Ghostty(40, 10)
    for emulator in (program, person):
        emulator.feed(b"".join(chance.choices(PIECES, k=30)))
    person.feed(b"\x1b(0")
    screen = Screen(program)
    screen.update()
    person.feed(repainted(screen, 40, 10))
    seen = Screen(person)
    seen.update()
    assert seen.rows == screen.rows
    assert seen.modes == screen.modes
    assert seen.cursor.visible == screen.cursor.visible
    if screen.cursor.visible:
        assert seen.cursor == screen.cursor
    person.feed(left_behind(seen.modes))
    seen.update()
    assert seen.modes == 0
    assert seen.cursor.visible


def test_what_comes_after_the_program_stands_below_it() -> None:
    person = Ghostty(40, 10)
    person.feed(b"one\r\ntwo\r\n\x1b[2;5r\x1b[3;1H\x1b[1mthree")
    before = person.cursor()
    person.feed(left_behind(person.modes()))
    assert person.cursor() == before
    person.feed(b"\x1b[?1049h\x1b[5;5Hfull")
    person.feed(left_behind(person.modes()))
    assert person.cursor() == before
