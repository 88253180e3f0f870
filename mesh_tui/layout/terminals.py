"""What the status line says of shared terminals that are open here, and what is asked before they end."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from mesh_tui.layout.cells import Fragment

SIGN = "▣"


class Known(Protocol):
    """Of a terminal that is open, what is told here."""

    @property
    def own(self) -> bool: ...
    @property
    def over(self) -> bool: ...
    @property
    def recorded(self) -> bool: ...
    @property
    def waiting(self) -> int: ...


def background_words(terminals: Iterable[Known]) -> list[Fragment]:
    """How many there are; before that, whether somebody waits for an answer, or mine is recorded."""
    known = [terminal for terminal in terminals if not terminal.over]
    waiting = sum(terminal.waiting for terminal in known)
    words = (
        [Fragment(f"{SIGN} {waiting} {'asks' if waiting == 1 else 'ask'} ", "mention-me")] if waiting else []
    )
    if any(terminal.own and terminal.recorded for terminal in known):
        words.append(Fragment("● recorded ", "failed"))
    if known and not waiting:
        shown = "terminal" if len(known) == 1 else f"{len(known)} terminals"
        words.append(Fragment(f"{SIGN} {shown} ", "brand"))
    return words


def leaving_words(watchers: Sequence[int]) -> tuple[str, str]:
    """A question, and what it is about, before a program ends that shares terminals. `watchers`: of each."""
    count, one = sum(watchers), len(watchers) == 1
    whose = "the terminal" if one else f"the {len(watchers)} terminals"
    who = {0: "Nobody watches", 1: "1 person watches"}.get(count, f"{count} people watch")
    what = "it, and what runs in it ends" if one else "them, and what runs in them ends"
    return f"Quit, and end {whose} that you share?", f"{who} {what}."
