"""Pictures that are on the screen, or were a moment ago, as rows of cells.

Strategy: who paints asks each time, and gets what is there; what is not there is decoded meanwhile, and who
asked is told once. A few are kept, by file and size; one that cannot be shown is kept as no rows, so that it
is not tried again with each frame.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mesh_tui.layout.cells import Line
from mesh_tui.pictures.halves import lines
from mesh_tui.pictures.loading import Picture, PictureUnreadable, load
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp

KEPT: Final = 16
DECODERS: Final = 2


class Shown(NamedTuple):
    """`error`: why there are no rows."""

    rows: Sequence[Line] = ()
    size: tuple[int, int] = (0, 0)
    error: str = ""


_Key = tuple[Path, int, int, str]


class Shelf:
    """Of one app."""

    def __init__(self, app: "MeshApp") -> None:
        self._app = app
        self._kept: OrderedDict[_Key, Shown] = OrderedDict()
        self._asked: dict[_Key, Callable[[], None]] = {}
        self._decoders = asyncio.Semaphore(DECODERS)

    def get(
        self, path: Path, cells: int, rows: int, background: str, told: Callable[[], None]
    ) -> Shown | None:
        """What is painted into `cells` by `rows`; None where it is not decoded yet: `told` is called then."""
        key = path, cells, rows, background
        shown = self._kept.get(key)
        if shown is not None:
            self._kept.move_to_end(key)
        elif key in self._asked:
            self._asked[key] = told
        else:
            self._asked[key] = told
            begin(self._app, self._decode, key, group="pictures")
        return shown

    async def _decode(self, key: _Key) -> None:
        try:
            async with self._decoders:
                picture = await load(*key)
            self._keep(key, _shown(picture))
        except PictureUnreadable as error:
            self._keep(key, Shown(error=error.message))
        finally:
            told = self._asked.pop(key)
        told()

    def _keep(self, key: _Key, shown: Shown) -> None:
        self._kept[key] = shown
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _shown(picture: Picture) -> Shown:
    return Shown(lines(picture), picture.size)
