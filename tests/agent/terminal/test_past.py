"""Looking back at what has scrolled away: by the numbers of lines, which never change."""

from dataclasses import dataclass, field

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
    past.took(800, 800, [])
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
