"""The host's own terminal: what reaches it, and that a dead one holds nobody up."""

import fcntl
import os
import pty
import threading
import time
from collections.abc import Iterator

import pytest

from mesh_agent.terminal.clean import QueryFilter
from mesh_agent.terminal.output import PATIENCE_S, Output

REPAINT = b"<all of it>"


class Person:
    """Somebody who looks at a terminal, or does not."""

    def __init__(self) -> None:
        self.screen, self.program = pty.openpty()
        os.set_blocking(self.screen, False)

    def see(self) -> bytes:
        """All that has come by now."""
        seen = b""
        while True:
            try:
                seen += os.read(self.screen, 65_536)
            except BlockingIOError:
                return seen

    def close(self) -> None:
        os.close(self.screen)
        os.close(self.program)


@pytest.fixture
def person() -> Iterator[Person]:
    made = Person()
    yield made
    made.close()


@pytest.fixture
def output(person: Person) -> Iterator[Output]:
    made = Output(person.program, QueryFilter(), lambda: REPAINT)
    yield made
    made.close()


def test_what_is_written_comes_without_its_questions(person: Person, output: Output) -> None:
    output.write(b"a\x1b[6n")
    output.write(b"b\x1b[")
    output.write(b"31mc")
    assert person.see() == b"ab\x1b[31mc"


def test_others_who_write_there_still_wait_for_it(person: Person, output: Output) -> None:
    output.write(b"x")
    assert not fcntl.fcntl(person.program, fcntl.F_GETFL) & os.O_NONBLOCK


def test_what_is_withheld_is_painted_anew_afterwards(person: Person, output: Output) -> None:
    output.show(False)
    output.write(b"withheld")
    output.notice("nothing")
    assert person.see() == b""
    output.show(True)
    output.write(b"after")
    assert person.see() == REPAINT + b"after"


def test_a_notice_rings_and_is_a_title(person: Person, output: Output) -> None:
    output.write(b"x\x1b[")
    output.notice("bob wants to watch")
    output.write(b"1my")
    assert person.see() == b"x\x1b]2;bob wants to watch\x1b\\\a\x1b[1my"


def test_a_terminal_that_takes_nothing_is_left_behind_and_caught_up_with(
    person: Person, output: Output
) -> None:
    begun = time.monotonic()
    output.write(b"x" * 1_000_000)
    behind = [output.behind]
    output.write(b"y" * 1_000_000)
    output.notice("bob")
    assert time.monotonic() - begun < 2 * PATIENCE_S
    assert b"y" not in person.see()
    output.catch_up()
    behind.append(output.behind)
    assert behind == [True, False]
    output.write(b"z")
    assert person.see() == REPAINT + b"z"


def test_a_slow_one_makes_the_program_wait_and_gets_all(person: Person, output: Output) -> None:
    seen: list[bytes] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set() or seen[-1:] != [b""]:
            seen.append(person.see())
            time.sleep(0.001)

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(50):
        output.write(b"%06d" % number * 1_000)
    done.set()
    looking.join()
    assert b"".join(seen) == b"".join(b"%06d" % number * 1_000 for number in range(50))
    assert not output.behind


def test_a_terminal_that_is_gone_is_no_error(person: Person) -> None:
    screen, program = pty.openpty()
    output = Output(program, QueryFilter(), lambda: REPAINT)
    os.close(screen)
    output.write(b"x")
    output.notice("bob")
    output.show(False)
    output.show(True)
    output.close(b"last")
    os.close(program)


def test_the_end_is_written_and_what_was_missing_before_it(person: Person) -> None:
    output = Output(person.program, QueryFilter(), lambda: REPAINT)
    output.show(False)
    output.close(b"bye")
    assert person.see() == REPAINT + b"bye"
