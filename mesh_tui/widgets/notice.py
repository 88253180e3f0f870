"""What is said above the place to write: what Enter will do, what went wrong."""

from typing import Final

from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.cells import paintable

LINES: Final = 4
"""Rows that a notice takes at most."""


class Notice(Static):
    """Two parts: the aim, which stays until it is taken back, and a word, which goes with the next key."""

    DEFAULT_CSS = "Notice { height: auto; display: none; padding: 0 2; }"

    def __init__(self) -> None:
        super().__init__(Content(""), classes="esc-told")
        self._aim = ""
        self._word = Content("")
        self._parts: list[Content] = []

    def put_aim(self, aim: str) -> None:
        """What Enter will do, where it does not simply send; empty takes it back."""
        self._aim = paintable(aim)
        self._show()

    def say(self, word: str, *, wrong: bool = False) -> None:
        """Something to be read once; `wrong`: an error."""
        text = paintable(word)[: 120 * LINES]
        self._word = Content.styled(f"✗ {text}", "$text-error") if wrong and text else Content(text)
        self._show()

    def unsay(self, word: str) -> None:
        """Takes a word away, where it still stands there and nothing was said since."""
        if self._word.plain == paintable(word)[: 120 * LINES]:
            self.say("")

    @property
    def said(self) -> bool:
        """There is a word that can be put away."""
        return bool(self._word.plain)

    def _show(self) -> None:
        parts = [Content.styled(self._aim, "bold $text-warning")] if self._aim else []
        parts += [self._word] if self._word.plain else []
        if parts == self._parts:  # most keys change nothing here, and the screen is laid out for what does
            return
        self._parts = parts
        self.update(Content("\n").join(parts))
        self.display = bool(parts)
