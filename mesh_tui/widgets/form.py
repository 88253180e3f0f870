"""What forms are made of: a field with room for what is wrong with it, and a switch between two modes."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual import events, on
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from mesh_tui.key_names import key_label
from mesh_tui.layout.cells import Fragment, width
from mesh_tui.widgets.bar import Bar
from protocol.text import clean_line


class CleanInput(Input):
    """An input into which nothing can be pasted that a terminal would obey."""

    def action_delete_right_all(self) -> None:
        """As Textual's; where nothing follows, the key is for whatever else has it."""
        if self.selection.is_empty and self.cursor_position >= len(self.value):
            raise SkipAction
        super().action_delete_right_all()

    def on_paste(self, event: events.Paste) -> None:
        if not self.password:
            event.text = clean_line(event.text)


class Field(Vertical):
    """An input with its name in its border, and below it what is wrong, if anything is."""

    def __init__(
        self, name: str, label: str, *, limit: int, password: bool = False, classes: str = ""
    ) -> None:
        super().__init__(id=name, classes=classes)
        self.input = CleanInput(password=password, max_length=limit, select_on_focus=False)
        self.input.cursor_blink = False
        self.input.border_title = Content(label)
        self._error = Static(Content(""), classes="error")

    def compose(self) -> ComposeResult:
        yield self.input
        yield self._error

    @property
    def value(self) -> str:
        return self.input.value

    def complain(self, reason: str) -> None:
        """Says what is wrong; an empty `reason` takes it back."""
        self._error.update(Content(f"✗ {reason}" if reason else ""))
        self.set_class(bool(reason), "-wrong")

    @on(Input.Changed)
    def forgive(self) -> None:
        self.complain("")


class ModeSwitch(Bar):
    """The modes side by side, the present one with a bar before it; `key` goes to the other."""

    @dataclass
    class Pressed(Message):
        """A mode that is not the present one was clicked."""

        mode: str

    def __init__(self, modes: Mapping[str, str], key: str = "ctrl+t") -> None:
        super().__init__()
        self._modes = modes
        self._key = key
        self._mode = next(iter(modes))

    def on_mount(self) -> None:
        self.put_mode(self._mode)

    def put_mode(self, mode: str, modes: Mapping[str, str] | None = None) -> None:
        """Shows another mode, or others by the same names."""
        self._mode = mode
        self._modes = modes or self._modes
        fragments: list[Fragment] = []
        for name, label in self._modes.items():
            here = name == mode
            fragments += [
                Fragment("▌" if here else " ", "brand"),
                Fragment(f"{label}   ", "title" if here else "muted"),
            ]
        self.put(fragments, [Fragment(key_label(self._key), "key"), Fragment(" switch ", "muted")])

    def on_click(self, event: events.Click) -> None:
        position = 0
        for name, label in self._modes.items():
            position += width(label) + 4
            if event.x < position:
                if name != self._mode:
                    self.post_message(self.Pressed(name))
                return
        if event.x >= self.size.width - sum(width(fragment.text) for fragment in self._right):
            self.app.simulate_key(self._key)
