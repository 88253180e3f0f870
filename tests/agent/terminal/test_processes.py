"""The end of all that a shared program has started."""

import itertools
import signal
import subprocess
from collections.abc import Iterator

import pytest

from mesh_agent.terminal.processes import Process, end, process
from tests.support.conditions import PATIENCE_S


@pytest.fixture
def stubborn() -> Iterator["subprocess.Popen[bytes]"]:
    """It goes on when it is told to hang up, and ends when it is told to end."""
    command = ("sh", "-c", "trap '' HUP; echo ready; exec sleep 1000")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        yield program
        program.kill()


async def test_who_is_held_up_gives_the_others_the_time_that_they_are_to_have(
    stubborn: "subprocess.Popen[bytes]",
) -> None:
    def left() -> list[Process]:
        found = process(stubborn.pid)
        return [] if found is None else [found]

    hours = itertools.count(0, 3_600)
    assert await end(left, lambda: next(hours))
    assert stubborn.wait(PATIENCE_S) == -signal.SIGTERM
