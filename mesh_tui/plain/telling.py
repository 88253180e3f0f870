"""What the notifier needs of plain mode: the room that is open, and the terminal below the lines.

Strategy: lines tell of everything already, so there are no toasts; what is left is the desktop of who has
looked away. The terminal is not asked for its name here, as the answer would come among what is typed.
"""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from mesh_tui.desktop import Desktop
from mesh_tui.settings import Settings
from mesh_tui.slash import NoCommand

if TYPE_CHECKING:
    from mesh_agent.agent import Agent
    from mesh_tui.plain.desk import Desk


class PlainTelling:
    """Of one desk; a `notifier.Host`."""

    def __init__(self, desk: "Desk") -> None:
        self.desktop = Desktop(_write, os.environ)
        self._desk = desk

    async def test(self) -> str:
        """Sends a notification to the desktop, and says in which way."""
        if not sys.stdout.isatty():
            raise NoCommand("There is no terminal that could tell the desktop.")
        return await self.desktop.test(self.settings)

    @property
    def agent(self) -> "Agent":
        return self._desk.agent

    @property
    def settings(self) -> Settings:
        return self._desk.settings

    @property
    def room_in_front(self) -> str:
        return self._desk.room.id if self._desk.in_room else ""

    def toast(self, words: str) -> None:
        """Lines have said it."""

    def waits_for_me(self, count: int) -> None:
        """Lines have no title."""


def _write(sequence: str) -> None:
    """As far as the other end can show it, and only where that is a terminal."""
    if sys.stdout.isatty():
        encoding = sys.stdout.encoding or "ascii"
        with suppress(OSError):  # it is gone; who reads the next line finds that out
            sys.stdout.write(sequence.encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()
