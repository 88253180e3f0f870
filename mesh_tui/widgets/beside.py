"""Small pictures of the others in a call, above the place to write: one reads and writes, and sees them.

Strategy: it is there only while we are in a call, somebody else shows a picture, and the screen leaves enough
for the messages. As many stand in a row as there is room for. What is looked at here is asked for only while
the screen of this one is in front; what another one looks at is left alone (`OpenCall.look_at`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from textual.containers import Container

from mesh_tui import calling
from mesh_tui.layout.call import BESIDE_COLUMNS, BESIDE_ROWS, Box, Face, beside
from mesh_tui.widgets.tiles import Tile

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp

SCREEN_ROWS: Final = 22
"""On a lower screen the messages need all of it."""

RATE: Final = 8.0
"""Pictures a second, at the most: they are small, and somebody types."""


class Beside(Container):
    """Looks at the call of the app by itself."""

    DEFAULT_CSS = f"Beside {{ height: {BESIDE_ROWS}; display: none; }}"

    @property
    def _mesh(self) -> "MeshApp":
        return cast("MeshApp", self.app)

    def on_mount(self) -> None:
        self._mesh.calls.beside = self.look
        self.look()

    def on_unmount(self) -> None:
        if self._mesh.calls.beside == self.look:
            self._mesh.calls.beside = None

    def look(self) -> None:
        """Shows what there is now."""
        if not self.is_attached or not self.screen.is_current:
            self._mesh.calls.look_at(self, [], 0.0)
            return
        shown = self._shown()
        places = beside(len(shown), self.screen.size.width)
        self.display = bool(places)
        self._put(shown[: len(places)], places)
        quality = self._mesh.calls.quality
        wanted = [
            self._mesh.calls.live.wanted(
                tile.face.device_id, BESIDE_COLUMNS, BESIDE_ROWS - 1, whole=tile.face.screen
            )
            for tile in self.query(Tile)
        ]
        self._mesh.calls.look_at(self, wanted, min(RATE, quality.rate) if quality else 0.0)

    def _shown(self) -> list[Face]:
        calls = self._mesh.calls
        wanted = self._mesh.settings.calls.beside and calls.quality is not None
        if calls.call is None or not wanted or self.screen.size.height < SCREEN_ROWS:
            return []
        return [face for face in calling.here(self._mesh, calls.call) if face.shows and not face.mine]

    def _put(self, shown: Sequence[Face], places: Sequence[Box]) -> None:
        tiles = list(self.query(Tile))
        if [tile.face.device_id for tile in tiles] != [face.device_id for face in shown]:
            self.remove_children()
            tiles = [Tile(face) for face in shown]
            self.mount_all(tiles)
        call = self._mesh.calls.call
        for tile, face, box in zip(tiles, shown, places, strict=True):
            tile.place(box)
            tile.update(face, None if call is None else call.pictures.get(face.device_id))
