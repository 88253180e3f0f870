"""Which rooms have something new, in a few cells: `[3:lobby(2!) bob(1) +4]`.

Strategy: WeeChat's way. A room is its number, by which Alt goes there, its name, and how many messages are
new; `!` and a colour say that one of them names me. What does not fit is counted.
"""

from collections.abc import Sequence
from typing import Final

from mesh_tui.layout.cells import Fragment, clip, paintable, width
from mesh_tui.rooms import Entry

NAME_CELLS: Final = 14
COUNT_MOST: Final = 999

_COUNTS: Final = frozenset({"mention-me", "count"})
"""Roles of what a room's part of the list ends in."""


def hotlist(entries: Sequence[Entry], cells: int) -> list[Fragment]:
    """The rooms of `entries`, the first ones first, in at most `cells`; nothing where there is none."""
    if not entries:
        return []
    shown: list[Fragment] = []
    taken = len("[] ")
    for index, entry in enumerate(entries):
        item = _item(entry, first=not shown)
        rest = len(entries) - index - 1
        needed = _cells(item) + (len(f" +{rest}") if rest else 0)
        if taken + needed > cells:
            shown.append(Fragment(f"{' ' if shown else ''}+{rest + 1}", "muted"))
            break
        shown += item
        taken += _cells(item)
    return [Fragment("[", "rule"), *shown, Fragment("] ", "rule")]


def entry_at(shown: Sequence[Fragment], entries: Sequence[Entry], cell: int) -> Entry | None:
    """Whose part of `shown` is painted at `cell`; None for those that are only counted."""
    index, end = 0, 0
    for fragment in shown:
        end += width(fragment.text)
        if cell < end:
            break
        index += fragment.role in _COUNTS
    named = sum(fragment.role in _COUNTS for fragment in shown)
    return entries[index] if index < named else None


def _item(entry: Entry, *, first: bool) -> list[Fragment]:
    number = f"{entry.number}:" if entry.number else ""
    count = f"{entry.unread}" if entry.unread <= COUNT_MOST else f"{COUNT_MOST}+"
    mark = "!" if entry.mentions else ""
    return [
        Fragment(f"{'' if first else ' '}{number}", "muted"),
        Fragment(clip(paintable(entry.room.name), NAME_CELLS), "title"),
        Fragment(f"({count}{mark})", "mention-me" if mark else "count"),
    ]


def _cells(fragments: Sequence[Fragment]) -> int:
    return sum(width(fragment.text) for fragment in fragments)
