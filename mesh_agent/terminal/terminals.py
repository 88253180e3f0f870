"""`agent.terminals`: terminals that are shared in rooms, ours and those of others, as a screen has them.

Strategy: sessions of the kind `terminal` come here (`sessions`); who we are and whom we know is what files go
by, too (`Desk`). Programs and connections are in processes of their own, so that nothing here is heavy.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mesh_agent.client.introductions import Introductions
from mesh_agent.sharing.desk import Desk
from mesh_agent.terminal.sessions import TerminalSessions

WATCHED_MAX: Final = 8
"""Terminals of others that are watched at a time, each through a process of its own."""


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

    async def close(self) -> None:
        """Ends all that is shared or watched here."""
        self.sessions.close()
