"""Pictures as halves of cells: what is decoded, what is refused, and what is painted."""

import asyncio
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from mesh_tui.layout.cells import width
from mesh_tui.pictures.halves import colours, lines
from mesh_tui.pictures.loading import Picture, PictureUnreadable, load
from mesh_tui.pictures.names import is_named_as_picture
from tests.support.conditions import PATIENCE_S

PAPER: Final = "102030"
RED, BLUE = (255, 0, 0), (0, 0, 255)


def _flag(path: Path, size: tuple[int, int] = (400, 400)) -> Path:
    """Red above, blue below."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (0, size[1] // 2, *size))
    image.save(path)
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "bmp"])
async def test_every_kind_is_decoded_and_keeps_its_shape(tmp_path: Path, suffix: str) -> None:
    path = _flag(tmp_path / f"flag.{suffix}", (400, 200))
    assert is_named_as_picture(path.name.upper())
    picture = await load(path, 20, 20, PAPER)
    assert picture.size == (400, 200)
    assert (picture.columns, picture.pixel_rows) == (20, 10)
    first, last = picture.pixels[:3], picture.pixels[-3:]
    assert first[0] > 200 > 50 > first[2]
    assert last[2] > 200 > 50 > last[0]


async def test_what_is_transparent_or_left_over_shows_the_paper(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 3), (255, 255, 255, 0))
    image.putpixel((1, 1), (*RED, 255))
    image.save(tmp_path / "small.png")
    picture = await load(tmp_path / "small.png", 20, 20, PAPER)
    paper, red = bytes.fromhex(PAPER), bytes(RED)
    assert picture.pixels == b"".join((paper, paper, paper, red, paper, paper, paper, paper))
    assert (picture.columns, picture.pixel_rows) == (2, 4)


async def test_a_photo_stands_as_the_camera_was_held(tmp_path: Path) -> None:
    image, exif = Image.new("RGB", (40, 20), RED), Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.save(tmp_path / "photo.jpg", exif=exif)
    picture = await load(tmp_path / "photo.jpg", 40, 40, PAPER)
    assert picture.size == (picture.columns, picture.pixel_rows) == (20, 40)


def _bomb() -> bytes:
    """Few bytes, more pixels than are taken."""
    held = BytesIO()
    Image.new("1", (9_000, 8_000)).save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"",
        lambda: b"not at all a picture",
        lambda: _bomb()[:200],
        _bomb,
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["empty", "text", "cut", "bomb", "svg"],
)
async def test_what_is_no_picture_is_refused_in_a_sentence(
    tmp_path: Path, content: Callable[[], bytes]
) -> None:
    path = tmp_path / "sent.png"
    path.write_bytes(content())
    with pytest.raises(PictureUnreadable, match=r"\.$"):
        await load(path, 20, 20, PAPER)


async def test_only_a_file_itself_is_opened_and_nothing_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(_flag(tmp_path / "flag.png"))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("link", "pipe", "folder", "nothing"):
        with pytest.raises(PictureUnreadable):
            async with asyncio.timeout(PATIENCE_S):
                await load(tmp_path / f"{name}.png", 20, 20, PAPER)


def test_cells_that_are_alike_are_one_run() -> None:
    pixels = bytes(RED) * 3 + bytes(BLUE) + bytes(RED) * 4
    (line,) = lines(Picture((4, 2), 4, 2, pixels))
    assert [fragment.text for fragment in line.fragments] == ["▀▀▀", "▀"]
    assert [colours(fragment.role) for fragment in line.fragments] == [
        ("#ff0000", "#ff0000"),
        ("#0000ff", "#ff0000"),
    ]
    assert width(line.text) == 4


def test_no_role_of_a_theme_is_taken_for_colours() -> None:
    assert colours("cursor-row") is None
    assert colours("#ff0000") is None
