"""Looking back at what has scrolled away: by the numbers of lines, which never change."""

from dataclasses import dataclass, field

import pytest

from mesh_agent.terminal.errors import TerminalOver
from mesh_agent.terminal.past import LINES_KEPT, Past
from protocol import limits
from protocol.peer_terminal import Run

PAGE = limits.TERM_LINES


@dataclass
class Screen:
    above: int = 1_000
    kept: int = 700
    rows_: list[list[Run]] = field(default_factory=lambda: [[Run("first")], [Run("second")]])


def answered(past: Past, screen: Screen, height: int) -> list[tuple[int, int]]:
    wanted = past.wanted(height, screen)
    for first, count in wanted:
        oldest = max(first, screen.above - screen.kept)
        numbers = range(oldest, min(first + count, screen.above))
        past.took(first, oldest, [[Run(str(number))] for number in numbers])
    return wanted


def texts(past: Past, screen: Screen, height: int) -> list[str]:
    return ["".join(run.text for run in row) for row in past.rows(height, screen)]


def test_one_looks_back_and_the_screen_follows_what_has_scrolled_away() -> None:
    past, screen = Past(), Screen()
    assert texts(past, screen, 3) == ["first", "second", ""]
    past.move(2, screen)
    assert past.back(screen) == 2
    assert texts(past, screen, 3) == ["", "", "first"]
    assert answered(past, screen, 3) == [(800, PAGE)]
    assert texts(past, screen, 4) == ["998", "999", "first", "second"]
    assert past.wanted(4, screen) == []
    past.move(-1, screen)
    assert texts(past, screen, 2) == ["999", "first"]
    past.move(-5, screen)
    assert (past.top, past.back(screen)) == (None, 0)


def test_what_is_written_meanwhile_moves_nothing() -> None:
    past, screen = Past(), Screen()
    past.move(10, screen)
    answered(past, screen, 5)
    before = texts(past, screen, 5)
    screen.above, screen.kept = 1_050, 750
    past.look(screen)
    assert texts(past, screen, 5) == before
    assert past.back(screen) == 60


def test_no_further_than_what_is_kept() -> None:
    past, screen = Past(), Screen()
    past.move(100_000, screen)
    assert past.top == 300
    assert answered(past, screen, 3) == [(200, PAGE)]
    assert texts(past, screen, 2) == ["300", "301"]
    screen.above, screen.kept = 2_000, 700
    past.look(screen)
    assert past.back(screen) == 0
    nothing = Screen(above=5, kept=0)
    past.move(3, nothing)
    assert past.back(nothing) == 0


def test_a_page_is_asked_for_once_and_again_where_it_did_not_come() -> None:
    past, screen = Past(), Screen()
    past.move(1, screen)
    assert past.wanted(1, screen) == [(800, PAGE)]
    assert past.wanted(1, screen) == []
    assert not past.took(800, 800, [])
    assert past.wanted(1, screen) == [(800, PAGE)]
    past.leave()
    past.took(800, 800, [[Run("late")]])
    past.move(200, screen)
    assert texts(past, screen, 1) == [""]


def test_what_is_held_has_a_limit() -> None:
    past, screen = Past(), Screen(above=100_000, kept=100_000)
    for _ in range(2 * LINES_KEPT // PAGE):
        past.move(PAGE, screen)
        answered(past, screen, 10)
        assert len(past._held) <= LINES_KEPT
    assert texts(past, screen, 1) == [str(past.top)]


class Told:
    """What a host tells of its lines: never more than so many at a time, as of long ones."""

    def __init__(self, screen: Screen, at_a_time: int) -> None:
        self._screen, self._at_a_time = screen, at_a_time
        self.asked: list[tuple[int, int]] = []

    async def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        self.asked.append((first, count))
        begin = max(first, self._screen.above - self._screen.kept)
        end = min(first + count, self._screen.above, begin + self._at_a_time)
        return begin, [[Run(f"line {number}")] for number in range(begin, end)]


async def test_a_page_of_long_lines_comes_in_parts_and_each_is_asked_for_once() -> None:
    past, screen = Past(), Screen(above=1_000, kept=1_000)
    told = Told(screen, 70)
    past.move(200, screen)
    for _ in range(4):
        for first, count in past.wanted(PAGE, screen):
            assert past.took(first, *await told.lines(first, count))
    assert told.asked == [(800, 200), (870, 130), (940, 60)]
    assert texts(past, screen, PAGE) == [f"line {number}" for number in range(800, 1_000)]


async def test_one_goes_to_what_is_found_and_on_to_the_next() -> None:
    past, screen = Past(), Screen(above=1_000, kept=700)
    told = Told(screen, 70)
    assert await past.find("LINE 45", 10, screen, told.lines)
    assert (past.found, past.top, past.back(screen)) == (459, 454, 546)
    assert texts(past, screen, 2) == ["line 454", "line 455"]
    before = len(told.asked)
    assert await past.find("line 458", 10, screen, told.lines)
    assert past.found == 458
    assert len(told.asked) == before, "what is held is not asked for again"
    assert await past.find("line 300", 10, screen, told.lines)
    assert (past.found, past.top) == (300, 300)
    assert not await past.find("line", 10, screen, told.lines)
    assert not await past.find("line 299", 10, screen, told.lines)
    assert (past.found, past.top) == (300, 300)
    past.leave()
    assert await past.find("line", 10, screen, told.lines)
    assert (past.found, past.top) == (999, 994)


async def test_what_cannot_be_had_is_not_found_and_its_reason_goes_out() -> None:
    past, screen = Past(), Screen()

    async def nothing(first: int, count: int) -> tuple[int, list[list[Run]]]:
        return first, []

    async def lost(first: int, count: int) -> tuple[int, list[list[Run]]]:
        raise TerminalOver

    assert not await past.find("line", 10, screen, nothing)
    with pytest.raises(TerminalOver):
        await past.find("line", 10, screen, lost)
    assert past.top is None
