"""Every key and every command that works, from the registry."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.actions import ACTIONS, PLACES, Place
from mesh_tui.key_names import key_label
from mesh_tui.keymap import keys_of
from mesh_tui.layout.cells import Fragment, Line, pad, wrap
from mesh_tui.screens.base import Page
from mesh_tui.slash_commands import COMMANDS
from mesh_tui.widgets.lines import LineList

KEY_CELLS = 25


class Keys(LineList, can_focus=True):
    """The registry as rows, with one's `own` keys; those of the places `here` come first."""

    def __init__(self, own: Mapping[str, str], here: Sequence[Place]) -> None:
        super().__init__()
        self._own = own
        self._places = dict.fromkeys([*here, *PLACES])

    def make(self, cells: int) -> Sequence[Line]:
        lines: list[Line] = []
        for place in self._places:
            heading = PLACES[place]
            lines += (
                [Line(()), Line((Fragment(heading, "heading"),))]
                if lines
                else [Line((Fragment(heading, "heading"),))]
            )
            for action in ACTIONS:
                if action.place == place:
                    lines += _row(key_label(keys_of(action, self._own)), action.help, cells)
        lines += [Line(()), Line((Fragment("Commands", "heading"),))]
        for command in COMMANDS:
            lines += _row(command.line, command.told, cells)
        return lines


def _row(keys: str, text: str, cells: int) -> list[Line]:
    first, *rest = wrap([Fragment(text)], max(10, cells - KEY_CELLS - 2))
    rows = [Line((Fragment("  "), Fragment(pad(keys, KEY_CELLS), "key"), *first.fragments))]
    return rows + [Line((Fragment(" " * (KEY_CELLS + 2)), *row.fragments)) for row in rest]


class Help(Page[None]):
    """Any of the usual keys closes it, and so does the one that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Close")]

    def __init__(self, own: Mapping[str, str], here: Sequence[Place]) -> None:
        super().__init__()
        self._keys = Keys(own, here)

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content("Keys and commands"), classes="question")
            yield self._keys
            yield Static(Content("↑ ↓ PgUp PgDn scroll · Esc closes"), classes="detail hint")
