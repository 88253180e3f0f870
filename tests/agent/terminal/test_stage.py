"""What guests are shown while a program draws: nothing by halves, and nothing held back for long."""

from collections.abc import Iterator
from typing import Final

import pytest

from mesh_agent.machines.terminal_flow import RATE
from mesh_agent.terminal.ghostty import Ghostty
from mesh_agent.terminal.stage import HELD_S, RATE_RUSHING, Stage
from mesh_agent.terminal.text import text_of
from mesh_agent.terminal.vt import Pyte

BEGIN: Final = b"\x1b[?2026h"
END: Final = b"\x1b[?2026l"
CLEAR: Final = b"\x1b[H\x1b[2J"


class Seen:
    """A stage, and when it was told to be looked at."""

    def __init__(self) -> None:
        self.calls = 0
        self.stage = Stage(20, 3, 100, self._changed)
        self.now = 10.0

    def _changed(self) -> None:
        self.calls += 1

    def look(self, after: float = 1.0) -> float:
        self.now += after
        return self.stage.look(self.now, lambda: self.now)

    @property
    def text(self) -> str:
        return text_of(self.stage.screen.rows)[0]


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen()
    made.stage.take(b"before")
    assert made.look() == 0
    yield made
    made.stage.close()


@pytest.mark.parametrize("make", [Ghostty, Pyte])
def test_both_engines_know_that_a_program_draws(make: type[Ghostty] | type[Pyte]) -> None:
    emulator = make(20, 3)
    told = [emulator.updating]
    for written in (BEGIN, b"x", END, BEGIN, b"\x1bc"):
        emulator.feed(written)
        told.append(emulator.updating)
    assert told == [False, True, True, False, True, False]


def test_no_half_of_an_update_is_shown(seen: Seen) -> None:
    seen.stage.take(BEGIN + CLEAR + b"one")
    assert seen.look() == pytest.approx(HELD_S)
    assert seen.text == "before"
    calls = seen.calls
    seen.stage.take(b" and two" + END)
    assert seen.calls == calls + 1  # whoever waits hears of it at once
    assert seen.look(0.01) == 0
    assert seen.text == "one and two"


@pytest.mark.parametrize("cut", range(len(END)))
def test_the_end_is_seen_though_the_next_update_has_begun(seen: Seen, cut: int) -> None:
    seen.stage.take(BEGIN + CLEAR + b"one")
    assert seen.look() > 0
    seen.stage.take(END[:cut])
    number = seen.stage.screen.number
    seen.stage.take(END[cut:] + (BEGIN + CLEAR + b"two" if not cut else b""))
    assert seen.stage.screen.number == number + 1
    assert seen.text == "one"


def test_an_update_that_never_ends_holds_nothing_back_for_long(seen: Seen) -> None:
    seen.stage.take(BEGIN + CLEAR + b"one")
    assert seen.look() > 0
    assert seen.look(HELD_S / 2) == pytest.approx(HELD_S / 2)
    assert seen.text == "before"
    assert seen.look(HELD_S) == 0
    assert seen.text == "one"
    seen.stage.take(b" two")
    assert seen.look() == 0
    assert seen.text == "one two"


def test_what_rushes_by_is_looked_at_half_as_often(seen: Seen) -> None:
    for written, rate in ((b"\r\none", RATE), (CLEAR + b"1\r\n2\r\n3", RATE_RUSHING), (b" and", RATE)):
        seen.stage.take(written)
        assert seen.look() == 0
        seen.stage.take(b"x")
        assert seen.look(0.001) == pytest.approx(1 / rate - 0.001)


def test_the_last_look_waits_for_nothing(seen: Seen) -> None:
    seen.stage.take(BEGIN + CLEAR + b"one")
    assert seen.look(float("inf")) == 0
    assert seen.text == "one"
