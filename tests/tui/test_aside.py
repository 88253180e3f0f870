"""Pictures go out a little at a time, as the terminal says that it has read them."""

import pytest

from mesh_tui import aside
from mesh_tui.aside import ASK, FIRST_BYTES, LEAST_BYTES, MOST_BYTES, SILENT_S, Aside
from mesh_tui.keys import AnswerListener

COMMAND = "p" * 4_000
COMMANDS = [COMMAND] * 3_000


def taken(queue: Aside, now: float) -> int:
    """How many commands may go at this moment."""
    count = 0
    while queue.wait_s(now) == 0:
        assert queue.take(now) == (COMMAND + ASK).encode()
        count += 1
    return count


def test_so_much_goes_and_the_rest_waits_for_an_answer() -> None:
    queue = Aside()
    queue.put(COMMANDS)
    assert taken(queue, 0.0) == FIRST_BYTES // len(COMMAND)
    assert queue.asked
    assert queue.wait_s(1.0) == SILENT_S - 1.0
    queue.answered(SILENT_S / 2)
    assert taken(queue, SILENT_S / 2) == 0, "it was slow: less may be on its way"
    queue.answered(SILENT_S / 2)
    assert taken(queue, SILENT_S / 2) == 1, "one command goes in any case"


@pytest.mark.parametrize(
    ("answered_after", "most"), [(0.01, MOST_BYTES), (0.2, FIRST_BYTES), (1.0, LEAST_BYTES)]
)
def test_what_may_be_on_its_way_follows_the_line(answered_after: float, most: int) -> None:
    queue = Aside()
    queue.put(COMMANDS)
    now = 0.0
    for _ in range(20):
        sent = taken(queue, now)
        now += answered_after
        for _ in range(sent):
            queue.answered(now)
    assert taken(queue, now) == most // len(COMMAND)


def test_of_a_picture_that_moves_the_newest_takes_the_place_of_one_that_waits() -> None:
    queue = Aside()
    queue.put(["a1", "a2"], key=1)
    queue.take(0.0)
    for name, key in (("b", 1), ("c", 2), ("d", 1), ("still", 0), ("e", 2)):
        queue.put([name], key=key)
    left = [queue.take(0.0) for _ in range(4)]
    assert left == [(name + ASK).encode() for name in ("a2", "d", "e", "still")], "what has begun goes on"
    assert queue.wait_s(0.0) is None


def test_what_was_written_past_it_has_been_read_when_all_was_answered() -> None:
    queue = Aside()
    assert queue.has_read(0.0)
    queue.wrote(100, 0.0)
    queue.put([COMMAND])
    queue.take(0.0)
    queue.answered(0.1)
    assert not queue.has_read(0.1)
    queue.answered(0.1)
    assert queue.has_read(0.1)
    queue.wrote(100, 1.0)
    assert not queue.has_read(0.9 + SILENT_S)
    assert queue.has_read(1.0 + SILENT_S), "it will never say"


def test_a_terminal_that_never_answers_is_not_asked_again() -> None:
    queue = Aside()
    queue.put([COMMAND] * 5)
    taken(queue, 0.0)
    assert queue.wait_s(SILENT_S) == 0
    assert [queue.take(SILENT_S) for _ in range(3)] == [COMMAND.encode()] * 3
    assert queue.wait_s(SILENT_S) is None
    assert queue.asked, "what it says later is no key"


def test_nothing_waits_and_nothing_was_asked() -> None:
    queue = Aside()
    assert queue.wait_s(0.0) is None
    queue.put([])
    assert queue.wait_s(0.0) is None
    queue.answered(0.0)
    assert not queue.asked


def test_what_is_half_there_is_ended_and_what_has_not_begun_is_left_out() -> None:
    queue = Aside()
    queue.put(["a1", "a2", "a3"], "end of a")
    queue.put(["b1", "b2"], "end of b")
    queue.put(["removal"])
    queue.take(0.0)
    assert queue.break_off() == b"end of aremoval"
    assert queue.wait_s(0.0) is None
    queue.put(["c1", "c2"], "end of c")
    assert queue.break_off() == b""


def test_what_waits_for_longest_is_left_out_where_too_much_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "WAITING_BYTES", 4)
    queue = Aside()
    queue.put(["a1", "a2"])
    queue.take(0.0)
    queue.put(["b1", "b2"])
    queue.put(["c1"])
    assert [queue.take(0.0) for _ in range(2)] == [f"a2{ASK}".encode(), f"c1{ASK}".encode()]
    assert queue.wait_s(0.0) is None


class Asking:
    """Who asks, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    @property
    def asked(self) -> bool:
        return self.left > 0

    def answered(self) -> None:
        self.left -= 1


def test_answers_are_taken_out_of_what_is_typed_wherever_they_are_cut() -> None:
    typed = "a\x1b[0nb\x1b[A\x1b[0n\x1b[0nc"
    for cut in range(len(typed) + 1):
        asking = Asking(3)
        listener = AnswerListener(lambda asking=asking: asking)  # type: ignore[misc]
        assert listener.feed(typed[:cut]) + listener.feed(typed[cut:]) + listener.idle() == "ab\x1b[Ac"
        assert asking.left == 0


def test_escape_is_a_key_all_the_same() -> None:
    listener = AnswerListener(lambda: Asking(1))
    assert listener.feed("\x1b") == ""
    assert listener.idle() == "\x1b"


@pytest.mark.parametrize("asking", [None, Asking(0)])
def test_nothing_is_taken_out_where_nobody_asked(asking: Asking | None) -> None:
    assert AnswerListener(lambda: asking).feed("a\x1b[0nb\x1b") == "a\x1b[0nb\x1b"
