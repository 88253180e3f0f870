"""What was typed and not sent, room by room, kept on disk through a crash.

Strategy: one small JSON file a profile, replaced as a whole in a thread, a moment after the last change and
at the end of the program. A file that cannot be read is set aside; it is never a reason not to start.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from mesh_agent.client.folders import read_small, replace_file
from protocol.errors import MeshError
from protocol.limits import CONTENT_CHARS
from protocol.text import clean_text

KEPT_CHARS: Final = 200_000
"""Characters of drafts that are kept; the oldest draft goes first."""

SETTLE_S: Final = 1.0

log = logging.getLogger(__name__)


class Drafts:
    """Drafts by room id. `path` need not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts: dict[str, str] = {}
        self._changed = asyncio.Event()

    async def load(self) -> None:
        self._texts = await asyncio.to_thread(self._read)

    def get(self, room_id: str) -> str:
        return self._texts.get(room_id, "")

    def put(self, room_id: str, text: str) -> None:
        """Keeps `text` as the room's draft; white space is none."""
        if text == self.get(room_id):
            return
        self._texts.pop(room_id, None)
        if text.strip():
            self._texts[room_id] = text[:CONTENT_CHARS]
        while sum(map(len, self._texts.values())) > KEPT_CHARS:
            del self._texts[next(iter(self._texts))]
        self._changed.set()

    def forget(self) -> None:
        """Keeps none."""
        self._texts.clear()
        self._changed.set()

    async def keep_saving(self) -> None:
        """Saves a moment after each change, until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(SETTLE_S)
            await self.save()

    async def save(self) -> None:
        """Writes what has changed. Where the disk refuses, the drafts stay in memory and the log says why."""
        if not self._changed.is_set():
            return
        self._changed.clear()
        try:
            await asyncio.to_thread(replace_file, self._path, msgspec.json.encode(self._texts))
        except MeshError as error:
            log.warning("drafts were not saved: %s", error.message)

    def _read(self) -> dict[str, str]:
        try:
            texts = msgspec.json.decode(read_small(self._path) or b"{}", type=dict[str, str])
        except (MeshError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("drafts could not be read and were set aside: %s", error)
            with suppress(OSError):
                self._path.replace(self._path.with_suffix(".unreadable"))
            return {}
        return {room_id: clean_text(text) for room_id, text in texts.items()}
