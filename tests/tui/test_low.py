"""Screens that are low or narrow, down to a single cell: what counts most stays, and all comes back."""

from pathlib import Path
from typing import Final

import pytest

from scripts.take_pictures import furnish
from tests.tui import gallery
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat, seated

SMALLEST: Final = ((1, 1), (4, 24), (5, 5), (80, 2))
"""With no cell inside a frame, with a bar that leaves nothing beside it, and with less than a frame takes."""


@pytest.mark.parametrize("walk", gallery.WALKS)
async def test_no_screen_breaks_at_any_size_and_each_comes_back(walk: str, tmp_path: Path) -> None:
    with gallery.running(tmp_path / "still") as server:
        if walk == "signed-out":
            async with seated(server=server.url, profile="nobody") as seat:
                await _squeeze(seat, gallery.WALKS[walk])
            return
        bob = await furnish(server.url)
        gallery.plan()
        async with seated(server=server.url, profile="alice") as seat:
            await seat.sees("connected", "Test Chat", "design")
            await seat.app.save_settings(gallery.SILENT)
            await _squeeze(seat, gallery.WALKS[walk])
        await bob.close()


async def _squeeze(seat: Seat, views: tuple[gallery.View, ...]) -> None:
    for view in views:
        await seat.press(*view.keys)
        await seat.sees(view.word, view.another)
        for size in SMALLEST:
            await seat.resize(*size)
            assert len(seat.screen) == size[1]
        await seat.resize(80, 24)
        await seat.sees(view.word, view.another)


@pytest.fixture
async def alice(shared_server: str, sit_down: SitDown, number: int) -> Seat:
    """In a room of hers, with messages in it."""
    seat = await sit_down("alice", shared_server)
    await seat.register(f"alice{number}")
    await seat.create_room(f"r{number}")
    for text in ("first", "last"):
        await seat.tell(text)
    return seat


@pytest.mark.parametrize("size", [(80, 9), (80, 7), (80, 5), (80, 3), (80, 2), (40, 10), (20, 5)])
async def test_the_newest_message_and_the_line_to_write_in_stay(
    alice: Seat, size: tuple[int, int], number: int
) -> None:
    await alice.resize(*size)
    await alice.sees("last")
    await alice.press("h", "e", "y")
    await alice.sees("hey", "last")
    await alice.press("enter")
    await alice.sees("▎ hey", "▌ Message" if size[1] < 8 else "│ Message")
    await alice.resize(80, 24)
    await alice.sees("last", "hey", f"Message r{number}", "connected", "F2 People", " This is the beginning")


async def test_a_single_row_is_for_writing(alice: Seat) -> None:
    await alice.resize(80, 1)
    await alice.press("h", "e", "y")
    await alice.sees("▌ hey")


@pytest.mark.parametrize("size", [(80, 8), (80, 3), (80, 2)])
async def test_what_cannot_be_done_is_told_on_a_low_screen_too(alice: Seat, size: tuple[int, int]) -> None:
    await alice.resize(*size)
    await alice.say("/nonsense")
    await alice.sees("✗ There is no command", "/nonsense")


@pytest.mark.parametrize("size", [(80, 9), (80, 6), (40, 10), (80, 3)])
async def test_a_question_shows_its_answers_on_a_low_screen(
    alice: Seat, size: tuple[int, int], number: int
) -> None:
    await alice.resize(*size)
    await alice.press("f9")
    await alice.sees(f"Leave r{number}?", "Cancel (n)", "Leave (y)")


async def test_a_page_shows_as_many_lines_as_a_low_screen_has(alice: Seat) -> None:
    await alice.resize(80, 7)
    await alice.say("/whoami")
    await alice.sees("You", "Shown as", "how far you have read", "Esc closes")
