"""The inbox: what counts, what is read and how much of it at once, and the list that is kept up to date."""

import asyncio

import pytest

from mesh_agent.agent import Agent
from mesh_agent.client.errors import Unreachable
from mesh_agent.client.state import Page
from mesh_tui import inbox
from mesh_tui.inbox import AT_ONCE, ROOMS, SHOWN, News, Reading, news, number, rooms_in
from mesh_tui.rooms import Entry
from mesh_tui.screens.room import RoomScreen
from protocol.limits import PAGE_MAX
from protocol.rest import EVERYONE, Message, Room
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown
from tests.tui.examples import ALICE, message
from tests.tui.seat import Seat
from tests.tui.test_rooms import dm, listed, room

# ── what counts ──────────────────────────────────────────────────────────────────────────────────


def _entry(described: Room, level: str = "") -> Entry:
    name = f"@{described.name}" if described.kind == "dm" else described.name
    (entry,) = listed(described, levels={name: level} if level else {})
    return entry


def _said(count: int, *, named: tuple[int, ...] = ()) -> list[Message]:
    """As many messages of bob, the last of the room first read by nobody."""
    return [message(seq, mentions=[ALICE.id] if seq in named else []) for seq in range(1, count + 1)]


def _seqs(found: News) -> list[int]:
    return [message.seq for message in found.messages]


def test_the_newest_that_count_are_shown_and_the_others_counted() -> None:
    entry = _entry(room("ops", 41, 1, last_seq=43, read_seq=2))
    messages = [*_said(42), message(43, by=ALICE)]
    messages[40] = message(41, "", deleted=True)
    found = news(entry, Reading(entry.room, messages), "all", ALICE.id)
    assert _seqs(found) == [37, 38, 39, 40, 42]
    assert (found.more, found.number) == (36, 41)


def test_what_is_read_already_is_nothing_new_whatever_the_page_holds() -> None:
    entry = _entry(room("ops", 1, last_seq=9, read_seq=8))
    assert _seqs(news(entry, Reading(entry.room, _said(9)), "all", ALICE.id)) == [9]


def test_for_me_is_what_names_me_and_what_is_said_to_me_alone() -> None:
    entry = _entry(room("ops", 9, 2, last_seq=9))
    messages = [*_said(8, named=(3,)), message(9, mentions=[EVERYONE])]
    assert _seqs(news(entry, Reading(entry.room, messages), "mine", ALICE.id)) == [3, 9]
    assert number(entry, "mine") == 2
    alone = _entry(dm("bob", 2, last_seq=2))
    assert _seqs(news(alone, Reading(alone.room, _said(2)), "mine", ALICE.id)) == [1, 2]


def test_mentions_further_back_than_what_was_read_are_counted() -> None:
    entry = _entry(room("ops", 500, 3, last_seq=500))
    found = news(entry, Reading(entry.room, [message(500, mentions=[ALICE.id])]), "mine", ALICE.id)
    assert (_seqs(found), found.more) == ([500], 2)


@pytest.mark.parametrize(
    ("level", "everything", "mine"), [("", 9, 1), ("all", 9, 1), ("mentions", 1, 1), ("none", 0, 0)]
)
def test_a_room_counts_as_its_level_says(level: str, everything: int, mine: int) -> None:
    entry = _entry(room("ops", 9, 1, last_seq=9), level)
    assert (number(entry, "all"), number(entry, "mine")) == (everything, mine)
    assert bool(rooms_in([entry], "all")) == bool(everything)
    found = news(entry, Reading(entry.room, _said(9, named=(4,))), "all", ALICE.id)
    assert level == "none" or _seqs(found) == ([5, 6, 7, 8, 9] if everything == 9 else [4])


def test_rooms_stand_as_they_are_urgent() -> None:
    entries = listed(room("a", 3), room("b"), room("c", 1, 1), dm("bob", 2))
    assert [entry.room.name for entry in rooms_in(entries, "all")] == ["c", "bob", "a"]
    assert [entry.room.name for entry in rooms_in(entries, "mine")] == ["c", "bob"]


def test_rooms_beyond_the_bound_are_counted() -> None:
    entries = listed(*(room(f"{n}", 1) for n in range(ROOMS + 2)))
    assert inbox.left_out(entries) == "and 2 more rooms with something new"
    assert inbox.left_out(entries[:-1]) == "and 1 more room with something new"
    assert inbox.left_out(entries[:ROOMS]) == ""


def test_without_its_messages_a_room_is_there_with_its_number() -> None:
    entry = _entry(room("ops", 41, last_seq=41))
    assert news(entry, None, "all", ALICE.id) == News(entry, [], 41)
    assert news(entry, Reading(entry.room, why="Nothing answers."), "all", ALICE.id).why == "Nothing answers."


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


async def test_few_rooms_are_read_at_once_and_one_that_fails_does_not_stop_the_others() -> None:
    rooms = [room(f"{n}", 1, last_seq=1000 if n else 3, read_seq=1) for n in range(ROOMS + 9)]
    now, most, limits = 0, 0, set()

    async def fetch(room_id: str, limit: int) -> Page:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0)
        now -= 1
        limits.add(limit)
        if room_id == "id-7":
            raise Unreachable("Nothing answers.")
        return Page([message(1)], has_more=False)

    readings = {reading.room.id: reading async for reading in inbox.read(fetch, rooms)}
    assert len(readings) == ROOMS
    assert most == AT_ONCE
    assert limits == {2, PAGE_MAX}
    assert readings["id-7"].why == "Nothing answers."
    assert [len(reading.messages) for reading in readings.values()].count(0) == 1


# ── on the screen ────────────────────────────────────────────────────────────────────────────────


async def _say(agent: Agent, room_id: str, *texts: str) -> None:
    for text in texts:
        outgoing = await agent.send(room_id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)


async def _news(seat: Seat, bob: Agent, number: int) -> tuple[Room, Room]:
    """Two rooms of bob's and alice's with something new, the second with a mention; alice is on Home."""
    await seat.register(f"alice{number}")
    rooms = [await bob.create_room(f"{name} {number}") for name in ("design", "fire")]
    for made in rooms:
        await seat.app.agent.join(made.id)
    await _say(bob, rooms[0].id, *(f"draft {n} of {number}" for n in range(9)))
    await _say(bob, rooms[1].id, "all is well", f"@alice{number} it burns")
    agent = seat.app.agent
    await until(lambda: sum(known.unread or 0 for known in agent.rooms()) == 11, "all to be there")
    return rooms[0], rooms[1]


def _is_chosen(seat: Seat, text: str) -> bool:
    """In its room; a note that it has come, with a bar like that, is further to the right."""
    return any(row.startswith("▌ ") and text in row for row in seat.screen)


@pytest.mark.presses("home.inbox", "inbox up,down,ctrl+p,ctrl+n", "inbox enter", "inbox tab", "inbox r")
async def test_from_the_list_to_the_message_and_nothing_is_read_by_looking(
    shared_server: str, sit_down: SitDown, sign_up: SignUp, number: int
) -> None:
    bob = await sign_up(f"bob{number}", shared_server)
    alice = await sit_down("alice", shared_server, size=(100, 36))
    design, fire = await _news(alice, bob, number)
    await alice.press("alt+i")
    await alice.sees(f"# fire {number}", "@1 2 new", "it burns", "names you", "9 new", f"draft 8 of {number}")
    await alice.sees(f"and {9 - SHOWN} earlier")
    assert alice.row_of("it burns") < alice.row_of("draft 8")
    assert alice.app.agent.room(design.id).unread == 9
    await _say(bob, design.id, "one more")
    await alice.sees("one more", "10 new")
    await alice.press("tab")
    await alice.sees("▌For you 1")
    await alice.no_longer_sees("one more")
    await alice.press("tab")
    await alice.sees("one more")
    await alice.press("down", "ctrl+n", "r")
    await alice.sees(f"design {number} is marked as read.")
    await alice.no_longer_sees("one more")
    await until(lambda: not alice.app.agent.room(design.id).unread, "the marker")
    assert alice.app.agent.room(fire.id).unread == 2
    await alice.press("pageup", "down", "up", "ctrl+n", "ctrl+p", "down", "enter")
    await alice.sees(f"Message fire {number}")
    await until(lambda: _is_chosen(alice, "it burns"), "the message to be chosen")
    assert alice.row_of("─ new ─") < alice.row_of("all is well")
    await alice.press("escape")
    await alice.say("/inbox")
    await alice.sees("Nothing is new.")
    await alice.press("escape")
    await alice.no_longer_sees("Nothing is new.")


async def test_without_a_line_what_is_held_is_shown_and_that_is_said(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    alice = await sit_down("alice", own_server.url)
    await _news(alice, bob, 1)
    own_server.kill()
    await alice.sees("offline")
    await alice.press("alt+i")
    await alice.sees("it burns", "draft 5 of 1", "○ offline: what is not on this machine is only counted")
    await alice.press("down", "down", "down", "down")
    await alice.press("enter")
    await alice.sees("Message design 1")
    await until(lambda: _is_chosen(alice, "draft 5 of 1"), "the message to be chosen")
    screen = alice.app.screen
    assert isinstance(screen, RoomScreen)
    assert screen.transcript.chosen is not None
    assert screen.transcript.chosen.content == "draft 5 of 1"
