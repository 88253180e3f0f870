"""How keys are written where a person reads them: in the footer, in the help, in what is told."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final


def key_label(keys: str) -> str:
    """Keys as the footer and the help write them: `ctrl+q` -> `^Q`, `alt+enter,f1` -> `Alt+Enter F1`.

    Keys of more than two digits in a row are the first and the last: `Alt+1…9`.
    """
    names = keys.replace(" ", ",").split(",")
    if len(names) > 2 and _are_in_a_row(names):
        return f"{_one_key(names[0])}…{names[-1][-1]}"
    return " ".join(map(_one_key, names))


def _are_in_a_row(names: Sequence[str]) -> bool:
    """They differ only in a digit that counts up."""
    return all(
        before[:-1] == after[:-1] and f"{before[-1]}{after[-1]}" in "0123456789"
        for before, after in pairwise(names)
    )


_NAMES: Final = {
    "underscore": "_",
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def _one_key(key: str) -> str:
    *modifiers, name = key.split("+")
    name = _NAMES.get(name, name.title() if len(name) > 1 else name.upper() if modifiers else name)
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name}"
    return "+".join([*(modifier.title() for modifier in modifiers), name])
