"""The two machines of a transfer: in virtual time over lanes that fail, and against a peer that lies."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.machines import receiving, transfer
from mesh_agent.machines.chunks import ChunkSet, checked
from mesh_agent.machines.credit import Granting, Pace, Spending
from mesh_agent.machines.digest import Digest
from mesh_agent.machines.receiving import Receiving
from mesh_agent.machines.sending import Sending
from protocol.errors import PeerFault, PeerHashWrong, PeerMismatch, PeerOutOfOrder, PeerOverCredit
from protocol.peer import (
    Entry,
    FileAccept,
    FileCancel,
    FileChunk,
    FileDecline,
    FileDone,
    FileFault,
    FileHole,
    FilePause,
    FolderManifest,
    Range,
)
from tests.agent.transfers import CHUNK, Even, Pair, chunk_hash, meta

WINDOW = 4 * CHUNK

# ── sets of chunks ───────────────────────────────────────────────────────────────────────────────

changes = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(1, 9)), max_size=40)


@given(changes)
def test_a_set_of_chunks_is_a_set(changes: list[tuple[bool, int, int]]) -> None:
    chunks, plain = ChunkSet(), set[int]()
    for put, first, count in changes:
        some = set(range(first, first + count))
        assert chunks.held(first, count) == len(some & plain)
        if put:
            assert chunks.add(first, count) == len(some - plain)
            plain |= some
        else:
            assert chunks.discard(first, count) == len(some & plain)
            plain -= some
        assert (list(chunks), len(chunks)) == (sorted(plain), len(plain))
        assert ChunkSet(chunks.ranges()) == chunks
        assert chunks.first() == min(plain, default=None)
        for index in range(50):
            assert (index in chunks) is (index in plain)
            assert chunks.after(index) == min((each for each in plain if each >= index), default=None)


@given(changes)
def test_ranges_never_touch(changes: list[tuple[bool, int, int]]) -> None:
    """So that as few as can be go over the wire."""
    chunks = ChunkSet()
    for put, first, count in changes:
        (chunks.add if put else chunks.discard)(first, count)
    ranges = chunks.ranges()
    for one, next_one in itertools.pairwise(ranges):
        assert one.first + one.count < next_one.first


def test_ranges_past_the_end_are_not_believed() -> None:
    assert checked([Range(0, 3)], 3) == ChunkSet.full(3)
    assert checked([Range(1, 3)], 3) is None


def test_a_million_chunks_in_order_stay_two_numbers() -> None:
    chunks = ChunkSet.full(1_000_000)
    for index in range(1_000):
        assert chunks.pop() == index
    assert chunks.ranges() == [Range(1_000, 999_000)]


@given(st.permutations(range(12)))
def test_a_folders_hash_does_not_depend_on_the_order_of_arrival(order: list[int]) -> None:
    expected = blake3(b"".join(chunk_hash(index) for index in range(12) if index not in (3, 4))).digest()
    digest = Digest(ChunkSet.full(12))
    for index in order:
        if index == 3:
            digest.skip(3, 2)
        digest.put(index, chunk_hash(index)) if index not in (3, 4) else None
    assert digest.digest() == expected


# ── credit ───────────────────────────────────────────────────────────────────────────────────────


def test_a_credit_is_never_taken_back() -> None:
    spending = Spending()
    spending.raised(100)
    with pytest.raises(PeerOverCredit):
        spending.raised(99)


def test_more_than_was_granted_is_refused() -> None:
    granting = Granting(100)
    with pytest.raises(PeerOverCredit):
        granting.arriving(1)  # nothing was granted yet
    granting.frame()
    granting.arriving(100)
    with pytest.raises(PeerOverCredit):
        granting.arriving(1)


def test_credit_is_told_in_large_steps_or_when_all_is_written() -> None:
    granting = Granting(800)
    granting.frame()
    granting.arriving(420)
    granting.release(360)
    granting.written("t", 0)
    seen = [granting.due]
    granting.release(40)
    seen.append(granting.due)  # half of the window
    granting.frame()
    seen.append(granting.due)
    granting.release(20)
    granting.written("t", 1)
    seen.append(granting.due)  # nothing more is on its way
    assert seen == [False, True, False, True]


def test_what_is_written_is_told_in_ranges_and_in_frames_that_fit() -> None:
    granting = Granting(100)
    for index in (0, 1, 2, 5, 6):
        granting.written("t", index)
    granting.written("u", 7)
    told = [(each.transfer, each.first, each.count) for each in granting.frame().written]
    assert told == [("t", 0, 3), ("t", 5, 2), ("u", 7, 1)]
    assert not granting.frame().written


def test_no_more_is_taken_back_than_the_receiver_owes() -> None:
    spending = Spending()
    spending.raised(100)
    spending.pay(80)
    spending.raised(150)  # 50 of them are written
    spending.take_back(80)
    assert spending.room == 100


@pytest.mark.parametrize("rate", [1_000, 1_000_000, 300_000_000])
def test_a_pace_is_kept(rate: int) -> None:
    now, sent = 0.0, 0
    pace = Pace(rate, now)
    while now < 60:
        piece = pace.piece(CHUNK)
        sent += piece
        now += pace.take(piece, now)
    assert sent / now == pytest.approx(rate, rel=0.3 if rate == 1_000 else 0.02)


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(None, 0.0)
    assert (pace.piece(CHUNK), pace.take(10**12, 0.0)) == (CHUNK, 0.0)


# ── both, in virtual time ────────────────────────────────────────────────────────────────────────

HAVE = [Range(2, 3), Range(30, 1)]
HOLES = [Range(10, 5), Range(29, 2)]


@pytest.mark.parametrize("seed", range(60))
def test_it_arrives_whatever_the_lanes_do(seed: int) -> None:
    """Delays, other orders, doubles, wrong bytes, and lanes that die with what they carry."""
    pair = Pair(seed, 40 * CHUNK - 77, HAVE, HOLES, WINDOW)
    random = pair.world.random
    for _ in range(3):
        pair.open_lane()

    def lose_one() -> None:
        line = random.choice([line for line in pair.lines if line.alive])
        pair.open_lane()
        pair.lose_lane(line)

    for _ in range(random.randrange(6)):
        pair.world.after(random.uniform(0, 3), lose_one)
    pair.feed()
    while not pair.sending.over:
        if not pair.world.step():
            # A chunk that was wrong comes again only when its lane is given up.
            assert pair.world.now < 600, "nothing goes on"
            lose_one()
    assert pair.sending.ended == pair.receiving.ended == transfer.Ended("done")
    missing = ChunkSet.full(pair.grid.chunks)
    for each in (*HAVE, *HOLES):
        missing.discard(each.first, each.count)
    assert sorted(pair.written) == list(missing), "each once"
    assert pair.sending.done == pair.receiving.done == pair.grid.size
    assert pair.most_outstanding <= WINDOW
    assert pair.granting.arrived == pair.granting.released


def test_credit_comes_back_whole_however_many_lanes_died() -> None:
    pair = Pair(1, 64 * CHUNK, [], [], WINDOW)
    pair.open_lane()

    def replace_lane() -> None:
        pair.open_lane()
        pair.lose_lane(pair.lines[-2])

    for at in range(1, 30):
        pair.world.after(at / 7, replace_lane)
    pair.feed()
    while pair.world.step():
        pass
    assert pair.sending.over
    pair.spending.raised(pair.granting.frame().limit)
    assert pair.spending.room == WINDOW


# ── the sender against a peer that lies ──────────────────────────────────────────────────────────


def sender(size: int = 4 * CHUNK, *, credit: int = 100 * CHUNK) -> Sending:
    spending = Spending()
    spending.raised(credit)
    return Sending("t", size, Even(size), [], spending, 0.0)


def running_sender(size: int = 4 * CHUNK, **options: int) -> Sending:
    made = sender(size, **options)
    made.announced()
    made.accepted(FileAccept(transfer="t"), 0.0)
    made.opened()
    return made


def send(machine: Sending, lane: str = "a") -> int | None:
    index = machine.pick()
    if index is not None:
        machine.sent(index, chunk_hash(index), lane)
    return index


def send_all(machine: Sending) -> None:
    while send(machine) is not None:
        pass


def finished_sender() -> Sending:
    machine = running_sender()
    send_all(machine)
    machine.written(0, 4, 1.0)
    machine.told(b"h" * 32, 1.0)
    return machine


def test_chunks_go_in_order_and_each_once() -> None:
    machine = running_sender()
    assert [send(machine), send(machine, "b"), send(machine), send(machine), send(machine)] == [
        0,
        1,
        2,
        3,
        None,
    ]


def test_nothing_goes_without_credit() -> None:
    machine = running_sender(credit=2 * CHUNK + 1)
    assert [send(machine), send(machine), send(machine)] == [0, 1, None]


def test_a_dead_lane_gives_back_what_is_not_written_and_it_costs_nothing() -> None:
    machine = running_sender(credit=4 * CHUNK)
    send_all(machine)
    machine.written(1, 1, 1.0)
    machine.lane_lost("a")
    assert [send(machine, "b") for _ in range(4)] == [0, 2, 3, None]


def test_a_late_word_that_it_is_written_saves_sending_it_again() -> None:
    machine = running_sender()
    send_all(machine)
    machine.lane_lost("a")
    machine.written(0, 4, 1.0)
    assert send(machine) is None
    assert machine.complete


def test_what_is_there_is_not_sent() -> None:
    machine = sender()
    machine.announced()
    machine.accepted(FileAccept(transfer="t", have=[Range(0, 2), Range(3, 1)]), 0.0)
    machine.opened()
    assert [send(machine), send(machine)] == [2, None]
    assert machine.done == 3 * CHUNK


def test_all_that_is_there_is_complete_at_once() -> None:
    machine = sender()
    machine.announced()
    machine.accepted(FileAccept(transfer="t", have=[Range(0, 4)]), 0.0)
    assert not machine.complete, "before the holes are told"
    machine.opened()
    assert machine.complete


def test_nothing_goes_while_either_end_pauses() -> None:
    machine = running_sender()
    assert machine.pause(True, 0.0) == FilePause(transfer="t", paused=True)
    assert machine.pause(True, 0.0) is None
    machine.was_paused(FilePause(transfer="t", paused=True), 0.0)
    machine.pause(False, 0.0)
    assert machine.pick() is None
    machine.was_paused(FilePause(transfer="t", paused=False), 0.0)
    assert machine.pick() == 0


def test_what_was_read_and_dropped_with_its_transfer_costs_nothing() -> None:
    machine = running_sender(credit=4 * CHUNK)
    spending = machine._credit
    index = machine.pick()
    assert index is not None
    send(machine)
    assert machine.cancel("No more.") == FileCancel(transfer="t", reason="No more.")
    machine.put_back(index)
    machine.lane_lost("a")
    assert spending.room == 4 * CHUNK


def lie(name: str, machine: Callable[[], Any], fault: type[PeerFault], *steps: Callable[[Any], Any]) -> Any:
    """The last of the steps is the one that cannot be believed."""
    return pytest.param(machine, fault, steps, id=name)


def tell(machine: Any, fault: type[PeerFault], steps: tuple[Callable[[Any], Any], ...]) -> None:
    *before, last = steps
    for step in before:
        step(machine)
    with pytest.raises(fault):
        last(machine)


def accept(*have: Range) -> FileAccept:
    return FileAccept(transfer="t", have=list(have))


def done(digest: bytes = b"h" * 32) -> FileDone:
    return FileDone(transfer="t", hash=digest)


@pytest.mark.parametrize(
    ("machine", "fault", "steps"),
    [
        lie(
            "has what there is not",
            sender,
            PeerMismatch,
            lambda m: m.announced(),
            lambda m: m.accepted(accept(Range(3, 2)), 0.0),
        ),
        lie("accepts before all was told", sender, PeerOutOfOrder, lambda m: m.accepted(accept(), 0.0)),
        lie("accepts twice", running_sender, PeerOutOfOrder, lambda m: m.accepted(accept(), 0.0)),
        lie("declines late", running_sender, PeerOutOfOrder, lambda m: m.declined(FileDecline(transfer="t"))),
        lie("has written what was not sent", running_sender, PeerMismatch, lambda m: m.written(0, 1, 0.0)),
        lie("has written too much", running_sender, PeerMismatch, send_all, lambda m: m.written(0, 9, 0.0)),
        lie("has written before it accepted", sender, PeerOutOfOrder, lambda m: m.written(0, 1, 0.0)),
        lie("is done before all was sent", running_sender, PeerOutOfOrder, lambda m: m.was_done(done())),
        lie("has something else", finished_sender, PeerHashWrong, lambda m: m.was_done(done(b"x" * 32))),
    ],
)
def test_a_receiver_that_lies_is_found_out(
    machine: Callable[[], Sending], fault: type[PeerFault], steps: tuple[Callable[[Any], Any], ...]
) -> None:
    tell(machine(), fault, steps)


# ── the receiver against a peer that lies ────────────────────────────────────────────────────────


def receiver(size: int = 4 * CHUNK, window: int = 100 * CHUNK, **fields: Any) -> Receiving:
    granting = Granting(window)
    granting.frame()
    return Receiving(meta(size, **fields), granting, 0.0)


def running_receiver(have: tuple[Range, ...] = (), **options: Any) -> Receiving:
    made = receiver(**options)
    made.accept(Even(made.meta.size), have, 0.0)
    return made


def chunk(index: int, length: int = CHUNK) -> FileChunk:
    return FileChunk(transfer="t", index=index, length=length, hash=chunk_hash(index))


def take(machine: Receiving, index: int) -> None:
    assert machine.chunk(chunk(index), 0.0)
    machine.written(index, chunk_hash(index))


def hole(first: int, count: int) -> FileHole:
    return FileHole(transfer="t", first=first, count=count)


def folder(size: int = 30, entries: int = 2) -> Receiving:
    return receiver(size, kind="folder", entries=entries)


def page(*sizes: int, last: bool = False, kind: Any = "file") -> FolderManifest:
    entries = [Entry(f"{at}.txt", kind, size, 0, 0o644) for at, size in enumerate(sizes)]
    return FolderManifest(transfer="t", entries=entries, last=last)


def test_a_chunk_of_a_lane_that_was_given_up_may_come_after_all_is_there() -> None:
    """Its sender sent it over another lane, and was told that it is written, before this one was read."""
    machine = running_receiver()
    for index in range(4):
        take(machine, index)
    machine.was_done(done(), 0.0)
    assert not machine.chunk(chunk(1), 0.0)
    assert machine.state == "finishing"
    assert machine.finished() == done()


def comes_often(machine: Receiving) -> None:
    for _ in range(receiving.AGAIN + 1):
        machine.chunk(chunk(0), 0.0)


def here() -> Receiving:
    return running_receiver((Range(0, 4),))


def page_of(*sizes: int, **fields: Any) -> Callable[[Receiving], Any]:
    return lambda machine: machine.page(page(*sizes, **fields), 0.0)


def comes(index: int, length: int = CHUNK) -> Callable[[Receiving], Any]:
    return lambda machine: machine.chunk(chunk(index, length), 0.0)


def is_hole(first: int, count: int) -> Callable[[Receiving], Any]:
    return lambda machine: machine.hole(hole(first, count), 0.0)


def is_done(machine: Receiving) -> None:
    machine.was_done(done(), 0.0)


def has_another_fault(machine: Receiving) -> None:
    machine.fault(FileFault(transfer="t", entry=0), 0.0)


def is_taken_whole(machine: Receiving) -> None:
    machine.accept(Even(30), (), 0.0)
    machine.chunk(chunk(0, 30), 0.0)
    machine.written(0, chunk_hash(0))


@pytest.mark.parametrize(
    ("machine", "fault", "steps"),
    [
        lie("more entries than announced", folder, PeerMismatch, page_of(1, 2, 3)),
        lie("fewer entries than announced", folder, PeerMismatch, page_of(30, last=True)),
        lie("more bytes than announced", folder, PeerMismatch, page_of(31)),
        lie("fewer bytes than announced", folder, PeerMismatch, page_of(1, 2, last=True)),
        lie("pages of nothing", folder, PeerMismatch, page_of()),
        lie("a folder that has a size", folder, PeerMismatch, page_of(30, 0, kind="folder")),
        lie("a page after the last", folder, PeerOutOfOrder, page_of(10, 20, last=True), page_of(last=True)),
        lie("a page of a file", receiver, PeerOutOfOrder, page_of(1)),
        lie("a file with entries", receiver, PeerMismatch, lambda _: receiver(entries=1)),
        lie("a chunk before it was accepted", receiver, PeerOutOfOrder, comes(0)),
        lie("a chunk past the end", running_receiver, PeerMismatch, comes(4)),
        lie("a chunk of another length", running_receiver, PeerMismatch, comes(0, CHUNK - 1)),
        lie("a chunk of nothing", running_receiver, PeerMismatch, comes(0, 0)),
        lie("bytes of a hole", running_receiver, PeerMismatch, is_hole(1, 2), comes(2)),
        lie("a hole past the end", running_receiver, PeerMismatch, is_hole(3, 2)),
        lie("a hole where bytes came", running_receiver, PeerMismatch, comes(0), is_hole(0, 1)),
        lie("the same for ever", running_receiver, PeerOutOfOrder, comes_often, comes(0)),
        lie(
            "more than granted",
            lambda: running_receiver(window=CHUNK),
            PeerOverCredit,
            comes(0),
            comes(1),
        ),
        lie("a fault of no entry", running_receiver, PeerMismatch, has_another_fault),
        lie("done before all came", running_receiver, PeerOutOfOrder, is_done),
        lie("done before it was accepted", receiver, PeerOutOfOrder, is_done),
        lie("done twice", here, PeerOutOfOrder, is_done, is_done),
        lie("a chunk after the end", here, PeerOutOfOrder, is_done, comes(0)),
        lie(
            "another hash of the whole",
            folder,
            PeerHashWrong,
            page_of(10, 20, last=True),
            is_taken_whole,
            is_done,
        ),
    ],
)
def test_a_sender_that_lies_is_found_out(
    machine: Callable[[], Receiving], fault: type[PeerFault], steps: tuple[Callable[[Any], Any], ...]
) -> None:
    tell(machine(), fault, steps)


def test_a_chunk_that_comes_again_is_not_written_again() -> None:
    machine = running_receiver()
    take(machine, 0)
    assert not machine.chunk(chunk(0), 0.0)
    machine.not_here(1)
    assert machine.chunk(chunk(1), 0.0)
    machine.not_here(1)
    assert machine.chunk(chunk(1), 0.0), "it did not come whole"


def test_holes_are_taken_for_written() -> None:
    machine = running_receiver()
    machine.hole(hole(0, 3), 0.0)
    assert machine.done == 3 * CHUNK
    take(machine, 3)
    machine.was_done(done(), 0.0)
    assert machine.finished() == done()


def test_a_transfer_that_stands_still_is_given_up_and_one_that_is_paused_is_not() -> None:
    late = transfer.STALL_S + 1
    for machine in (running_sender(), running_receiver(), folder()):
        assert not machine.stalled(late - 2)
        assert machine.stalled(late)
        machine.pause(True, 1.0)
        assert not machine.stalled(late + 1)
    assert not sender().stalled(late), "a person may think about an offer for as long as they like"
    assert not receiver().stalled(late)
    assert not finished_sender().stalled(late), "to verify what is large takes long"
    assert finished_sender().stalled(transfer.FINISH_S + 2)


@pytest.mark.parametrize("code", ["cancelled", "changed"])
def test_a_cancel_ends_it_whatever_the_state(code: str) -> None:
    for machine in (sender(), running_sender(), finished_sender(), receiver(), running_receiver(), folder()):
        machine.was_cancelled(FileCancel(transfer="t", reason="No.", code=code))
        assert machine.ended == transfer.Ended(
            "cancelled" if code == "cancelled" else "failed", code, "No.", here=False
        )
        assert machine.cancel("Neither do I.") is None


def test_a_hole_of_terabytes_takes_no_longer_than_one_of_a_page() -> None:
    """Nothing goes from chunk to chunk where nothing is in them."""
    size = 2**43
    machine = running_receiver(size=size)
    machine.hole(hole(0, size // CHUNK), 0.0)
    assert machine.done == size
    sending = Sending("t", size, Even(size), [Range(0, size // CHUNK)], Spending(), 0.0)
    sending.announced()
    sending.accepted(FileAccept(transfer="t"), 0.0)
    sending.opened()
    assert sending.complete
    assert sending.done == size
