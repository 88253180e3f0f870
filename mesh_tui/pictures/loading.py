"""A picture's file, small enough for so many cells: opened here, decoded in a process of its own.

Strategy: opening never waits and follows no link in the last place; whatever the decoder does, it has only a
few seconds for it, and only as many bytes as the cells need are taken from it.
"""

import asyncio
import contextlib
import os
import stat
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesh_tui.pictures.encoding import BAND, BYTES_MOST
from mesh_tui.pictures.sixel import sequence
from protocol.errors import MeshError

FILE_BYTES_MOST: Final = 64 * 1024 * 1024
DECODE_S: Final = 15.0
CELLS_MOST: Final = 400
ROWS_MOST: Final = 200
HALVES: Final = (1, 2)
"""Pixels of a cell where each half of it is one."""

PIXELS_MOST: Final = 4_000_000
"""That are asked of the decoder."""

_HEAD_BYTES: Final = 64
_ROOT: Final = str(Path(__file__).resolve().parents[2])
_PROGRAM: Final = """\
import sys
if sys.argv[4] not in sys.path:
    sys.path.insert(0, sys.argv[4])
from mesh_tui.pictures.decoding import main
main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[5])
"""
"""With `-P`, so that nothing in the folder where a person happens to be is ever imported."""


class PictureUnreadable(MeshError):
    """It cannot be shown; the file is as it was."""

    code = "picture.unreadable"
    text = "This cannot be shown as a picture."


@dataclass(frozen=True, slots=True)
class Picture:
    """Attributes:
    size: width and height of what is in the file, in pixels.
    columns, pixel_rows: of `pixels`, the latter an even number; as halves, a cell shows two of them.
    pixels: three bytes each, red, green, blue, row by row from the top.
    """

    size: tuple[int, int]
    columns: int
    pixel_rows: int
    pixels: bytes


async def load(
    path: Path, columns: int, rows: int, background: str, cell: tuple[int, int] = HALVES
) -> Picture:
    """What fits into `columns` cells and `rows` rows. `background`: RRGGBB, seen where it is transparent.

    `cell`: how many pixels one has across and down.

    Raises:
        PictureUnreadable: the file is away, too large, or no picture of a kind that is known.
    """
    columns, rows = min(columns, CELLS_MOST), min(rows, ROWS_MOST)
    across, down = columns * cell[0], rows * cell[1] // 2 * 2
    if not 0 < across * down <= PIXELS_MOST:
        raise PictureUnreadable("There is no room here for a picture.")
    most = across * (down + 2) * 3
    return _read(await _said(path, across, down, background, "", most), across, down)


async def load_sixels(
    path: Path, columns: int, rows: int, background: str, cell: tuple[int, int]
) -> tuple[Picture, str]:
    """As `load`, but the picture has no pixels: what to write for it comes with it.

    Raises:
        PictureUnreadable: also where it takes too many bytes.
    """
    across, down = columns * cell[0], rows * cell[1] // 2 * 2
    if not 0 < across * down <= PIXELS_MOST:
        raise PictureUnreadable("There is no room here for a picture.")
    said = await _said(path, across, down, background, "sixels", BYTES_MOST)
    head, _, body = said.partition(b"\n")
    written = sequence(body)
    numbers = _numbers(head)
    fits = 0 < numbers[2] <= across and 0 < numbers[3] <= down
    if written is None or not fits or body.count(b"-") * BAND >= numbers[3]:
        raise PictureUnreadable
    return Picture(numbers[:2], numbers[2], numbers[3], b""), written


async def _said(path: Path, across: int, down: int, background: str, form: str, most: int) -> bytes:
    """What the process says of the picture: a line, and no more than `most` bytes."""
    descriptor = await asyncio.to_thread(_open, path)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", _PROGRAM, str(across), str(down), background, _ROOT, form),
            stdin=descriptor,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise PictureUnreadable(f"No process can be started to decode it: {error.strerror}.") from None
    finally:
        os.close(descriptor)
    assert process.stdout is not None
    most += _HEAD_BYTES
    try:
        async with asyncio.timeout(DECODE_S):
            said = bytearray()
            while len(said) <= most and (piece := await process.stdout.read(most)):
                said += piece
    except TimeoutError:
        raise PictureUnreadable("This picture takes too long to decode.") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return bytes(said)


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PictureUnreadable(f"The file cannot be opened: {error.strerror}.") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_BYTES_MOST:
        os.close(descriptor)
        raise PictureUnreadable("This file is too large to be shown.")
    return descriptor


def _read(said: bytes, most_across: int, most_down: int) -> Picture:
    head, newline, pixels = said.partition(b"\n")
    width, height, across, down = _numbers(head)
    if (
        not newline
        or not (0 < across <= most_across and 0 < down <= most_down + 1)
        or down % 2
        or len(pixels) != 3 * across * down
    ):
        raise PictureUnreadable
    return Picture((width, height), across, down, pixels)


def _numbers(head: bytes) -> tuple[int, int, int, int]:
    """Width and height of what is in the file, and of what is shown."""
    numbers = head.split()
    if len(numbers) != 4 or not all(number.isdigit() for number in numbers):
        raise PictureUnreadable
    width, height, across, down = map(int, numbers)
    return width, height, across, down
