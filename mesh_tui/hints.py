"""Keys that are told on the screen, found where the mouse is: `a accepts · d declines · Esc closes`.

Strategy: what a page says of its keys is text, in parts with a dot between them; the part below the mouse is
for the key that it begins with. What begins with no key that is written so is only text.
"""

import re
from itertools import chain
from typing import Final

from mesh_tui.actions import ACTIONS
from mesh_tui.key_names import key_label
from mesh_tui.layout.cells import width

_BETWEEN: Final = "·"

_KEYS: Final = {
    key_label(key): key
    for key in chain(
        ("escape", "enter", "tab", "space"),
        (key for action in ACTIONS for key in action.keys.split(",") if " " not in key),
    )
}
"""How a key is written -> the key."""


_PART: Final = re.compile(rf"[^\s{_BETWEEN}](?:(?!{_BETWEEN}|  ).)*")
"""What stands between two dots, or where there is more than a space between."""

_FRAME: Final = str.maketrans("╭─╮│╰╯▌", "       ")


def key_at(row: str, cell: int) -> str | None:
    """The key of the part of a row that is painted at `cell`; None where that is none, or no part of several.

    A part without its beginning, which stands in the row above, is none either.
    """
    row = row.translate(_FRAME)
    for part in _PART.finditer(row):
        start = width(row[: part.start()])
        if start <= cell < start + width(part[0]) + width(_BETWEEN):
            first = part[0].split(maxsplit=1)
            if len(first) < 2 or (_BETWEEN not in row and first[0] != "Esc"):
                return None
            return _KEYS.get(first[0])
    return None
