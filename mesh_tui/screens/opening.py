"""What is seen for the moment until the session has been read from disk, or the reason why it cannot be."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from mesh_tui import actions
from mesh_tui.screens.base import Patient

BRAND: Final = """\
█▀▄▀█ █▀▀ █▀▀ █ █
█ ▀ █ ██▄ ▄▄█ █▀█"""


class Opening(Patient[None]):
    """The name of the program, then either another screen or a sentence."""

    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("everywhere")]

    def compose(self) -> ComposeResult:
        yield Static(Content(BRAND), classes="brand")
        yield Static(Content("opening…"), classes="words")

    def fail(self, reason: str) -> None:
        words = self.query_one(".words", Static)
        words.add_class("failed")
        words.update(Content(f"{reason}\n\nCtrl+Q quits."))
