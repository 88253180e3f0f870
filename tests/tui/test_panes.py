"""The lists beside the messages: shown, hidden, wider, and how a room is opened from them."""

from collections.abc import Sequence

import pytest

from mesh_agent.agent import Agent
from mesh_tui.layout.cells import width
from mesh_tui.rooms import Entry
from mesh_tui.screens.room import RoomScreen
from mesh_tui.widgets.participants import Participants
from mesh_tui.widgets.rooms import RoomsPane, room_row
from tests.support.conditions import PATIENCE_S, until
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat
from tests.tui.test_rooms import dm, listed, room

WIDE = (130, 24)


def _rows(cells: int, entries: Sequence[Entry]) -> list[str]:
    rows = [room_row(entry.room, cells, entry).fragments for entry in entries]
    return ["".join(fragment.text for fragment in fragments) for fragments in rows]


def test_a_narrow_row_says_number_sign_name_and_what_is_new() -> None:
    entries = listed(room("lobby", 3, 1), room("m", 4), dm("bob", 2), levels={"m": "none"})
    assert _rows(24, entries) == [
        "   1 # lobby         3! ",
        "   2 @ bob            2 ",
        "   3 × m              4 ",
    ]


@pytest.mark.parametrize("cells", [12, 24, 49, 50, 80, 120])
def test_no_row_is_wider_than_its_list(cells: int) -> None:
    entries = listed(room("好" * 60, 12_345, 9, topic="t" * 300), room("m", 7, 7), levels={"m": "none"})
    assert all(width(text) <= max(cells, 16) for text in _rows(cells, entries))


def test_a_wide_row_has_the_topic_and_says_muted() -> None:
    (text,) = _rows(70, listed(room("m", 4, topic="What for"), levels={"m": "none"}))
    assert text.startswith("   1 × m ")
    assert "  What for " in text
    assert text.endswith("muted 4 new ")


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """In the second of two rooms of hers, before a wide screen."""
    seat = await sit_down("alice", shared_server, size=WIDE)
    await seat.register(f"alice{number}")
    await seat.create_room(f"a{number}")
    await seat.say(f"/create b{number}")
    await seat.sees(f"Message b{number}", f"2 # b{number}")
    return seat


@pytest.fixture
async def bob(shared_server: str, sign_up: SignUp, alice: Seat, number: int) -> Agent:
    agent = await sign_up(f"bob{number}", shared_server)
    for known in alice.app.agent.rooms():
        await agent.join(known.id)
    return agent


def _screen(seat: Seat) -> RoomScreen:
    assert isinstance(seat.app.screen, RoomScreen)
    return seat.app.screen


async def _say(agent: Agent, room_id: str, text: str) -> None:
    outgoing = await agent.send(room_id, text)
    await agent.sent(outgoing.nonce, PATIENCE_S)


async def test_a_wide_screen_has_rooms_messages_and_people_and_what_is_new_rises(
    alice: Seat, bob: Agent, number: int
) -> None:
    assert alice.row_of(f"1 # a{number}") < alice.row_of(f"2 # b{number}")
    await _say(bob, alice.app.agent.room(f"b{number}").id, "here")
    await alice.sees("here", f"● bob{number}")
    assert " New" not in alice.text
    await _say(bob, alice.app.agent.room(f"a{number}").id, f"@alice{number} there")
    await alice.sees(" New", "1! ", " Rooms")
    await alice.click(f"1 # a{number}")
    await alice.sees(f"@alice{number} there", f"Message a{number}")
    await until(lambda: not alice.app.agent.room(f"a{number}").unread, "it to be read")
    assert " New" in alice.text  # the open room keeps its place
    await alice.press("alt+2")
    await alice.no_longer_sees(" New")


async def test_a_room_is_chosen_with_the_arrows(alice: Seat, number: int) -> None:
    pane = _screen(alice).query_one(RoomsPane)
    alice.call(_screen(alice).set_focus, pane)
    await alice.press("up")
    await alice.sees(f" ▌ 1 # a{number}")
    await alice.press("enter")
    await alice.sees(f"Message a{number}")
    assert _screen(alice).composer.has_focus


@pytest.mark.presses("room.rooms", "room.wider", "room.narrower")
async def test_whether_the_lists_are_shown_and_how_wide_is_kept(alice: Seat, number: int) -> None:
    pane, people = _screen(alice).query_one(RoomsPane), _screen(alice).query_one(Participants)
    await alice.press("alt+plus", "alt+equals_sign", "alt+minus", "alt+plus")
    await until(lambda: pane.outer_size.width == 28, "it to be wider")
    await alice.press("f3")
    await alice.no_longer_sees(f"1 # a{number}")
    await alice.press("alt+minus")
    await until(lambda: people.outer_size.width == 24, "the other to be narrower")
    await alice.press("f2")
    await alice.no_longer_sees("online 1")

    def is_kept() -> bool:
        look = alice.app.settings.look
        return (look.rooms, look.rooms_width, look.people, look.people_width) == (False, 28, False, 24)

    await until(is_kept, "it to be kept")
    await alice.press("f3")
    await alice.sees(f"1 # a{number}")


async def test_keys_that_come_faster_than_they_are_kept_all_count(alice: Seat) -> None:
    screen = _screen(alice)
    for action in (screen.action_wider, screen.action_wider, screen.action_rooms, screen.action_rooms):
        alice.call(action)
    await until(lambda: alice.app.settings.look.rooms_width == 28, "the width to be kept")
    await until(lambda: alice.app.settings.look.rooms, "the rooms to be shown")
    for _ in range(2):
        alice.call(screen.action_people)
    await alice.sees("online 1")
    for _ in range(40):
        alice.call(screen.action_narrower)
    await until(lambda: alice.app.settings.look.rooms_width == 12, "the least")


async def test_on_a_small_screen_the_rooms_take_the_place_of_the_messages(
    alice: Seat, bob: Agent, number: int
) -> None:
    await alice.resize(80, 24)
    await alice.no_longer_sees(f"1 # a{number}")
    await alice.press("f3")
    await alice.sees(f"1 # a{number}", f"▌ 2 # b{number}")
    assert "This is the beginning" not in alice.text
    b = alice.app.agent.room(f"b{number}").id
    await _say(bob, b, "unseen as yet")
    await alice.sees("  1 new")
    assert alice.app.agent.room(b).unread == 1
    await alice.press("escape")
    await alice.sees("unseen as yet")
    await until(lambda: not alice.app.agent.room(b).unread, "it to be read")
    await alice.press("f3", "up", "enter")
    await alice.sees(f"Message a{number}", "This is the beginning")
    await alice.press("f3", "alt+2")
    await alice.sees("unseen as yet")
    await alice.press("f3", "f3")
    await alice.sees("unseen as yet")
    assert alice.app.settings.look.rooms
    await alice.resize(60, 24)
    await alice.press("f2")
    await alice.sees("The screen is too narrow for that.")
