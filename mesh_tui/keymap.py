"""Keys of one's own: which actions have names, and what cannot be a key for one.

Strategy: an action is named by its place and what it does, `room.people`; `[keys]` in the settings gives it
other keys, and the whole map goes to Textual. Two actions with one key in one place, and keys that no
terminal sends, are refused by name before that.
"""

from collections.abc import Mapping
from typing import Final

from textual.binding import BindingsMap
from textual.keys import KEY_ALIASES, Keys

from mesh_tui.actions import ACTIONS, Action, Place
from mesh_tui.key_names import key_label
from mesh_tui.settings import SettingsWrong, unknown

UNSENDABLE: Final = {
    "ctrl+i": "Tab",
    "ctrl+m": "Enter",
    "ctrl+h": "Backspace",
    "ctrl+left_square_bracket": "Esc",
}
"""What terminals send as another key."""

YIELDS: Final = frozenset({"selected.take_up"})
"""Actions that do what another key does, too: what a person gives their key to in that place has it alone."""

NO_KEY: Final = "ctrl+shift+f24"
"""Of an action that has none: Textual keeps the keys of one that has nothing, and this no terminal sends."""

_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift"})
_NAMES: Final = frozenset({key.value for key in Keys} | set(KEY_ALIASES))
_SIGNS: Final = {
    "?": "question_mark",
    "/": "slash",
    "+": "plus",
    "-": "minus",
    ".": "full_stop",
    "[": "left_square_bracket",
}
_NAMED: Final = {action.id: action for action in ACTIONS if action.id}


def keys_of(action: Action, own: Mapping[str, str]) -> str:
    """The keys of an action, where the person has `own` ones."""
    if action.id in own:
        return _normal(own[action.id])
    if action.id in YIELDS and own:
        here = (name for name in own if name.startswith(f"{action.place}."))
        taken = {key for name in here for key in _normal(own[name]).split(",")}
        return ",".join(key for key in action.keys.split(",") if key not in taken)
    return action.keys


def keys_by_id(name: str, own: Mapping[str, str]) -> str:
    """As `keys_of`, of the action with this name."""
    return keys_of(_NAMED[name], own)


def keys_in(place: Place, own: Mapping[str, str]) -> set[str]:
    """All keys that do something named in a place."""
    named = (action for action in _NAMED.values() if action.place == place)
    return {key for action in named for key in keys_of(action, own).split(",")}


def full(own: Mapping[str, str]) -> dict[str, str]:
    """All named actions: Textual keeps what was set before for those that are left out."""
    return {name: keys_of(action, own) or NO_KEY for name, action in _NAMED.items()}


def check(own: Mapping[str, str]) -> None:
    """Looks at one's own keys.

    Raises:
        SettingsWrong: there is no such action or key, or a key would mean two things.
    """
    for name, keys in own.items():
        if name not in _NAMED:
            raise unknown(f"keys.{name}", tuple(_NAMED), name)
        for key in _normal(keys).split(","):
            _check_key(f"keys.{name}", key)
    _check_clashes(own)


_TOGETHER: Final[Mapping[Place, tuple[Place, ...]]] = {
    "sign-in": ("everywhere", "sign-in"),
    "home": ("everywhere", "home", "rooms", "tour"),
    "room": ("everywhere", "rooms", "room", "composer"),
    "selected": ("everywhere", "rooms", "room", "selected"),
    "unsent": ("everywhere", "rooms", "room", "unsent"),
}
"""Places whose keys work at the same time."""


def _check_clashes(own: Mapping[str, str]) -> None:
    for place, places in _TOGETHER.items() if own else ():
        taken = _of_writing() if place == "room" else {}
        for action in (action for action in ACTIONS if action.place in places):
            for key in keys_of(action, own).split(","):
                other = taken.setdefault(key, action)
                shared = key in action.keys.split(",") and key in other.keys.split(",")
                if other is not action and not shared and not {action.id, other.id}.isdisjoint(own):
                    mine, theirs = (action, other) if action.id in own else (other, action)
                    name = f"keys.{mine.id}"
                    what = theirs.id or f"fixed: {theirs.help}"
                    raise SettingsWrong(f"{name}: {key_label(key)} is taken by {what}", name)


def _of_writing() -> dict[str, Action]:
    """Keys of the place to write that are in no table, since few want them."""
    from textual.widgets import TextArea

    told = {
        key
        for action in ACTIONS
        for key in action.keys.split(",")
        if action.place == "composer" or action.priority
    }
    keys = {key for key, _ in BindingsMap(TextArea.BINDINGS)} - told
    return dict.fromkeys(keys, Action("composer", "", "", "It moves or marks what is being written."))


def _check_key(name: str, key: str) -> None:
    *modifiers, last = key.split("+")
    if key in UNSENDABLE:
        raise SettingsWrong(f"{name}: terminals send {key} as {UNSENDABLE[key]}.", name)
    single = len(last) == 1 and last.isprintable() and last != " "
    if not set(modifiers) <= _MODIFIERS or not (single or last in _NAMES or last in _SIGNS.values()):
        raise SettingsWrong(f"{name}: {key or 'nothing'} is no key. One is such as f3, ctrl+g, alt+g.", name)


def _normal(keys: str) -> str:
    """As Textual writes them: `?` is question_mark, and `E` another key than `e`."""
    return ",".join(_one(key.strip()) for key in keys.split(","))


def _one(key: str) -> str:
    return _SIGNS.get(key, key if len(key) == 1 else key.lower())
