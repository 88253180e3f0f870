"""A question with several answers, each with a letter, above the screen that asks it."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, Static

from mesh_tui.layout.cells import paintable
from mesh_tui.screens.base import Page


class Answer(NamedTuple):
    """`key`: the letter that gives it."""

    key: str
    words: str


class Choose(Page[str]):
    """Ends with the letter of the answer; None where Esc was pressed. The first one has the focus."""

    HERE = ("question", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel"),
        Binding("down,right", "app.focus_next", "Next", show=False),
        Binding("up,left", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, question: str, detail: str, answers: Sequence[Answer], *, wide: bool = False) -> None:
        super().__init__()
        self._page = "page wide" if wide else "page"
        self._question = question
        self._detail = detail
        self._answers = answers

    def compose(self) -> ComposeResult:
        with Vertical(classes=self._page):
            yield Static(Content(paintable(self._question)), classes="question")
            yield Static(Content(paintable(self._detail)), classes="detail")
            with Vertical(classes="choices"):
                for key, words in self._answers:
                    yield Button(Content(f"{words} ({key})"), name=key)
            yield Static(Content("Esc cancels"), classes="detail hint")

    def on_mount(self) -> None:
        self.query(Button).first().focus()

    def on_key(self, event: events.Key) -> None:
        if event.key in [key for key, _ in self._answers]:
            event.stop()
            self.dismiss(event.key)

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.name)
