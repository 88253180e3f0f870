"""Ctrl+K on the screen: from a few letters to a room, a person, or a command."""

import pytest

from mesh_agent.agent import Agent
from mesh_tui.screens.room import RoomScreen
from mesh_tui.screens.switcher import Switcher
from mesh_tui.screens.tell import Tell
from mesh_tui.widgets.composer import Composer
from tests.support.conditions import until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, number: int) -> Agent:
    return await sign_up(f"bob{number}", shared_server)


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, bob: Agent, number: int) -> Seat:
    """On Home, with a room that bob made and she is in."""
    await bob.create_room(f"general talk {number}")
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    room = await seat.app.agent.join(bob.rooms()[0].id)
    await seat.app.agent.members(room.id)
    await seat.sees(f"general talk {number}")
    return seat


async def _open(seat: Seat) -> None:
    await seat.press("ctrl+k")
    await seat.sees("Go to", "Esc closes")


async def _enter(seat: Seat, number: int) -> None:
    seat.call(seat.app.open_room, seat.app.agent.room(f"general talk {number}").id)
    await seat.sees(f"Message general talk {number}")


def _composer(seat: Seat) -> Composer:
    return seat.app.screen.query_one(Composer)


@pytest.mark.presses("home.switcher", "room.switcher", "switcher enter")
async def test_a_room_is_reached_and_joined_by_letters_of_its_name(
    alice: Seat, bob: Agent, number: int
) -> None:
    await bob.create_room(f"web design {number}")
    await _open(alice)
    await alice.type(f"gt{number}")
    await alice.sees(f"▌ # general talk {number}")
    await alice.press("enter")
    await alice.sees(f"Message general talk {number}")
    await alice.app.directory.list()
    await _open(alice)
    await alice.type(f"#wd{number}")
    await alice.sees(f"▌ + web design {number}", "join")
    await alice.press("enter")
    await alice.sees(f"Message web design {number}")
    assert len(alice.app.screen_stack) == 3
    await _open(alice)
    await alice.sees(f"▌ # general talk {number}")
    await alice.press("enter")
    await alice.sees(f"Message general talk {number}")


async def test_a_person_is_reached_and_a_stranger_is_asked_for(
    alice: Seat, bob: Agent, sign_up: SignUp, shared_server: str, number: int
) -> None:
    await _open(alice)
    await alice.type(f"@bob{number}")
    await alice.sees(f"▌ @ bob{number}")
    await alice.press("enter")
    await alice.sees(f"Message bob{number}")
    await _open(alice)
    await alice.type(f"@carol{number}")
    await alice.sees("Nobody in your rooms is called so.", f"carol{number}.")
    await alice.press("enter")
    await alice.sees("✗ There is no such person here.")
    await (await sign_up(f"carol{number}", shared_server)).close()
    await alice.press("enter")
    await alice.sees(f"Message carol{number}")


@pytest.mark.presses("switcher up,down,ctrl+p,ctrl+n")
async def test_a_command_runs_or_waits_for_the_rest_and_what_was_written_is_not_lost(
    alice: Seat, number: int
) -> None:
    await _enter(alice, number)
    await alice.type("half a sentence")
    await _open(alice)
    await alice.type("/topic")
    await alice.sees("▌  /topic [TEXT]")
    await alice.press("enter")
    await alice.sees("/topic [TEXT] · Set the topic")
    assert _composer(alice).text == "/topic "
    assert alice.app.drafts.get(alice.app.screen.room_id) == "half a sentence"  # type: ignore[attr-defined]
    await alice.press("enter")
    await alice.sees("No topic has been set.")
    assert _composer(alice).text == "half a sentence"
    await _open(alice)
    await alice.type("/who")
    await alice.press("down", "down", "up", "ctrl+n", "ctrl+p", "ctrl+p", "enter")
    await alice.sees(f"In general talk {number}: 2", f"bob{number}")
    await alice.press("escape")
    assert _composer(alice).text == "half a sentence"


async def test_on_home_a_command_stands_in_its_line(alice: Seat, number: int) -> None:
    await _open(alice)
    await alice.type("/msg")
    await alice.press("enter")
    await alice.type(f"bob{number}")
    await alice.sees(f"/msg bob{number}")
    await alice.press("ctrl+k")  # nothing follows: another way to go, and the line stays
    await alice.sees("Go to")
    await alice.type("/whoami")
    await alice.press("enter")
    await until(lambda: isinstance(alice.app.screen, Tell), "what the server says")


async def test_ctrl_k_cuts_while_something_follows_the_cursor(alice: Seat, number: int) -> None:
    await _enter(alice, number)
    await alice.type("one two\nthree")
    await alice.press("up", "ctrl+a", "ctrl+k")
    assert _composer(alice).text == "\nthree"
    await alice.press("ctrl+k", "ctrl+k")
    assert _composer(alice).text == ""
    assert isinstance(alice.app.screen, RoomScreen)
    await alice.press("ctrl+y")
    assert _composer(alice).text == "one two\nthree"
    await _open(alice)
    await alice.press("escape")
    await alice.no_longer_sees("Go to")


async def test_what_cannot_be_done_is_said_in_the_page(own_server: ServerProcess, sit_down: SitDown) -> None:
    alice = await sit_down("alice", own_server.url)
    await alice.register("alice")
    await alice.create_room("lobby")
    own_server.kill()
    await alice.sees("offline")
    await _open(alice)
    await alice.type("@bob")
    await alice.press("enter")
    await alice.sees("✗ ")
    assert isinstance(alice.app.screen, Switcher)
    await alice.press("ctrl+u")
    await alice.type("zzz")
    await alice.sees("Nothing is called so.")
    await alice.press("ctrl+u")
    await alice.type("lob")
    await alice.press("enter")
    await until(lambda: isinstance(alice.app.screen, RoomScreen), "the room")
