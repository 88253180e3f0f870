"""What the mouse does: with messages, people, lists, pages, and what stands at the bottom."""

from pathlib import Path

import pytest
from textual import events

from mesh_agent.agent import Agent
from mesh_tui.hints import key_at
from mesh_tui.screens.base import Page
from mesh_tui.timeline import Timeline
from mesh_tui.widgets.participants import Participants
from mesh_tui.widgets.pointing import Point
from mesh_tui.widgets.rooms import RoomsPane
from protocol.rest import Message
from tests.support.conditions import PATIENCE_S, until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat

WIDE = (120, 40)


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """In a room of hers, before a wide screen."""
    seat = await sit_down("alice", shared_server, size=WIDE)
    await seat.register(f"alice{number}")
    await seat.create_room(f"r{number}")
    return seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Seat, number: int) -> Agent:
    agent = await sign_up(f"bob{number}b", shared_server)  # no number before what is said of him
    await agent.join(alice.room.room.id)
    return agent


async def _say(agent: Agent, room_id: str, text: str) -> None:
    outgoing = await agent.send(room_id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_click_chooses_a_message_and_another_click_no_longer(alice: Seat) -> None:
    for text in ("the first", "the second"):
        await alice.tell(text)
    await alice.click("the first")
    await alice.sees("r Reply")
    chosen = alice.room.transcript.chosen
    assert chosen is not None
    assert chosen.content == "the first"
    await alice.click("the second")
    await until(lambda: alice.room.transcript.chosen != chosen, "the other to be chosen")
    await alice.click("the second")
    await alice.no_longer_sees("r Reply")
    assert alice.room.composer.has_focus


async def test_a_click_above_the_first_message_chooses_nothing(alice: Seat) -> None:
    await alice.tell("the only one")
    await alice.click("the only one")
    await alice.sees("r Reply")
    await alice.click("online 1", left=40)
    await alice.no_longer_sees("r Reply")
    await alice.click("online 1", left=40, times=2)
    await alice.click("online 1", left=40, times=3)
    await alice.click("This is the beginning")
    assert not alice.room.transcript.has_chosen


async def test_what_is_dragged_over_is_selected_and_chooses_nothing(alice: Seat) -> None:
    await alice.tell("copy this please")
    row = alice.row_of("copy this please")
    start = alice.screen[row].index("copy")
    await alice.drag((start, row), (start + len("copy thi"), row))
    assert not alice.room.transcript.has_chosen
    await alice.press("ctrl+c")
    await until(lambda: alice.app.clipboard == "copy this", "the clipboard")


async def test_two_clicks_take_a_word_and_three_all_that_is_said(alice: Seat) -> None:
    for text in ("before", "one https://example.org/two three", "after"):
        await alice.tell(text)
    await alice.click("example.org", times=2)
    await alice.press("ctrl+c")
    await until(lambda: alice.app.clipboard == "https://example.org/two", "the word")
    await alice.click("example.org", times=3)
    await alice.press("ctrl+c")
    await until(lambda: alice.app.clipboard == "one https://example.org/two three", "the message")


async def test_what_is_gone_by_the_second_click_is_not_selected(alice: Seat) -> None:
    await alice.tell("the only one")
    await alice.click("the only one")
    screen = alice.room
    alice.call(screen.transcript.show, Timeline(), screen.me)
    event = events.Click(None, 5, 5, 0, 0, 1, False, False, False, screen_x=5, screen_y=5, chain=2)
    alice.call(screen.transcript.on_click, event)
    assert not screen.selections


async def test_a_row_that_is_shorter_by_the_second_click_does_no_harm(alice: Seat) -> None:
    await alice.tell(f"{'a few words ' * 8}\nend of it")
    await alice.click("a few words", left=-60)
    await alice.resize(40, 40)
    event = events.Click(None, 5, 5, 0, 0, 1, False, False, False, screen_x=5, screen_y=5, chain=2)
    transcript = alice.room.transcript
    block, row, _ = transcript._point or (0, 0, 0)
    assert (block, row) != (0, 0)
    transcript._point = Point(block, row, 90)
    alice.call(transcript.on_click, event)
    assert alice.room.is_current


async def test_a_click_on_a_reaction_puts_mine_there_or_takes_it_away(alice: Seat, bob: Agent) -> None:
    await alice.tell("said")
    for reaction in ("first", "second"):
        message = alice.room.timeline.entries[-1]
        assert isinstance(message, Message)
        await bob.conversation.react(alice.room.room.id, message.id, reaction, on=True)
    await alice.sees("first 1", "second 1")
    await alice.click("second 1")
    await alice.sees("first 1", "[second 2]")
    await alice.click("[second 2]")
    await alice.no_longer_sees("[second 2]")
    await alice.sees("second 1")


async def test_a_click_on_answers_opens_the_thread_and_one_on_a_quote_goes_there(alice: Seat) -> None:
    await alice.tell("the beginning of it")
    await alice.press("up", "r")
    await alice.tell("an answer")
    await alice.click("↪")
    await until(lambda: alice.room.transcript.has_chosen, "what was answered to be chosen")
    chosen = alice.room.transcript.chosen
    assert chosen is not None
    assert chosen.content == "the beginning of it"
    await alice.press("t")
    await alice.tell("in the thread")
    await alice.press("escape")
    await alice.sees("↳ 1 answer")
    await alice.click("1 answer")
    await alice.sees("thread  1 answer")


# ── what stands beside them ──────────────────────────────────────────────────────────────────────


async def test_a_click_on_somebody_tells_who_that_is(alice: Seat, bob: Agent, number: int) -> None:
    await alice.sees(f"● bob{number}b")
    await alice.click(f"● bob{number}b")
    await alice.sees("In the room since", "Esc closes")


async def test_the_lists_are_made_wider_with_the_mouse_and_that_is_kept(alice: Seat, number: int) -> None:
    rooms, people = alice.room.query_one(RoomsPane), alice.room.query_one(Participants)
    await alice.say(f"/create another{number}")
    await alice.sees(f"Message another{number}")
    edge = rooms.region.right - 1
    await alice.drag((edge, rooms.region.y), (edge + 6, rooms.region.y))  # begins on the row of a room
    await until(lambda: rooms.outer_size.width == 30, "the rooms to be wider")
    edge = people.region.x
    await alice.drag((edge, 9), (edge - 4, 9))
    await until(lambda: people.outer_size.width == 30, "the people to be wider")

    def is_kept() -> bool:
        look = alice.app.settings.look
        return look.rooms_width == look.people_width == 30

    await until(is_kept, "it to be kept")
    await alice.drag((edge - 4, 9), (edge - 100, 9))
    await until(lambda: people.outer_size.width == 60, "no more than the most")
    assert f"Message another{number}" in alice.text  # the room of the row where it began was not opened


async def test_a_click_on_a_room_in_the_hotlist_goes_there(alice: Seat, bob: Agent, number: int) -> None:
    first = alice.room.room.id
    for name in ("b", "c"):
        await alice.say(f"/create {name}{number}")
        await alice.sees(f"Message {name}{number}")
    await bob.join(alice.app.agent.room(f"b{number}").id)
    await _say(bob, first, "here")
    await _say(bob, alice.app.agent.room(f"b{number}").id, "and there")
    await alice.sees(f"b{number}(1)", f"r{number}(1)]")
    await alice.click(f"r{number}(1)]")
    await alice.sees(f"Message r{number}")
    await alice.click(f"b{number}(1)]")
    await alice.sees(f"Message b{number}")


async def test_of_two_rooms_that_are_chosen_at_once_the_second_opens(alice: Seat, number: int) -> None:
    await alice.say(f"/create other{number}")
    await alice.sees(f"Message other{number}")
    first, second = (alice.app.agent.room(f"{name}{number}").id for name in ("other", "r"))
    await alice.press("escape")
    await alice.sees("Your rooms")
    for room_id in (first, second):
        alice.call(alice.app.open_room, room_id)
    await alice.sees(f"Message r{number}")


async def test_the_wheel_moves_what_is_offered(alice: Seat) -> None:
    await alice.press("slash")
    await alice.sees("/accept")
    await alice.wheel("/accept", 3)
    await alice.no_longer_sees("/accept")
    first = next(row.split()[0] for row in alice.screen if row.startswith("   /"))
    await alice.click(first)
    await until(lambda: alice.room.composer.text == f"{first} ", "what was clicked")


async def test_what_a_card_tells_of_its_keys_can_be_clicked_once_it_has_the_focus(
    alice: Seat, bob: Agent, tmp_path: Path
) -> None:
    await alice.app.save_settings({"transfers.folder": str(tmp_path / "here")})
    await bob.sharing.receive("bob")
    (tmp_path / "plan.txt").write_text("one two three")
    await bob.sharing.send(alice.room.room.id, [alice.room.me.id], [tmp_path / "plan.txt"])
    await alice.sees("offers you plan.txt", "F6 to answer")
    await alice.click("F6 to answer")  # where "a accept" stands by the time that it is let go
    await alice.sees("What is offered", "Esc closes")
    await alice.press("escape")
    await alice.sees("▌   a accept · d decline")
    assert alice.app.agent.sharing.transfers()[0].phase == "offered"
    await alice.click("a accept")
    await alice.sees("plan.txt", "received")


async def test_what_the_status_line_tells_of_files_leads_to_them(
    alice: Seat, bob: Agent, tmp_path: Path
) -> None:
    (tmp_path / "plan.txt").write_text("one two three")
    await bob.sharing.send(alice.room.room.id, [alice.room.me.id], [tmp_path / "plan.txt"])
    await alice.sees(" 1 offer")
    await alice.click("1 offer")
    await alice.sees("Files on their way")


async def test_a_terminal_is_watched_and_a_guest_let_in_with_the_mouse(
    alice: Seat, shared_server: str, sit_down: SitDown, number: int
) -> None:
    bob = await sit_down("bob", shared_server, size=WIDE)
    await bob.register(f"bob{number}")
    room = await bob.app.agent.join(alice.room.room.id)
    bob.call(bob.app.open_room, room.id)
    await bob.sees(f"Message r{number}")
    await alice.say("/share-terminal sh")
    await alice.sees("Your terminal, shared")
    await bob.sees("Enter watches it")
    await bob.click("watches it")
    await bob.sees("is asked whether you may watch")
    await alice.sees("1 asks to watch")
    await alice.press("ctrl+right_square_bracket")
    await alice.click("let in")
    await bob.sees("you watch")
    await alice.click("Esc back")
    await alice.no_longer_sees("What can be done")
    await alice.press("ctrl+right_square_bracket")
    await alice.click("end it for all")
    await alice.sees("End it")


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_click_beside_a_page_closes_it_and_one_on_it_does_not(alice: Seat) -> None:
    await alice.press("f1")
    await alice.sees("Keys and commands")
    await alice.click("Keys and commands")
    await alice.sees("Keys and commands")
    await alice.click("connected")
    await alice.no_longer_sees("Keys and commands")


async def test_a_click_beside_a_question_is_no(alice: Seat, number: int) -> None:
    await alice.press("f9")
    await alice.sees(f"Leave r{number}?")
    await alice.click("connected")
    await alice.no_longer_sees(f"Leave r{number}?")
    assert alice.app.agent.room(f"r{number}")


async def test_what_is_typed_into_fields_is_not_lost_by_a_click_beside_them(alice: Seat) -> None:
    await alice.press("f4")
    await alice.press("enter")
    await alice.sees("Enter keeps it")
    await alice.type("Somebody")
    await alice.click("choose · ← →")
    await alice.sees("Somebody", "Enter keeps it")
    await alice.click("Esc cancels")
    await alice.no_longer_sees("Enter keeps it")


async def test_what_a_page_says_of_its_keys_can_be_clicked(alice: Seat) -> None:
    await alice.press("f1")
    await alice.sees("Keys and commands")
    await alice.click("Esc closes")
    await alice.no_longer_sees("Keys and commands")
    await alice.press("alt+i")
    await alice.sees("▌All that is new")
    await alice.click("Tab switch")
    await alice.sees("▌For you")


async def test_the_tour_is_gone_through_with_the_mouse(alice: Seat) -> None:
    await alice.press("escape")
    await alice.sees("Tour 1 of 3")
    await alice.click("goes on")
    await alice.sees("Tour 2 of 3")
    await alice.click("Esc ends it")
    await alice.no_longer_sees("Tour")


async def test_a_thread_is_closed_and_an_answer_taken_back_with_the_mouse(alice: Seat) -> None:
    await alice.tell("d deletes · p pins · what is this?")
    await alice.click("what is this?")
    await alice.press("r")
    await alice.sees("Answering")
    await alice.click("d deletes · p pins · what is this?”")
    await alice.sees("Answering")
    assert not alice.room.composer.text
    await alice.click("Esc cancels")
    await alice.no_longer_sees("Answering")
    await alice.press("up", "t")
    await alice.sees("goes into the thread")
    await alice.click("Esc closes")
    await alice.no_longer_sees("goes into the thread")


async def test_a_second_click_on_a_setting_changes_it(alice: Seat) -> None:
    await alice.press("f4")
    await alice.sees("Number in the title")
    await alice.click("Number in the title")
    assert alice.app.settings.notify.title
    await alice.click("Number in the title")
    await until(lambda: not alice.app.settings.notify.title, "it to be changed")


async def test_a_click_where_there_is_no_screen_any_more_does_no_harm(alice: Seat) -> None:
    await alice.press("f1")
    await alice.sees("Keys and commands")
    x, y = 110, alice.row_of("connected")
    click = events.Click(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
    await alice.resize(60, 12)
    page = alice.app.screen
    assert isinstance(page, Page)
    assert alice.within(lambda: page.below(click)[0]) is page
    page.post_message(click)
    await alice.no_longer_sees("Keys and commands")


@pytest.mark.parametrize(
    ("row", "at", "key"),
    [
        ("a accepts · d declines · Esc closes", "declines", "d"),
        ("a accepts · d declines · Esc closes", "a acc", "a"),
        ("↑ ↓ choose · ← → change", "change", "left"),
        ("Esc closes", "closes", "escape"),
        ("Space marks · ^K goes", "goes", "ctrl+k"),
        ("a message that somebody wrote", "message", None),
        ("closes · Esc", "closes", None),
        ("of several words · d", "d", None),
    ],
)
def test_the_part_of_a_row_is_for_its_key(row: str, at: str, key: str | None) -> None:
    assert key_at(row, row.index(at) if at != "d" else len(row) - 1) == key
