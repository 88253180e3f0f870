"""What rooms are told of shared terminals, as `notices`."""

from collections.abc import AsyncIterator
from typing import Final

from mesh_agent.client.introductions import Introductions
from mesh_agent.terminal import announcing
from mesh_agent.terminal.announcing import CONTENT_TYPE, Announced
from mesh_agent.terminal.ledger import Ledger, Left
from mesh_agent.terminal.notices import Notices, read_back

ANNOUNCED_PAGES: Final = 5
"""How far back a room is looked through for terminals."""

KILLED: Final = "is over."
"""How a terminal has ended whose program was killed; what became of it nobody knows."""


class Telling:
    """One account's messages about terminals."""

    def __init__(self, introductions: Introductions, ledger: Ledger) -> None:
        self._introductions = introductions
        self._notices = Notices(introductions, ledger, CONTENT_TYPE, self._message_of)

    async def tell(self, room_id: str, terminal: str, command: str) -> Left:
        """A terminal begins. Raises: Unreachable, or the server's refusal."""
        user = self._introductions.user
        left = Left(user=user.id, room=room_id, terminal=terminal, command=command)
        content = announcing.beginning(command, user.username, terminal)
        return await self._notices.tell(left, content, _end(left, KILLED))

    async def amend(self, left: Left, how: str) -> None:
        """It is over: the room is told now, or when there is a line again."""
        self._notices.amend(left, _end(left, how))
        await self._notices.catch_up()

    async def catch_up(self) -> None:
        """Edits what waits for that, and what programs that were killed have left, where there is a line."""
        for left in await self._notices.abandoned():
            self._notices.amend(left, _end(left, KILLED))
        await self._notices.catch_up()

    async def _message_of(self, left: Left) -> str:
        told = await told_of(self._introductions, left.room, left.user, left.terminal)
        return told.message_id if told is not None and told.running else ""


def _end(left: Left, how: str) -> str:
    return announcing.end(left.command, how, left.terminal)


def announced(introductions: Introductions, room_id: str) -> AsyncIterator[Announced]:
    """What the room's last `ANNOUNCED_PAGES` pages say of terminals, the newest first.

    Raises: NotMember; Unreachable: nothing of them is held here.
    """
    return read_back(introductions, room_id, ANNOUNCED_PAGES, announcing.read)


async def told_of(introductions: Introductions, room_id: str, user: str, terminal: str) -> Announced | None:
    """What the room was told of that terminal of that person. Raises as `announced`."""
    async for told in announced(introductions, room_id):
        if told.terminal == terminal and told.user_id == user:
            return told
    return None
