"""A message is chosen with the arrows, and keys do something with it."""

import pytest

from mesh_agent.agent import Agent
from mesh_tui.screens.room import RoomScreen
from mesh_tui.widgets.composer import Composer
from protocol.rest import Message
from tests.support.conditions import PATIENCE_S, until
from tests.support.server import ServerProcess
from tests.tui.conftest import SignUp, SitDown
from tests.tui.seat import Seat


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """Of the server that all share, or of its own for a test that ends it."""
    if "own_server" in request.fixturenames:
        own: ServerProcess = request.getfixturevalue("own_server")
        return own.url
    return str(request.getfixturevalue("shared_server"))


@pytest.fixture
async def alice(address: str, sit_down: SitDown, number: int) -> Seat:
    """The owner of a room, in it."""
    seat = await sit_down("alice", address, size=(100, 30))
    await seat.register(f"alice{number}")
    await seat.create_room(f"Test Chat {number}")
    return seat


@pytest.fixture
async def bob(address: str, sign_up: SignUp, alice: Seat, number: int) -> Agent:
    """Someone without a screen, in alice's room, who has said something between two messages of hers."""
    agent = await sign_up(f"bob{number}", address)
    await agent.join(alice.room.room.id)
    await alice.say("mine")
    await alice.sees("▎ mine")
    await until(lambda: alice.room.timeline.newest == 1, "the first")
    outgoing = await agent.send(alice.room.room.id, "his own words")
    await agent.sent(outgoing.nonce, PATIENCE_S)
    await alice.sees("his own words")
    await alice.say("mine again")
    await until(lambda: alice.room.timeline.newest == 3, "the third")
    return agent


def _composer(seat: Seat) -> Composer:
    return seat.room.query_one(Composer)


def _chosen(seat: Seat) -> Message | None:
    return seat.room.transcript.chosen


@pytest.mark.presses("selected up,down")
async def test_arrows_choose_and_lead_back(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press("up")
    await alice.sees(f"#3 alice{number}: mine again", "▌ mine again")
    await alice.press("up")
    await alice.sees(f"#2 bob{number}: his own words", "▌ his own words", "r Reply")
    assert "Edit" not in alice.screen[-1]
    await alice.press("up", "up")
    await alice.sees(f"#1 alice{number}: mine", "e Edit")
    await alice.press("down", "down", "down")
    await alice.no_longer_sees("▌")
    assert alice.app.screen.focused is _composer(alice)
    await alice.press("up", "escape")
    await alice.no_longer_sees("#3 ")
    assert isinstance(alice.app.screen, RoomScreen)


async def test_with_something_written_up_moves_the_cursor(alice: Seat, bob: Agent) -> None:
    await alice.press("x", "up")
    assert _chosen(alice) is None


async def test_a_letter_that_is_no_key_is_written(alice: Seat, bob: Agent) -> None:
    await alice.press("up", "z")
    await alice.no_longer_sees("▌ mine again")
    assert _composer(alice).text == "z"


@pytest.mark.presses("selected.reply")
async def test_answering(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press("up", "up", "r")
    await alice.sees(f"↪ Answering “bob{number}: his own words”")
    await alice.say("indeed")
    await alice.sees(f"↪ bob{number}: his own words", "▎ indeed")
    await alice.no_longer_sees("Answering")


@pytest.mark.presses("selected.take_up")
async def test_enter_answers_what_tells_of_no_terminal(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press("up", "up", "enter")
    await alice.sees(f"↪ Answering “bob{number}: his own words”")


@pytest.mark.presses("selected.edit")
async def test_changing_keeps_the_draft(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press("up", "e")
    await alice.sees(f"✎ Changing “alice{number}: mine again”")
    assert _composer(alice).text == "mine again"
    await alice.press("!")
    await alice.press("enter")
    await alice.sees("▎ mine again!", "edited")
    assert _composer(alice).text == ""
    assert alice.app.drafts.get(alice.room.room.id) == ""


@pytest.mark.presses("selected.delete")
async def test_deleting_asks(alice: Seat, bob: Agent) -> None:
    await alice.press("up", "up", "d")
    await alice.sees("Delete this message for everyone?", "his own words")
    await alice.press("n")
    await alice.sees("▌ his own words")
    await alice.press("d", "y")
    await alice.sees("This message was deleted.")
    assert "his own words" not in alice.text
    assert alice.app.screen.focused is _composer(alice)


@pytest.mark.presses("selected.react", "reaction enter")
async def test_reacting_by_number_and_by_hand(alice: Seat, bob: Agent) -> None:
    await alice.press("up", "up", "a")
    await alice.sees("React", "4 🎉")
    await alice.press("4")
    await alice.sees("[🎉 1]")
    await alice.press("a")
    await alice.type("nice")
    await alice.press("enter")
    await alice.sees("[🎉 1]", "[nice 1]")
    await alice.press("a", "4")
    await alice.no_longer_sees("🎉")


@pytest.mark.presses("selected.pin")
async def test_pinning_and_what_a_member_is_not_offered(
    address: str, sit_down: SitDown, alice: Seat, bob: Agent, number: int
) -> None:
    await alice.press("up", "up", "p")
    await alice.sees("◆ pinned")
    await alice.press("p")
    await alice.no_longer_sees("◆ pinned")
    await bob.close()
    guest = await sit_down(f"bob{number}", address, size=(100, 30))
    await guest.sees(f"Test Chat {number}")
    await guest.press("enter")
    await guest.sees("mine again")
    await guest.press("up")
    await guest.sees("r Reply")
    for word in ("Pin", "Delete", "Edit"):
        assert word not in guest.screen[-1]


@pytest.mark.presses("selected.copy")
async def test_copying(alice: Seat, bob: Agent) -> None:
    await alice.press("up", "up", "c")
    await alice.sees("Copied.")
    assert alice.app.clipboard == "his own words"


async def test_what_changes_elsewhere_changes_here(alice: Seat, bob: Agent, number: int) -> None:
    room_id = alice.room.room.id
    await alice.press("up", "up", "r")
    await alice.say("an answer")
    await alice.sees(f"↪ bob{number}: his own words")
    second = alice.room.timeline.entries[2]
    assert isinstance(second, Message)
    await bob.conversation.edit(room_id, second.id, "other words")
    await alice.sees(f"↪ bob{number}: other words", "edited")
    await bob.conversation.delete(room_id, second.id)
    await alice.sees("↪ an earlier message", "This message was deleted.")
    assert "other words" not in alice.text


async def test_a_change_without_a_line_is_told(
    own_server: ServerProcess, alice: Seat, bob: Agent, number: int
) -> None:
    own_server.kill()
    await alice.sees("○ offline")
    await alice.press("up", "p")
    await alice.sees("✗ There is no connection to the server now.")
    await alice.press("e")
    await alice.press("!", "enter")
    await alice.sees("✗ There is no connection to the server now.", f"✎ Changing “alice{number}: mine again”")
    assert _composer(alice).text == "mine again!"
    await alice.press("escape")
    await alice.say("/react 👍")
    await alice.sees("✗ There is no connection to the server now.")
    assert _composer(alice).text == "/react 👍"
    await alice.press("ctrl+u", "up", "d")
    await alice.sees("Delete this message for everyone?")
    await alice.press("y")
    await alice.sees("✗ There is no connection to the server now.", "mine again")
    assert "was deleted" not in alice.text
