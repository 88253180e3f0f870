"""What was typed and not sent, room by room, kept on disk through a crash; see `mesh_tui.kept`."""

from pathlib import Path
from typing import Final

from mesh_tui.kept import Kept
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

KEPT_CHARS: Final = 200_000
"""Characters of drafts that are kept; the oldest draft goes first."""


class Drafts(Kept[dict[str, str]]):
    """Drafts by room id. `path` need not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, dict, dict[str, str])

    async def load(self) -> None:
        await super().load()
        self.content = {room_id: clean_text(text) for room_id, text in self.content.items()}

    def get(self, room_id: str) -> str:
        return self.content.get(room_id, "")

    def put(self, room_id: str, text: str) -> None:
        """Keeps `text` as the room's draft; white space is none."""
        if text == self.get(room_id):
            return
        texts = self.content
        texts.pop(room_id, None)
        if text.strip():
            texts[room_id] = text[:CONTENT_CHARS]
        while sum(map(len, texts.values())) > KEPT_CHARS:
            del texts[next(iter(texts))]
        self.changed()
