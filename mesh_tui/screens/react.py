"""Choosing a reaction: one of a few by its number, or any other that is typed."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mesh_tui.screens.base import Page
from mesh_tui.widgets.form import CleanInput
from protocol.limits import REACTION_CHARS

REACTIONS: Final = ("👍", "👎", "😂", "🎉", "👀", "✅", "🙏", "🔥")


class React(Page[str]):
    """Ends with the reaction."""

    HERE = ("reaction", "page")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="page"):
            yield Static(Content("React"), classes="question")
            choices = "  ".join(f"{number} {sign}" for number, sign in enumerate(REACTIONS, 1))
            yield Static(Content(choices), classes="choices")
            yield CleanInput(max_length=REACTION_CHARS, placeholder="its number, or any emoji or word")
            yield Static(Content("Yours is taken away where it is there · Esc closes"), classes="detail hint")

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()

    @on(Input.Changed)
    def number(self, event: Input.Changed) -> None:
        if len(event.value) == 1 and event.value in "12345678":
            self.dismiss(REACTIONS[int(event.value) - 1])

    @on(Input.Submitted)
    def typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())
