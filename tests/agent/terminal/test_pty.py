"""A pseudo-terminal and its pump: what goes in and out, sizes, and that nothing is left open."""

import os
import signal
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mesh_agent.terminal.errors import CannotStart
from mesh_agent.terminal.pty import INPUT_BYTES, PIECE_BYTES, Pump, Started, start
from mesh_agent.terminal.taker import AHEAD_BYTES
from tests.support.conditions import PATIENCE_S


class Taken:
    """What a pump has read, and its end."""

    def __init__(self, answer: bytes = b"") -> None:
        self.data = b""
        self.sizes: list[int] = []
        self.ended = threading.Event()
        self._answer = answer

    def take(self, data: bytes) -> bytes:
        self.sizes.append(len(data))
        self.data = (self.data + data)[-100_000:]
        return self._answer

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.data[-500:]
            time.sleep(0.005)


@contextmanager
def pumped(taken: Taken, *command: str, columns: int = 80, rows: int = 24) -> Iterator[tuple[Pump, Started]]:
    started = start(command, dict(os.environ), Path.cwd(), columns, rows)
    pump = Pump(started.descriptor, taken.take, taken.ended.set)
    pump.begin()
    try:
        yield pump, started
    finally:
        pump.close()
        os.kill(started.pid, signal.SIGKILL)
        os.waitpid(started.pid, 0)


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_what_is_written_is_read_and_the_end_is_told() -> None:
    taken = Taken()
    with pumped(taken, "sh", "-c", "printf 'a\\nb'; read x; echo got $x"):
        taken.until(lambda: b"b" in taken.data)
        assert taken.data == b"a\r\nb"
        assert not taken.ended.is_set()
    assert taken.ended.is_set()


def test_input_goes_in_whole_and_it_is_told_when_it_has() -> None:
    taken, written = Taken(), threading.Event()
    text = b"x" * 60_000
    with pumped(taken, "sh", "-c", "stty raw -echo; echo ready; head -c 60000 | wc -c") as (pump, _):
        taken.until(lambda: b"ready" in taken.data)
        assert pump.write(text, written.set)
        assert written.wait(PATIENCE_S)
        taken.until(lambda: b"60000" in taken.data)


def test_a_program_that_reads_nothing_bounds_what_is_typed() -> None:
    taken = Taken()
    with pumped(taken, "sh", "-c", "stty raw -echo; echo ready; sleep 1000") as (pump, _):
        taken.until(lambda: b"ready" in taken.data)
        sent = 0
        while pump.write(b"y" * 65_536):
            sent += 65_536
            assert sent < 2 * INPUT_BYTES
        assert pump.room < 65_536
    assert taken.ended.is_set()


def test_a_program_gets_what_is_typed_while_what_it_wrote_waits() -> None:
    """And is read on when that was taken, to its end."""
    taken, may, written = Taken(), threading.Event(), threading.Event()
    begun = threading.Event()

    def take(data: bytes) -> bytes:
        if threading.current_thread().name == "terminal-taker":
            begun.set()
            assert may.wait(PATIENCE_S)
        return taken.take(data)

    size = 4 * AHEAD_BYTES
    program = f"stty raw -echo; head -c {size} /dev/zero | tr '\\0' a; head -c 5; echo over"
    started = start(("sh", "-c", program), dict(os.environ), Path.cwd(), 80, 24)
    pump = Pump(started.descriptor, take, taken.ended.set)
    pump.begin()
    try:
        assert begun.wait(PATIENCE_S)
        assert pump.write(b"typed", written.set)
        assert written.wait(PATIENCE_S)
        assert sum(taken.sizes) < AHEAD_BYTES
        for _ in range(1_000):  # so often it could have read on, and has not
            written.clear()
            assert pump.write(b"", written.set)
            assert written.wait(PATIENCE_S)
        assert pump._taker._waiting < AHEAD_BYTES + PIECE_BYTES
        may.set()
        taken.until(lambda: b"typedover" in taken.data)
        assert sum(taken.sizes) > size
    finally:
        may.set()
        pump.close()
        os.kill(started.pid, signal.SIGKILL)
        os.waitpid(started.pid, 0)


def test_answers_are_bounded_too() -> None:
    taken = Taken(b"\x1b[1;1R" * 2_000)
    with pumped(taken, "sh", "-c", "stty raw -echo; yes | head -c 3000000; echo ready; sleep 1000") as (
        pump,
        _,
    ):
        taken.until(lambda: b"ready" in taken.data)
        assert pump.room > INPUT_BYTES - 100_000


def test_much_is_read_in_large_pieces_and_none_of_it_is_kept() -> None:
    taken = Taken()
    tracemalloc.start()
    try:
        with pumped(taken, "sh", "-c", "yes 'a row of some text' | head -c 20000000"):
            assert taken.ended.wait(PATIENCE_S)
        assert sum(taken.sizes) > 20_000_000
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert max(taken.sizes) > 8_000, "how many are large depends on who is quicker"


@pytest.mark.parametrize(
    ("size", "told"), [((0, 0), b"1 1"), ((10_000, 10_000), b"200 500"), ((90, 30), b"30 90")]
)
def test_any_size_is_brought_within_limits(size: tuple[int, int], told: bytes) -> None:
    taken = Taken()
    with pumped(taken, "sh", "-c", "trap 'stty size' WINCH; stty size; while :; do sleep 0.01; done") as (
        pump,
        _,
    ):
        taken.until(lambda: b"24 80" in taken.data)
        for columns in range(1, 200):
            pump.resize(columns, columns)
        pump.resize(*size)
        taken.until(lambda: taken.data.rstrip().endswith(told))


def test_the_program_leads_a_session_with_its_terminal_and_inherits_nothing() -> None:
    taken = Taken()
    here = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(here, True)
    program = """if True:
        import os
        print(os.getsid(0) == os.getpgrp() == os.getpid(), os.tcgetpgrp(0) == os.getpid())
        print(os.listdir("/proc/self/fd"))
    """
    try:
        with pumped(taken, sys.executable, "-c", program):
            taken.until(lambda: b"]" in taken.data)
    finally:
        os.close(here)
    # 3 is the listing itself.
    assert taken.data.split(b"\r\n")[:2] == [b"True True", b"['0', '1', '2', '3']"]


def test_what_cannot_be_started_says_why_and_leaves_nothing() -> None:
    before = descriptors()
    for command, why in (("/no/such/program", "No such file"), ("/dev/null", "Permission denied")):
        with pytest.raises(CannotStart, match=why):
            start([command], dict(os.environ), Path.cwd(), 80, 24)
    assert descriptors() == before


def test_a_hundred_sessions_leave_no_descriptor_and_no_thread() -> None:
    before, threads = descriptors(), set(threading.enumerate())
    for _ in range(100):
        taken = Taken()
        with pumped(taken, "true"):
            assert taken.ended.wait(PATIENCE_S)
    # Something of a test before may go meanwhile.
    assert descriptors() <= before
    assert set(threading.enumerate()) <= threads
