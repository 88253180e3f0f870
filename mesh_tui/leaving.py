"""The end of the program: whether it may come, and what is put away before it does.

Strategy: a key, a signal and a terminal that is gone all come to `leave`, an app that ended in another way to
`put_away`; what is to be done is done once, and takes at most `CLOSE_S`. Who asks again does not wait.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from textual.worker import WorkerCancelled, WorkerFailed

from mesh_tui.screens.base import MeshScreen
from mesh_tui.workers import SENDING, begin

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp

CLOSE_S: Final = 3.0
"""How long the end of the program waits for the agent to put its things away."""


class Leaving:
    """Of one app, whose files and agent `close` puts away. `begun`: it is under way."""

    def __init__(self, app: "MeshApp", close: Callable[[], Awaitable[None]]) -> None:
        self.begun = False
        self._app = app
        self._close = close
        self._away = False

    def ask(self) -> None:
        """As `leave`, after a question where a call, or terminals that are shared here, would end with it.

        Asked twice, it leaves.
        """
        from mesh_tui.screens.ask import AskToLeave

        app = self._app
        question = app.terminals.question_of_leaving() or app.calls.question_of_leaving()
        if question is None or self.begun or isinstance(app.screen, AskToLeave):
            self.leave(0)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.leave(0)

        app.push_screen(AskToLeave(*question, yes="Quit"), answered)

    def leave(self, code: int) -> None:
        """Puts everything away and ends the program with `code`. Asked twice, it does not wait."""
        if self.begun:
            self._app.exit(return_code=code)
            return
        self.begun = True
        begin(self._app, self._leave, code, group="leaving")

    async def _leave(self, code: int) -> None:
        await self.put_away()
        self._app.exit(return_code=code)

    async def put_away(self) -> None:
        """What was entered is on its way or on the disk, and the agent has ended; once."""
        if self._away:
            return
        self._away = True
        self._app.pictures.forget()
        self._app.calls.forget_pictures()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._sent()
                await self._close()

    async def _sent(self) -> None:
        """What was entered is in the outbox, or back in its draft; rooms that are open are left."""
        for screen in self._app.screen_stack:
            if isinstance(screen, MeshScreen):
                screen.left()
        for worker in [worker for worker in self._app.workers if worker.group == SENDING]:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()
