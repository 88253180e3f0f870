"""From room to room on one screen: what belongs to a room stays with it."""

import asyncio

import pytest

from mesh_agent.agent import Agent
from mesh_tui.aim import Aim
from mesh_tui.screens.home import Home
from mesh_tui.screens.room import RoomScreen
from mesh_tui.screens.standing import Standing
from mesh_tui.slash import Elsewhere
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.transcript import Transcript
from protocol.rest import Message
from tests.support.conditions import PATIENCE_S, until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """In the second of two rooms of hers."""
    seat = await sit_down("alice", shared_server, size=(100, 24))
    await seat.register(f"alice{number}")
    await seat.create_room(f"a{number}")
    await seat.say(f"/create b{number}")
    await seat.sees(f"Message b{number}")
    return seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Seat, number: int) -> Agent:
    """Someone without a screen, in both."""
    agent = await sign_up(f"bob{number}", shared_server)
    for room in alice.app.agent.rooms():
        await agent.join(room.id)
    return agent


def _id(seat: Seat, name: str) -> str:
    return seat.app.agent.room(name).id


def _screen(seat: Seat) -> RoomScreen:
    assert isinstance(seat.app.screen, RoomScreen)
    return seat.app.screen


async def _say(agent: Agent, room_id: str, text: str) -> None:
    outgoing = await agent.send(room_id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)


async def _last(agent: Agent, room_id: str) -> Message:
    return (await agent.history(room_id)).messages[-1]


async def test_a_draft_and_what_was_said_stay_in_their_room(alice: Seat, number: int) -> None:
    await alice.say("in b")
    await alice.type("half a thought")
    screen = _screen(alice)
    alice.call(alice.app.open_room, _id(alice, f"a{number}"))
    await alice.sees(f"Message a{number}", "This is the beginning of a")
    assert _screen(alice) is screen
    assert "in b" not in alice.text
    await alice.press("ctrl+underscore")
    assert screen.composer.text == ""
    await alice.say("in a")
    await alice.sees("in a")
    alice.call(alice.app.open_room, _id(alice, f"b{number}"))
    await alice.sees("half a thought", "in b")
    assert "in a" not in alice.text.replace("in and", "")
    assert alice.app.drafts.get(_id(alice, f"a{number}")) == ""


async def test_a_room_is_opened_from_below_other_pages(alice: Seat, number: int) -> None:
    await alice.press("f1")
    await alice.sees("Keys and commands")
    alice.call(alice.app.open_room, _id(alice, f"a{number}"))
    await alice.sees(f"Message a{number}")
    assert len(alice.app.screen_stack) == 3
    await alice.press("escape")
    await until(lambda: isinstance(alice.app.screen, Home), "Home")
    await alice.press("f1")
    await alice.sees("Keys and commands")
    alice.call(alice.app.open_room, _id(alice, f"b{number}"))
    await alice.sees(f"Message b{number}")
    assert len(alice.app.screen_stack) == 3


async def test_who_types_elsewhere_is_not_said_here(alice: Seat, bob: Agent, number: int) -> None:
    bob.typing(_id(alice, f"b{number}"))
    await alice.sees("is typing…")
    alice.call(alice.app.open_room, _id(alice, f"a{number}"))
    await alice.no_longer_sees("is typing…")
    await alice.sees(f"bob{number}")


async def test_what_was_entered_before_one_went_is_not_sent_into_the_next_room(
    alice: Seat, number: int
) -> None:
    a, b = _id(alice, f"a{number}"), _id(alice, f"b{number}")
    alice.call(alice.app.open_room, a)
    await alice.sees("This is the beginning of a")
    screen = _screen(alice)
    screen.composer.post_message(Composer.Sent("for b alone", b))
    await alice.sees("You went to another room")
    assert alice.app.drafts.get(b) == "for b alone"
    assert not (await alice.app.agent.history(a)).messages


async def test_a_command_under_way_keeps_to_the_room_it_was_typed_in(
    alice: Seat, bob: Agent, number: int
) -> None:
    a, b = _id(alice, f"a{number}"), _id(alice, f"b{number}")
    await _say(bob, b, "a question")
    await alice.sees("a question")
    standing = Standing(_screen(alice))
    alice.call(alice.app.open_room, a)
    await alice.sees("This is the beginning of a")
    assert standing.room.id == b
    message = await _last(bob, b)
    alice.call(standing.say, "an answer", Aim("reply", message))
    await until(lambda: bob.room(b).last_seq == 2, "it to arrive")
    assert (await _last(bob, b)).reply_to == message.id
    for call in ("take_aim", "ask_to_leave", "open_editor", "mark_all_read"):
        with pytest.raises(Elsewhere):
            getattr(standing, call)
    alice.call(standing.tell, "heard here")
    await alice.sees("heard here")


async def test_what_was_on_the_screen_before_counts_for_nothing_here(
    alice: Seat, bob: Agent, number: int
) -> None:
    await alice.app.preferences.save({"reading.mark_read": "manual"})
    a, b = _id(alice, f"a{number}"), _id(alice, f"b{number}")
    await _say(bob, a, "one")
    await _say(bob, b, "two")
    await alice.sees("two")
    before = _screen(alice).timeline
    alice.call(alice.app.open_room, a)
    await alice.sees("one")
    screen = _screen(alice)
    await until(lambda: screen.marks.seen == 1, "it to be seen")
    screen.post_message(Transcript.Moved(900, True, before))
    await alice.press("x")
    await alice.sees("│ x")
    assert screen.marks.seen == 1


async def test_a_room_that_is_left_counts_as_read_then(alice: Seat, bob: Agent, number: int) -> None:
    await alice.app.preferences.save({"reading.mark_read": "leave"})
    a, b = _id(alice, f"a{number}"), _id(alice, f"b{number}")
    await _say(bob, b, "hello")
    await alice.sees("hello")
    await until(lambda: _screen(alice).marks.seen == 1, "it to be seen")
    assert alice.app.agent.room(b).unread == 1
    alice.call(alice.app.open_room, a)
    await until(lambda: alice.app.agent.room(b).unread == 0, "what was seen to be read")


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


async def test_alt_a_goes_through_what_is_new_and_back(alice: Seat, bob: Agent, number: int) -> None:
    for name in (f"c{number}", f"d{number}"):
        room = await bob.create_room(name)
        await alice.app.agent.join(room.id)
        await _say(bob, room.id, f"@alice{number} look" if name.startswith("d") else "hello")
    await alice.sees(f"[4:d{number}(1!) 3:c{number}(1)]", "Alt+A")
    for expected in (f"d{number}", f"c{number}", f"b{number}"):
        await alice.press("alt+a")
        await alice.sees(f"Message {expected}")
        await until(lambda: not alice.app.agent.room(_screen(alice).room.id).unread, "it to be read")
    await alice.no_longer_sees("Alt+A")


async def test_from_home_alt_a_leads_back_there_and_muted_rooms_are_passed_over(
    alice: Seat, bob: Agent, number: int
) -> None:
    await alice.say("/mute")
    await alice.sees("This room is muted")
    await alice.press("escape", "escape")
    await alice.sees("Your rooms")
    await _say(bob, _id(alice, f"b{number}"), "nobody hears")
    await _say(bob, _id(alice, f"a{number}"), "somebody hears")
    await alice.sees(f"[1:a{number}(1)]", "1 new")
    await alice.press("alt+a")
    await alice.sees(f"Message a{number}")
    await alice.press("alt+a")
    await alice.sees("Your rooms")


async def test_numbers_lead_to_rooms_and_a_wrong_one_is_told(alice: Seat, number: int) -> None:
    await alice.press("alt+1")
    await alice.sees(f"Message a{number}")
    await alice.press("alt+9")
    await alice.sees("No room has the number 9.")
    await alice.press("alt+2")
    await alice.sees(f"Message b{number}")
    assert _screen(alice).composer.text == ""
    await alice.press("escape", "alt+1")
    await alice.sees(f"Message a{number}")


async def test_a_room_that_is_chosen_while_one_goes_home_is_opened(alice: Seat, number: int) -> None:
    going = alice.app.going

    async def home_and_on() -> None:
        homeward = asyncio.create_task(going.home())
        await asyncio.sleep(0)
        assert not homeward.done()
        assert going.number(1)
        await homeward

    await alice.run(home_and_on())
    await alice.sees(f"Message a{number}")
    await alice.press("escape", "escape")
    await alice.sees("Your rooms")


@pytest.mark.presses("rooms.go_back", "rooms.go_forward")
async def test_back_and_forward_through_the_rooms_that_were_open(alice: Seat, number: int) -> None:
    await alice.press("alt+left")
    await alice.sees(f"Message a{number}")
    await alice.press("alt+left")
    await alice.sees("No other room was open before.")
    await alice.press("alt+right")
    await alice.sees(f"Message b{number}")
    await alice.press("alt+right")
    await alice.sees("You have not gone back")
    await alice.press("escape", "escape")
    await alice.sees("Your rooms")
    await alice.press("alt+left")
    await alice.sees(f"Message b{number}")


@pytest.mark.presses("room.first_unread")
async def test_alt_u_goes_to_the_first_that_is_new_also_where_it_is_not_loaded(
    alice: Seat, bob: Agent, number: int
) -> None:
    a = _id(alice, f"a{number}")
    await alice.press("alt+u")
    await alice.sees("Nothing is new here.")
    for count in range(330):
        outgoing = await bob.send(a, f"line {count}.")
    await bob.sent(outgoing.nonce, PATIENCE_S)
    await until(lambda: alice.app.agent.room(a).unread == 330, "all to be counted")
    await alice.press("alt+1")
    await alice.sees("line 0.", "new")
    await alice.press("ctrl+end")
    await alice.sees("line 329.")
    await until(lambda: not _screen(alice).timeline.detached, "the end to be loaded")
    await alice.press("alt+u")
    await alice.sees("line 0.", "─ new")
    await alice.press("pagedown", "pagedown")
    await alice.no_longer_sees("line 0.")
    await alice.press("alt+u")
    await alice.sees("line 0.", "─ new")
