"""The words by which two people compare their devices, and the page for a device that is another than it was.

Strategy: words are compared by voice, so they stand large and alone, and nothing is confirmed without a
question. A changed identity is a page and no toast: it goes away only by an answer, and the careful one has
the focus.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Button, Static

from mesh_agent.sharing.people import DeviceWords
from mesh_agent.sharing.state import IdentityChanged
from mesh_tui.layout.cells import Fragment, Line, wrap
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.base import Page
from mesh_tui.transfers import name_of
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.text import clean_line

HOW: Final = (
    "Read the words to each other, best by voice. If they are the same on both sides, nobody sits between "
    "the two devices."
)
NOBODY: Final = (
    "No device of theirs has been met yet. Send them something, or let them send you something first."
)


AskWords = Callable[[], Awaitable[Sequence[DeviceWords]]]
Confirm = Callable[[str], Awaitable[object]]
"""The words with the device of this id are the same on both sides."""

TakeAlways = Callable[[str, bool], Awaitable[object]]
"""Whether what the device of this id offers is taken without asking."""


class WordList(Choices, can_focus=True):
    """A device each: its name, whether it is verified, and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[DeviceWords] = ()

    def put(self, known: Sequence[DeviceWords]) -> None:
        self.known = known
        self.refresh(layout=True)
        self.begin_at(self.index)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As tall as its rows, up to half the screen."""
        rows = sum(len(block.lines) for block in self.blocks(width))
        return max(1, min(rows, viewport.height // 2))

    def blocks(self, cells: int) -> Iterable[Block]:
        for number, one in enumerate(self.known):
            if number:
                yield Block([Line(())], can_be_chosen=False)
            state = _state(one)
            head = Line((Fragment("  "), Fragment(f"{name_of(one.device_id, 40)}  ", "muted"), state))
            words = wrap([Fragment("  ".join(one.words), "title")], max(10, cells - 4))
            yield Block([head, *(Line((Fragment("  "), Fragment("  "), *row.fragments)) for row in words)])


def _state(one: DeviceWords) -> Fragment:
    if one.changed:
        return Fragment("⚠ not the device that it was: refused", "failed")
    if not one.verified:
        return Fragment("not verified", "pinned")
    return Fragment("✓ verified, what it offers is taken" if one.always else "✓ verified", "state-up")


class Words(Page[None]):
    """Of one other person."""

    HERE = ("words", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("enter", "compare", "Compare", show=False),
        Binding("v", "always", "Always", show=False),
    ]

    def __init__(self, name: str, ask: AskWords, confirm: Confirm, take_always: TakeAlways) -> None:
        super().__init__()
        self._name = name_of(name, 40)
        self._ask = ask
        self._say = confirm
        self._take_always = take_always

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide"):
            yield Static(Content(f"The words for you and {self._name}"), classes="question")
            yield Static(Content(HOW), classes="detail")
            yield WordList()
            yield Static(Content(""), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(WordList).focus()
        begin(self, self._load, exclusive=True, group="words")

    async def _load(self) -> None:
        try:
            found = await self._ask()
        except MeshError as error:
            self._tell(f"✗ {clean_line(error.message)}")
            return
        known = list(found)
        self.query_one(WordList).put(known)
        self.query_one(WordList).display = bool(known)
        always = " · v: take without asking, or not" if any(one.verified for one in known) else ""
        self._tell(f"Enter: the words are the same{always} · Esc closes" if known else NOBODY)

    def _tell(self, words: str) -> None:
        self.query_one(".below", Static).update(Content(words))

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self.query_one(WordList).begin_at(event.index)
        self.action_compare()

    def action_compare(self) -> None:
        chosen = self.query_one(WordList)
        if chosen.index >= len(chosen.known):
            return
        one = chosen.known[chosen.index]

        def answered(yes: bool | None) -> None:
            if yes:
                begin(self, self._do, self._say, one.device_id, group="words")

        question = f"Does {self._name} see the same words?"
        self.mesh.push_screen(Ask(question, " ".join(one.words), yes="The same", no="Not sure"), answered)

    def action_always(self) -> None:
        chosen = self.query_one(WordList)
        if chosen.index < len(chosen.known) and (one := chosen.known[chosen.index]).verified:
            begin(self, self._do, self._take_always, one.device_id, not one.always, group="words")

    async def _do(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        try:
            await call(*arguments)
        except MeshError as error:
            self._tell(f"✗ {clean_line(error.message)}")
        else:
            await self._load()


class Changed(Page[None]):
    """A device shows another identity than it had. Refusing changes nothing: it stays refused."""

    HERE = ("question", "page")
    CLOSES_OUTSIDE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "refuse", "Refuse"),
        Binding("y", "trust", "Trust"),
        Binding("left,right,up,down", "app.focus_next", "Other answer", show=False),
    ]

    def __init__(self, event: IdentityChanged) -> None:
        super().__init__()
        self._event = event
        self._name = name_of(event.username, 40)

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide alarm"):
            yield Static(Content(f"⚠ {self._name}'s device is not the one that it was"), classes="question")
            yield Static(
                Content(
                    f"It shows another identity. Either {self._name} has set it up anew, or somebody "
                    f"pretends to be {self._name}. Nothing goes to it or comes from it until you trust it."
                ),
                classes="detail",
            )
            yield Static(Content(f"Its words now:  {'  '.join(self._event.words)}"), classes="below")
            yield Static(
                Content(f"Ask {self._name} by voice whether these are the words of their /verify."),
                classes="detail",
            )
            with Horizontal(classes="answers"):
                yield Button(Content("Refuse it (n)"), classes="no")
                yield Button(Content("The words are the same: trust it (y)"), classes="yes")

    def on_mount(self) -> None:
        self.query_one(".no").focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        if event.button.has_class("yes"):
            self.action_trust()
        else:
            self.action_refuse()

    def action_refuse(self) -> None:
        self.mesh.notify(f"{self._name}'s device stays refused. /verify shows its words again.", markup=False)
        self.dismiss()

    def action_trust(self) -> None:
        self.mesh.transferring.entrust(
            self.mesh.agent.sharing.trust, self._event.user_id, self._event.device_id
        )
        self.dismiss()
