"""What the person has set, on this app: read at the start, taken when it is edited, saved when asked.

Strategy: the files are looked at in a thread every other moment. A change is applied here where it concerns
the whole app (its theme, its keys), and told to whoever subscribed to `changed` for the rest.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from textual.app import App
from textual.signal import Signal

from mesh_tui import keymap
from mesh_tui.letting_go import LooseSignal
from mesh_tui.settings import Settings, SettingsWrong, unknown
from mesh_tui.settings_file import SettingsFile
from mesh_tui.themes import AUTO, PLAIN, SHIPPED, Colours, Themes, registered, theme
from protocol.text import clean_line

LOOK_S: Final = 2.0
"""How often the files are looked at for what was edited."""

WRONG_S: Final = 15.0
"""How long it stays on the screen what is wrong with them: a path and a line take a while to read."""


class Preferences:
    """Those of one profile.

    `plain`: the terminal's own colours only, whatever the theme. `auto`: what it takes for `auto` is asked of
    the terminal.
    """

    def __init__(self, app: App[Any], profile: str, *, plain: bool, auto: bool) -> None:
        self._app = app
        self._plain = plain
        self._auto = auto
        self._file = SettingsFile.of_profile(profile, keymap.check)
        self._wrong = [words for words in (self._file.load(),) if words]
        self.themes = Themes.beside(self._file.common)
        self._wrong += self.themes.load()
        self._shown: Colours | None = None
        self._previewed: str | None = None
        """The theme that is shown for a while, whichever is set."""

        self._keys: Mapping[str, str] = {}
        self._saving = asyncio.Lock()
        self.changed: Final[Signal[Settings]] = LooseSignal(app, "settings")
        self._apply()

    @property
    def settings(self) -> Settings:
        return self._file.settings

    async def watch(self) -> None:
        """Takes what is edited, or says what is wrong with it and keeps what was; until cancelled."""
        self._complain()
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Looks at the files once."""
        before = self.settings
        if await asyncio.to_thread(self._file.is_stale) and (
            wrong := await asyncio.to_thread(self._file.load)
        ):
            self._wrong.append(wrong)
        if await asyncio.to_thread(self.themes.is_stale):
            self._wrong += await asyncio.to_thread(self.themes.load)
        self._apply()
        self._complain()
        self._tell(before)

    async def save(self, changes: Mapping[str, Any]) -> None:
        """Writes settings, by key, and applies them, in the order asked: else an older value might stay.

        Raises:
            SettingsWrong: a value cannot be, or a file is broken.
            FilesUnusable: it cannot be written.
        """
        if (name := changes.get("look.theme")) is not None:
            self.colours(name)
        if (keys := changes.get("keys")) is not None:
            keymap.check(keys)
        async with self._saving:
            before = self.settings
            await self._file.save(changes)
            self._apply()
            self._tell(before)

    # ── themes ───────────────────────────────────────────────────────────────────────────────────

    @property
    def theme_names(self) -> list[str]:
        return [AUTO, *self.themes.names]

    def colours(self, name: str) -> tuple[str, Colours]:
        """The theme that is meant by `name`, and what it says; raises `SettingsWrong`: there is none."""
        if name == AUTO:
            few = self._auto and self._app.console.color_system == "standard"
            name = "sixteen" if few else "monokai"
        colours = self.themes.get(name)
        if colours is None:
            raise unknown(name, self.theme_names, name, "look.theme")
        return name, colours

    def preview(self, name: str | None) -> None:
        """Shows a theme without keeping it, until it is called with None: then the one that is set."""
        self._previewed = name
        self._apply()

    def _show(self, name: str, colours: Colours) -> None:
        if self._plain:
            if self._shown is None:
                self._app.register_theme(PLAIN)
                self._app.theme = PLAIN.name
        elif colours is not self._shown:
            again = self._app.theme == registered(name)
            self._app.register_theme(theme(name, colours))
            if again:  # the same name with other colours is no change to Textual
                self._app.refresh_css(animate=False)
            self._app.theme = registered(name)
        self._shown = colours

    # ── what concerns the whole app ──────────────────────────────────────────────────────────────

    def _apply(self) -> None:
        try:
            name, colours = self.colours(self._previewed or self.settings.look.theme)
        except SettingsWrong as error:
            self._wrong.append(error.message)
            if self._shown is None:
                self._show("monokai", SHIPPED["monokai"])
        else:
            self._show(name, colours)
        keys = self.settings.keys
        if keys != self._keys:
            self._keys = keys
            self._app.set_keymap(keymap.full(keys))

    def _tell(self, before: Settings) -> None:
        if self.settings != before:
            self.changed.publish(self.settings)

    def _complain(self) -> None:
        wrong, self._wrong = self._wrong, []
        for words in wrong:
            self._app.notify(clean_line(words), severity="error", markup=False, timeout=WRONG_S)
