"""The first tour: it teaches the keys that work, is shown once, and is in nobody's way."""

from pathlib import Path

import pytest

from mesh_tui.actions import ACTIONS
from mesh_tui.layout.cells import width
from mesh_tui.slash_commands import COMMANDS
from mesh_tui.tour import STOPS, lines
from tests.tui.conftest import SitDown

CARD = "Tour 1 of 3"


def _text(stop: int, own: dict[str, str], cells: int = 76) -> str:
    return "\n".join(line.text for line in lines(STOPS[stop], own, cells))


@pytest.mark.parametrize("stop", range(len(STOPS)))
@pytest.mark.parametrize("cells", [30, 46, 76, 116])
def test_no_row_is_wider_than_the_card(stop: int, cells: int) -> None:
    assert max(width(line.text) for line in lines(STOPS[stop], {}, cells)) <= cells


def test_they_are_three_and_leave_half_of_a_screen_of_24_rows() -> None:
    assert [len(lines(stop, {}, 76)) <= 10 for stop in STOPS] == [True] * 3


def test_it_speaks_of_ones_own_keys() -> None:
    assert "Alt+A" in _text(0, {})
    own = {"rooms.next_active": "f7,f8,f9"}
    assert "Alt+A" not in _text(0, own)
    assert "F7 F8 " in _text(0, own)


def test_its_sentences_are_those_of_the_registry() -> None:
    told = {entry.help for entry in (*ACTIONS, *COMMANDS)}
    for stop in STOPS:
        whole = "\n".join(line.text for line in lines(stop, {}, 200))
        assert all(entry.help in whole and entry.help in told for entry in stop.entries)


@pytest.mark.presses("tour.tour_on", "tour.tour_back", "tour.tour_end")
async def test_a_new_person_sees_it_once_and_every_key_does_what_it_always_does(
    shared_server: str, sit_down: SitDown, number: int, home: Path
) -> None:
    name = f"tourist{number}"
    seat = await sit_down(name, shared_server)
    await seat.register(name)
    await seat.sees(CARD, "Open the room, or join it.")
    await seat.press("right")
    await seat.sees("Tour 2 of 3", "Break the line.")
    await seat.press("left", "left")
    await seat.sees(CARD)
    await seat.create_room(f"harbour{number}")  # its first key is pressed while the card is there
    await seat.type("half a thought")
    await seat.press("escape")
    await seat.sees("Your rooms", CARD)
    await seat.press("right", "right")
    await seat.sees("Tour 3 of 3")
    await seat.press("right")
    await seat.no_longer_sees("Tour ")
    await seat.press("enter")
    await seat.sees("half a thought", f"beginning of harbour{number}")
    await seat.press("ctrl+u")
    await seat.say("/tour")
    await seat.sees("Your rooms", CARD)
    await seat.press("slash", "right", "escape")  # of the line that is typed in
    await seat.sees(CARD)
    await seat.press("escape")
    await seat.no_longer_sees("Tour ")
    await seat.press("ctrl+o", "y")
    await seat.sees("Create account")
    await seat.type(name)
    await seat.press("enter")
    await seat.type("password123")
    await seat.press("enter")
    await seat.sees("Your rooms", f"harbour{number}")
    assert CARD not in seat.text
    assert (home / "xdg_data_home" / "mesh" / "profiles" / name / "toured.json").read_text() == "true"
