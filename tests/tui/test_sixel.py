"""Pictures as sixels: what is painted is what was meant, at its cells, and only where all of them are."""

import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image
from rich.color import ColorSystem
from rich.segment import Segment
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from mesh_tui.layout.cells import paintable, width
from mesh_tui.painted import Abilities, Painted
from mesh_tui.pictures import sixel
from mesh_tui.pictures.encoding import encode
from mesh_tui.pictures.loading import PictureUnreadable, load_sixels
from mesh_tui.pictures.shelf import Shelf
from mesh_tui.ways import Outside
from tests.support.conditions import until
from tests.support.sixels import painted as painted_sixels
from tests.tui.conftest import SitDown


@pytest.mark.parametrize(("across", "down", "colours"), [(1, 1, 1), (7, 6, 2), (40, 20, 256), (90, 13, 3)])
def test_every_pixel_has_its_colour_and_none_is_outside(across: int, down: int, colours: int) -> None:
    chance = random.Random(across)
    palette = chance.randbytes(3 * 256)
    runs = [bytes([chance.randrange(colours)]) * chance.randrange(1, 12) for _ in range(across * down)]
    pixels = b"".join(runs)[: across * down]
    size, seen = painted_sixels(encode(across, pixels, palette).decode())
    assert size == (across, down)
    meant = {
        (at % across, at // across): tuple(round(part / 2.55) for part in palette[3 * place : 3 * place + 3])
        for at, place in enumerate(pixels)
    }
    assert seen == meant


def test_runs_are_said_once() -> None:
    assert encode(500, bytes(500 * 6), bytes(3)) == b'"1;1;500;6#0;2;0;0;0#0!500~'


async def test_a_file_comes_back_as_sixels_of_its_pixels(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 100), (255, 0, 0))
    image.paste((0, 0, 255), (100, 0, 200, 100))
    image.save(tmp_path / "flag.png")
    picture, said = await load_sixels(tmp_path / "flag.png", 10, 5, "000000", (10, 20))
    assert (picture.size, picture.columns, picture.pixel_rows) == ((200, 100), 100, 50)
    assert said.startswith("\x1bP7;1q")
    assert said.endswith("\x1b\\")
    size, seen = painted_sixels(said[6:-2])
    assert size == (100, 50)
    assert len(seen) == 100 * 50
    assert (seen[0, 0], seen[99, 49]) == ((100, 0, 0), (0, 0, 100))
    with pytest.raises(PictureUnreadable):
        await load_sixels(Path(__file__), 10, 5, "000000", (10, 20))


@pytest.mark.parametrize("said", [b"", b"~~\x1b[2J", b"~\x07", b"~\x9c", b"a\n", b"~" * 4_000_001])
def test_what_is_more_than_sixels_is_not_written(said: bytes) -> None:
    assert sixel.sequence(said) is None


@pytest.mark.parametrize(
    ("names", "wrap", "shown"),
    [
        (("foot(1.16.2)", "foot"), "", True),
        (("WezTerm 20240203",), "", True),
        (("iTerm2 3.5.0",), "", True),
        (("contour 0.4.3",), "", True),
        (("mlterm",), "", True),
        (("xterm-sixel",), "", True),
        (("Windows Terminal 1.22.1",), "", True),
        (("Windows Terminal 1.21.3",), "", False),
        (("XTerm(390)", "xterm-256color"), "", False),
        ((), "", False),
        (("foot",), "tmux", False),
        (("foot",), "screen", False),
    ],
)
def test_who_is_known_to_paint_them(names: tuple[str, ...], wrap: str, *, shown: bool) -> None:
    outside = Outside(names, wrap)  # type: ignore[arg-type]
    assert sixel.cell_of(outside, (9, 18)) == ((9, 18) if shown else None)
    said = sixel.cell_of(outside, (9, 18), named=False)
    assert said == (None if wrap == "screen" else (9, 18)), "who says so is believed"
    assert sixel.cell_of(outside, (0, 0), named=False) is None, "it would reach over its cells"


def test_there_are_no_more_pixels_than_a_terminal_takes() -> None:
    columns, rows = sixel.room(400, 200, (10, 20))
    assert (columns, rows) == (100, 50)
    assert sixel.room(80, 24, (8, 16)) == (80, 24)


# ── on the screen ────────────────────────────────────────────────────────────────────────────────

PICTURE = sixel.Sixels(3, 2, "\x1bP7;1q~\x1b\\")
ABLE = Abilities(erases_in_colour=True, erases=True, moves_lines=True)


def _frame(painted: Painted, *rows: str) -> str:
    strips: list[Iterable[Strip]] = [[Strip([Segment(row)]).adjust_cell_length(12)] for row in rows]
    update = LayoutUpdate(strips, Region(0, 0, 12, len(rows)))
    return painted.frame(update, 12, len(rows), ColorSystem.TRUECOLOR)


def _cells() -> list[str]:
    return [line.text for line in sixel.lines(5, 3, 2)]


def test_it_is_painted_once_at_its_cells_and_again_where_something_lay_above_it() -> None:
    painted, (upper, lower) = Painted(ABLE), _cells()
    painted.held.hold(5, PICTURE)
    frame = _frame(painted, "title", f"  {upper} |", f"  {lower} |", "below")
    assert frame.endswith(f"\x1b[2;3H{PICTURE.sequence}")
    assert sixel.PLACEHOLDER not in frame
    assert PICTURE.sequence not in _frame(painted, "other", f"  {upper} |", f"  {lower} |", "below")
    assert PICTURE.sequence not in _frame(painted, "other", "  toast |", f"  {lower} |", "below")
    assert _frame(painted, "other", f"  {upper} |", f"  {lower} |", "below").endswith(PICTURE.sequence)
    painted.forget()
    assert _frame(painted, "other", f"  {upper} |", f"  {lower} |", "below").endswith(PICTURE.sequence)


def test_its_cells_are_painted_anew_where_it_goes() -> None:
    painted, (upper, lower) = Painted(ABLE), _cells()
    painted.held.hold(5, PICTURE)
    _frame(painted, upper, lower, "", "")
    frame = _frame(painted, "", "", "", "")
    assert frame.count("   ") + frame.count("\x1b[K") >= 2, "both rows of it are blank now"
    painted.held.hold(5, None)
    assert PICTURE.sequence not in _frame(painted, upper, lower, "", "")


def test_it_is_not_painted_in_the_last_row_nor_in_part() -> None:
    painted, (upper, lower) = Painted(ABLE), _cells()
    painted.held.hold(5, PICTURE)
    assert PICTURE.sequence not in _frame(painted, "", upper, lower)
    assert PICTURE.sequence not in _frame(Painted(ABLE), upper, "", "", "")


def test_no_terminal_moves_lines_with_a_picture_among_them() -> None:
    painted, (upper, lower) = Painted(ABLE), _cells()
    painted.held.hold(5, PICTURE)
    texts = [f"line {'abcdefgh'[number]}" for number in range(8)]
    rows = [f"{texts[0]} {upper}", f"{texts[1]} {lower}", *texts[2:]]
    _frame(painted, *rows)
    frame = _frame(painted, "new", *rows[:-1])
    assert "L" not in re.findall(r"\x1b\[[\d;]*([A-Za-z])", frame)
    assert frame.endswith(f"\x1b[2;8H{PICTURE.sequence}")
    _frame(painted, *texts)
    assert "L" in re.findall(r"\x1b\[[\d;]*([A-Za-z])", _frame(painted, "new", *texts[:-1]))


def test_what_others_write_is_never_a_cell_of_one() -> None:
    (upper, _) = _cells()
    assert sixel.PLACEHOLDER not in paintable(upper)
    assert width(upper) == 3


async def test_a_large_picture_is_sixels_where_the_person_says_so(
    shared_server: str, sit_down: SitDown, tmp_path: Path
) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "red.png")
    alice = await sit_down("alice", shared_server)
    await alice.sees("Create account")
    await alice.app.save_settings({"look.pictures_by": "sixel"})
    shelf = Shelf(alice.app, lambda _, __: None, lambda: (10, 20))

    def text(*, large: bool) -> str:
        get = shelf.get
        found = alice.within(lambda: get(tmp_path / "red.png", 20, 8, "000000", lambda: None, large=large))
        return found.rows[0].text if found else ""

    await until(lambda: bool(text(large=True) and text(large=False)), "both to be decoded")
    assert sixel.is_cell(text(large=True)[:4])
    assert width(text(large=True)) == 6, "no larger than it is"
    assert set(text(large=False)) == {"▀"}, "in a room it scrolls"


# ── a picture that moves ─────────────────────────────────────────────────────────────────────────

NEXT = sixel.Sixels(3, 2, "\x1bP7;1q^\x1b\\")


def test_the_next_picture_is_painted_where_its_cells_are_and_no_cell_is_painted_for_it() -> None:
    painted, (upper, lower) = Painted(ABLE), _cells()
    painted.held.renew(5, PICTURE)
    assert painted.next_renewed() == "", "there is no such cell yet"
    assert _frame(painted, "title", f"  {upper} |", f"  {lower} |", "below").endswith(PICTURE.sequence)
    painted.held.renew(5, PICTURE)
    painted.held.renew(5, NEXT)
    assert painted.next_renewed() == f"\x1b[2;3H{NEXT.sequence}"
    assert painted.next_renewed() == "", "of two that came, the newer one is all"
    assert not painted.held.renewed


def test_the_next_picture_is_not_painted_over_what_lies_above_its_cells() -> None:
    painted, (upper, lower) = Painted(ABLE), _cells()
    _frame(painted, f"  {upper} |", f"  {lower} |", "", "")
    _frame(painted, "  toast |", f"  {lower} |", "", "")
    painted.held.renew(5, NEXT)
    assert painted.next_renewed() == ""
    assert _frame(painted, f"  {upper} |", f"  {lower} |", "", "").endswith(NEXT.sequence)
    painted.held.renew(5, PICTURE)
    painted.forget()
    assert painted.next_renewed() == "", "nobody knows what is on the screen"
    painted.held.hold(5, None)
    assert not painted.held.renewed


def test_of_several_pictures_that_move_each_has_its_turn() -> None:
    painted = Painted(ABLE)
    one, other = (sixel.lines(number, 3, 1)[0].text for number in (7, 6))
    for number in (7, 6):
        painted.held.renew(number, sixel.Sixels(3, 1, f"{number}"))
    _frame(painted, one, other, "", "")
    painted.held.renew(7, sixel.Sixels(3, 1, "7a"))
    painted.held.renew(6, sixel.Sixels(3, 1, "6a"))
    painted.held.renew(7, sixel.Sixels(3, 1, "7b"))
    assert painted.next_renewed() == "\x1b[1;1H7b"
    painted.held.renew(7, sixel.Sixels(3, 1, "7c"))
    assert painted.next_renewed() == "\x1b[2;1H6a"
    assert painted.next_renewed() == "\x1b[1;1H7c"
