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
    Action("everywhere", "ctrl+q", "app.quit", "Quit; what you typed and what waits is kept.", "Quit", True),
    Action("everywhere", "f1", "app.help", "This page; on Home, ? too.", "Help"),
    Action("everywhere", "tab,shift+tab", "", "Go to the next, the previous part of the screen."),
    Action("everywhere", "ctrl+c", "", "Copy what is selected with the mouse."),
    Action("everywhere", "ctrl+l", "app.redraw", "Paint the screen anew."),
    Action("sign-in", "enter", "", "Go on; in the last field, sign in."),
    Action("sign-in", "ctrl+t", "screen.switch", "Sign in, or create an account instead.", "Switch"),
    Action("home", "up,down", "", "Choose a room."),
    Action("home", "enter", "", "Open the room, or join it."),
    Action("home", "ctrl+n,n", "screen.create", "Create a room.", "New room"),
    Action("home", "f5", "screen.again", "Load the lists again; connect now.", "Refresh"),
    Action("home", "ctrl+o", "screen.sign_out", "Sign out on this device.", "Sign out"),
    Action("room", "escape", "screen.back", "Back to Home; what you typed stays.", "Back"),
    Action("room", "f2", "screen.people", "Show or hide who is here.", "People"),
    Action("room", "f5", "screen.again", "Send, load or connect again, now.", "Try again"),
    Action("room", "f8", "screen.drop", "Drop a message that was not sent.", "Drop"),
    Action("room", "f9", "screen.leave", "Leave the room.", "Leave"),
    Action("room", "alt+a", "screen.next_unread", "Go to the next room with something new.", "Next unread"),
    Action("room", "pageup,pagedown", "", "Scroll the messages; also while you are writing."),
    Action("room", "ctrl+end", "screen.newest", "Go to the newest message.", "Newest"),
    Action("composer", "enter", "", "Send."),
    Action("composer", "alt+enter,ctrl+j,shift+enter", "", "Break the line."),
    Action("composer", "ctrl+a,ctrl+e", "", "To the beginning, to the end of the line."),
    Action("composer", "ctrl+b,ctrl+f", "", "A character left, right."),
    Action("composer", "alt+b,alt+f", "", "A word left, right."),
    Action("composer", "ctrl+w,alt+d", "", "Cut the word before, after the cursor."),
    Action("composer", "ctrl+u,ctrl+k", "", "Cut the line before, after the cursor."),
    Action("composer", "ctrl+y", "", "Put back what was cut last."),
    Action("composer", "ctrl+z", "", "Undo."),
    Action("reading", "up,down", "", "Scroll by a line, when the messages have the focus."),
    Action("reading", "home,end", "", "To the oldest message that is loaded, to the newest."),
)


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
    """Keys as the footer and the help write them: `ctrl+q` -> `^Q`, `alt+enter,f1` -> `Alt+Enter F1`."""
    return " ".join(_one_key(key) for key in keys.split(","))


_NAMES: Final = {"escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓"}


def _one_key(key: str) -> str:
    *modifiers, name = key.split("+")
    name = _NAMES.get(name, name.title() if len(name) > 1 else name.upper() if modifiers else name)
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name}"
    return "+".join([*(modifier.title() for modifier in modifiers), name])
