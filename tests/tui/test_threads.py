"""Threads: what is held of one, what the room shows of it, and the pane that it is read and written in."""

import asyncio
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.agent import Agent
from mesh_agent.client.state import Page
from mesh_tui.layout.blocks import Blocks
from mesh_tui.layout.message import Head
from mesh_tui.timeline import Timeline
from protocol.rest import Message
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown
from tests.tui.examples import ALICE, message, outgoing
from tests.tui.seat import Seat

# ── a timeline of one thread ─────────────────────────────────────────────────────────────────────


def _thread(*seqs: int) -> Timeline:
    timeline = Timeline(thread="m1")
    timeline.reset(Page([_in_thread(seq) for seq in seqs], has_more=False), [], 0)
    return timeline


def _in_thread(seq: int, content: str = "said in it") -> Message:
    return message(seq, content, thread=None if seq == 1 else "m1")


def _seqs(timeline: Timeline) -> list[int]:
    return [entry.seq for entry in timeline.entries if isinstance(entry, Message)]


def test_what_is_said_in_a_thread_follows_whatever_was_said_between() -> None:
    timeline = _thread(1, 4)
    timeline.receive(_in_thread(9))
    timeline.receive(_in_thread(4, "changed"))
    assert _seqs(timeline) == [1, 4, 9]
    known = timeline.message("m4")
    assert known is not None
    assert known.content == "changed"
    assert not timeline.detached


def test_the_first_of_a_thread_may_be_the_first_that_is_held() -> None:
    timeline = _thread()
    timeline.receive(_in_thread(7))
    assert _seqs(timeline) == [7]


def test_what_is_no_longer_next_to_what_is_held_is_not_held() -> None:
    timeline = _thread(1, 4)
    timeline.newest = 8
    timeline.receive(_in_thread(9))
    assert _seqs(timeline) == [1, 4]


# ── what the room shows of it ────────────────────────────────────────────────────────────────────


def _blocks(timeline: Timeline) -> Blocks:
    return Blocks(timeline, ALICE, 60)


def _rows(blocks: Blocks, index: int) -> list[str]:
    return [line.text for line in blocks.rows(index)]


def test_what_began_a_thread_says_how_much_was_said_in_it() -> None:
    timeline = Timeline()
    timeline.reset(Page([message(1), message(2), _in_thread(3)], has_more=False), [], 0)
    blocks = _blocks(timeline)
    assert _rows(blocks, 1)[-1] == "  ↳ 1 answer"
    assert _rows(blocks, 3)[-2].startswith("  ↳ in the thread of bob")
    for splice in timeline.receive(_in_thread(4)):
        blocks.splice(splice)
    assert _rows(blocks, 1)[-1] == "  ↳ 2 answers"
    for seq in (3, 4):
        for splice in timeline.receive(message(seq, "", thread="m1", deleted=True)):
            blocks.splice(splice)
    assert not any("↳" in row for row in _rows(blocks, 1))


def test_where_newer_ones_are_not_held_there_may_be_more_of_them() -> None:
    timeline = Timeline()
    timeline.reset(Page([message(1), _in_thread(2)], has_more=False), [], newest=9)
    assert _rows(_blocks(timeline), 1)[-1] == "  ↳ 1+ answers"


def test_in_a_thread_alone_nothing_says_that_it_is_one() -> None:
    blocks = _blocks(_thread(1, 3))
    assert not any("↳" in row for index in (1, 2) for row in _rows(blocks, index))


def test_what_is_on_its_way_into_a_thread_says_so_in_the_room_alone() -> None:
    waiting = outgoing("n", thread="m1")
    for thread, shown in (("", True), ("m1", False)):
        timeline = Timeline(thread=thread)
        timeline.reset(Page([message(1)], has_more=False), [waiting], 0)
        assert any("↳ in the thread of bob" in row for row in _rows(_blocks(timeline), 2)) is shown


@given(st.lists(st.tuples(st.integers(2, 12), st.booleans()), max_size=30))
def test_heights_stay_those_of_what_is_shown(changes: list[tuple[int, bool]]) -> None:
    """Answers come and go; what stands where is what laying everything out anew gives."""
    timeline = Timeline()
    timeline.reset(Page([message(seq) for seq in range(1, 13)], has_more=False), [], 0)
    blocks = _blocks(timeline)
    for index in range(len(blocks)):
        blocks.rows(index)
    for seq, answers in changes:
        for splice in timeline.receive(message(seq, thread=f"m{seq - 1}" if answers else None)):
            blocks.splice(splice)
    anew = _blocks(timeline)
    for each in (blocks, anew):
        for index in each.rough(0, len(each) - 1):
            each.rows(index)
    assert [blocks.top(index) for index in range(14)] == [anew.top(index) for index in range(14)]


# ── the pane ─────────────────────────────────────────────────────────────────────────────────────

RESTS: Final = "↳ What you write goes into the thread"


async def _tell(agent: Agent, room_id: str, text: str, thread: str | None = None) -> Message:
    waiting = await agent.send(room_id, text, thread=thread)
    sent = await agent.sent(waiting.nonce, PATIENCE_S)
    assert sent is not None
    return sent


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, number: int) -> Agent:
    return await sign_up(f"bob{number}", shared_server)


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, bob: Agent, number: int) -> Seat:
    """In a room with bob, where one thing was said."""
    seat = await sit_down(f"alice{number}", shared_server, size=(120, 30))
    await seat.register(f"alice{number}")
    await seat.create_room(f"threads {number}")
    await bob.join(seat.room.room.id)
    await _tell(bob, seat.room.room.id, "shall we begin?")
    await seat.sees("shall we begin?")
    return seat


async def test_who_asks_for_the_people_gets_them_in_the_place_of_a_thread(alice: Seat) -> None:
    room = alice.room
    for hidden in (False, True):
        if hidden:
            await alice.press("f2")
            await alice.no_longer_sees("online 2")
        await alice.press("up", "t")
        await alice.sees(RESTS)
        assert "online 2" not in alice.text
        await alice.press("f2")
        await alice.sees("online 2")
        assert RESTS not in alice.text
        assert room.composer.has_focus


@pytest.mark.presses("selected.thread", "selected.show_in_room")
async def test_a_thread_is_read_and_written_in_beside_the_room(alice: Seat, bob: Agent) -> None:
    room_id = alice.room.room.id
    await alice.press("up", "t")
    await alice.sees("no answers yet", "the beginning of the thread", RESTS)
    assert alice.text.count("shall we begin?") == 2
    assert "online" not in alice.screen[1]
    await alice.tell("we may")
    await alice.sees("1 answer  ", "↳ 1 answer", RESTS)
    assert alice.text.count("▎ we may") == 2
    began = alice.room.pane.first
    await _tell(bob, room_id, "then I do", thread=began)
    await alice.sees("2 answers  ", "↳ 2 answers")
    await _tell(bob, room_id, "somewhere else")
    await alice.sees("somewhere else")
    assert alice.text.count("somewhere else") == 1
    # An answer to what began it is said in it too, a command of words as well, and a slip is put right there.
    await alice.press("up", "up", "up")
    await alice.sees("g Go to it")
    await alice.press("r")
    await alice.sees(RESTS)
    await alice.tell("/me nodds")
    await alice.sees("3 answers  ")
    await alice.say("s/dd/d/")
    await until(lambda: alice.text.count("▎ nods") == 2, "the change in both")
    thread = await bob.conversation.thread(room_id, began)
    assert [known.content for known in thread.messages[1:]] == ["we may", "then I do", "*nods*"]
    await alice.press("up", "g")
    await alice.sees("▌ nods", "3 answers  ")
    await alice.press("escape", "escape")
    await alice.no_longer_sees("3 answers  ")
    await alice.sees("online", "↳ 3 answers")
    assert RESTS not in alice.text
    await alice.say("to the room")
    await until(lambda: alice.room.timeline.newest == 6, "the sixth")
    last = alice.room.timeline.last_message()
    assert last is not None
    assert last.thread is None


async def test_where_there_is_no_room_beside_it_covers_the_messages_which_stay_unread(
    alice: Seat, bob: Agent
) -> None:
    room_id = alice.room.room.id
    await alice.resize(80, 24)
    await alice.press("up", "t")
    await alice.sees("no answers yet", RESTS)
    assert alice.text.count("shall we begin?") == 1
    await until(lambda: alice.app.agent.room(room_id).unread == 0)
    await _tell(bob, room_id, "somewhere else")
    await until(lambda: alice.room.timeline.newest == 2, "the second")
    await alice.pilot.pause()
    assert "somewhere else" not in alice.text
    assert alice.app.agent.room(room_id).unread == 1
    await alice.press("escape")
    await alice.sees("somewhere else", "new")
    await until(lambda: alice.app.agent.room(room_id).unread == 0)


async def test_what_is_older_is_loaded_while_one_reads(alice: Seat, bob: Agent) -> None:
    room_id = alice.room.room.id
    first = alice.room.timeline.last_message()
    assert first is not None
    await asyncio.gather(*(_tell(bob, room_id, f"line {count}", first.id) for count in range(130)))
    await until(lambda: alice.room.timeline.newest == 131, "all of it")
    await alice.say("/thread #1")
    await alice.sees("thread  ", "answers  ", RESTS)
    transcript = alice.room.pane.transcript

    def head() -> str:
        first = transcript.entries[0]
        assert isinstance(first, Head)
        return first.state

    alice.call(transcript.focus)
    for _ in range(4):
        await until(lambda: head() != "loading", "what was asked for")
        if head() == "thread":
            break
        await alice.press("home")
    await alice.press("home")
    await alice.sees("the beginning of the thread", "130 answers  ")
    # Another room has nothing to do with it.
    other = await alice.app.agent.create_room(f"elsewhere {first.author.username}")
    alice.call(alice.app.open_room, other.id)
    await alice.sees("This is the beginning of elsewhere")
    await alice.no_longer_sees(RESTS)
    assert "130 answers" not in alice.text


async def test_what_could_not_be_loaded_is_loaded_when_there_is_a_line_again(
    own_server: ServerProcess, sit_down: SitDown
) -> None:
    alice = await sit_down("alice", own_server.url, size=(120, 30))
    await alice.register("alice")
    await alice.create_room("threads")
    await alice.say("shall we begin?")
    await until(lambda: alice.room.timeline.newest == 1, "the message")
    own_server.kill()
    await alice.sees("○ offline")
    await alice.press("up", "t")
    await alice.sees("Messages could not be loaded", RESTS)
    assert alice.text.count("shall we begin?") == 2, "what is known is shown"
    own_server.start(own_server.url.removeprefix("http://"))
    await alice.press("f5")
    await alice.sees("● connected", "the beginning of the thread")
