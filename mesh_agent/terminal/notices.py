"""How a room is told of shared terminals: a message when one begins, which is edited when it is over.

Strategy: the message goes over the line at once or not at all, since a terminal that nobody has heard of is
not to be told of later. What is to be edited and cannot be now is edited when there is a line again.
"""

import contextlib
from typing import Final

from mesh_agent.client.introductions import Introductions
from mesh_agent.terminal.announcing import CONTENT_TYPE
from protocol.errors import MeshError

PENDING_MAX: Final = 64
"""Messages that wait for a line to be edited."""


def how_it_ended(exit_status: int | None, *, closed: bool = False) -> str:
    """For `announcing.end`. `exit_status`: None where it is not known; `closed`: the person has ended it."""
    if closed or exit_status is None:
        return "is over."
    if exit_status >= 0:
        return f"ended with exit code {exit_status}."
    return f"was ended by signal {-exit_status}."


class Notices:
    """One account's messages of one type."""

    def __init__(self, introductions: Introductions, content_type: str = CONTENT_TYPE) -> None:
        self._introductions, self._content_type = introductions, content_type
        self._pending: dict[str, tuple[str, str]] = {}

    async def tell(self, room_id: str, content: str) -> str:
        """Returns the id of the message. Raises: Unreachable, or the server's refusal."""
        return await self._introductions.tell(room_id, content, self._content_type)

    async def amend(self, room_id: str, message_id: str, content: str) -> None:
        """Now, or when there is a line again."""
        if len(self._pending) < PENDING_MAX:
            self._pending[message_id] = room_id, content
        await self.catch_up()

    async def catch_up(self) -> None:
        """Edits what waits for that, where there is a line."""
        for message_id, (room_id, content) in list(self._pending.items()):
            with contextlib.suppress(MeshError):
                await self._introductions.amend(room_id, message_id, content)
                self._pending.pop(message_id, None)
