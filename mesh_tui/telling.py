"""What the notifier needs of the app: its screens, toasts, and the terminal that it paints on.

Strategy: the notifier itself is imported with the agent, after the first paint; what comes before is not for
it. Sequences go out by the driver, which puts them between two frames.
"""

import os
from typing import TYPE_CHECKING

from mesh_tui.desktop import Desktop
from mesh_tui.driver import MeshDriver
from mesh_tui.screens.base import MeshScreen
from mesh_tui.settings import Settings
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_agent.agent import Agent
    from mesh_agent.client.state import AgentEvent
    from mesh_tui.app import MeshApp
    from mesh_tui.notifier import Notifier


class Telling:
    """Of one app; a `notifier.Host`."""

    def __init__(self, app: "MeshApp") -> None:
        self.desktop = Desktop(self.say, os.environ)
        self._app = app
        self._notifier: Notifier | None = None
        self._waiting = 0

    def begin(self) -> None:
        """There is an agent, or another one; what it tells comes next."""
        if self._notifier is not None:
            self._notifier.begin()
            return
        from mesh_tui.notifier import Notifier

        self._notifier = Notifier(self, self.desktop)
        begin(self._app, self._notifier.run, group="notify")
        self._app.settings_changed.subscribe(self._app, self._show_title)
        self._show_title(self.settings)

    async def test(self) -> str:
        """Sends a notification to the desktop, whoever sits there, and says in which way."""
        return await self.desktop.test(self.settings)

    # ── what the app hands on ────────────────────────────────────────────────────────────────────

    def heard(self, event: "AgentEvent") -> None:
        if self._notifier is not None:
            self._notifier.heard(event)

    def focused(self, focus: bool) -> None:
        if self._notifier is not None:
            self._notifier.focused(focus)

    def active(self) -> None:
        if self._notifier is not None:
            self._notifier.active()

    # ── what the notifier asks ───────────────────────────────────────────────────────────────────

    @property
    def agent(self) -> "Agent":
        return self._app.agent

    @property
    def settings(self) -> Settings:
        return self._app.settings

    @property
    def room_in_front(self) -> str:
        screen = self._app.screen if self._app.screen_stack else None
        return screen.room_in_front if isinstance(screen, MeshScreen) else ""

    def toast(self, words: str) -> None:
        self._app.notify(words, markup=False)

    def waits_for_me(self, count: int) -> None:
        self._waiting = count
        self._show_title(self.settings)

    def _show_title(self, settings: Settings) -> None:
        driver, name = self._app._driver, self._app.TITLE  # noqa: SLF001 - there is no public way to it
        if isinstance(driver, MeshDriver):
            title = f"({self._waiting}) {name}" if self._waiting else name
            driver.set_title(title if settings.notify.title else "")

    def say(self, sequence: str) -> None:
        """Writes what paints nothing to the terminal."""
        driver = self._app._driver  # noqa: SLF001 - there is no public way to it
        if isinstance(driver, MeshDriver):
            driver.say(sequence)
