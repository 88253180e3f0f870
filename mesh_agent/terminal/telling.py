"""How a room is told of shared terminals: a message when one begins, which is edited when it is over.

Strategy: as `notices`, and besides what was told is kept on disk as long as it is to be edited (`ledger`). So
what a program that was killed has left is edited by the next one of this device.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from mesh_agent.client.errors import SignInNeeded, Unreachable
from mesh_agent.client.introductions import Introductions
from mesh_agent.terminal import announcing
from mesh_agent.terminal.announcing import CONTENT_TYPE, Announced
from mesh_agent.terminal.ledger import Ledger, Left
from mesh_agent.terminal.notices import PENDING_MAX
from protocol import limits
from protocol.errors import MeshError, RateLimited

ANNOUNCED_PAGES: Final = 5
"""How far back a room is looked through for terminals."""

KILLED: Final = "is over."
"""How a terminal has ended whose program was killed; what became of it nobody knows."""

_LATER: Final = (Unreachable, RateLimited, SignInNeeded)
"""Refusals that another time may not meet; any other one is for good."""


class Telling:
    """One account's messages about terminals."""

    def __init__(self, introductions: Introductions, ledger: Ledger) -> None:
        self._introductions, self._ledger = introductions, ledger
        self._pending: dict[str, tuple[Left, str]] = {}
        self._one = asyncio.Lock()

    async def tell(self, room_id: str, terminal: str, command: str) -> Left:
        """A terminal begins. Raises: Unreachable, or the server's refusal."""
        user = self._introductions.user
        left = Left(user=user.id, room=room_id, terminal=terminal, command=command)
        await asyncio.to_thread(self._ledger.begin, left)
        content = announcing.beginning(command, user.username, terminal)
        try:
            message = await self._introductions.tell(room_id, content, CONTENT_TYPE)
        except (Unreachable, asyncio.CancelledError):
            self._pending[terminal] = left, KILLED  # the room may have been told of it
            raise
        except MeshError:
            await asyncio.to_thread(self._ledger.end, terminal)
            raise
        left = msgspec.structs.replace(left, message=message)
        await asyncio.to_thread(self._ledger.told, left)
        return left

    async def amend(self, left: Left, how: str) -> None:
        """It is over: the room is told now, or when there is a line again."""
        if len(self._pending) < PENDING_MAX:
            self._pending[left.terminal] = left, how
        await self._edit()

    async def catch_up(self) -> None:
        """Edits what waits for that, and what programs that were killed have left, where there is a line."""
        for left in await asyncio.to_thread(self._ledger.abandoned, self._introductions.user.id):
            if len(self._pending) < PENDING_MAX:
                self._pending[left.terminal] = left, KILLED
        await self._edit()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    async def _edit(self) -> None:
        async with self._one:
            for terminal, (left, how) in list(self._pending.items()):
                try:
                    await self._edit_one(left, how)
                except _LATER:
                    continue
                except MeshError:
                    pass  # the message, the room or we are no longer there
                self._pending.pop(terminal, None)
                await asyncio.to_thread(self._ledger.end, terminal)

    async def _edit_one(self, left: Left, how: str) -> None:
        message = left.message
        if not message:  # the program was killed before it had heard the message's id
            told = await told_of(self._introductions, left.room, left.user, left.terminal)
            message = told.message_id if told is not None and told.running else ""
        if message:
            content = announcing.end(left.command, how, left.terminal)
            await self._introductions.amend(left.room, message, content)


async def announced(introductions: Introductions, room_id: str) -> AsyncIterator[Announced]:
    """What the room's last `ANNOUNCED_PAGES` pages say of terminals, the newest first.

    Raises: NotMember; Unreachable: nothing of them is held here.
    """
    before: int | None = None
    for _ in range(ANNOUNCED_PAGES):
        page = await introductions.messages(room_id, before, limits.PAGE_MAX)
        for message in reversed(page.messages):
            if (told := announcing.read(message)) is not None:
                yield told
        if not page.has_more or not page.messages:
            break
        before = page.messages[0].seq


async def told_of(introductions: Introductions, room_id: str, user: str, terminal: str) -> Announced | None:
    """What the room was told of that terminal of that person. Raises as `announced`."""
    async for told in announced(introductions, room_id):
        if told.terminal == terminal and told.user_id == user:
            return told
    return None
