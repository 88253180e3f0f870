"""What the status line says of shared terminals that are open here."""

from collections.abc import Iterable
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
