"""The hash of a whole file, whatever the order in which its chunks come, and how little is read again."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from blake3 import blake3

from mesh_agent.files.grid import Grid
from mesh_agent.files.whole import CAUGHT_UP, EARLY_BYTES, Passing, Whole
from tests.support.conditions import PATIENCE_S

CHUNK = 64 * 1024


class File:
    """A file of so many chunks, and which of them were read again."""

    def __init__(self, chunks: int, chunk_bytes: int = CHUNK) -> None:
        self.data = random.Random(chunks).randbytes(chunk_bytes * chunks - 5)
        self.grid = Grid([len(self.data)], chunk_bytes, alone=True)
        self.whole = Whole(self.grid)
        self.again: list[int] = []
        self.here: set[int] = set()

    def chunk(self, index: int) -> bytes:
        return self.data[index * self.grid.chunk_bytes :][: self.grid.chunk_bytes]

    def read(self, index: int) -> bytes:
        self.again.append(index)
        return self.chunk(index)

    def come(self, index: int, meanwhile: Callable[[], object] = lambda: None) -> None:
        with self.whole.in_hand(index):
            meanwhile()
            self.here.add(index)
            self.whole.pass_by(index, self.chunk(index))
        self.whole.catch_up(self.here.__contains__, self.read)

    def is_right(self) -> bool:
        return self.whole.finish(self.read) == bytes(blake3(self.data).digest())


def test_what_comes_before_that_offset_is_not_read_again_and_what_comes_behind_it_is() -> None:
    file = File(2 * EARLY_BYTES // CHUNK)
    first_read = file.whole.reads_from // CHUNK
    file.come(first_read - 1)
    file.come(first_read)
    for index in range(first_read - 1):
        file.come(index)
    assert file.again == [first_read]


def test_what_comes_in_order_is_never_read_again() -> None:
    file = File(20)
    for index in range(20):
        file.come(index)
    assert file.is_right()
    assert not file.again


@pytest.mark.parametrize("seed", range(5))
def test_any_order_gives_the_hash_of_all_bytes(seed: int) -> None:
    file = File(40)
    order = list(range(40))
    random.Random(seed).shuffle(order)
    for index in order:
        file.come(index)
    assert file.is_right()


def test_a_copy_of_what_comes_a_little_too_early_is_kept() -> None:
    file = File(12)
    for index in (1, 2, 0, 5, 3, 4, 7, 8, 9, 6, 11, 10):
        file.come(index)
    assert not file.again
    assert file.whole.next == 12
    assert file.is_right()


def test_only_so_much_is_kept_and_the_rest_is_read_again() -> None:
    chunk_bytes = EARLY_BYTES // 4
    file = File(9, chunk_bytes)
    for index in range(1, 9):
        file.come(index)
    file.come(0)
    assert file.again == [5, 6, 7, 8]
    assert file.is_right()


def test_one_call_catches_up_with_no_more_than_it_should() -> None:
    file = File(CAUGHT_UP + 3)
    file.whole.pass_by(0, file.chunk(0))
    file.whole.catch_up(lambda _: True, file.read)
    assert file.whole.next == CAUGHT_UP + 1
    assert file.is_right()


def test_a_thread_waits_for_what_others_have_in_hand() -> None:
    """Three threads, whose chunks are at hand in the wrong order: the later ones wait, and none is kept."""
    file = File(3, EARLY_BYTES)
    begun, first = threading.Barrier(3), threading.Event()

    def begin(index: int) -> None:
        begun.wait(PATIENCE_S)
        if index == 0:
            assert first.wait(PATIENCE_S)

    with ThreadPoolExecutor(3) as threads:
        tasks = [threads.submit(file.come, index, partial(begin, index)) for index in (2, 1, 0)]
        first.set()
        for task in tasks:
            task.result(PATIENCE_S)
    assert not file.again
    assert file.is_right()


def test_nobody_waits_for_a_thread_that_failed() -> None:
    file = File(2, EARLY_BYTES)
    begun, failing = threading.Barrier(2), threading.Event()

    def fail() -> None:
        begun.wait(PATIENCE_S)
        assert failing.wait(PATIENCE_S)
        raise OSError("no space")

    with ThreadPoolExecutor(2) as threads:
        failed = threads.submit(file.come, 0, fail)
        waiting = threads.submit(file.come, 1, lambda: begun.wait(PATIENCE_S))
        failing.set()
        waiting.result(PATIENCE_S)
        assert isinstance(failed.exception(PATIENCE_S), OSError)
    assert file.is_right()


# ── piece by piece ───────────────────────────────────────────────────────────────────────────────


def passing(file: File, index: int, expected: bytes | None = None, data: bytes | None = None) -> Passing:
    return Passing(file.whole, index, memoryview(file.chunk(index) if data is None else data), expected)


@pytest.mark.parametrize("seed", range(5))
def test_chunks_that_go_by_in_pieces_side_by_side_give_the_hash_of_all_bytes(seed: int) -> None:
    file = File(20)
    chance = random.Random(seed)
    under_way = {index: passing(file, index) for index in range(3)}
    ends: dict[int, int] = {}
    coming = iter(range(3, 20))
    while under_way:
        index = chance.choice(list(under_way))
        ends[index] = min(len(file.chunk(index)), ends.get(index, 0) + chance.randint(1, CHUNK // 2))
        under_way[index].reach(ends[index])
        if ends[index] == len(file.chunk(index)):
            one = under_way.pop(index)
            assert one.digest == blake3(file.chunk(index)).digest()
            file.come(index)
            if (following := next(coming, None)) is not None:
                under_way[following] = passing(file, following)
    assert not file.again
    assert file.is_right()


def test_what_goes_by_in_its_turn_is_hashed_with_its_last_piece() -> None:
    file = File(2)
    one = passing(file, 0)
    one.reach(100)
    assert file.whole.next == 0
    one.rest()
    assert file.whole.next == 1


def test_a_chunk_whose_turn_comes_while_it_goes_by_is_caught_up_with() -> None:
    file = File(2)
    one = passing(file, 1)
    one.reach(100)
    file.come(0)
    one.reach(101)
    one.rest()
    assert file.whole.next == 2
    assert file.is_right()


def test_a_chunk_that_is_not_what_it_should_be_is_kept_from_the_whole() -> None:
    file = File(2)
    wrong = passing(file, 0, blake3(file.chunk(0)).digest(), bytes(CHUNK))
    wrong.rest()
    assert file.whole.next == 0
    right = passing(file, 0, blake3(file.chunk(0)).digest())
    right.rest()
    assert file.whole.next == 1
    file.come(1)
    assert file.is_right()


def test_who_gives_up_in_the_middle_leaves_the_turn_to_the_next() -> None:
    file = File(2)
    lost = passing(file, 0)
    lost.reach(CHUNK - 1)
    again = passing(file, 0)
    again.reach(CHUNK // 2)
    lost.drop()
    again.rest()
    assert file.whole.next == 1
    file.come(1)
    assert file.is_right()
