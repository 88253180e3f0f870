"""The window of messages, against a plain model of what it should hold."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mesh_agent.client.state import Outgoing, Page
from mesh_tui.layout.message import Entry, Head
from mesh_tui.timeline import HELD, SLACK, Splice, Timeline
from protocol.rest import Message
from tests.tui.examples import message, outgoing, page


def _seqs(timeline: Timeline) -> list[int]:
    return [entry.seq for entry in timeline.entries if isinstance(entry, Message)]


def _held(first: int, last: int, *, newest: int = 0, has_more: bool = True) -> Timeline:
    timeline = Timeline()
    timeline.reset(page(first, last, has_more=has_more), [], newest)
    return timeline


def test_a_page_and_what_is_on_its_way() -> None:
    timeline = Timeline()
    timeline.reset(page(5, 7), [outgoing("a"), outgoing("b", error="No.")], 0)
    assert (timeline.first, timeline.last, timeline.newest, timeline.detached) == (5, 7, 7, False)
    assert [entry.nonce for entry in timeline.failed()] == ["b"]


def test_the_next_message_is_appended_above_what_is_on_its_way() -> None:
    timeline = Timeline()
    timeline.reset(page(1, 2), [outgoing("a")], 0)
    timeline.receive(message(3))
    assert [type(entry).__name__ for entry in timeline.entries] == [
        "Head",
        "Message",
        "Message",
        "Message",
        "Outgoing",
    ]


def test_ones_own_message_takes_the_place_of_what_was_on_its_way() -> None:
    timeline = Timeline()
    timeline.reset(page(1, 2), [outgoing("a"), outgoing("b")], 0)
    timeline.receive(message(3), "a")
    assert _seqs(timeline) == [1, 2, 3]
    assert [entry.nonce for entry in timeline.entries if isinstance(entry, Outgoing)] == ["b"]


def test_a_message_that_is_there_is_replaced_not_doubled() -> None:
    timeline = _held(1, 3)
    timeline.receive(message(2, "edited"))
    assert _seqs(timeline) == [1, 2, 3]
    assert [entry.content for entry in timeline.entries if isinstance(entry, Message)][1] == "edited"


def test_a_message_past_a_gap_is_only_counted() -> None:
    timeline = _held(1, 3)
    timeline.receive(message(9))
    assert _seqs(timeline) == [1, 2, 3]
    assert timeline.detached
    timeline.extend(page(4, 9).messages)
    assert _seqs(timeline) == list(range(1, 10))
    assert not timeline.detached


def test_a_message_older_than_what_is_held_changes_nothing() -> None:
    timeline = _held(5, 7)
    timeline.receive(message(2, "edited"))
    assert _seqs(timeline) == [5, 6, 7]


def test_the_first_message_of_a_room() -> None:
    timeline = _held(1, 0, has_more=False)
    timeline.receive(message(1))
    assert _seqs(timeline) == [1]


def test_a_message_that_came_while_the_page_was_loading_is_not_forgotten() -> None:
    timeline = Timeline()
    timeline.receive(message(8))
    timeline.reset(page(5, 7), [], 0)
    assert timeline.detached


def test_growing_at_the_top_drops_from_the_bottom() -> None:
    timeline = _held(HELD + 1, 2 * HELD + SLACK)
    timeline.prepend(page(HELD - 199, HELD))
    assert (timeline.first, timeline.last) == (HELD - 199, 2 * HELD - 200)
    assert timeline.detached


def test_growing_at_the_bottom_drops_from_the_top_and_says_so() -> None:
    timeline = _held(1, HELD + SLACK, has_more=False)
    timeline.set_head(Head("beginning"))
    timeline.receive(message(HELD + SLACK + 1))
    assert timeline.first == SLACK + 2
    assert timeline.head.state == "earlier"


class Follows(RuleBasedStateMachine):
    """Whoever applies the splices has what the timeline has; the timeline holds one stretch of the room."""

    def __init__(self) -> None:
        super().__init__()
        self.timeline = Timeline()
        self.followed: list[Entry] = list(self.timeline.entries)
        self.room = 0

    def _follow(self, splices: list[Splice]) -> None:
        for start, removed, entries in splices:
            self.followed[start : start + removed] = entries

    @rule(count=st.integers(1, 5))
    def the_room_goes_on(self, count: int) -> None:
        for _ in range(count):
            self.room += 1
            self._follow(self.timeline.receive(message(self.room)))

    @rule(lost=st.integers(1, 5))
    def something_is_missed(self, lost: int) -> None:
        self.room += lost

    @rule(size=st.integers(1, 6))
    def the_newest_page_comes(self, size: int) -> None:
        first = max(1, self.room - size + 1)
        self._follow([self.timeline.reset(page(first, self.room, has_more=first > 1), [], 0)])

    @rule(size=st.integers(1, 6))
    def an_earlier_page_comes(self, size: int) -> None:
        first = self.timeline.first
        if first is not None:
            self._follow(self.timeline.prepend(page(max(1, first - size), first - 1)))

    @rule(size=st.integers(1, 6))
    def a_later_page_comes(self, size: int) -> None:
        last = self.timeline.last
        if last is not None:
            self._follow(self.timeline.extend(page(last + 1, min(self.room, last + size)).messages))

    @rule(nonce=st.sampled_from("abc"), failed=st.booleans())
    def something_is_typed_or_refused(self, nonce: str, failed: bool) -> None:
        self._follow([self.timeline.put_outgoing(outgoing(nonce, error="No." if failed else ""))])

    @rule(nonce=st.sampled_from("abc"))
    def something_is_dropped(self, nonce: str) -> None:
        self._follow(self.timeline.discard(nonce))

    @rule(nonce=st.sampled_from("abc"))
    def something_typed_arrives(self, nonce: str) -> None:
        self.room += 1
        self._follow(self.timeline.receive(message(self.room), nonce))

    @rule(state=st.sampled_from(["loading", "earlier", "beginning"]))
    def the_head_changes(self, state: str) -> None:
        self._follow([self.timeline.set_head(Head(state))])  # type: ignore[arg-type]

    @invariant()
    def the_follower_has_the_same(self) -> None:
        assert self.followed == self.timeline.entries

    @invariant()
    def what_is_held_has_no_gap_and_stands_in_order(self) -> None:
        seqs = _seqs(self.timeline)
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True
        kinds = [type(entry) for entry in self.timeline.entries]
        assert kinds == sorted(kinds, key=[Head, Message, Outgoing].index)
        assert kinds.count(Head) == 1


TestFollows = Follows.TestCase
TestFollows.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(st.integers(1, 12), max_size=20))
def test_messages_in_any_order_never_stand_in_a_wrong_one(seqs: list[int]) -> None:
    timeline = Timeline()
    timeline.reset(Page([message(4), message(5)], True), [], 0)
    for seq in seqs:
        timeline.receive(message(seq))
    held = _seqs(timeline)
    assert held == sorted(set(held))
    assert held == list(range(4, 4 + len(held)))
