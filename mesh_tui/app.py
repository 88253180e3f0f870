"""The app: the agent behind all screens, what every screen may ask for, and what keys do anywhere.

Strategy: the first paint waits for nothing. Then the agent's modules are imported in a thread, the profile
is read, and either Home (from the cache, so also without a network) or the form to sign in replaces the
first screen. Coming in, going from room to room and the end are objects of their own with what they need.
"""

import asyncio
import importlib
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import PurePath
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual import events, on
from textual.actions import ActionParseResult
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import WorkerFailed

from mesh_agent.client.errors import SwitchedOff
from mesh_agent.client.state import ConnectionChanged, SignedOut
from mesh_tui.bridge import FromAgent, forward
from mesh_tui.calls import OpenCall
from mesh_tui.collecting import LOOK_S, Collecting
from mesh_tui.directory import Directory
from mesh_tui.driver import MeshDriver
from mesh_tui.entering import Entering
from mesh_tui.going import Going
from mesh_tui.layout import markdown
from mesh_tui.leaving import Leaving
from mesh_tui.pictures.shelf import Shelf
from mesh_tui.powers import OWN, Powers
from mesh_tui.preferences import Preferences
from mesh_tui.rooms import Entry
from mesh_tui.screens.base import MeshScreen, Patient
from mesh_tui.screens.opening import Opening
from mesh_tui.settings import Level, Settings
from mesh_tui.telling import Telling
from mesh_tui.terminal_app import TerminalApp
from mesh_tui.terminals import OpenTerminals
from mesh_tui.transferring import Transferring
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.agent import Agent
    from mesh_agent.client.address import Link
    from mesh_tui.drafts import Drafts
    from mesh_tui.recall import Recall
    from mesh_tui.written import Written
    from protocol.handover import Handover
    from protocol.rest import Message

STYLES: Final = ("app.tcss", "login.tcss", "home.tcss", "room.tcss")

log = logging.getLogger(__name__)


class MeshApp(TerminalApp):
    """`server`, `link` and `profile` are those of the command line; `plain`: the terminal's own colours only;
    `auto`: a theme for as many colours as it has. `powers`: what may be done to this machine; `handover`:
    what the door said through which the person came.

    `started` is called once everything that a session needs has been loaded.
    """

    TITLE = "mesh"
    CSS_PATH: ClassVar[list[str | PurePath]] = [PurePath("styles", name) for name in STYLES]
    ENABLE_COMMAND_PALETTE = False
    talk_words = "while you hold Space, or between two presses"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        *,
        server: str | None = None,
        link: "Link | None" = None,
        profile: str = "default",
        powers: Powers = OWN,
        handover: "Handover | None" = None,
        plain: bool = False,
        auto: bool = False,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        # An ansi app from its first line on, or Textual would mute the colours instead of leaving them out.
        super().__init__(driver_class=MeshDriver, ansi_color=plain or None)
        self.animation_level = "none"  # each of its frames would travel over ssh, and the reader would wait
        self._server = link.server if link else server
        self._profile = profile
        self._started = started
        self.powers: Final = powers
        self._session = handover.session if handover else None
        self._agent: Agent | None = None
        self._written: Written | None = None
        self.telling = Telling(self)
        self.entering = Entering(self, fixed=self._server is not None, link=link, handover=handover)
        self.going = Going(self)
        self.leaving = Leaving(self, self._close)
        self.directory = Directory(self)
        self.transferring = Transferring(self)
        self.unmuted: dict[str, Level | None] = {}
        """Rooms that were muted since the start, by id, and what was told of them before."""

        self.pictures = Shelf(self, self.say_aside)
        self.terminals = OpenTerminals(self)
        self.calls = OpenCall(self)
        self.preferences = Preferences(self, profile, plain=plain, auto=auto)
        self.collecting = Collecting(monotonic())

    def get_default_screen(self) -> Screen[None]:
        return Opening()

    def on_mount(self) -> None:
        self.call_after_refresh(begin, self, self._open)
        begin(self, self.preferences.watch, group="settings")
        self.settings_changed.subscribe(self, self.transferring.take_rules)
        self.settings_changed.subscribe(self, self._take_privacy)
        self.app_resume_signal.subscribe(self, lambda _: self._pictures_again())
        self.set_interval(LOOK_S, lambda: self.collecting.look(monotonic()))

    @property
    def agent(self) -> "Agent":
        """There from the moment that the first screen is replaced."""
        assert self._agent is not None
        return self._agent

    @property
    def signed_in(self) -> bool:
        """Whether there is somebody whose rooms these are."""
        return self._agent is not None and self._agent.user is not None

    @property
    def written(self) -> "Written":
        assert self._written is not None
        return self._written

    @property
    def drafts(self) -> "Drafts":
        return self.written.drafts

    @property
    def recall(self) -> "Recall":
        return self.written.recall

    def action_redraw(self) -> None:
        """By its key, or where the terminal has another size: it may be another terminal, too."""
        super().action_redraw()
        self._pictures_again()

    def _pictures_again(self) -> None:
        self.pictures.again()
        self.calls.pictures_again()

    # ── the settings ─────────────────────────────────────────────────────────────────────────────

    @property
    def settings(self) -> Settings:
        """What the person has set; `settings_changed` says that it is another."""
        return self.preferences.settings

    @property
    def settings_changed(self) -> "Signal[Settings]":
        """Published with the new settings: `subscribe(widget, method)` hears of them."""
        return self.preferences.changed

    @property
    def paints_every_colour(self) -> bool:
        """Whether what is painted has the very colours that were meant."""
        exact = self.console.color_system == "truecolor"
        return exact and not self.current_theme.ansi and not self.no_color

    @property
    def shows_pictures(self) -> bool:
        """Whether a picture that comes is painted unasked: not on a slow line, nor in 16 colours."""
        wanted = self.settings.look.pictures
        far = wanted == "auto" and "SSH_CONNECTION" in os.environ
        return wanted != "off" and not far and not self.current_theme.ansi and not self.no_color

    async def save_settings(self, changes: Mapping[str, Any]) -> None:
        """Keeps settings, by key; raises `SettingsWrong` or `FilesUnusable`."""
        await self.preferences.save(changes)

    # ── the agent ────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        await asyncio.to_thread(_import_agent)
        try:
            self._agent = await self._open_agent(self._server)
            self._written = await _open_written(self._profile)
        except MeshError as error:
            if isinstance(self.screen, Opening):
                self.screen.fail(clean_line(error.message))
            return
        for kept in self.written.all:
            complain = self._not_saved if kept is self.drafts else _in_silence
            begin(self, kept.keep_saving, complain, group="drafts")
        self._listen()
        for warning in self.agent.warnings:
            self.notify(clean_line(warning), severity="warning", markup=False)
        await self.entering.come_in()
        await asyncio.to_thread(markdown.prepare)
        self.call_after_refresh(self._started)

    async def _open_agent(self, server: str | None) -> "Agent":
        from mesh_agent.agent import Agent

        agent = await Agent.open(profile=self._profile, server=server, hosted=self.powers.hosted)
        session, self._session = self._session, None
        if session is not None and agent.user is None:
            await agent.adopt(session)
        return agent

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Every key that is bound comes by here: what it would do may be off."""
        try:
            self.powers.check_action(action if isinstance(action, str) else ".".join(action[:2]))
        except SwitchedOff as error:
            self.notify(clean_line(error.message), severity="warning", markup=False)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def _not_saved(self, error: MeshError) -> None:
        words = f"What you type is not saved for now. {clean_line(error.message)}"
        self.notify(words, severity="warning", markup=False)

    def _listen(self) -> None:
        self._take_privacy(self.settings)
        self.telling.begin()
        begin(self, forward, self, self.agent.subscribe(), exclusive=True, group="bridge")

    def _take_privacy(self, settings: Settings) -> None:
        if self._agent is not None:
            self._agent.hide_presence(not settings.privacy.presence)

    async def use_server(self, address: str) -> "Agent":
        """The agent for the server at `address`; raises `WrongAddress`, `SwitchedOff`."""
        if address != self.agent.server:
            self.powers.need("servers")
            former, self._agent = self.agent, await self._open_agent(address)
            self._listen()
            await former.close()
        return self.agent

    @on(FromAgent)
    async def heard(self, message: FromAgent) -> None:
        """The server may end a session; whatever is on the screen then is no longer ours to see."""
        self.telling.heard(message.event)
        self.transferring.heard(message.event)
        self.calls.heard(message.event)
        state = message.event.state if isinstance(message.event, ConnectionChanged) else None
        if isinstance(state, SignedOut) and self.agent.user is None:
            await self.entering.ask_to_sign_in(state.reason)

    async def sign_out(self) -> None:
        """Forgets the session and what was written, here and, if it can be reached, at the server."""
        await self.terminals.close_all()
        await self.agent.logout()
        self.written.forget()
        await self.entering.ask_to_sign_in()

    def entries(self) -> list[Entry]:
        """My rooms in the order of lists."""
        return self.going.entries()

    # ── going from screen to screen ──────────────────────────────────────────────────────────────

    def open_room(self, room_id: str, *, at: "Message | None" = None) -> None:
        """Shows a room, at the message `at` if there is one."""
        self.going.open(room_id, at=at)

    def close_room(self) -> None:
        """Takes the room away that is open, and what is above it."""
        self.going.close_room()

    def action_help(self) -> None:
        from mesh_tui.screens.help import Help

        screen = self.screen
        if isinstance(screen, Help):
            screen.dismiss()
        elif isinstance(screen, Patient):
            self.push_screen(Help(self.settings.keys, [*screen.here, *screen.HERE]))

    def show_rooms(self) -> None:
        """Goes back to Home, where they are."""
        self.going.show_home()

    def show_tour(self) -> None:
        """Begins it again, on Home."""
        begin(self, self._show_tour, group="screens")

    async def _show_tour(self) -> None:
        from mesh_tui.screens.touring import Touring

        await self.going.home()
        if isinstance(self.screen, Touring):
            self.screen.show_tour()

    def action_settings(self) -> None:
        from mesh_tui.screens.settings import SettingsScreen

        if self._agent is not None and not any(isinstance(s, SettingsScreen) for s in self.screen_stack):
            self.push_screen(SettingsScreen())

    # ── who sits before it ───────────────────────────────────────────────────────────────────────

    def watch_app_focus(self, focus: bool) -> None:
        if focus and self.screen_stack and isinstance(self.screen, MeshScreen):
            self.screen.came_to_front()

    def on_app_focus(self) -> None:
        self.telling.focused(True)

    def on_app_blur(self) -> None:
        self.telling.focused(False)

    async def on_event(self, event: events.Event) -> None:
        # The mouse may also pass over a window that has no focus.
        if isinstance(event, events.Key | events.MouseDown):
            self.telling.active()
            self.collecting.active(monotonic())
        await super().on_event(event)

    def terminal_is(self, name: str) -> None:
        """The terminal has told what it is called."""
        self.telling.desktop.answered = name

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    async def action_quit(self) -> None:
        self.ask_to_quit()

    def ask_to_quit(self) -> None:
        """As `leave`, after a question where something would end with it."""
        self.leaving.ask()

    def leave(self, code: int) -> None:
        """Puts everything away and ends the program with `code`. Asked twice, it does not wait."""
        self.leaving.leave(code)

    async def on_unmount(self) -> None:
        """However the app ended, also where `leave` was not asked."""
        await self.leaving.put_away()

    async def _close(self) -> None:
        if self._written is not None:
            await self._written.save()
        if self._agent is not None:
            await self._agent.close()

    def _handle_exception(self, error: Exception) -> None:
        cause = error.error if isinstance(error, WorkerFailed) else error
        log.critical("stopped by an error that nothing expected", exc_info=cause)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual would print the values of local variables, a password or a token among them.
        self.panic(
            Text("mesh-tui stopped because of a mistake of its own. What happened is in its log file.")
        )


def _import_agent() -> None:
    """Loads what the first paint does not need; in a thread, since that takes a tenth of a second."""
    for module in ("mesh_agent.agent", "mesh_tui.notifier", "mesh_tui.written"):
        importlib.import_module(module)


async def _open_written(profile: str) -> "Written":
    from mesh_tui.written import Written

    written = Written(profile)
    await written.load()
    return written


def _in_silence(_: MeshError) -> None:
    """What is lost with this is not worth a word."""
