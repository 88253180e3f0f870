"""What was entered, room by room, to be had again: a shell's history for each room.

Strategy: the texts of a room in the order entered, each only where it was entered last, within bounds, kept
on disk as drafts are. `Browse` walks through them; it begins with what is written and not sent, so going
forth again past the newest brings that back, and what was changed on the way is there when one returns.
"""

from pathlib import Path
from typing import Final

from mesh_tui.kept import Kept
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

TEXTS: Final = 100
"""Texts of one room that are kept."""

KEPT_CHARS: Final = 200_000
"""Characters that are kept of all rooms; the room in which nothing was entered for longest goes first."""


class Recall(Kept[dict[str, list[str]]]):
    """By room id. `path` need not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, dict, dict[str, list[str]])

    async def load(self) -> None:
        await super().load()
        self.content = {
            room_id: [clean_text(text) for text in texts] for room_id, texts in self.content.items()
        }

    def of(self, room_id: str) -> list[str]:
        """The oldest first."""
        return list(self.content.get(room_id, ()))

    def add(self, room_id: str, text: str) -> None:
        text = text[:CONTENT_CHARS]
        rooms = self.content
        texts = [known for known in rooms.pop(room_id, []) if known != text]
        rooms[room_id] = [*texts, text][-TEXTS:]
        excess = sum(len(known) for texts in rooms.values() for known in texts) - KEPT_CHARS
        while excess > 0:
            first = next(iter(rooms))
            excess -= len(rooms[first].pop(0))
            if not rooms[first]:
                del rooms[first]
        self.changed()


class Browse:
    """One walk through `texts`, which begins below them at `written`, what is being written."""

    def __init__(self, texts: list[str], written: str) -> None:
        self._texts = [*texts, written]
        self._place = len(texts)

    @property
    def text(self) -> str:
        return self._texts[self._place]

    def step(self, direction: int, written: str) -> str | None:
        """The text before (-1) or after (1), where there is one; `written` is what became of this one."""
        self._texts[self._place] = written
        place = self._place + direction
        if not 0 <= place < len(self._texts):
            return None
        self._place = place
        return self.text

    @property
    def begun(self) -> str:
        """What was being written when the walk began, as it is now."""
        return self._texts[-1]

    @property
    def at_end(self) -> bool:
        return self._place == len(self._texts) - 1
