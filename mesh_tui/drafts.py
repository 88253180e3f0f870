"""What was typed and not sent, room by room, kept on disk through a crash; see `mesh_tui.kept`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from mesh_tui.kept import Kept
from protocol.errors import MeshError
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

KEPT_CHARS: Final = 200_000
"""Characters of drafts that are kept; the oldest draft goes first."""


class Drafts:
    """Drafts by room id. `path` need not exist."""

    def __init__(self, path: Path) -> None:
        self._kept: Kept[dict[str, str]] = Kept(path, dict, dict[str, str])

    async def load(self) -> None:
        await self._kept.load()
        self._kept.content = {room_id: clean_text(text) for room_id, text in self._kept.content.items()}

    def get(self, room_id: str) -> str:
        return self._kept.content.get(room_id, "")

    def put(self, room_id: str, text: str) -> None:
        """Keeps `text` as the room's draft; white space is none."""
        if text == self.get(room_id):
            return
        texts = self._kept.content
        texts.pop(room_id, None)
        if text.strip():
            texts[room_id] = text[:CONTENT_CHARS]
        while sum(map(len, texts.values())) > KEPT_CHARS:
            del texts[next(iter(texts))]
        self._kept.changed()

    @property
    def unsaved(self) -> bool:
        """Something has changed since the last try to save."""
        return self._kept.waits

    def forget(self) -> None:
        """Keeps none."""
        self._kept.content.clear()
        self._kept.changed()

    async def keep_saving(self, complain: Callable[[MeshError], None]) -> None:
        """Saves each change, until cancelled."""
        await self._kept.keep_saving(complain)

    async def save(self) -> None:
        """Writes what has changed; where the disk refuses, the drafts stay in memory and the log says why."""
        await self._kept.save()
