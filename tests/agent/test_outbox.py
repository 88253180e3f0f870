"""When a message is sent, and what an answer means for it."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mesh_agent.client.outbox import IN_FLIGHT_MAX, RETRY_FIRST_S, RETRY_MAX_S, Entry, Outbox
from mesh_agent.client.state import Outgoing
from protocol.errors import (
    ContentTooLong,
    InvalidMessage,
    MeshError,
    NotMember,
    RateLimited,
    StorageUnavailable,
)


def entry(nonce: str, room_id: str = "r", *, failed: bool = False) -> Entry:
    outgoing = Outgoing(nonce, room_id, f"text {nonce}", "2026-01-01T00:00:00.000Z", "pending")
    return Entry(replace(outgoing, state="failed") if failed else outgoing)


def nonces(entries: list[Entry]) -> list[str]:
    return [taken.nonce for taken in entries]


def test_one_message_of_a_room_at_a_time_in_the_order_typed() -> None:
    outbox = Outbox([entry("a"), entry("b"), entry("c")])
    assert nonces(outbox.take(0.0)) == ["a"]
    assert outbox.take(0.0) == []
    outbox.acknowledged("a")
    assert nonces(outbox.take(0.0)) == ["b"]


def test_rooms_do_not_wait_for_each_other_and_the_number_under_way_is_bounded() -> None:
    outbox = Outbox([entry(f"n{room}", f"r{room}") for room in range(IN_FLIGHT_MAX + 5)])
    assert len(outbox.take(0.0)) == IN_FLIGHT_MAX
    assert outbox.take(0.0) == []
    outbox.acknowledged("n0")
    assert nonces(outbox.take(0.0)) == [f"n{IN_FLIGHT_MAX}"]


def test_a_room_that_may_not_go_keeps_nobody_else() -> None:
    outbox = Outbox([entry("a", "r1"), entry("b", "r2")])
    assert nonces(outbox.take(0.0, lambda room_id: room_id != "r1")) == ["b"]
    assert nonces(outbox.take(0.0)) == ["a"]


def test_an_acknowledged_one_stays_to_be_shown_until_it_is_seen() -> None:
    outbox = Outbox([entry("a")])
    outbox.take(0.0)
    outbox.acknowledged("a")
    assert [outgoing.nonce for outgoing in outbox.of_room("r")] == ["a"]
    outbox.line_lost()
    assert outbox.take(0.0) == []
    assert outbox.seen("a") is not None
    assert outbox.of_room("r") == []


def test_one_that_is_seen_before_its_acknowledgement_is_gone() -> None:
    outbox = Outbox([entry("a"), entry("b")])
    outbox.take(0.0)
    outbox.seen("a")
    assert outbox.acknowledged("a") is None
    assert nonces(outbox.take(0.0)) == ["b"]


def test_a_broken_line_puts_back_what_was_under_way() -> None:
    outbox = Outbox([entry("a"), entry("b")])
    outbox.take(0.0)
    outbox.line_lost()
    assert nonces(outbox.take(0.0)) == ["a"]


def test_a_refusal_for_good_fails_it_and_lets_the_next_one_go() -> None:
    unknown = MeshError.from_wire("moon.full", "No.")
    for error in (ContentTooLong(), NotMember(), InvalidMessage(), unknown):
        outbox = Outbox([entry("a"), entry("b")])
        outbox.take(0.0)
        failed = outbox.refused("a", error, 0.0)
        assert failed is not None
        assert (failed.state, failed.error) == ("failed", error.message)
        assert nonces(outbox.take(0.0)) == ["b"]


def test_a_refusal_for_now_keeps_it_pending_and_those_behind_it_waiting() -> None:
    outbox = Outbox([entry("a"), entry("b")])
    now = 0.0
    waits = []
    for _ in range(9):
        assert nonces(outbox.take(now)) == ["a"]
        waiting = outbox.refused("a", StorageUnavailable(), now)
        assert waiting is not None
        assert (waiting.state, waiting.error) == ("pending", StorageUnavailable().message)
        assert outbox.of_room(waiting.room_id)[0] == waiting
        assert outbox.take(now) == []
        next_time = outbox.next_time()
        assert next_time is not None
        waits.append(next_time - now)
        now = next_time
    assert waits == [RETRY_FIRST_S, 2.0, 4.0, 8.0, 16.0, 32.0, RETRY_MAX_S, RETRY_MAX_S, RETRY_MAX_S]


def test_the_servers_wish_is_honoured_up_to_a_bound() -> None:
    outbox = Outbox([entry("a")])
    outbox.take(0.0)
    outbox.refused("a", RateLimited(retry_after=7.5), 0.0)
    assert outbox.next_time() == 7.5
    outbox.take(7.5)
    outbox.refused("a", RateLimited(retry_after=1e9), 7.5)
    assert outbox.next_time() == 7.5 + RETRY_MAX_S


def test_a_failed_one_waits_for_its_author() -> None:
    outbox = Outbox([entry("a", failed=True)])
    assert outbox.take(0.0) == []
    outgoing = outbox.retry("a")
    assert outgoing is not None
    assert (outgoing.state, outgoing.error) == ("pending", "")
    assert nonces(outbox.take(0.0)) == ["a"]
    assert outbox.retry("a") is None


def test_one_that_is_retried_does_not_overtake_what_is_under_way() -> None:
    outbox = Outbox([entry("a", failed=True), entry("b")])
    assert nonces(outbox.take(0.0)) == ["b"]
    outbox.retry("a")
    assert outbox.take(0.0) == []
    outbox.acknowledged("b")
    assert nonces(outbox.take(0.0)) == ["a"]


def test_reading_the_disk_again_adds_only_what_is_new() -> None:
    outbox = Outbox([entry("a")])
    outbox.take(0.0)
    assert [outgoing.nonce for outgoing in outbox.load([entry("a"), entry("b")])] == ["b"]
    assert outbox.take(0.0) == []


def test_answers_to_what_is_not_there_change_nothing() -> None:
    outbox = Outbox()
    assert outbox.acknowledged("x") is None
    assert outbox.seen("x") is None
    assert outbox.refused("x", NotMember(), 0.0) is None
    assert outbox.retry("x") is None
    assert outbox.next_time() is None


class AnyOrder(RuleBasedStateMachine):
    """Sends, answers, refusals and broken lines in any order: no room's order changes, nothing is lost."""

    ROOMS = ("r1", "r2", "r3")

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.now = 0.0
        self.typed: dict[str, list[str]] = defaultdict(list)
        self.taken_by_server: dict[str, list[str]] = defaultdict(list)
        self.under_way: list[Entry] = []
        self.count = 0

    @rule(room=st.sampled_from(ROOMS))
    def type(self, room: str) -> None:
        nonce = f"n{self.count}"
        self.count += 1
        self.typed[room].append(nonce)
        self.outbox.add(entry(nonce, room))

    @rule(elapsed=st.floats(0, 100))
    def send(self, elapsed: float) -> None:
        self.now += elapsed
        self.under_way += self.outbox.take(self.now)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 100), seen_first=st.booleans())
    def accept(self, which: int, seen_first: bool) -> None:
        taken = self.under_way.pop(which % len(self.under_way))
        self.taken_by_server[taken.outgoing.room_id].append(taken.nonce)
        if seen_first:
            self.outbox.seen(taken.nonce)
        self.outbox.acknowledged(taken.nonce)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 100))
    def refuse_for_now(self, which: int) -> None:
        taken = self.under_way.pop(which % len(self.under_way))
        self.outbox.refused(taken.nonce, StorageUnavailable(), self.now)

    @rule()
    def break_line(self) -> None:
        self.under_way.clear()
        self.outbox.line_lost()

    @invariant()
    def one_of_a_room_under_way(self) -> None:
        rooms = [taken.outgoing.room_id for taken in self.under_way]
        assert len(rooms) == len(set(rooms))

    def teardown(self) -> None:
        self.break_line()
        for _ in range(self.count):
            self.now += 1_000
            for taken in self.outbox.take(self.now):
                self.taken_by_server[taken.outgoing.room_id].append(taken.nonce)
                self.outbox.acknowledged(taken.nonce)
        assert self.taken_by_server == self.typed


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
