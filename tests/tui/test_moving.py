"""Pictures that move: the quick way paints what the slow one would, and only what has changed."""

import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyte import Stream
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from mesh_tui.painted import Painted
from mesh_tui.pictures.moving import HalvesStrip, between
from mesh_tui.pins import pinned
from mesh_tui.widgets.moving import changed_rows
from tests.tui.test_painted import ABLE, EXAMPLES, HEIGHT, WIDTH, Screen

COLOURS: Final = [bytes(colour) for colour in ((0, 0, 0), (255, 0, 0), (0, 255, 8), (66, 66, 66))]


def _bytes(draw: st.DrawFn, cells: int) -> bytes:
    return b"".join(draw(st.lists(st.sampled_from(COLOURS), min_size=cells, max_size=cells)))


@st.composite
def frames(draw: st.DrawFn) -> list[tuple[int, int, list[tuple[bytes, bytes]]]]:
    """Pieces of pictures, where they lie: y, x, rows."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        x, y = draw(st.integers(0, WIDTH - 2)), draw(st.integers(0, HEIGHT - 1))
        cells = draw(st.integers(1, WIDTH - x))
        rows = [(_bytes(draw, cells), _bytes(draw, cells)) for _ in range(draw(st.integers(1, HEIGHT - y)))]
        made.append((y, x, rows))
    return made


def _shown(frames: list[tuple[int, int, list[tuple[bytes, bytes]]]], *, quick: bool) -> object:
    screen = Screen(colours_erased=True)
    stream, painted = Stream(screen), Painted(ABLE)
    words = Strip([Segment("▀ab▀ words", Style.parse("bold #ff0000 on #000000"))])
    stream.feed(_frame(painted, 0, 0, [words] * HEIGHT))
    for y, x, rows in frames:
        strips: list[Strip] = [HalvesStrip(*row) for row in rows]
        if not quick:
            strips = [Strip(list(strip)) for strip in strips]
        stream.feed(_frame(painted, y, x, strips))
    return screen.cells


def _frame(painted: Painted, y: int, x: int, strips: list[Strip]) -> str:
    region = Region(x, y, strips[0].cell_length, len(strips))
    update = LayoutUpdate([[strip] for strip in strips], region)
    return painted.frame(update, WIDTH, HEIGHT, ColorSystem.TRUECOLOR)


@settings(max_examples=EXAMPLES, deadline=None)
@given(frames())
def test_it_paints_what_segments_would(frames: list[tuple[int, int, list[tuple[bytes, bytes]]]]) -> None:
    assert _shown(frames, quick=True) == _shown(frames, quick=False)


def test_a_half_is_as_wide_as_it_is_taken_to_be() -> None:
    assert pinned("▀", 1) == "▀", "else the rest of its row would be painted with each"


def test_only_the_colour_that_changes_is_sent() -> None:
    strip = HalvesStrip(bytes(9), bytes(3) + bytes([255, 0, 0]) * 2)
    first, *_ = styles = strip.styles(ColorSystem.TRUECOLOR)
    sent, end = between(styles, 0, 3, first)
    assert (sent, end) == ("▀\x1b[48;2;255;0;0m▀▀", 3)


@pytest.mark.parametrize("colours", [ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
def test_a_terminal_with_fewer_colours_gets_those(colours: ColorSystem) -> None:
    (style,) = HalvesStrip(bytes([255, 0, 0]), bytes(3)).styles(colours)
    assert "2;255" not in style


def test_textual_can_cut_it() -> None:
    strip = HalvesStrip(bytes([255, 0, 0]) * 3 + bytes(3), bytes(12))
    assert strip.text == "▀▀▀▀"
    assert strip.crop(2, 4).cell_length == 2
    assert [segment.text for segment in strip] == ["▀▀▀", "▀"]
    assert strip.divide([4]) == [strip], "whole, it is not made into segments"


def test_rows_that_are_as_before_are_left_alone() -> None:
    chance = random.Random(1)
    before = chance.randbytes(3 * 8 * 6)
    after = bytearray(before)
    after[3 * 8 * 2] ^= 255  # the second row's upper half
    assert changed_rows(before, bytes(after), 8) == [range(1, 2)]
    assert changed_rows(before, before, 8) == []
    assert changed_rows(b"", before, 8) == [range(3)]
    after[-1] ^= 255
    assert changed_rows(before, bytes(after), 8) == [range(1, 3)]
