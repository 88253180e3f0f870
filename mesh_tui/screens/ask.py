"""A question with two answers, above the screen that asks it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from mesh_tui.screens.base import Page


class Ask(Page[bool]):
    """True for yes. The careful answer has the focus. An empty `yes`: there is nothing to agree to."""

    HERE = ("question", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "No"),
        Binding("y", "answer(True)", "Yes"),
        Binding("left,right,up,down", "app.focus_next", "Other answer", show=False),
    ]

    def __init__(self, question: str, detail: str, *, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        with Vertical(classes="page"):
            yield Static(Content(self._question), classes="question")
            yield Static(Content(self._detail), classes="detail")
            with Horizontal(classes="answers"):
                yield Button(Content(f"{self._no} (n)"), classes="no")
                if self._yes:
                    yield Button(Content(f"{self._yes} (y)"), classes="yes")

    def on_mount(self) -> None:
        self.query_one(".no").focus()

    @on(Button.Pressed)
    def choose(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.has_class("yes"))

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes and bool(self._yes))


class AskToLeave(Ask):
    """Whether the program is to end."""
