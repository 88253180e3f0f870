"""Home: lists in each of their states, and the ways from there."""

import pytest

from mesh_tui.screens.room import RoomScreen
from tests.support.conditions import until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown


async def test_nothing_there_yet_says_what_to_do(own_server: ServerProcess, sit_down: SitDown) -> None:
    seat = await sit_down("alice", own_server.url)
    await seat.register("alice")
    await seat.sees("You are in no room yet.", "There is no other public room.", "New room", "Quit")


@pytest.mark.presses("home enter", "sign-in enter", "sign-in.switch")
async def test_a_public_room_is_joined_and_moves_to_mine(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    await bob.create_room("design", topic="How it should look")
    seat = await sit_down("alice", own_server.url)
    await seat.register_by_hand("alice")
    await seat.sees("design", "How it should look", "1 person")
    assert seat.row_of("design") > seat.row_of("Public rooms")
    await seat.press("enter")
    await seat.sees("Message design")
    await seat.press("escape")
    await seat.sees("Your rooms")
    assert seat.row_of("design") < seat.row_of("Public rooms")


async def test_unread_messages_are_counted_and_read_ones_are_not(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    room = await bob.create_room("news")
    seat = await sit_down("alice", own_server.url)
    await seat.register("alice")
    await seat.press("enter")
    await seat.sees("Message news")
    await seat.press("escape")
    await seat.sees("Your rooms")
    for text in ("one", "two"):
        await bob.send(room.id, text)
    await seat.sees("2 new")
    await seat.press("enter")
    await seat.sees("new", "one", "two")
    await until(lambda: not seat.app.agent.room(room.id).unread, "everything to be read")
    await seat.press("escape")
    await seat.no_longer_sees("2 new")


@pytest.mark.presses("home.create")
async def test_a_name_that_is_taken_is_said_beside_it_and_escape_gives_up(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    await bob.create_room("design")
    seat = await sit_down("alice", own_server.url)
    await seat.register("alice")
    await seat.press("n")
    await seat.type("Design")
    await seat.press("enter")
    await seat.sees("✗ A room of this name")
    await seat.press("escape")
    await seat.no_longer_sees("✗")
    await seat.no_longer_sees("Name of the new room")


@pytest.mark.presses("home.again")
async def test_a_directory_that_cannot_be_had_says_why_and_comes_with_the_line(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    agent = await sign_up("alice", own_server.url)
    await agent.create_room("design")
    await agent.close()
    address = own_server.url.removeprefix("http://")
    own_server.kill()
    seat = await sit_down("alice", own_server.url)
    await seat.sees("# design", "✗ Nothing answers", "F5 tries again.")
    own_server.start(address)
    await seat.press("f5")
    await seat.sees("connected", "There is no other public room.")


@pytest.mark.presses("home.sign_out", "question enter")
async def test_signing_out_asks_first(shared_server: str, sit_down: SitDown, number: int) -> None:
    seat = await sit_down("leaver", shared_server)
    await seat.register(f"leaver{number}")
    await seat.press("ctrl+o")
    await seat.sees("Sign out?")
    await seat.press("enter")
    await seat.no_longer_sees("Sign out?")
    await seat.sees("Your rooms")
    await seat.press("ctrl+o")
    await seat.press("y")
    await seat.sees("Username", "Password")
    assert seat.app.agent.user is None


async def test_the_mouse_opens_what_it_points_at(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    for name in ("first", "second"):
        await bob.create_room(name)
    seat = await sit_down("alice", own_server.url)
    await seat.register("alice")
    await seat.sees("second")
    await seat.click("second")
    await seat.sees("Message second")
    assert isinstance(seat.app.screen, RoomScreen)


async def test_a_click_in_the_footer_is_its_key(shared_server: str, sit_down: SitDown, number: int) -> None:
    seat = await sit_down("clicker", shared_server)
    await seat.register(f"clicker{number}")
    await seat.click("F1 Help")
    await seat.sees("Keys and commands")


async def test_many_rooms_scroll_with_the_arrows(
    own_server: ServerProcess, sit_down: SitDown, sign_up: SignUp
) -> None:
    bob = await sign_up("bob", own_server.url)
    for number in range(30):
        await bob.create_room(f"room {number:02}")
    seat = await sit_down("alice", own_server.url)
    await seat.register("alice")
    await seat.sees("room 00")
    await seat.press("end")
    await seat.sees("room 29")
    await seat.press("home")
    await seat.sees("room 00", "Your rooms")
