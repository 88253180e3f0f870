"""When the screen of a shared terminal is looked at, and told."""

from collections.abc import Iterator

import pytest

from mesh_agent.machines.terminal_flow import RATE, UNREAD_STATES
from mesh_agent.machines.terminal_host import TerminalHost
from mesh_agent.terminal.showing import HERE, Showing
from mesh_agent.terminal.stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage(20, 3, 100, lambda: None)
    yield made
    made.close()


def test_nobody_looks_before_somebody_can_be_told(stage: Stage) -> None:
    told: list[str] = []
    showing = Showing(TerminalHost("t1", "bash", 20, 3), stage, lambda key, _: told.append(key), own=True)
    stage.take(b"one")
    assert showing.look(10.0, lambda: 10.0) == 0
    number = stage.screen.number
    stage.take(b"two")
    assert showing.look(10.001, lambda: 10.001) == pytest.approx(1 / RATE - 0.001)
    assert (told, stage.screen.number) == ([HERE], number)
    assert showing.look(10.1, lambda: 10.1) == 0
    assert (told, stage.screen.number) == ([HERE] * 2, number + 1)


def test_the_last_is_told_also_to_who_has_read_nothing(stage: Stage) -> None:
    told: list[str] = []
    showing = Showing(TerminalHost("t1", "bash", 20, 3), stage, lambda key, _: told.append(key), own=True)
    for turn in range(UNREAD_STATES + 3):
        stage.take(b"x")
        showing.look(turn, lambda turn=turn: turn)  # type: ignore[misc]
    assert len(told) == UNREAD_STATES
    showing.look_last(lambda: 99.0)
    assert len(told) == UNREAD_STATES + 1
    assert showing.own.base == stage.screen.number


def test_without_a_view_of_its_own_the_host_is_told_nothing(stage: Stage) -> None:
    told: list[str] = []
    showing = Showing(TerminalHost("t1", "bash", 20, 3), stage, lambda key, _: told.append(key), own=False)
    stage.take(b"one")
    assert showing.look(10.0, lambda: 10.0) == 0
    assert (told, stage.screen.number) == ([], 1)
