"""The one registry of what a person can do: its key, its word in the footer, its sentence in the help.

Strategy: screens and widgets take their bindings from here by place, and the help page is this table, so a
key that works is a key that is written down. Keys are those that terminals really send, also through tmux
and ssh: no Ctrl+I, Ctrl+M, Ctrl+H, no Ctrl with punctuation.
"""

from dataclasses import dataclass
from typing import Final, Literal

from textual.binding import Binding

Place = Literal["everywhere", "sign-in", "home", "room", "composer", "reading"]

PLACES: Final[dict[Place, str]] = {
    "everywhere": "Everywhere",
    "sign-in": "Signing in",
    "home": "Home",
    "room": "In a room",
    "composer": "Writing",
    "reading": "Reading",
}
"""The places in the order of the help page, with their headings."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do.

    Attributes:
        name: the Textual action; empty where a widget handles the key itself.
        help: a sentence for the help page.
        label: a word for the footer; empty keeps it out of there.
        priority: the key works wherever the cursor is.
    """

    place: Place
    keys: str
    name: str
    help: str
    label: str = ""
    priority: bool = False


ACTIONS: Final = (
    Action("everywhere", "ctrl+q", "app.quit", "Quit. What you typed and what waits to be sent is kept.", "Quit", True),
    Action("everywhere", "f1", "app.help", "This page; ? does it too where you are not typing.", "Help"),
    Action("everywhere", "tab,shift+tab", "", "Go to the next or the previous part of the screen."),
    Action("everywhere", "ctrl+c", "", "Copy what is selected with the mouse."),
    Action("everywhere", "ctrl+l", "app.redraw", "Paint the screen anew."),
    Action("sign-in", "enter", "", "Go on; in the last field, sign in."),
    Action("sign-in", "ctrl+t", "screen.switch", "Change between signing in and creating an account.", "Switch"),
    Action("home", "up,down", "", "Choose a room."),
    Action("home", "enter", "", "Open the room, or join it."),
    Action("home", "ctrl+n,n", "screen.create", "Create a room.", "New room"),
    Action("home", "f5", "screen.again", "Load the lists again; connect now.", "Refresh"),
    Action("home", "ctrl+o", "screen.sign_out", "Sign out on this device.", "Sign out"),
    Action("room", "escape", "screen.back", "Back to Home. What you typed stays.", "Back"),
    Action("room", "f2", "screen.people", "Show or hide who is here.", "People"),
    Action("room", "f5", "screen.again", "Try again: what was not sent, what was not loaded, the connection.", "Try again"),
    Action("room", "f8", "screen.drop", "Drop a message that was not sent.", "Drop"),
    Action("room", "f9", "screen.leave", "Leave the room for good.", "Leave"),
    Action("room", "alt+a", "screen.next_unread", "Go to the next room with something new.", "Next unread"),
    Action("room", "pageup,pagedown", "", "Scroll the messages; also while you are writing."),
    Action("room", "ctrl+end", "screen.newest", "Go to the newest message.", "Newest"),
    Action("composer", "enter", "", "Send."),
    Action("composer", "alt+enter,ctrl+j,shift+enter", "", "Break the line."),
    Action("composer", "ctrl+a,ctrl+e", "", "To the beginning, to the end of the line."),
    Action("composer", "ctrl+b,ctrl+f", "", "A character left, right; Alt+B and Alt+F a word."),
    Action("composer", "ctrl+w,ctrl+u,ctrl+k", "", "Cut the word before, the line before, the line after the cursor."),
    Action("composer", "ctrl+y", "", "Put back what was cut last."),
    Action("composer", "ctrl+z", "", "Undo."),
    Action("reading", "up,down", "", "Scroll by a line, when the messages have the focus."),
    Action("reading", "home,end", "", "To the oldest message that is loaded, to the newest."),
)  # fmt: skip


def bindings(place: Place) -> list[Binding]:
    """The bindings of a place; the footer shows those that have a word for it."""
    return [
        Binding(
            action.keys,
            action.name,
            action.label or action.help,
            show=bool(action.label),
            priority=action.priority,
        )
        for action in ACTIONS
        if action.place == place and action.name
    ]


def key_label(keys: str) -> str:
    """`ctrl+q` -> `^Q`, `f1` -> `F1`, `alt+enter,ctrl+j` -> `Alt+Enter ^J`: as the footer and the help write keys."""
    return " ".join(_one_key(key) for key in keys.split(","))


_NAMES: Final = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓"}


def _one_key(key: str) -> str:
    *modifiers, name = key.split("+")
    name = _NAMES.get(name, name.title() if len(name) > 1 else name.upper() if modifiers else name)
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name}"
    return "+".join([*(modifier.title() for modifier in modifiers), name])
