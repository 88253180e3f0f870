"""The keys that let one in by ssh: what there are, one more, one less.

Strategy: the server keeps them, and is asked again after each change, so what is seen is what is so. A key
comes as the line of a `.pub` file, pasted or chosen from those in `~/.ssh`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui import actions
from mesh_tui.layout.cells import Fragment, Line, fit, paintable
from mesh_tui.layout.message import moment
from mesh_tui.public_keys import public_keys
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import Page
from mesh_tui.screens.choose import Answer, Choose
from mesh_tui.screens.edit import Blank, Edit
from mesh_tui.transfers import name_of
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.limits import TOKEN_CHARS
from protocol.rest import SshKey, SshKeyRequest
from protocol.text import clean_line

TITLE: Final = "Keys that let you in by ssh"
NONE: Final = "There is none: by ssh you come in with your password."
NONE_IN_FOLDER: Final = "There is no .pub file with a key in ~/.ssh. a takes one that you paste."
NAME_CELLS: Final = 40
FILE_CELLS: Final = 60


class KeyList(Choices, can_focus=True):
    """Two rows each: what it is called and since when it is there; its kind and fingerprint."""

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[SshKey] = ()

    @property
    def chosen(self) -> SshKey | None:
        return self.known[self.index] if self.index < len(self.known) else None

    def put(self, known: Sequence[SshKey]) -> None:
        self.known = known
        self.begin_at(self.index)

    def blocks(self, cells: int) -> Iterable[Block]:
        for key in self.known:
            since = moment(key.created_at)
            when = f"  since {since:%Y-%m-%d}" if since else ""
            head = [Fragment("  "), Fragment(name_of(key.name, NAME_CELLS), "title"), Fragment(when, "muted")]
            shown = paintable(clean_line(f"{key.kind} {key.fingerprint}"))
            below = [Fragment("  "), Fragment(shown, "muted")]
            yield Block([Line(tuple(fit(head, cells))), Line(tuple(fit(below, cells)))])


class SshKeys(Page[None]):
    """One's own."""

    HERE = ("ssh-keys", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        *actions.bindings("ssh-keys"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content(TITLE), classes="question")
            yield KeyList()
            yield Static(Content(""), classes="said")
            yield Static(Content("Asking the server…"), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(KeyList).focus()
        begin(self, self._try, self._load, group="ssh-keys")

    async def _load(self) -> None:
        known = await self.mesh.agent.ssh_keys.list()
        self.query_one(KeyList).put(known)
        if not known:
            self._say(NONE)
        removes = " · d removes it" if known else ""
        files = " · f takes one of ~/.ssh" if self.mesh.powers.has("disk") else ""
        self.query_one(".below", Static).update(Content(f"a adds one{files}{removes} · Esc closes"))

    def _say(self, words: str) -> None:
        self.query_one(".said", Static).update(Content(words))

    async def _try(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        try:
            await call(*arguments)
        except MeshError as error:
            self._say(f"✗ {clean_line(error.message)}")

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self.query_one(KeyList).begin_at(event.index)

    # ── one more ─────────────────────────────────────────────────────────────────────────────────

    def action_add(self) -> None:
        async def keep(values: Sequence[str]) -> None:
            await self._add(values[0])

        blank = Blank("The line of its .pub file", "", TOKEN_CHARS)
        self.mesh.push_screen(Edit("Paste a key", [blank], keep))

    async def _add(self, line: str) -> None:
        """Raises: MeshError."""
        key = await self.mesh.agent.ssh_keys.add(SshKeyRequest(key=line.strip()))
        self._say(f"By ssh, {name_of(key.name, NAME_CELLS)} lets you in.")
        await self._load()

    def action_from_folder(self) -> None:
        begin(self, self._try, self._choose, group="ssh-keys")

    async def _choose(self) -> None:
        found = await asyncio.to_thread(public_keys, Path("~/.ssh"))
        if not found:
            self._say(NONE_IN_FOLDER)
            return
        offered = {str(number): key for number, key in enumerate(found, 1)}

        def answered(digit: str | None) -> None:
            if digit in offered:
                begin(self, self._try, self._add, offered[digit].line, group="ssh-keys")

        answers = [Answer(digit, name_of(key.words, FILE_CELLS)) for digit, key in offered.items()]
        detail = "Its public half goes to the server; the private one stays where it is."
        self.mesh.push_screen(Choose("Which key of ~/.ssh?", detail, answers, wide=True), answered)

    # ── one less ─────────────────────────────────────────────────────────────────────────────────

    def action_remove(self) -> None:
        key = self.query_one(KeyList).chosen
        if key is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                begin(self, self._try, self._remove, key, group="ssh-keys")

        question = f"Remove {name_of(key.name, NAME_CELLS)}?"
        detail = "Whoever has it needs your password from then on. A session that is open stays."
        self.mesh.push_screen(Ask(question, detail, yes="Remove"), answered)

    async def _remove(self, key: SshKey) -> None:
        await self.mesh.agent.ssh_keys.remove(key.id)
        self._say(f"{name_of(key.name, NAME_CELLS)} lets nobody in any more.")
        await self._load()
