"""The host's own terminal: what reaches it, and that a dead one holds nobody up."""

import fcntl
import os
import pty
import select
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mesh_agent.terminal.clean import QueryFilter
from mesh_agent.terminal.output import PATIENCE_S, Output
from tests.support import conditions

REPAINT = b"<all of it>"
MARK = b"<the mark>"


class Person:
    """Somebody who looks at a terminal, or does not."""

    def __init__(self) -> None:
        self.screen, self.program = pty.openpty()

    def see(self) -> bytes:
        """All that was written by now, and not seen before.

        A pseudo-terminal hands on what was written a moment later, so it is read up to a mark behind it.
        """
        marking = threading.Thread(target=os.write, args=(self.program, MARK))  # which may wait for room
        marking.start()
        seen = self.see_up_to_the_mark()
        marking.join()
        return seen

    def see_up_to_the_mark(self, pause_s: float = 0) -> bytes:
        """`pause_s`: between two looks."""
        seen = b""
        while not seen.endswith(MARK):
            assert select.select((self.screen,), (), (), conditions.PATIENCE_S)[0], seen[-200:]
            seen += os.read(self.screen, 65_536)
            time.sleep(pause_s)
        return seen.removesuffix(MARK)

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
    output.write(b"x" * 1_000_000)
    behind = [output.behind]
    took = []
    for _ in range(5):  # one of them may take its time on a busy machine
        begun = time.monotonic()
        output.write(b"y" * 1_000)
        output.notice("bob")
        took.append(time.monotonic() - begun)
    assert min(took) < PATIENCE_S / 2, "it is waited for once"
    assert b"y" not in person.see()
    output.catch_up()
    behind.append(output.behind)
    assert behind == [True, False]
    output.write(b"z")
    assert person.see() == REPAINT + b"z"


def test_a_slow_one_makes_the_program_wait_and_gets_all(person: Person, output: Output) -> None:
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(person.see_up_to_the_mark, 0.001)
        for number in range(50):
            output.write(b"%06d" % number * 1_000)
        os.write(person.program, MARK)
        assert looking.result() == b"".join(b"%06d" % number * 1_000 for number in range(50))
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
