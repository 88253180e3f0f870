"""How rooms are told of what goes on: a message when it begins, which is edited when it is over.

Strategy: the message goes over the line at once or not at all, since what nobody has heard of is not to be
told of later. What was told is kept on disk as long as it is to be edited (`ledger`), so that what a program
has left that was killed is edited by the next one of this device; what cannot be edited now is, when there is
a line again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from msgspec.structs import replace

from mesh_agent.client.errors import SignInNeeded, Unreachable
from mesh_agent.client.introductions import Introductions
from mesh_agent.terminal.ledger import Ledger, Left
from protocol import limits
from protocol.errors import MeshError, RateLimited
from protocol.rest import Message

PENDING_MAX: Final = 64
"""Messages that wait for a line to be edited."""

_LATER: Final = (Unreachable, RateLimited, SignInNeeded)
"""Refusals that another time may not meet; any other one is for good."""

Told = TypeVar("Told")


class Notices:
    """One account's messages of one type."""

    def __init__(
        self,
        introductions: Introductions,
        ledger: Ledger,
        content_type: str,
        find: Callable[[Left], Awaitable[str]],
    ) -> None:
        """`find`: the id of a message of ours that still says that it goes on, for what has none in the
        ledger; empty: there is none."""
        self._introductions, self._ledger = introductions, ledger
        self._content_type, self._find = content_type, find
        self._pending: dict[str, tuple[Left, str]] = {}
        self._one = asyncio.Lock()

    async def tell(self, left: Left, content: str, over: str) -> Left:
        """It begins; returns it with its message. `over`: as `amend` has it, for where nobody knows whether
        the room was told. Raises: Unreachable, or the server's refusal."""
        await asyncio.to_thread(self._ledger.begin, left)
        try:
            message = await self._introductions.tell(left.room, content, self._content_type)
        except (Unreachable, asyncio.CancelledError):
            self.amend(left, over)
            raise
        except MeshError:
            await asyncio.to_thread(self._ledger.end, left.terminal)
            raise
        left = replace(left, message=message)
        await asyncio.to_thread(self._ledger.told, left)
        return left

    def amend(self, left: Left, content: str) -> None:
        """It is over: its message is to have this content, from the next `catch_up` on that can do that."""
        if len(self._pending) < PENDING_MAX:
            self._pending[left.terminal] = left, content

    async def abandoned(self) -> list[Left]:
        """What programs have left that were killed; it is ours from now on."""
        return await asyncio.to_thread(self._ledger.abandoned, self._introductions.user.id)

    async def catch_up(self) -> None:
        """Edits what waits for that, where there is a line."""
        async with self._one:
            for terminal, (left, content) in list(self._pending.items()):
                try:
                    # without an id: the program was killed before it had heard that
                    message = left.message or await self._find(left)
                    if message:
                        await self._introductions.amend(left.room, message, content)
                except _LATER:
                    continue
                except MeshError:
                    pass  # the message, the room or we are no longer there
                self._pending.pop(terminal, None)
                await asyncio.to_thread(self._ledger.end, terminal)


async def read_back(
    introductions: Introductions, room_id: str, pages: int, read: Callable[[Message], Told | None]
) -> AsyncIterator[Told]:
    """What the room's last `pages` pages say of it, the newest first.

    Raises: NotMember; Unreachable: nothing of them is held here.
    """
    before: int | None = None
    for _ in range(pages):
        page = await introductions.messages(room_id, before, limits.PAGE_MAX)
        for message in reversed(page.messages):
            if (told := read(message)) is not None:
                yield told
        if not page.has_more or not page.messages:
            break
        before = page.messages[0].seq
