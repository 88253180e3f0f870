"""Pictures that the terminal shows itself: what is sent for them, which cells they have, and to whom."""

import re
import zlib
from base64 import b64decode

import pytest
from rich.segment import Segment
from textual.strip import Strip

from mesh_tui.layout.cells import paintable, width
from mesh_tui.pictures import kitty
from mesh_tui.pictures.kitty import MARKS, PLACEHOLDER, Means, means
from mesh_tui.pictures.loading import Picture
from mesh_tui.pins import pinned, units
from mesh_tui.ways import Outside, Wrap

NOISE = b"".join((number * number % 65_521).to_bytes(3, "big") for number in range(100 * 60))
PICTURE = Picture((400, 240), 100, 60, NOISE)


def _decoded(said: str) -> tuple[dict[str, str], dict[str, str], bytes, list[int]]:
    """As a terminal reads it: the keys of the first command and of the last, the pixels, and how long each
    piece of them was."""
    commands = re.findall(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\", said)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in commands) == said
    first, *others, last = [dict(pair.split("=") for pair in keys.split(",")) for keys, _ in commands]
    assert all(set(keys) == {"m", "q"} for keys in others)
    more = [keys["m"] for keys in (first, *others)]
    assert more == ["1"] * (len(more) - 1) + ["0"]
    *pieces, nothing = [data for _, data in commands]
    assert not nothing
    return first, last, zlib.decompress(b64decode("".join(pieces))), [len(piece) for piece in pieces]


def test_the_pixels_arrive_as_they_are_in_pieces_that_may_be_so_long() -> None:
    keys, place, pixels, lengths = _decoded("".join(kitty.transmission(0x0A0B0C, PICTURE, 13, 4, "")))
    assert pixels == NOISE
    assert max(lengths) == kitty.CHUNK
    assert len(lengths) > 2
    told = {"a": "t", "i": str(0x0A0B0C), "f": "24", "s": "100", "v": "60"}
    assert keys == told | {"o": "z", "q": "2", "m": "1"}
    assert place == {"a": "p", "U": "1", "i": str(0x0A0B0C), "c": "13", "r": "4", "q": "2"}


def test_a_small_one_is_one_piece_and_none_is_answered() -> None:
    said = kitty.transmission(7, Picture((1, 2), 1, 2, b"abcdef"), 1, 1, "")
    keys, _, pixels, lengths = _decoded("".join(said))
    assert (pixels, len(lengths), keys["m"], keys["q"]) == (b"abcdef", 1, "0", "2")
    assert kitty.removal(7, "") == "\x1b_Ga=d,d=I,i=7,q=2\x1b\\"


def test_an_edit_says_which_frame_it_is_in_each_of_its_pieces() -> None:
    said = kitty.edit(7, zlib.compress(NOISE), (100, 60), "")
    commands = re.findall(r"\x1b_G([^;\x1b]*);([^\x1b]*)\x1b\\", "".join(said))
    keys = [dict(pair.split("=") for pair in keys.split(",")) for keys, _ in commands]
    assert keys[0] == {
        "a": "f",
        "r": "1",
        "i": "7",
        "f": "24",
        "s": "100",
        "v": "60",
        "o": "z",
        "q": "2",
        "m": "1",
    }
    assert all(each == {"a": "f", "r": "1", "q": "2", "m": "1"} for each in keys[1:-1])
    assert keys[-1] == {"a": "f", "r": "1", "q": "2", "m": "0"}
    assert zlib.decompress(b64decode("".join(data for _, data in commands))) == NOISE
    assert kitty.takes_edits(Outside((KITTY,)))
    assert not kitty.takes_edits(Outside(("ghostty 1.1.3",)))


def test_through_tmux_each_command_is_wrapped_by_itself() -> None:
    plain = "".join(kitty.transmission(7, PICTURE, 13, 4, ""))
    wrapped = "".join(kitty.transmission(7, PICTURE, 13, 4, "tmux"))
    inner = re.findall(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\", wrapped)
    assert "".join(inner).replace("\x1b\x1b", "\x1b") == plain
    assert len(inner) == plain.count("\x1b_G")


def test_each_cell_says_its_row_and_its_column() -> None:
    rows = kitty.lines(0x00ABCD, 13, 4)
    assert len(rows) == 4
    for row, line in enumerate(rows):
        (fragment,) = line.fragments
        assert width(fragment.text) == 13
        assert kitty.ink(fragment.role) == "#00abcd"
        cells = [fragment.text[at : at + 3] for at in range(0, len(fragment.text), 3)]
        assert cells == [f"{PLACEHOLDER}{MARKS[row]}{MARKS[column]}" for column in range(13)]


def test_the_marks_are_those_of_the_protocol() -> None:
    """Some of its table, by their places."""
    places = {0: 0x305, 1: 0x30D, 4: 0x312, 5: 0x33D, 8: 0x346, 12: 0x350, 17: 0x363, 29: 0x36F, 30: 0x483}
    assert {place: ord(MARKS[place]) for place in places} == places
    assert len(MARKS) == len(set(MARKS)) == kitty.MOST
    assert list(MARKS) == sorted(MARKS)
    assert all(width(PLACEHOLDER + mark) == 1 for mark in MARKS)


def test_no_role_of_a_theme_and_no_number_beyond_is_one() -> None:
    assert kitty.ink("cursor-row") is None
    assert kitty.ink("kitty-1234567") is None


def test_cells_stay_whole_where_a_row_is_cut_and_are_painted_as_they_are() -> None:
    text = kitty.lines(1, 13, 1)[0].text
    cut = Strip([Segment("ab"), Segment(text), Segment("cd")]).crop(4, 9).text
    assert cut == text[6:21]
    found = list(units(cut))
    assert found == [(cut[at : at + 3], 1) for at in range(0, 15, 3)]
    assert all(pinned(unit, cells) is unit for unit, cells in found)


def test_what_others_write_is_never_a_part_of_a_picture() -> None:
    text = kitty.lines(1, 3, 1)[0].text
    assert PLACEHOLDER not in paintable(text)
    assert list(units(PLACEHOLDER)) == [(PLACEHOLDER, 1)]
    assert pinned(PLACEHOLDER, 1) != PLACEHOLDER, "not a cell without its marks"


KITTY = "kitty(0.36.4)"


@pytest.mark.parametrize(
    ("names", "wrap", "passes", "shown"),
    [
        ((KITTY, "xterm-kitty"), "", None, True),
        (("xterm-kitty", "kitty"), "", None, True),
        (("ghostty 1.1.3",), "", None, True),
        (("kitty(0.27.1)", "xterm-kitty"), "", None, False),
        (("WezTerm 20240203", "kitty"), "", None, False),
        (("XTerm(390)", "kitty"), "", None, False),
        ((), "", None, False),
        ((KITTY,), "tmux", True, True),
        ((KITTY,), "tmux", False, False),
        ((KITTY,), "tmux", None, False),
        ((KITTY,), "screen", None, False),
    ],
)
def test_who_is_known_to_show_them(
    names: tuple[str, ...], wrap: Wrap, passes: bool | None, *, shown: bool
) -> None:
    outside = Outside(names, wrap, passes)
    assert means(outside, (9, 18)) == (Means(wrap, (9, 18)) if shown else None)


def test_who_says_so_needs_no_name_but_a_way_through() -> None:
    assert means(Outside(("foot",)), (0, 0), named=False) == Means("", kitty.CELL)
    assert means(Outside(("foot",), "tmux", passes=False), (9, 18), named=False) is None
    assert means(Outside((KITTY,)), (9_000, 18)) == Means("", (kitty.CELL_MOST, 18))


def test_a_large_screen_is_sent_no_more_pixels_than_may_be() -> None:
    assert kitty.scale(40, 8, (8, 16)) == 1
    fewer = kitty.scale(200, 60, (12, 24))
    assert 200 * 60 * (12 * fewer) * (24 * fewer) == pytest.approx(kitty.PIXELS_SENT)


def test_a_picture_takes_the_cells_that_its_pixels_need() -> None:
    assert kitty.size(PICTURE, (40, 8), (8, 16)) == (13, 4)
    assert kitty.size(PICTURE, (10, 8), (8, 16)) == (10, 4)
