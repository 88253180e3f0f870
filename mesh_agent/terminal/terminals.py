"""`agent.terminals`: terminals that are shared in rooms, ours and those of others, as a screen has them.

Strategy: sessions of the kind `terminal` come here (`sessions`); who we are and whom we know is what files go
by, too (`Desk`). Programs and connections are in processes of their own, so that nothing here is heavy.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mesh_agent.client.introductions import Introductions
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.people import find_member
from mesh_agent.terminal import announcing
from mesh_agent.terminal.announcing import Announced
from mesh_agent.terminal.sessions import TerminalSessions
from mesh_agent.terminal.watching import Watching
from protocol import limits

WATCHED_MAX: Final = 8
"""Terminals of others that are watched at a time, each through a process of its own."""


ANNOUNCED_PAGES: Final = 5
"""How far back a room is looked through for terminals."""


class Terminals:
    """One account's. Every method raises `MeshError` with a sentence for the person.

    Attributes:
        introductions: what the server does for us.
        sessions: who is told of which session.
        watch_places: has one for each process that may watch.
    """

    def __init__(self, introductions: Introductions, desk: Callable[[], Awaitable[Desk]]) -> None:
        self.sessions: Final = TerminalSessions(introductions)
        self.watch_places: Final = asyncio.Semaphore(WATCHED_MAX)
        self.introductions: Final = introductions
        self._desk = desk

    # ── those of others ──────────────────────────────────────────────────────────────────────────

    async def watch(
        self, room_id: str, host: str, terminal: str = "", *, columns: int = 80, rows: int = 24
    ) -> Watching:
        """A terminal that `host` (id or name of a member) shares in the room, to be entered as a context.

        `terminal`: its id; without one the only one that they share. `columns`, `rows`: of our view.

        Raises: NotMember, PeerNotMember, FilesUnusable
        """
        self.introductions.require_room(room_id)
        member = find_member(await self.introductions.members(room_id), host)
        return Watching(
            await self._desk(),
            self.sessions,
            self.watch_places,
            room_id,
            member,
            terminal=terminal,
            columns=columns,
            rows=rows,
        )

    async def announced(self, room_id: str) -> list[Announced]:
        """What the room's last `ANNOUNCED_PAGES` pages of messages say of shared terminals, the newest first.

        Raises: NotMember; Unreachable: nothing of them is held here.
        """
        found: list[Announced] = []
        before: int | None = None
        for _ in range(ANNOUNCED_PAGES):
            page = await self.introductions.messages(room_id, before, limits.PAGE_MAX)
            read = (announcing.read(message) for message in reversed(page.messages))
            found += [each for each in read if each is not None]
            if not page.has_more or not page.messages:
                break
            before = page.messages[0].seq
        return found

    async def close(self) -> None:
        """Ends all that is shared or watched here."""
        self.sessions.close()
