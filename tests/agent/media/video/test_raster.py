"""Pictures as halves of cells, and the test picture that can be read from them."""

import zlib

import numpy as np
import pytest
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from mesh_agent.media.orders import Form, Tile
from mesh_agent.media.video import pattern
from mesh_agent.media.video.raster import CROPPED_MAX, PIXELS_MAX, Place, Raster, grid, place, usable
from mesh_tui.pictures.halves import _COARSE
from tests.support.sixels import painted as painted_sixels

SIZES = st.integers(1, 4000)
CELLS = st.integers(1, 200)


@given(SIZES, SIZES, CELLS, CELLS)
def test_a_picture_keeps_its_shape_and_fills_its_tile_or_is_whole_in_it(
    width: int, height: int, columns: int, rows: int
) -> None:
    at = place(width, height, columns, rows)
    assert at.width >= 1
    assert at.height >= 1
    covers = at.width >= columns and at.height >= 2 * rows
    fits = at.width <= columns and at.height <= 2 * rows
    assert covers or fits
    if covers:
        seen = columns * 2 * rows / (at.width * at.height)
        assert seen >= 1 - CROPPED_MAX - 1 / min(columns, 2 * rows)
    assert abs(at.width * height - at.height * width) <= max(width, height)


def test_a_wide_picture_in_a_square_tile_has_black_above_and_below() -> None:
    assert place(320, 180, 80, 40) == Place(0, 17, 80, 45)
    painted = Raster(Tile("a", 80, 40)).painted(pattern.draw(0))
    assert painted is not None
    halves = np.frombuffer(painted.pixels, np.uint8).reshape(80, 80, 3)
    assert not halves[:17].any()
    assert not halves[62:].any()
    assert halves[17:40].any(axis=2).all()


def test_of_a_screen_nothing_is_cut_off() -> None:
    assert place(1_000, 620, 64, 18) == Place(0, -2, 64, 40)
    assert place(1_000, 620, 64, 18, whole=True) == Place(3, 0, 58, 36)
    painted = Raster(Tile("a", 40, 10, whole=True)).painted(pattern.draw(0))
    assert painted is not None
    halves = np.frombuffer(painted.pixels, np.uint8).reshape(20, 40, 3)
    assert not halves[:, 0].any()
    assert not halves[:, -1].any()


def test_what_falls_into_one_half_is_averaged() -> None:
    planes = np.full((270, 320), 128, np.uint8)
    planes[:180] = np.where(np.arange(320) % 2, 235, 16)
    painted = Raster(Tile("a", 40, 12)).painted(VideoFrame.from_ndarray(planes, format="yuv420p"))
    assert painted is not None
    halves = np.frombuffer(painted.pixels, np.uint8)
    assert halves.min() >= 115
    assert halves.max() <= 140


def test_colours_are_as_coarse_as_those_of_stills() -> None:
    painted = Raster(Tile("a", 60, 17)).painted(pattern.draw(5))
    assert painted is not None
    assert painted.pixels == painted.pixels.translate(_COARSE)
    assert len(painted.pixels) == 60 * 2 * 17 * 3


def test_what_looks_as_before_is_not_told_again() -> None:
    raster = Raster(Tile("a", 40, 12))
    assert raster.painted(pattern.draw(1)) is not None
    assert raster.painted(pattern.draw(1)) is None
    assert raster.painted(pattern.draw(2)) is not None


@pytest.mark.parametrize(
    ("columns", "rows", "good"), [(0, 5, False), (5, 0, False), (401, 5, False), (1, 1, True)]
)
def test_tiles_of_no_size_are_none(columns: int, rows: int, good: bool) -> None:
    assert usable(Tile("a", columns, rows)) is good


@pytest.mark.parametrize(("columns", "rows"), [(80, 40), (160, 50), (40, 12), (32, 9), (60, 10)])
def test_the_number_and_the_colours_of_a_test_picture_are_read_from_its_cells(
    columns: int, rows: int
) -> None:
    raster = Raster(Tile("a", columns, rows))
    for number in (0, 1, 0b101010101010, pattern.NUMBERS - 1):
        painted = raster.painted(pattern.draw(number))
        assert painted is not None
        assert pattern.read(painted.pixels, columns, rows) == number
        for colour, sent in zip(pattern.bars(painted.pixels, columns, rows), pattern.COLOURS, strict=True):
            assert max(abs(a - b) for a, b in zip(colour, sent, strict=True)) <= 16


def test_a_grey_picture_has_no_number() -> None:
    assert pattern.read(bytes([90]) * 40 * 24 * 3, 40, 12) is None


# ── as pixels ────────────────────────────────────────────────────────────────────────────────────


def test_pixels_have_the_shape_of_the_tile_and_are_no_more_than_came() -> None:
    tile = Tile("a", 60, 17, form="rgb", across=60 * 9, down=17 * 18)
    painted = Raster(tile).painted(pattern.draw(77))
    assert painted is not None
    assert (painted.form, painted.columns, painted.rows) == ("rgb", 60, 17)
    assert (painted.across, painted.down) == (318, 180), "the tile is 540 by 306"
    pixels = zlib.decompress(painted.pixels)
    assert len(pixels) == 3 * painted.across * painted.down
    assert pixels == pixels.translate(_COARSE)
    assert pattern.read(pixels, painted.across, painted.down // 2) == 77


def test_small_tiles_have_as_many_pixels_as_the_terminal() -> None:
    assert grid(320, 180, Tile("a", 20, 5, form="rgb", across=160, down=80)) == (160, 80, 1)
    assert grid(320, 180, Tile("a", 20, 5, form="sixels", across=160, down=80)) == (160, 80, 1)
    assert grid(320, 180, Tile("a", 20, 5)) == (20, 10, 1)


@given(st.integers(1, 1000), st.integers(1, 1000), SIZES, SIZES)
def test_there_are_no_more_pixels_than_may_be(across: int, down: int, width: int, height: int) -> None:
    pixels = grid(width, height, Tile("a", 10, 5, form="rgb", across=across, down=down))
    assert pixels.across * pixels.down <= PIXELS_MAX + pixels.across + pixels.down
    squares = grid(width, height, Tile("a", 10, 5, form="sixels", across=across, down=down))
    assert 0 <= squares.across * squares.square - across < squares.square
    assert 0 <= squares.down * squares.square - down < squares.square


def test_sixels_cover_the_tile_and_show_the_picture() -> None:
    tile = Tile("a", 60, 17, form="sixels", across=60 * 9, down=17 * 18)
    raster = Raster(tile)
    painted = raster.painted(pattern.draw(77))
    assert painted is not None
    assert (painted.form, painted.across, painted.down) == ("sixels", 540, 306)
    size, seen = painted_sixels(painted.pixels.decode())
    assert size == (540, 306)
    rows = [[seen[x, y] for x in range(540)] for y in range(306)]
    pixels = bytes(round(2.55 * part) for row in rows for pixel in row for part in pixel)
    assert pattern.read(pixels, 540, 153) == 77
    assert raster.painted(pattern.draw(77)) is None


@pytest.mark.parametrize(
    ("form", "across", "down", "good"),
    [("rgb", 800, 400, True), ("rgb", 0, 400, False), ("rgb", 9_000, 400, False), ("sixels", 1001, 9, False)],
)
def test_tiles_of_too_many_pixels_are_none(form: Form, across: int, down: int, good: bool) -> None:
    assert usable(Tile("a", 80, 24, form=form, across=across, down=down)) is good
