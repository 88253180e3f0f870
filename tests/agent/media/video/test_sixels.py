"""Moving pictures as sixels: a terminal paints the pixels that were meant, each as large as it should be."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_agent.media.video.sixels import COLOURS, SQUARES, colour, encode, numbers
from tests.support.sixels import painted


@st.composite
def pictures(draw: st.DrawFn) -> tuple[np.ndarray, int, int, int]:
    """Pixels with runs, the side of a square, and how many of the terminal's pixels are covered."""
    square = draw(st.sampled_from(SQUARES))
    across, down = draw(st.integers(1, 70)), draw(st.integers(1, 40))
    shape = -(-down // square), -(-across // square), 3
    chance = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    pixels = chance.integers(0, 256, shape, np.uint8)
    if draw(st.booleans()):
        pixels = pixels[:, :1].repeat(shape[1], axis=1) // 64 * 64
    return pixels, square, across, down


@settings(deadline=None)
@given(pictures())
def test_every_pixel_has_its_colour_in_a_square_and_none_is_outside(
    picture: tuple[np.ndarray, int, int, int],
) -> None:
    pixels, square, across, down = picture
    size, seen = painted(encode(pixels, square, across, down).decode())
    assert size == (across, down)
    meant = numbers(pixels)
    assert seen == {
        (x, y): colour(int(meant[y // square, x // square])) for x in range(across) for y in range(down)
    }


def test_colours_are_those_of_the_picture_and_grey_is_grey() -> None:
    assert [colour(number) for number in (0, 5, COLOURS - 1)] == [(0, 0, 0), (0, 0, 100), (100, 100, 100)]
    for value in (0, 51, 100, 128, 200, 255):
        grey = np.full((8, 8, 3), value, np.uint8)
        found = np.array([colour(int(number)) for number in numbers(grey).ravel()])
        assert (found == found[:, :1]).all()
        assert abs(found.mean() - value / 2.55) <= 5, "a mixture of both neighbours, and nearly as bright"


def test_a_step_that_is_in_the_picture_stays_where_it_is() -> None:
    pixels = np.zeros((6, 20, 3), np.uint8)
    pixels[:, 10:] = 255
    body = encode(pixels, 1, 20, 6)
    assert body.endswith(b"#0!10~$#215!10?!10~")


@pytest.mark.parametrize("side", [1, 999, 1000])
def test_the_largest_is_said_in_few_bytes(side: int) -> None:
    body = encode(np.zeros((-(-side // 6), -(-side // 6), 3), np.uint8), 6, side, side).decode()
    assert body.startswith(f'"1;1;{side};{side}#0;2;0;0;0#0')
    assert len(re.findall("-", body)) == (side - 1) // 6
    assert len(body) < 3_000
