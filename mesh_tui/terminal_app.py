"""What the app and the terminal do with one another: frames, what was typed, the clipboard, a shell behind.

Strategy: Textual's own ways are kept where they serve. Frames go to the driver, which sends only what
differs; the screen below one that hides it is not painted; and nothing is written past the driver.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

from rich.color import ColorSystem
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, TextArea

from mesh_tui import clipboard
from mesh_tui.driver import LOOK_S, MeshDriver
from mesh_tui.key_names import key_label
from mesh_tui.letting_go import let_styles_go
from mesh_tui.pictures.sixel import Sixels
from mesh_tui.screens.base import Patient
from mesh_tui.sheet import LeanSheet


class TerminalApp(App[None], inherit_bindings=False):
    """An app for a `MeshDriver`: it is the driver's `Terminal`, but for how it ends.

    Of Textual's own keys it has only the one that tells how to quit: Ctrl+Q is an action of the registry, and
    free where that has other keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "help_quit", show=False, system=True)]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        let_styles_go()
        super().__init__(*arguments, **options)
        self.stylesheet = LeanSheet(variables=self.get_css_variables())

    # ── painting ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        # Textual takes the screen below for visible also where the top one hides it; each change there, such
        # as a count of unread messages on Home, then had all of the top one painted anew.
        stack = self.screen_stack
        return [] if not stack or stack[-1].styles.background.a == 1 else super()._background_screens

    def action_redraw(self) -> None:
        if isinstance(self._driver, MeshDriver):
            self._driver.forget()
        self.screen.refresh(repaint=True, layout=True)

    def hold_picture(self, number: int, picture: Sixels | None) -> None:
        """What is painted over the cells of a picture from now on; None: nothing."""
        if isinstance(self._driver, MeshDriver):
            self._driver.hold(number, picture)

    def renew_picture(self, number: int, picture: Sixels) -> None:
        """The next one of a picture that moves, over its cells."""
        if isinstance(self._driver, MeshDriver):
            self._driver.renew(number, picture)

    def say_aside(self, commands: Sequence[str], end: str, key: int = 0) -> None:
        """Has commands that paint nothing written when nothing else waits for the terminal: see `aside`."""
        if isinstance(self._driver, MeshDriver):
            self._driver.say_aside(commands, end, key)

    def on_resize(self) -> None:
        """The terminal may have cut or moved what it showed, also where it is as large as before again."""
        if self.screen_stack:
            self.action_redraw()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        # Where Textual turns a frame into bytes; the driver sends only what differs.
        driver = self._driver
        if not isinstance(driver, MeshDriver) or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)
        elif self._running and not self._closed and not self._batch_count:
            size = self.screen.outer_size
            cursor = size.clamp_offset(self.cursor_position)
            colours = self.console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as Textual's strips do
            driver.paint(renderable, self.size, cursor, colours, sync=self._sync_available)

    def _end_batch(self) -> None:
        super()._end_batch()
        self.call_later(self._batch_ended)

    def _batch_ended(self) -> None:
        # A screen is not painted in a batch, and Textual lets none know when it is over.
        self.paint_again()
        if self.screen_stack:
            self.screen.check_idle()

    def paint_again(self) -> None:
        """The terminal has caught up, or several changes are whole: paints what was put off."""
        if self.screen_stack and isinstance(self.screen, Patient):
            self.screen.paint_now()

    # ── what was typed ───────────────────────────────────────────────────────────────────────────

    @property
    def writes(self) -> bool:
        """Whether a letter that is typed now is text. The driver's thread asks."""
        screens = self.screen_stack
        return bool(screens) and isinstance(screens[-1].focused, Input | TextArea)

    def typed(self) -> None:
        """A letter comes for the field with the focus: told by the driver's thread, before it hands it on."""
        screens = self.screen_stack
        if screens and isinstance(screen := screens[-1], Patient):
            screen.pacing.typed(time.perf_counter())

    async def settled(self) -> None:
        """Returns when what the last key has set off is done, as far as it needs no network."""
        focused = self.screen.focused
        pumps = [self, *(focused.ancestors_with_self if focused else [self.screen]), self]
        for pump in pumps:
            done = asyncio.Event()
            if pump.call_later(done.set):
                while pump.is_running and not done.is_set():  # what goes meanwhile may never come to it
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_S):
                            await done.wait()
        if self.screen_stack and isinstance(self.screen, Patient):
            self.screen.pacing.answer()

    # ── copying ──────────────────────────────────────────────────────────────────────────────────

    def copy_to_clipboard(self, text: str) -> None:
        """Also what is selected, by Textual's own key."""
        self.copy(text)

    def copy(self, text: str) -> bool:
        """Puts `text` where it can be pasted from; where it is too long for that, says so, and False."""
        self._clipboard = text
        return clipboard.copy(self, text)

    def action_help_quit(self) -> None:
        """Ctrl+C where nothing is selected: who pressed it may have wanted to end the program."""
        quits = next((key for key, on in self.active_bindings.items() if on.binding.action == "app.quit"), "")
        hint = f" {key_label(quits)} quits." if quits else ""
        self.notify(f"Nothing is selected to copy.{hint}", markup=False)

    # ── the shell ────────────────────────────────────────────────────────────────────────────────

    def action_suspend(self) -> None:
        """Stops until the shell goes on with it; where there is no shell, nobody could."""
        parent = os.getppid()
        try:
            shell = os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgid(0)
        except OSError:
            shell = False
        if shell:
            self.action_suspend_process()
        else:
            self.notify("There is no shell behind Mesh that could bring it back.", severity="warning")
