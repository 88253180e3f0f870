"""Help: the keys of where one is come first, and a question mark is text only where one writes."""

import pytest

from mesh_tui.actions import PLACES, Place
from mesh_tui.screens.help import Help
from mesh_tui.screens.room import RoomScreen
from tests.support.conditions import until
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat


async def _begins_with(seat: Seat, key: str, place: Place) -> None:
    """`key` opens the help at this place; the same key closes it."""
    await seat.press(key)
    await seat.sees("Keys and commands")
    first = seat.row_of("Keys and commands") + 2
    assert PLACES[place] in seat.screen[first], seat.text
    await seat.press(key)
    await until(lambda: not isinstance(seat.app.screen, Help), "the help to go")


@pytest.mark.presses("everywhere.help")
async def test_it_begins_with_where_one_is(sit_down: SitDown, shared_server: str, number: int) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.sees("Create account")
    await _begins_with(alice, "f1", "sign-in")
    await alice.register(f"alice{number}")
    await _begins_with(alice, "question_mark", "tour")
    await alice.press("escape")
    await _begins_with(alice, "question_mark", "home")
    await alice.press("f4")
    await alice.sees("Shown as")
    await _begins_with(alice, "question_mark", "settings")
    await alice.press("enter")
    await alice.sees("Enter keeps it")
    await _begins_with(alice, "f1", "form")
    await alice.press("escape", "escape")
    await alice.sees("Your rooms")


async def test_in_a_room_it_follows_the_focus(sit_down: SitDown, shared_server: str, number: int) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.create_room(f"helped{number}")
    await _begins_with(alice, "f1", "composer")
    await alice.press("f1")
    await alice.sees("the next, the one before.")  # whole, beside the bar of a page that scrolls
    await alice.press("f1")
    await alice.press("question_mark")
    await alice.sees("│ ?")
    room = alice.app.screen
    assert isinstance(room, RoomScreen)
    await alice.press("ctrl+u")
    await alice.tell("hello")
    room.set_focus(room.transcript)
    await _begins_with(alice, "question_mark", "reading")
    room.set_focus(room.composer)
    await alice.press("up")
    await alice.sees("▌ hello")
    await _begins_with(alice, "question_mark", "selected")
    await alice.press("a")
    await alice.sees("its number")
    await _begins_with(alice, "f1", "reaction")
    await alice.press("escape", "d")
    await alice.sees("Delete")
    await _begins_with(alice, "question_mark", "question")
    await alice.press("escape", "escape")
    await alice.say("/search hello")
    await alice.sees("Enter goes there")
    await _begins_with(alice, "f1", "list")
    await alice.press("escape")
    await alice.say("/who")
    await alice.sees("Esc closes")
    await _begins_with(alice, "question_mark", "page")
