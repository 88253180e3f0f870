"""What is read of a program is taken in its order, beside the reading, and only so much waits for it."""

import threading

from mesh_agent.terminal.taker import AHEAD_BYTES, AT_ONCE_BYTES, TOGETHER_BYTES, Taker
from tests.support.conditions import PATIENCE_S

SMALL = b"k" * AT_ONCE_BYTES
LARGE = b"p" * (AT_ONCE_BYTES + 1)


class Slow:
    """Takes what it is given once it may; `threads`: in which it was given each piece."""

    def __init__(self) -> None:
        self.may, self.begun, self.room = threading.Event(), threading.Event(), threading.Event()
        self.pieces: list[bytes] = []
        self.threads: list[threading.Thread] = []
        self.taker = Taker(self._take, self.room.set)

    def _take(self, data: bytes) -> None:
        self.threads.append(threading.current_thread())
        if threading.current_thread() is not threading.main_thread():
            self.begun.set()
            assert self.may.wait(PATIENCE_S)
        self.pieces.append(data)


def test_a_little_is_taken_where_it_was_read_and_begins_no_thread() -> None:
    slow = Slow()
    slow.taker.put(SMALL)
    assert slow.threads == [threading.current_thread()]
    slow.taker.end()
    assert not slow.begun.is_set()


def test_what_comes_meanwhile_waits_its_turn_and_is_taken_together() -> None:
    slow = Slow()
    slow.taker.put(LARGE)
    assert slow.begun.wait(PATIENCE_S)
    slow.taker.put(b"a little")
    slow.taker.put(b" more")
    assert not slow.pieces, "none of it overtakes what is being taken"
    slow.may.set()
    slow.taker.end()
    assert slow.pieces == [LARGE, b"a little more"]


def test_only_so_much_waits_and_it_is_told_when_there_is_room() -> None:
    slow = Slow()
    piece = b"p" * TOGETHER_BYTES
    pieces = 0
    while not slow.taker.full:
        slow.taker.put(piece)
        pieces += 1
    assert pieces == AHEAD_BYTES // TOGETHER_BYTES
    assert not slow.room.is_set()
    slow.may.set()
    assert slow.room.wait(PATIENCE_S)
    slow.taker.end()
    assert slow.pieces == [piece] * pieces
    assert not slow.taker.full


def test_an_end_in_haste_waits_for_nothing_but_what_is_being_taken() -> None:
    slow = Slow()
    slow.taker.put(LARGE)
    assert slow.begun.wait(PATIENCE_S)
    slow.taker.put(b"never taken")
    slow.taker.drop()
    slow.may.set()
    slow.taker.end()
    assert slow.pieces == [LARGE]
