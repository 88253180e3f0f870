"""Pictures of a call that the terminal shows itself: who gets which, and what a terminal is told of them."""

from collections.abc import Sequence

import pytest
from rich.color import ColorSystem

from mesh_agent.calls.state import Picture
from mesh_agent.media.orders import Form, Tile
from mesh_tui.pictures import sixel
from mesh_tui.pictures.live import Live
from tests.support.conditions import until
from tests.tui.conftest import SitDown
from tests.tui.seat import Seat

CELL = (10, 20)


class Looking:
    """Live pictures of a seat, in a terminal of that name, with cells of `cell` pixels."""

    def __init__(self, seat: Seat, name: str) -> None:
        self.seat, self.cell, self.changed = seat, CELL, 0
        self._number = 0
        seat.app.console._color_system = ColorSystem.TRUECOLOR
        seat.app.telling.desktop.answered = name
        self.live = Live(seat.app, self._next, lambda: self.cell, self._change)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _change(self) -> None:
        self.changed += 1

    def wanted(self, columns: int = 40, rows: int = 12) -> Tile:
        return self.live.wanted("bob", columns, rows, whole=False)

    async def look(self) -> Form:
        await self.live._look()
        return self.wanted().form


async def _looking(sit_down: SitDown, server: str, name: str) -> Looking:
    alice = await sit_down("alice", server)
    await alice.sees("Create account")
    return alice.within(lambda: Looking(alice, name))


@pytest.mark.parametrize(
    ("name", "form"), [("kitty(0.41.1)", "rgb"), ("foot(1.16.2)", "sixels"), ("XTerm(379)", "halves")]
)
async def test_a_terminal_gets_what_it_is_known_to_show_but_not_through_ssh(
    shared_server: str, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch, name: str, form: Form
) -> None:
    for variable in ("SSH_CONNECTION", "TMUX", "STY", "KITTY_WINDOW_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    looking = await _looking(sit_down, shared_server, name)
    assert looking.wanted().form == "halves", "as long as nobody knows"
    assert await looking.look() == form
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    assert await looking.look() == "halves"
    await looking.seat.app.save_settings({"look.pictures_by": "sixel"})
    assert await looking.look() == "sixels", "who says so gets them there, too"
    monkeypatch.delenv("SSH_CONNECTION")
    await looking.seat.app.save_settings({"look.pictures_by": "halves"})
    assert await looking.look() == "halves"


async def test_sixels_go_to_tiles_that_they_fit_and_are_forgotten_with_the_size_of_cells(
    shared_server: str, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = await _looking(sit_down, shared_server, "")
    held: dict[int, sixel.Sixels | None] = {}
    for told in ("renew_picture", "hold_picture"):
        monkeypatch.setattr(looking.seat.app, told, held.__setitem__)
    await looking.seat.app.save_settings({"look.pictures_by": "sixel"})
    assert await looking.look() == "sixels"
    assert (looking.wanted().across, looking.wanted().down) == (400, 240)
    assert looking.wanted(columns=101).form == "halves", "more pixels than a terminal takes"
    body = b'"1;1;400;240#0;2;0;0;0#0!400~'
    picture = Picture("bob", 40, 12, body, "sixels", 400, 240)
    smaller = Picture("bob", 40, 12, body, "sixels", 360, 216)
    assert looking.live.sight(smaller) is None, "it was made for cells of another size"
    sight = looking.live.sight(picture)
    assert sight is not None
    sight.show(picture)
    ((number, shown),) = held.items()
    assert shown is not None
    assert (shown.columns, shown.rows) == (40, 12)
    for bad in (b"~\x1b[2J", body + b"-!400~" * 40):
        held.clear()
        sight.show(Picture("bob", 40, 12, bad, "sixels", 400, 240))
        assert not held, "it would do more than paint its cells"
    looking.cell = (9, 18)
    looking.seat.within(looking.live.again)
    assert held == {number: None}
    assert sight.closed
    await until(lambda: looking.wanted().across == 360, "what fits the cells")
    assert looking.changed == 2


async def test_kitty_is_told_a_picture_once_and_edits_from_then_on_until_it_may_have_forgotten(
    shared_server: str, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = await _looking(sit_down, shared_server, "kitty(0.41.1)")
    said: list[tuple[str, int]] = []

    def say(commands: Sequence[str], _: str, key: int = 0) -> None:
        said.append(("".join(commands).partition(",")[0], key))

    monkeypatch.setattr(looking.seat.app, "say_aside", say)
    await looking.seat.app.save_settings({"look.pictures_by": "kitty"})
    assert await looking.look() == "rgb"
    sight = looking.live.sight(Picture("bob", 40, 12, b"x", "rgb", 320, 180))
    assert sight is not None
    for across in (320, 320, 160, 160):
        sight.show(Picture("bob", 40, 12, b"x", "rgb", across, 90))
    whole, edit = ("\x1b_Ga=t", 3), ("\x1b_Ga=f", 2)
    assert said == [whole, edit, whole, edit], "a picture of another size is another one"
    looking.seat.within(looking.live.again)
    assert said[4:] == [whole]
    looking.live.forget()
    assert said[5:] == [("\x1b_Ga=d", 0)]
    assert sight.closed
