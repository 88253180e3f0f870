"""The line below a shared terminal that is watched: whose it is, how it stands, and how to leave."""

from collections.abc import Sequence
from typing import Final, Protocol
from unicodedata import combining, east_asian_width

from mesh_agent.machines.terminal_guest import Phase
from mesh_agent.net.base import Way
from mesh_agent.terminal.painter import Cell, cells_of
from protocol.peer_terminal import INVERSE, Run, Watcher
from protocol.text import clean_line

LEAVE: Final = "Esc Esc leaves"

_WAYS: Final = {"direct": "direct", "punched": "direct, through a firewall", "relay": "through the server"}
_ALARM: Final = (16, 2)
"""Bright white on red, as colours of a run."""


class Title(Protocol):
    """Of a `GuestScreen`."""

    title: str


class Seen(Protocol):
    """Of a `Watching`, what is told here."""

    @property
    def peer_name(self) -> str: ...
    @property
    def phase(self) -> Phase: ...
    @property
    def reason(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def way(self) -> Way | None: ...
    @property
    def writes(self) -> bool: ...
    @property
    def wants_to_write(self) -> bool: ...
    @property
    def recorded(self) -> bool: ...
    @property
    def watchers(self) -> Sequence[Watcher]: ...


def facts_of(
    seen: Seen, *, title: str = "", read_only: bool = False, part: bool = False, back: int = 0
) -> list[str]:
    """What there is to say, the most important first.

    `part`: not all of the screen is in sight. `back`: so many lines of what has scrolled away, as seen.
    """
    name = clean_line(seen.peer_name)
    if seen.phase == "connecting":
        return [f"{name}: connecting…", *([seen.reason] if seen.reason else [])]
    if seen.phase == "asking":
        return [f"{name}: waiting to be let in…"]
    if seen.phase == "lost":
        return [f"{name}: the line is lost, it is tried again", *([seen.reason] if seen.reason else [])]
    if seen.phase != "open":
        return [f"{name}: {seen.reason}"]
    facts = [f"{name}: {title or seen.command}"]
    if back:
        facts.append(f"{back} lines back, any key returns" if back > 1 else "1 line back, any key returns")
    if seen.recorded:
        facts.append("● recorded")
    facts.append(_writing(seen, read_only))
    if part:
        facts.append("Alt+arrows move")
    if len(seen.watchers) > 1:
        facts.append(f"{len(seen.watchers)} watch")
    if seen.way is not None:
        facts.append(_WAYS[seen.way])
    if seen.reason:
        facts.append(seen.reason)
    return facts


def _writing(seen: Seen, read_only: bool) -> str:
    if seen.writes and not read_only:
        return "you may type"
    if seen.wants_to_write:
        return "asked to type"
    return "read-only" if read_only else "read-only, w asks to type"


def status_line(facts: Sequence[str], columns: int, *, alarm: bool = False, leave: str = LEAVE) -> list[Cell]:
    """One row of cells: as many of the facts as there is room for, and at the right how to leave."""
    room = columns - len(leave) - 3
    left = ""
    for fact in facts:
        longer = f"{left} · {fact}" if left else fact
        if _width(longer) > room:
            break
        left = longer
    if not left and facts:
        left = _cut(facts[0], max(room, 0))
    text = f" {left}" if left else ""
    right = f"{leave} " if columns > len(leave) else ""
    gap = max(columns - _width(text) - len(right), 0)
    foreground, background = _ALARM if alarm else (0, 0)
    attributes = 0 if alarm else INVERSE
    cells = [
        Run(character, foreground, background, attributes, width=_width(character))
        for character in f"{text}{' ' * gap}{right}"
        if _width(character)
    ]
    return cells_of(cells, columns)


def _width(text: str) -> int:
    """As most terminals have it; the painter places anew what not all agree on."""
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text
    )


def _cut(text: str, columns: int) -> str:
    while _width(text) > columns:
        text = text[:-1]
    return text
