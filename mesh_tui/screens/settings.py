"""Everything that can be set, by keyboard: who one is, what is in the settings' file, keys, devices.

Strategy: rows, each of which knows how its value is told and what a change does. What is in the file comes
from the types of `mesh_tui.settings`, so a setting that exists is a row; it is saved at once, and the app
changes with it. What the server keeps (name, status, password, devices) is asked of it and told to it.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Final, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from mesh_tui import actions
from mesh_tui.actions import ACTIONS
from mesh_tui.key_names import key_label
from mesh_tui.keymap import keys_of
from mesh_tui.layout.cells import Fragment
from mesh_tui.powers import OFF_SETTINGS, SENTENCES
from mesh_tui.rooms import DEFAULT, level_set, name_in_settings, with_level
from mesh_tui.screens.base import MeshScreen
from mesh_tui.screens.devices import KINDS, Devices, Kind
from mesh_tui.screens.edit import Blank, Edit
from mesh_tui.screens.setting_rows import Row, Rows
from mesh_tui.screens.signed_in import SignedIn
from mesh_tui.settings import LEVELS, Level, Setting, Settings, SettingsWrong, all_settings
from mesh_tui.widgets.bar import Bar
from mesh_tui.workers import begin
from protocol.limits import NAME_CHARS, PASSWORD_MAX_CHARS, STATUS_CHARS
from protocol.rest import Room, User

TEXT_CHARS: Final = 500

HEADINGS: Final = {
    "look": "Looks",
    "reading": "Reading",
    "writing": "Writing",
    "notify": "Notifications",
    "transfers": "Files",
    "terminals": "Shared terminals",
    "calls": "Calls",
    "privacy": "Privacy",
}


class SettingsScreen(MeshScreen[None]):
    """Above whichever screen it was asked for on."""

    HERE = ("settings",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        *actions.bindings("everywhere"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._me: User | None = None
        self._signed_in: SignedIn | None = None

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        yield Rows()
        yield Static(classes="explained")
        yield Static(Content("↑ ↓ choose · ← → change · Enter edits · Esc closes"), classes="detail hint")

    def on_mount(self) -> None:
        self.query_one(Bar).put([Fragment(" settings ", "brand")])
        self.mesh.settings_changed.subscribe(self, self._show)
        self._me = self.mesh.agent.user
        self._show(self.mesh.settings)
        self.query_one(Rows).focus()
        if self._me is not None:
            begin(self, self.attempt, self._load, group="settings")

    async def _load(self) -> None:
        """What only the server knows."""
        self._me = await self.mesh.agent.account.me()
        self._signed_in = await SignedIn.ask(self.mesh.agent)
        self._show(self.mesh.settings)

    def _show(self, settings: Settings) -> None:
        groups: dict[str, Sequence[Row]] = {}
        if self._me is not None:
            groups["You"] = self._you(self._me)
        for section, heading in HEADINGS.items():
            if (power := OFF_SETTINGS.get(section)) is not None and not self.mesh.powers.has(power):
                groups[heading] = [Row("Off here", "", SENTENCES[power])]
                continue
            found = [setting for setting in all_settings().values() if setting.section == section]
            groups[heading] = [
                self._setting(setting, settings) for setting in found if setting.key != "notify.rooms"
            ]
        if rooms := self._rooms(settings):
            groups["What is told of your rooms"] = rooms
        if self._signed_in is not None:
            groups["Devices that are signed in"] = self._signed_in.rows(self, self._load)
        groups["Keys"] = self._keys(settings)
        self.query_one(Rows).put(groups)

    @on(Rows.Moved)
    def explain(self) -> None:
        row = self.query_one(Rows).chosen
        self.query_one(".explained", Static).update(Content(row.help if row else ""))

    # ── you ──────────────────────────────────────────────────────────────────────────────────────

    def _you(self, me: User) -> list[Row]:
        agent = self.mesh.agent
        return [
            Row(
                "Shown as",
                me.display_name,
                "The name that others see; you still sign in with the other.",
                open=self._editing("Shown as", me.display_name, NAME_CHARS, agent.account.rename),
            ),
            Row(
                "Status",
                me.status_text,
                "A few words beside your name; you are seen as online with them.",
                open=self._editing(
                    "Status", me.status_text, STATUS_CHARS, partial(agent.set_presence, "online")
                ),
            ),
            Row(
                "Others see what you read",
                "no" if me.hides_reads else "yes",
                "Whether others see how far you have read, in rooms that show it.",
                ("yes", "no"),
                self._hide_reads,
            ),
            Row(
                "Password",
                "",
                "Change it; every other device of yours is signed out then, and keys for ssh are gone.",
                open=self._edit_password,
            ),
        ]

    async def _hide_reads(self, shown: str) -> None:
        self._me = await self.mesh.agent.account.hide_reads(shown == "no")
        self._show(self.mesh.settings)

    def _editing(
        self, title: str, value: str, limit: int, save: Callable[[str], Awaitable[object]]
    ) -> Callable[[], None]:
        async def keep(values: Sequence[str]) -> None:
            await save(values[0].strip())
            if self._me is not None:
                await self._load()

        def edit() -> None:
            self.mesh.push_screen(Edit(title, [Blank(title, value, limit)], keep))

        return edit

    def _edit_password(self) -> None:
        async def keep(values: Sequence[str]) -> None:
            current, new, again = values
            if new != again:
                raise SettingsWrong("The two new passwords are not the same.")
            await self.mesh.agent.account.change_password(current, new)
            self.tell("The password is changed.")
            await self._load()

        blanks = [
            Blank(label, "", PASSWORD_MAX_CHARS, hidden=True)
            for label in ("Present password", "New password", "New password again")
        ]
        self.mesh.push_screen(Edit("Another password", blanks, keep))

    # ── what is in the file ──────────────────────────────────────────────────────────────────────

    def _setting(self, setting: Setting, settings: Settings) -> Row:
        label = setting.meta.title or setting.name.replace("_", " ").capitalize()
        value = told(setting.of(settings))
        choices = ("yes", "no") if setting.choices == ("true", "false") else setting.choices
        if setting.key == "look.theme":
            names = tuple(self.mesh.preferences.theme_names)
            keep = partial(self._keep, setting)
            return Row(label, value, setting.meta.description or "", names, keep, open=self.choose_theme)
        if choices:
            return Row(label, value, setting.meta.description or "", choices, partial(self._keep, setting))
        if (kind := KINDS.get(setting.key)) is not None:
            help_text = f"{setting.meta.description} Enter: what there is."
            return Row(label, value, help_text, open=partial(self._choose_device, kind))
        edit = self._editing(label, value, TEXT_CHARS, partial(self._keep, setting))
        return Row(label, value, f"{setting.meta.description} {setting.bounds()}".strip(), open=edit)

    def _choose_device(self, kind: Kind) -> None:
        self.mesh.push_screen(Devices(kind))

    async def _keep(self, setting: Setting, text: str) -> None:
        await self.mesh.preferences.save({setting.key: read(setting, text)})

    def _keys(self, settings: Settings) -> list[Row]:
        rows = []
        for action in ACTIONS:
            if action.id:
                keys = keys_of(action, settings.keys)
                edit = self._editing(action.id, keys, TEXT_CHARS, partial(self._keep_keys, action.id))
                help_text = f"{action.help} Written such as f12,alt+g; nothing: {key_label(action.keys)}."
                rows.append(Row(action.id, key_label(keys), help_text, open=edit))
        return rows

    async def _keep_keys(self, name: str, keys: str) -> None:
        others = {known: value for known, value in self.mesh.settings.keys.items() if known != name}
        await self.mesh.preferences.save({"keys": others | ({name: keys} if keys else {})})

    # ── rooms ────────────────────────────────────────────────────────────────────────────────────

    def _rooms(self, settings: Settings) -> list[Row]:
        agent = self.mesh.agent
        rooms = sorted(agent.rooms(), key=lambda room: room.kind == "dm") if agent.user else []
        return [self._room(room, level_set(settings, room)) for room in rooms]

    def _room(self, room: Room, level: Level | None) -> Row:
        async def keep(wanted: str) -> None:
            chosen = next((known for known in LEVELS if known == wanted), None)
            levels = with_level(self.mesh.settings, room, chosen)
            await self.mesh.save_settings({"notify.rooms": levels})

        help_text = (
            "What counts as new there, and is told: all, mentions of you, none; default: "
            "all of it counts, and you are told of what is said to you."
        )
        return Row(name_in_settings(room), level or DEFAULT, help_text, (DEFAULT, *LEVELS), keep)


# ── a setting as one types it ────────────────────────────────────────────────────────────────────


def told(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read(setting: Setting, text: str) -> Any:
    """What was typed, as the setting has it; what it cannot be is found when it is saved."""
    kind = get_args(setting.kind)[0]
    if kind is bool:
        return text == "yes"
    if kind is int:
        return int(text) if text.removeprefix("-").isdecimal() else text
    return text
