"""`agent.terminals`: terminals that are shared in rooms, ours and those of others, as a screen has them.

Strategy: sessions of the kind `terminal` come here (`sessions`); who we are and whom we know is what files go
by, too (`Desk`). Programs and connections are in processes of their own, so that nothing here is heavy.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from mesh_agent.client.errors import Unreachable
from mesh_agent.client.introductions import Introductions
from mesh_agent.machines.terminal_host import LetIn
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.people import find_member
from mesh_agent.terminal.announcing import Announced, seen
from mesh_agent.terminal.errors import TooManyTerminals
from mesh_agent.terminal.hosting import Hosted
from mesh_agent.terminal.ledger import Ledger
from mesh_agent.terminal.sessions import Owner, TerminalSessions
from mesh_agent.terminal.starting import share
from mesh_agent.terminal.telling import Telling, announced
from mesh_agent.terminal.watching import Watching
from protocol.signals import SessionCreated

HOSTED_MAX: Final = 8
"""Terminals that are shared at a time, each with a process of its own."""

WATCHED_MAX: Final = 8
"""Terminals of others that are watched at a time, each through a process of its own."""


_NO_SESSION: Final = ""


class Terminals(Owner):
    """One account's. Every method raises `MeshError` with a sentence for the person.

    Attributes:
        introductions: what the server does for us.
        sessions: who is told of which session.
        watch_places: has one for each process that may watch.
    """

    def __init__(
        self, introductions: Introductions, desk: Callable[[], Awaitable[Desk]], ledger: Path
    ) -> None:
        """`ledger`: the folder of what rooms were told of terminals here."""
        self.sessions: Final = TerminalSessions(introductions)
        self.watch_places: Final = asyncio.Semaphore(WATCHED_MAX)
        self.introductions: Final = introductions
        self._ledger = Ledger(ledger)
        self._telling, self._desk = Telling(introductions, self._ledger), desk
        self._hosted: dict[str, Hosted] = {}
        self._amending: asyncio.Task[None] | None = None
        self.sessions.serve(self._host)
        self.sessions.own(_NO_SESSION, self)

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
        """What the room's last pages of messages say of shared terminals, the newest first.

        Without a line nobody is called away: who is there is not known then.

        Raises: NotMember; Unreachable: nothing of them is held here.
        """
        self._catch_up()
        found = [each async for each in announced(self.introductions, room_id)]
        if not any(each.running for each in found):
            return found
        here = seen(await self.introductions.members(room_id))
        if here is None:
            return found
        return [replace(each, away=each.running and each.user_id not in here) for each in found]

    async def close(self) -> None:
        """Ends all that is shared or watched here."""
        await asyncio.gather(*(hosted.end() for hosted in self._hosted.values()))
        if self._amending is not None:
            self._amending.cancel()
            await asyncio.gather(self._amending, return_exceptions=True)
        self._ledger.close()
        self.sessions.close()

    # ── sharing ──────────────────────────────────────────────────────────────────────────────────

    async def share(
        self,
        room_id: str,
        command: Sequence[str] | None,
        columns: int,
        rows: int,
        *,
        let_in: LetIn = "ask",
        record: Path | None = None,
        output_fd: int | None = None,
    ) -> Hosted:
        """Runs `command`, or the person's shell, and lets members of the room watch it.

        Args:
            let_in: who comes in without being asked about.
            record: a file that is not there yet, into which is recorded from the beginning.
            output_fd: the person's terminal, to which the output goes as it is; None: `Hosted.screen` has it.

        Raises:
            NotMember, TooManyTerminals
            CannotStart, HelperEnded: it does not run.
            Unreachable, or the server's refusal: the room cannot be told of it.
        """
        self.introductions.require_room(room_id)
        if len(self.hosted()) >= HOSTED_MAX:
            raise TooManyTerminals(f"No more than {HOSTED_MAX} terminals can be shared at a time.")
        if not self.introductions.signalling.up:
            raise Unreachable("There is no connection to the server now.")
        hosted = await share(
            await self._desk(),
            self._telling,
            room_id,
            command,
            columns,
            rows,
            let_in=let_in,
            record=record,
            output_fd=output_fd,
        )
        self._hosted = {other.id: other for other in self.hosted()} | {hosted.id: hosted}
        return hosted

    def hosted(self) -> list[Hosted]:
        """What is shared here now, in the order begun."""
        return [hosted for hosted in self._hosted.values() if hosted.phase == "open"]

    def _host(self, created: SessionCreated, terminal: str) -> Owner | None:
        here = [hosted for hosted in self.hosted() if hosted.room_id == created.room_id]
        wanted = [hosted for hosted in here if terminal in ("", hosted.id)]
        return wanted[0] if len(wanted) == 1 and wanted[0].welcome(created) else None

    # ── the line (`sessions.Owner`) ──────────────────────────────────────────────────────────────

    def heard(self, event: Any) -> None:
        """No session is ours alone."""

    def line_up(self) -> None:
        self._catch_up()

    def _catch_up(self) -> None:
        """What killed programs of ours have left is looked for now and then, not only when we begin."""
        if self._amending is None or self._amending.done():
            self._amending = asyncio.create_task(self._telling.catch_up())

    def line_lost(self) -> None:
        """What was to be told waits."""
