"""What each arrival makes of the state of my rooms."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mesh_agent.client.cache import Cache
from mesh_agent.client.changes import MemberRole, RoomEntered, RoomHeld
from mesh_agent.client.outcome import Outcome
from mesh_agent.client.room_line import TOLD_MAX
from mesh_agent.client.roster import Roster
from mesh_agent.client.state import AgentEvent, HistoryReset, MembersChanged, MessageReceived, RoomGone
from mesh_agent.client.sync import MessageEvent, Sync
from protocol import limits
from protocol.events import (
    MemberChanged,
    MemberLeft,
    MessageCreated,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    ReactionUpdated,
    RoomDeleted,
    RoomJoined,
    RoomLeft,
    RoomUpdated,
    ServerToClient,
)
from tests.agent.rooms import ME, RoomLog, member, message, room, welcome


def held(log: RoomLog, rev: int = 0, top_seq: int = 0) -> RoomHeld:
    return RoomHeld(room(log.room_id), log.epoch, rev, top_seq)


def connected(log: RoomLog, *held_rooms: RoomHeld) -> Sync:
    """A `Sync` that knows `held_rooms` and has just come up to date with `log`."""
    sync = Sync(ME, held_rooms, Roster())
    connect(sync, log)
    return sync


def connect(sync: Sync, *logs: RoomLog) -> list[Outcome]:
    named = sync.resume()
    outcomes = [sync.welcome(welcome(*(log.state(named.get(log.room_id)) for log in logs)), named)]
    for log in logs:
        if log.room_id in named and not log.state(named[log.room_id]).gap:
            outcomes += [sync.apply(event) for event in log.replay(named[log.room_id])]
    return outcomes


def events(outcomes: list[Outcome]) -> list[AgentEvent]:
    return [event for outcome in outcomes for event in outcome.events]


def told(outcomes: list[Outcome]) -> list[int]:
    return [event.message.seq for event in events(outcomes) if isinstance(event, MessageReceived)]


def test_a_first_connection_brings_the_rooms_and_nothing_of_their_history() -> None:
    log = RoomLog()
    log.post()
    sync = Sync(ME, [], Roster())
    outcomes = connect(sync, log)
    assert [mine.name for mine in sync.rooms()] == ["Room r"]
    assert events(outcomes) == []
    line = sync.line("r")
    assert line is not None
    assert (line.rev, line.top_seq, line.phase) == (1, 1, "live")


def test_live_events_are_told_in_order_and_once() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    first, second = log.post(), log.post()
    outcomes = [sync.apply(event) for event in (first, first, second, first, second)]
    assert told(outcomes) == [1, 2]
    assert not any(outcome.lost for outcome in outcomes)


def test_a_missing_change_asks_for_a_new_connection_which_brings_it() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    log.post()
    assert sync.apply(log.post()).lost
    assert told(connect(sync, log)) == [1, 2]


def test_a_change_of_an_unknown_kind_is_fetched_as_the_present_state() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(log.post())
    log.edit(1)
    assert sync.apply(log.post()).lost
    received = [event for event in events(connect(sync, log)) if isinstance(event, MessageReceived)]
    assert [(event.message.seq, event.message.rev) for event in received] == [(1, 2), (2, 3)]


def test_a_resume_that_breaks_off_loses_nothing_and_tells_nothing_twice() -> None:
    log = RoomLog()
    for _ in range(4):
        log.post()
    sync = Sync(ME, [held(log)], Roster())
    named = sync.resume()
    sync.welcome(welcome(log.state(0)), named)
    first_part = [sync.apply(event) for event in log.replay(0)[:2]]
    assert told(first_part) == [1, 2]
    line = sync.line("r")
    assert line is not None
    assert line.rev == 0
    assert told(connect(sync, log)) == [3, 4]
    assert line.rev == 4


def test_a_gap_starts_the_room_over() -> None:
    log = RoomLog(gap_past=2)
    sync = connected(log, held(log))
    for _ in range(3):
        log.post()
    outcomes = connect(sync, log)
    assert events(outcomes) == [HistoryReset("r")]
    assert told([sync.apply(log.post())]) == [4]


def test_a_restored_backup_starts_the_room_over_even_where_the_numbers_fit() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(log.post())
    restored = RoomLog(epoch="e2")
    restored.post()
    restored.post()
    outcomes = connect(sync, restored)
    assert HistoryReset("r") in events(outcomes)
    assert told(outcomes) == []
    assert told([sync.apply(restored.post())]) == [3]


def test_a_restored_backup_starts_a_room_over_that_was_entered_since_the_last_welcome() -> None:
    log, entered = RoomLog(), RoomLog(room_id="s")
    sync = connected(log, held(log))
    entered.post()
    sync.entered(entered.present())
    restored = RoomLog(room_id="s", epoch="e2")
    for _ in range(3):
        restored.post()
    assert HistoryReset("s") in events(connect(sync, RoomLog(epoch="e2"), restored))


def test_a_restored_backup_starts_the_first_room_of_all_over_that_was_entered_since() -> None:
    entered = RoomLog()
    sync = Sync(ME, [], Roster())
    sync.welcome(welcome(epoch=entered.epoch), {})
    sync.entered(entered.present())
    restored = RoomLog(epoch="e2")
    restored.post()
    assert HistoryReset("r") in events(connect(sync, restored))


def test_numbers_that_go_back_start_the_room_over_even_in_the_same_epoch() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    for _ in range(3):
        sync.apply(log.post())
    assert HistoryReset("r") in events(connect(sync, RoomLog()))


def test_rooms_that_are_no_longer_mine_go() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    assert events([sync.welcome(welcome(), {})]) == [RoomGone("r")]
    assert sync.rooms() == []


def test_a_room_entered_after_the_hello_outlives_a_welcome_made_before() -> None:
    sync = Sync(ME, [], Roster())
    named = sync.resume()
    sync.entered(room(last_seq=5, rev=7))
    assert events([sync.welcome(welcome(), named)]) == []
    joined = RoomJoined(room_id="r", room=room(last_seq=5, rev=7), members=[member(ME)], last_seq=5, rev=7)
    sync.apply(joined)
    assert told([sync.apply(MessageCreated(message=message(6, 8)))]) == [6]
    assert events(connect(sync)) == [RoomGone("r")]


def test_leaving_elsewhere_and_being_removed_end_the_room() -> None:
    for leaving in (RoomLeft(room_id="r"), MemberLeft(room_id="r", rev=1, user_id=ME, username="me")):
        log = RoomLog()
        sync = connected(log, held(log))
        assert events([sync.apply(leaving)]) == [RoomGone("r")]


def test_joining_elsewhere_brings_the_room() -> None:
    sync = Sync(ME, [], Roster())
    joined = RoomJoined(room_id="r", room=room(last_seq=5, rev=7), members=[member(ME)], last_seq=5, rev=7)
    sync.apply(joined)
    assert [mine.id for mine in sync.rooms()] == ["r"]
    assert told([sync.apply(MessageCreated(message=message(6, 8)))]) == [6]


def test_an_answer_to_join_and_the_event_of_it_come_in_either_order() -> None:
    joined = RoomJoined(room_id="r", room=room(last_seq=5, rev=7), members=[member(ME)], last_seq=5, rev=7)
    for answer_first in (True, False):
        sync = Sync(ME, [], Roster())
        outcomes = [sync.entered(joined.room)] if answer_first else []
        outcomes.append(sync.apply(joined))
        outcomes.append(sync.entered(joined.room))
        assert events(outcomes) == []
        assert told([sync.apply(MessageCreated(message=message(6, 8)))]) == [6]


def test_unread_counts_others_messages_and_mentions_once() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(log.post("u-bob"))
    sync.apply(log.post(ME))
    event = log.post("u-bob")
    mentioning = MessageCreated(message=replace(event.message, mentions=[ME]))
    sync.apply(mentioning)
    sync.apply(mentioning)
    assert [(mine.unread, mine.mentions) for mine in sync.rooms()] == [(2, 1)]


def test_what_the_server_has_counted_is_not_counted_again() -> None:
    log = RoomLog()
    log.post()
    log.post()
    sync = Sync(ME, [held(log)], Roster())
    connect(sync, log)
    assert [mine.unread for mine in sync.rooms()] == [2]
    sync.apply(log.post())
    assert [mine.unread for mine in sync.rooms()] == [3]


def test_reading_sets_the_marker_and_never_sets_it_back() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    for _ in range(3):
        sync.apply(log.post())
    assert sync.read("r", 2, 1, 0).rooms
    assert not sync.read("r", 1, 2, 0).rooms
    assert [(mine.read_seq, mine.unread) for mine in sync.rooms()] == [(2, 1)]


def test_members_are_counted_and_told_to_who_looks() -> None:
    log = RoomLog()
    roster = Roster()
    sync = Sync(ME, [held(log)], roster)
    connect(sync, log)
    assert events([sync.apply(log.join("u-bob"))]) == []
    roster.show("r", log.members.values())
    (changed,) = events([sync.apply(log.join("u-ann"))])
    assert isinstance(changed, MembersChanged)
    assert [who.user_id for who in changed.members] == ["u-ann", "u-bob", ME]
    assert [mine.member_count for mine in sync.rooms()] == [3]
    sync.apply(log.leave("u-bob"))
    assert [mine.member_count for mine in sync.rooms()] == [2]


def test_ownership_passes_on() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(log.join("u-bob"))
    left = log.leave("u-bob")
    sync.apply(replace(left, new_owner=ME))
    assert [mine.my_role for mine in sync.rooms()] == ["owner"]


def test_events_of_rooms_that_are_not_mine_change_nothing() -> None:
    sync = Sync(ME, [], Roster())
    log = RoomLog()
    for event in (
        log.post(),
        log.join("u-bob"),
        log.leave("u-bob"),
        RoomLeft(room_id="r"),
        log.replay(0)[-1],
    ):
        assert sync.apply(event) == Outcome()


def test_what_hello_names_fits_in_its_frame() -> None:
    rooms = [RoomHeld(room(f"{number:064}"), "e", 2**52, 1) for number in range(3_000)]
    named = Sync(ME, rooms, Roster()).resume()
    assert 0 < len(named) <= limits.RESUME_ROOMS
    assert sum(len(room_id) + 16 for room_id in named) < limits.FRAME_BYTES


def test_a_room_that_was_not_named_starts_over_only_if_it_changed() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    assert events([sync.welcome(welcome(log.state(None)), {})]) == []
    log.post()
    assert events([sync.welcome(welcome(log.state(None)), {})]) == [HistoryReset("r")]


def test_a_server_that_replays_without_end_is_cut_off() -> None:
    log = RoomLog(gap_past=10**6)
    for _ in range(TOLD_MAX + 1):
        log.post()
    sync = Sync(ME, [held(log)], Roster())
    named = sync.resume()
    sync.welcome(welcome(log.state(0)), named)
    assert any(sync.apply(event).lost for event in log.replay(0))


class World:
    """One server room, one client with a real cache file, and a pipe between them that may lose things.

    `screen` is what a person would see: `seq` to `rev`.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "cache.db"
        self.cache = Cache(self.path)
        self.log = RoomLog(gap_past=6)
        self.pipe: list[ServerToClient] = []
        self.line_up = False
        self.disk_full = False
        self.sync = Sync(ME, [held(self.log)], Roster())
        self.screen: dict[int, int] = {}
        self.told: set[tuple[int, int]] = set()
        self.cache.apply([RoomEntered(held(self.log))])

    # ── the server ───────────────────────────────────────────────────────────────────────────────

    def publish(self, event: ServerToClient) -> None:
        if self.line_up:
            self.pipe.append(event)

    def post(self, number: int) -> None:
        self.publish(self.log.post(ME if number % 2 else "u-bob"))

    def edit(self, number: int) -> None:
        if self.log.messages:
            self.log.edit(1 + number % len(self.log.messages))

    def come_or_go(self, _: int) -> None:
        here = "u-bob" in self.log.members
        self.publish(self.log.leave("u-bob") if here else self.log.join("u-bob"))

    def restore_backup(self, number: int) -> None:
        """Numbers are dealt anew; the line is down meanwhile."""
        self.break_line(0)
        back = number % 4
        kept = self.log.messages[: max(0, len(self.log.messages) - back)]
        rev = max([self.log.rev - back, *(message.rev for message in kept), 0])
        self.log = RoomLog(gap_past=6, epoch=self.log.epoch + "'", rev=rev, messages=kept)

    # ── the line ─────────────────────────────────────────────────────────────────────────────────

    def break_line(self, _: int) -> None:
        self.pipe.clear()
        self.line_up = False

    def reconnect(self, _: int) -> None:
        named = self.sync.resume()
        state = self.log.state(named["r"])
        self.carry_out(self.sync.welcome(welcome(state), named))
        self.pipe = [] if state.gap else self.log.replay(named["r"])
        self.line_up = True

    def deliver(self, number: int) -> None:
        arrived, self.pipe = self.pipe[: 1 + number], self.pipe[1 + number :]
        for event in arrived:
            outcome = self.sync.apply(event)
            self.carry_out(outcome)
            if outcome.lost:
                self.reconnect(0)
                return

    def duplicate(self, number: int) -> None:
        if self.pipe and self.is_live():
            self.pipe.insert(1 + number, self.pipe[0])

    def lose(self, number: int) -> None:
        if self.pipe and self.is_live():
            del self.pipe[number % len(self.pipe)]

    def is_live(self) -> bool:
        line = self.sync.line("r")
        assert line is not None
        return line.phase == "live"

    # ── the client ───────────────────────────────────────────────────────────────────────────────

    def turn_disk(self, number: int) -> None:
        self.disk_full = number % 2 == 1

    def carry_out(self, outcome: Outcome) -> None:
        if not self.disk_full:
            self.cache.apply(outcome.changes)
        for event in outcome.events:
            if isinstance(event, HistoryReset):
                self.told.clear()
                self.screen = self.on_server()
            elif isinstance(event, MessageReceived):
                told = (event.message.seq, event.message.rev)
                assert told not in self.told, "told twice"
                self.told.add(told)
                self.screen[told[0]] = max(told[1], self.screen.get(told[0], 0))

    def on_server(self) -> dict[int, int]:
        return {message.seq: message.rev for message in self.log.messages}

    def restart_program(self, _: int) -> None:
        self.break_line(0)
        self.told.clear()
        self.cache.close()
        self.cache = Cache(self.path)
        rooms = self.cache.load().rooms
        self.sync = Sync(ME, rooms, Roster())
        page = self.cache.page_before("r", rooms[0].top_seq, 10_000)
        # What is not held is loaded when somebody looks; what is held is shown as it is.
        below = page[0].seq if page else rooms[0].top_seq + 1
        older = {seq: rev for seq, rev in self.on_server().items() if seq < below}
        self.screen = older | {message.seq: message.rev for message in page}

    def come_up(self) -> None:
        self.reconnect(0)
        while self.pipe:
            self.deliver(len(self.pipe))

    def check(self) -> None:
        """Once all has arrived, the screen, the state and the file have what the server has."""
        self.break_line(0)
        self.come_up()
        line = self.sync.line("r")
        assert line is not None
        assert (line.rev, line.phase, line.top_seq) == (self.log.rev, "live", len(self.log.messages))
        assert self.screen == self.on_server()
        self.disk_full = False
        self.restart_program(0)
        self.come_up()
        assert self.screen == self.on_server()
        (stored,) = self.cache.load().rooms
        assert (stored.rev, stored.top_seq) == (self.log.rev, len(self.log.messages))


STEPS = {
    World.post: 8,
    World.deliver: 8,
    World.reconnect: 3,
    World.edit: 3,
    World.come_or_go: 2,
    World.break_line: 2,
    World.lose: 2,
    World.duplicate: 2,
    World.turn_disk: 1,
    World.restart_program: 1,
    World.restore_backup: 1,
}
"""What may happen, and how often of all."""

WEIGHTED = [step for step, weight in STEPS.items() for _ in range(weight)]


@given(st.lists(st.tuples(st.sampled_from(WEIGHTED), st.integers(0, 7)), min_size=30, max_size=120))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_to_the_line_nothing_is_lost_or_told_twice(
    steps: list[tuple[Callable[[World, int], None], int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for step, number in steps:
            step(world, number)
        world.check()
        world.cache.close()


def test_a_message_that_changes_is_told_as_it_is_now() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(log.post())
    changed = replace(message(1, 2), content="edited")
    changes: list[MessageEvent] = [
        MessageEdited(message=changed),
        MessagePinned(message=replace(changed, rev=3, pinned=True)),
        ReactionUpdated(room_id="r", message_id=changed.id, message=replace(changed, rev=4)),
        MessageDeleted(message=replace(changed, rev=5, content="", deleted=True)),
    ]
    for event in changes:
        assert sync.apply(event).events == [MessageReceived(event.message)]
        assert sync.apply(event).events == []
    assert sync.apply(MessageEdited(message=replace(changed, rev=9))).lost


def test_a_message_deleted_before_it_was_read_is_not_unread() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    first, second = log.post(), log.post()
    sync.apply(first)
    sync.apply(second)
    assert [mine.unread for mine in sync.rooms()] == [2]
    sync.apply(MessageDeleted(message=replace(first.message, rev=3, content="", deleted=True)))
    assert [mine.unread for mine in sync.rooms()] == [1]


def test_a_room_that_is_changed_keeps_what_is_mine() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(log.post())
    renamed = replace(room(rev=2), name="Another name", topic="Why", my_role=None, read_seq=None, unread=None)
    sync.apply(RoomUpdated(room_id="r", rev=2, room=renamed))
    (mine,) = sync.rooms()
    assert (mine.name, mine.topic, mine.rev) == ("Another name", "Why", 2)
    assert (mine.my_role, mine.read_seq, mine.unread) == ("member", 0, 1)
    assert sync.apply(RoomUpdated(room_id="r", rev=9, room=renamed)).lost


def test_roles_change_for_me_and_for_others() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    sync.apply(MemberChanged(room_id="r", rev=1, user_id=ME, role="moderator"))
    (mine,) = sync.rooms()
    assert mine.my_role == "moderator"
    outcome = sync.apply(MemberChanged(room_id="r", rev=2, user_id="u-bob", role="owner"))
    assert MemberRole("r", 2, "u-bob", "owner") in outcome.changes


def test_a_room_that_is_deleted_is_gone() -> None:
    log = RoomLog()
    sync = connected(log, held(log))
    assert RoomGone("r") in sync.apply(RoomDeleted(room_id="r")).events
    assert sync.rooms() == []
