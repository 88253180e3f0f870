"""Pictures that are on the screen, or were a moment ago, as rows of cells.

Strategy: who paints asks each time, and gets what is there; what is not there is decoded meanwhile, and who
asked is told once. A few are kept, by file and size; one that cannot be shown is kept as no rows, so that it
is not tried again with each frame. Where the terminal shows pictures itself (`kitty`), what is not kept any
more is taken from it again, and all of it at the end.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mesh_tui.layout.cells import Line
from mesh_tui.pictures import kitty
from mesh_tui.pictures.halves import lines
from mesh_tui.pictures.loading import PictureUnreadable, load
from mesh_tui.ways import Wrap
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp

KEPT: Final = 16
DECODERS: Final = 2


class Shown(NamedTuple):
    """Attributes:
    error: why there are no rows.
    number: of what the terminal holds for it, 0 where that is nothing; `wrap`: how it is told of it.
    """

    rows: Sequence[Line] = ()
    size: tuple[int, int] = (0, 0)
    error: str = ""
    number: int = 0
    wrap: Wrap = ""


class _Key(NamedTuple):
    path: Path
    cells: int
    rows: int
    background: str
    by: str


class Shelf:
    """Of one app."""

    def __init__(self, app: "MeshApp") -> None:
        self._app = app
        self._kept: OrderedDict[_Key, Shown] = OrderedDict()
        self._asked: dict[_Key, Callable[[], None]] = {}
        self._decoders = asyncio.Semaphore(DECODERS)
        self._number = secrets.randbelow(kitty.NUMBERS)  # another Mesh may show some there

    def get(
        self, path: Path, cells: int, rows: int, background: str, told: Callable[[], None]
    ) -> Shown | None:
        """What is painted into `cells` by `rows`; None where it is not decoded yet: `told` is called then."""
        key = _Key(path, cells, rows, background, self._app.settings.look.pictures_by)
        shown = self._kept.get(key)
        if shown is not None:
            self._kept.move_to_end(key)
        elif key in self._asked:
            self._asked[key] = told
        else:
            self._asked[key] = told
            begin(self._app, self._decode, key, group="pictures")
        return shown

    def forget(self) -> None:
        """The terminal holds none of them any more, or is not to."""
        while self._kept:
            self._drop()

    async def _decode(self, key: _Key) -> None:
        try:
            async with self._decoders:
                means = await self._means(key)
                self._keep(key, await (self._sent(key, means) if means else _as_halves(key)))
        except PictureUnreadable as error:
            self._keep(key, Shown(error=error.message))
        finally:
            told = self._asked.pop(key)
        told()

    async def _means(self, key: _Key) -> kitty.Means | None:
        """How the terminal is told a picture; None where it paints letters alone."""
        if key.by == "halves" or not self._app.paints_every_colour:
            return None
        outside = await self._app.telling.desktop.outside()
        return kitty.means(outside, _cell(), named=key.by != "kitty")

    async def _sent(self, key: _Key, means: kitty.Means) -> Shown:
        wanted = min(key.cells, kitty.MOST), min(key.rows, kitty.MOST)
        fewer = kitty.scale(*wanted, means.cell)
        cell = max(1, int(means.cell[0] * fewer)), max(1, int(means.cell[1] * fewer))
        picture = await load(key.path, *wanted, key.background, cell)
        columns, rows = kitty.size(picture, wanted, cell)
        self._number = self._number % (kitty.NUMBERS - 1) + 1
        self._app.telling.say(kitty.transmission(self._number, picture, columns, rows, means.wrap))
        shown = kitty.lines(self._number, columns, rows)
        return Shown(shown, picture.size, number=self._number, wrap=means.wrap)

    def _keep(self, key: _Key, shown: Shown) -> None:
        self._kept[key] = shown
        while len(self._kept) > KEPT:
            self._drop()

    def _drop(self) -> None:
        _, shown = self._kept.popitem(last=False)
        if shown.number:
            self._app.telling.say(kitty.removal(shown.number, shown.wrap))


async def _as_halves(key: _Key) -> Shown:
    picture = await load(key.path, key.cells, key.rows, key.background)
    return Shown(lines(picture), picture.size)


def _cell() -> tuple[int, int]:
    """The pixels of a cell, as the terminal's device says; zeros where it does not."""
    import fcntl
    import struct
    import termios

    try:
        said = fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return 0, 0
    rows, columns, across, down = struct.unpack("HHHH", said)
    return (across // columns, down // rows) if rows and columns else (0, 0)
