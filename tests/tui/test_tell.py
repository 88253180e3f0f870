"""Pages of lines to read fit the screen, however many lines there are."""

import pytest

from mesh_tui.layout.cells import Fragment
from mesh_tui.screens.base import MeshScreen
from mesh_tui.screens.tell import Told
from tests.support.conditions import until
from tests.tui.conftest import SitDown


@pytest.mark.parametrize("rows", [24, 12, 40])
async def test_a_long_page_shows_its_title_its_detail_and_every_line(
    sit_down: SitDown, shared_server: str, number: int, rows: int
) -> None:
    seat = await sit_down(f"teller{number}", shared_server, size=(80, rows))
    await seat.register(f"teller{number}")
    screen = seat.app.screen
    assert isinstance(screen, MeshScreen)
    lines = [[Fragment(f"line {count} of 50")] for count in range(1, 51)]
    seat.call(screen.show, "Many lines", lines, "And a hint. ")
    await seat.sees("Many lines", "line 1 of 50", "And a hint. c copies · Esc closes")
    assert "line 50 of 50" not in seat.text
    await until(lambda: seat.app.screen.query_one(Told).show_vertical_scrollbar, "a page that scrolls")
    await seat.press("end")
    await seat.sees("Many lines", "line 50 of 50", "And a hint. c copies · Esc closes")
    assert "line 1 of 50" not in seat.text


async def test_a_short_page_is_as_tall_as_its_lines(
    sit_down: SitDown, shared_server: str, number: int
) -> None:
    seat = await sit_down(f"teller{number}", shared_server)
    await seat.register(f"teller{number}")
    screen = seat.app.screen
    assert isinstance(screen, MeshScreen)
    seat.call(screen.show, "Few lines", [[Fragment("the only one")]])
    await seat.sees("Few lines", "the only one", "Esc closes")
    assert seat.row_of("Esc closes") - seat.row_of("Few lines") == 4
