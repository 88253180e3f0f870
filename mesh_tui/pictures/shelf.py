"""Pictures that are on the screen, or were a moment ago, as rows of cells.

Strategy: who paints asks each time, and gets what is there; what is not there is decoded meanwhile, and who
asked is told once. A few are kept, by file and size; one that cannot be shown is kept as no rows, so that it
is not tried again with each frame. Where the terminal shows pictures itself (`kitty`), what is not kept any
more is taken from it again, and all of it at the end. A terminal that may have forgotten them, since it is
another one or was somebody else's meanwhile, is sent them again, under the numbers that their cells have.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mesh_tui.layout.cells import Line
from mesh_tui.pictures import kitty, sixel
from mesh_tui.pictures.halves import lines
from mesh_tui.pictures.loading import PictureUnreadable, load, load_sixels
from mesh_tui.ways import Wrap
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp

KEPT: Final = 16
DECODERS: Final = 2
AGAIN_S: Final = 0.3
"""How long it must be quiet before they are sent again: a window that is dragged tells each of its sizes."""


class Shown(NamedTuple):
    """Attributes:
    error: why there are no rows.
    number: of what the terminal holds for it, 0 where that is nothing; `wrap`: how it is told of it.
    sixels: it is painted over its cells; `number` is that of the driver then.
    """

    rows: Sequence[Line] = ()
    size: tuple[int, int] = (0, 0)
    error: str = ""
    number: int = 0
    wrap: Wrap = ""
    sixels: bool = False


class _Key(NamedTuple):
    path: Path
    cells: int
    rows: int
    background: str
    by: str
    large: bool


class Shelf:
    """Of one app.

    Args:
        say: has commands written to its terminal when nothing else waits for it (`aside.Aside.put`).
        cell: how many pixels a cell has across and down; zeros where nobody knows.
    """

    def __init__(
        self,
        app: "MeshApp",
        say: Callable[[Sequence[str], str], None],
        cell: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        self.cell: Final = cell or cell_pixels
        self._app = app
        self._say = say
        self._kept: OrderedDict[_Key, Shown] = OrderedDict()
        self._asked: dict[_Key, Callable[[], None]] = {}
        self._decoders = asyncio.Semaphore(DECODERS)
        self._number = secrets.randbelow(kitty.NUMBERS)  # another Mesh may show some there

    def get(
        self,
        path: Path,
        cells: int,
        rows: int,
        background: str,
        told: Callable[[], None],
        *,
        large: bool = False,
    ) -> Shown | None:
        """What is painted into `cells` by `rows`; None where it is not decoded yet: `told` is called then.

        `large`: it stands still and has the screen for itself, so that it may be sixels.
        """
        key = _Key(path, cells, rows, background, self._app.settings.look.pictures_by, large)
        shown = self._kept.get(key)
        if shown is not None:
            self._kept.move_to_end(key)
        elif key in self._asked:
            self._asked[key] = told
        else:
            self._asked[key] = told
            begin(self._app, self._decode, key, group="pictures")
        return shown

    def new_number(self) -> int:
        """One that kitty has for no other picture."""
        self._number = self._number % (kitty.NUMBERS - 1) + 1
        return self._number

    def forget(self) -> None:
        """The terminal holds none of them any more, or is not to."""
        while self._kept:
            self._drop()

    def again(self) -> None:
        """The terminal may hold none of them any more, but is to."""
        if any(shown.number and not shown.sixels for shown in self._kept.values()):
            begin(self._app, self._send_again, group="pictures-again", exclusive=True)

    async def _send_again(self) -> None:
        await asyncio.sleep(AGAIN_S)
        for key, shown in reversed(list(self._kept.items())):  # what is seen now was asked for last
            if not shown.number or shown.sixels or self._kept.get(key) is not shown:
                continue
            with suppress(PictureUnreadable):
                async with self._decoders:
                    means = await self._means(key)
                    said = await _transmission(key, means, shown.number) if means else None
                if means and said is not None and self._kept.get(key) is shown:
                    self._say(said[0], kitty.breaking_off(means.wrap))

    async def _decode(self, key: _Key) -> None:
        try:
            async with self._decoders:
                self._keep(key, await self._shown(key))
        except PictureUnreadable as error:
            self._keep(key, Shown(error=error.message))
        finally:
            told = self._asked.pop(key)
        told()

    async def _shown(self, key: _Key) -> Shown:
        """By the best means that there are."""
        if means := await self._means(key):
            return await self._sent(key, means)
        if cell := await self._cell_of_sixels(key):
            with suppress(PictureUnreadable):  # it may be one of halves of cells all the same
                return await self._as_sixels(key, cell)
        return await _as_halves(key)

    async def _cell_of_sixels(self, key: _Key) -> tuple[int, int] | None:
        """The pixels of a cell, where the terminal is to paint sixels."""
        if (
            not key.large
            or key.by not in {"auto", "sixel"}
            or self._app.current_theme.ansi
            or self._app.no_color
        ):
            return None
        outside = await self._app.telling.desktop.outside()
        return sixel.cell_of(outside, self.cell(), named=key.by != "sixel")

    async def _as_sixels(self, key: _Key, cell: tuple[int, int]) -> Shown:
        wanted = sixel.room(key.cells, key.rows, cell)
        picture, sequence = await load_sixels(key.path, *wanted, key.background, cell)
        columns, rows = kitty.size(picture, wanted, cell)
        used = {shown.number for shown in self._kept.values() if shown.sixels}
        number = next(number for number in range(1, sixel.NUMBERS) if number not in used)
        self._app.hold_picture(number, sixel.Sixels(columns, rows, sequence))
        return Shown(sixel.lines(number, columns, rows), picture.size, number=number, sixels=True)

    async def _means(self, key: _Key) -> kitty.Means | None:
        """How the terminal is told a picture; None where it paints letters alone."""
        if key.by in {"halves", "sixel"} or not self._app.paints_every_colour:
            return None
        outside = await self._app.telling.desktop.outside()
        return kitty.means(outside, self.cell(), named=key.by != "kitty")

    async def _sent(self, key: _Key, means: kitty.Means) -> Shown:
        number = self.new_number()
        said, shown = await _transmission(key, means, number)
        self._say(said, kitty.breaking_off(means.wrap))
        return shown

    def _keep(self, key: _Key, shown: Shown) -> None:
        self._kept[key] = shown
        while len(self._kept) > KEPT:
            self._drop()

    def _drop(self) -> None:
        _, shown = self._kept.popitem(last=False)
        if shown.sixels:
            self._app.hold_picture(shown.number, None)
        elif shown.number:
            self._say([kitty.removal(shown.number, shown.wrap)], "")


async def _transmission(key: _Key, means: kitty.Means, number: int) -> tuple[list[str], Shown]:
    """What the terminal is told of a picture, and the cells at which it is seen then."""
    wanted = min(key.cells, kitty.MOST), min(key.rows, kitty.MOST)
    fewer = kitty.scale(*wanted, means.cell)
    cell = max(1, int(means.cell[0] * fewer)), max(1, int(means.cell[1] * fewer))
    picture = await load(key.path, *wanted, key.background, cell)
    columns, rows = kitty.size(picture, wanted, cell)
    said = kitty.transmission(number, picture, columns, rows, means.wrap)
    return said, Shown(kitty.lines(number, columns, rows), picture.size, number=number, wrap=means.wrap)


async def _as_halves(key: _Key) -> Shown:
    picture = await load(key.path, key.cells, key.rows, key.background)
    return Shown(lines(picture), picture.size)


def cell_pixels() -> tuple[int, int]:
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
