"""What the first tour says: three stops of a few lines, made of the registry's own keys and sentences.

Strategy: a stop names actions and commands, and what they are called and what their keys are is looked up, so
that it teaches what works here, also where the person has other keys. A name that is in no registry is
an error as soon as this is imported.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from mesh_tui.actions import ACTIONS, Action
from mesh_tui.key_names import key_label
from mesh_tui.keymap import keys_of
from mesh_tui.layout.cells import Fragment, Line, pad, width, wrap
from mesh_tui.slash_commands import COMMANDS, Command

KEYS_SHOWN: Final = 2
"""Of several keys for one thing, a beginner needs no more."""


class Stop(NamedTuple):
    """One of them: `words` to begin with, then what can be done."""

    title: str
    words: str
    entries: tuple[Action | Command, ...]


def _find(name: str) -> Action | Command:
    """`/theme`: a command; `home.create`: an action by its id; `home enter`: by its place and its keys."""
    place, _, keys = name.partition(" ")
    for command in COMMANDS:
        if name == f"/{command.name}":
            return command
    for action in ACTIONS:
        if name == action.id or (action.place, action.keys) == (place, keys):
            return action
    raise LookupError(f"the tour speaks of {name}, which is in no registry")


def _stop(title: str, words: str, *names: str) -> Stop:
    return Stop(title, words, tuple(map(_find, names)))


STOPS: Final = (
    _stop(
        "Going about",
        "This is Home, with your rooms and those that anyone may join.",
        "home up,down",
        "home enter",
        "home.create",
        "room.back",
        "rooms.next_active",
    ),
    _stop(
        "Writing",
        "In a room, what you type is written at once.",
        "composer enter",
        "composer alt+enter,ctrl+j,shift+enter",
        "composer tab,shift+tab",
        "composer up",
        "selected.reply",
        "selected.react",
    ),
    _stop(
        "Help and settings",
        "All of this can be read again, and most keys can be others.",
        "everywhere.help",
        "everywhere.settings",
        "/theme",
        "/tour",
        "everywhere.quit",
    ),
)


def lines(stop: Stop, own: Mapping[str, str], cells: int) -> list[Line]:
    """A stop as rows of at most `cells` cells, with one's `own` keys."""
    labels = [_label(entry, own) for entry in stop.entries]
    column = max(map(width, labels)) + 2
    rows = list(wrap([Fragment(stop.words)], cells))
    for label, entry in zip(labels, stop.entries, strict=True):
        rows += _row(pad(label, column), entry.help, max(10, cells - column))
    return rows


def _row(label: str, text: str, cells: int) -> Iterator[Line]:
    lead = Fragment(label, "key")
    for line in wrap([Fragment(text, "muted")], cells):
        yield Line((lead, *line.fragments))
        lead = Fragment(" " * width(label))


def _label(entry: Action | Command, own: Mapping[str, str]) -> str:
    if isinstance(entry, Command):
        return f"/{entry.name}"
    return key_label(",".join(keys_of(entry, own).split(",")[:KEYS_SHOWN]))
