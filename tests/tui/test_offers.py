"""What is offered above the place to write: how it comes, is chosen from, and goes."""

import pytest

from mesh_agent.agent import Agent
from mesh_tui.screens.room import RoomScreen
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.offers import Offers
from tests.support.conditions import PATIENCE_S, until
from tests.tui.conftest import SignUp
from tests.tui.seat import Seat


def _composer(seat: Seat) -> Composer:
    return seat.room.query_one(Composer)


def _shown(seat: Seat) -> bool:
    return seat.room.query_one(Offers).display


async def test_enter_sends_what_was_typed_where_nothing_was_chosen(alice: Seat) -> None:
    await alice.press(*"hurray :ta")
    await alice.sees(":taxi:")
    await alice.press("enter")
    await alice.sees("▎ hurray :ta")
    await until(lambda: not _shown(alice), "the offers to go")


async def test_tab_puts_in_what_comes_first_and_enter_keeps_it(alice: Seat) -> None:
    await alice.press(*":tad")
    await alice.press("tab")
    assert _composer(alice).text == "🎉 "
    await alice.press(*":smi", "tab", "tab")
    await alice.sees("▌ ")
    chosen = _composer(alice).text
    await alice.press("enter")
    assert _composer(alice).text == f"{chosen} "
    await until(lambda: not _shown(alice), "the offers to go")
    await alice.press("enter")
    await alice.sees("▎ 🎉")


@pytest.mark.presses("composer down,up")
async def test_arrows_choose_and_escape_brings_back_what_was_typed(alice: Seat) -> None:
    await alice.press(*"/re")
    await alice.sees("/react", "/rename")
    await alice.press("down", "down")
    assert _composer(alice).text == "/read"
    await alice.press("up", "up")
    assert _composer(alice).text == "/revoke"
    await alice.press("escape")
    assert _composer(alice).text == "/re"
    await until(lambda: not _shown(alice), "the offers to go")
    assert isinstance(alice.app.screen, RoomScreen)
    await alice.press("p")
    await alice.sees("/reply [#N]")


async def test_people_who_spoke_last_come_first(
    alice: Seat, bob: Agent, shared_server: str, sign_up: SignUp, number: int
) -> None:
    ann = await sign_up(f"ann{number}", shared_server)
    await ann.join(alice.room.room.id)
    await alice.sees(f"ann{number}")
    outgoing = await bob.send(alice.room.room.id, "I was here")
    await bob.sent(outgoing.nonce, PATIENCE_S)
    await alice.sees("I was here")
    await alice.press("@")
    await alice.sees(f"@ann{number}")
    assert alice.row_of(f"@bob{number}") < alice.row_of(f"@ann{number}")
    assert f"@alice{number}" not in alice.text


async def test_a_command_says_what_it_takes(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press(*"/kick ")
    await alice.sees("/kick NAME · Put somebody out", f"bob{number}  online")
    await alice.press("tab")
    assert _composer(alice).text == f"/kick bob{number} "


async def test_what_is_offered_is_clicked(alice: Seat, bob: Agent, number: int) -> None:
    await alice.press(*"hi @")
    await alice.sees(f"@bob{number}")
    await alice.click(f"@bob{number}")
    await until(lambda: _composer(alice).text == f"hi @bob{number} ", "the name")


async def test_moving_the_cursor_puts_it_away(alice: Seat) -> None:
    await alice.press(*"/re")
    await alice.sees("/rename")
    await alice.press("left")
    await until(lambda: not _shown(alice), "the offers to go")


async def test_a_draft_that_comes_back_offers_nothing(alice: Seat) -> None:
    await alice.press(*"/re")
    await alice.sees("/rename")
    await alice.press("escape", "escape")
    await alice.sees("Your rooms")
    await alice.press("enter")
    await alice.sees("/re")
    assert not _shown(alice)


async def test_the_messages_do_not_move_when_offers_come(alice: Seat) -> None:
    await alice.say("a line to look at")
    await alice.sees("▎ a line to look at")
    row = alice.row_of("a line to look at")
    composer = _composer(alice).region
    await alice.press(*"@zz")
    await alice.press("backspace", "backspace", "backspace", "slash", "p")
    await alice.sees("/pins")
    assert _composer(alice).region == composer
    await alice.press("escape")
    await alice.sees("a line to look at")
    assert alice.row_of("a line to look at") == row


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 50)])
async def test_it_fits_every_size(alice: Seat, size: tuple[int, int]) -> None:
    await alice.resize(*size)
    await alice.press("slash")
    await alice.sees("/archive" if size[1] > 12 else "/away", "/back")
    offers = alice.room.query_one(Offers).region
    assert offers.bottom == _composer(alice).region.y
    assert offers.x >= 0
    assert offers.right <= size[0]
    assert offers.y >= 0
