"""The page over a shared terminal on which its host sees who watches, and says what they may. No IO.

Strategy: a page is made of what there is to know each time it is painted, and a key becomes a wish, which
whoever holds the terminal carries out. Nothing is remembered here but which guest is chosen, and what was
asked for twice because it cannot be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mesh_agent.terminal.hosting import Guest
from mesh_agent.terminal.painter import Cell, cells_of
from protocol.peer_terminal import BOLD, FAINT, INVERSE, Run
from protocol.text import clean_line

KEY: Final = 0x1D
"""Ctrl+], which opens it, and twice is typed."""

What = Literal["admit", "refuse", "write", "kick", "record", "end", "back", "words", "confirm", "type"]

_STATES: Final = {"met": "comes", "asks": "wants to watch: l lets in, x refuses"}
_WAYS: Final = {"direct": "direct", "punched": "direct, through a firewall", "relay": "through the server"}

KEYS: Final[tuple[tuple[str, str], ...]] = (
    ("l", "let in"),
    ("x", "refuse"),
    ("w", "may write, or not"),
    ("k", "kick"),
    ("v", "compare words"),
    ("r", "record, or not"),
    ("q", "end it"),
    ("Esc", "back"),
)

_WISHES: Final[dict[str, What]] = {
    "l": "admit",
    "x": "refuse",
    "w": "write",
    "k": "kick",
    "v": "words",
    "r": "record",
    "q": "end",
}
_TWICE: Final[frozenset[What]] = frozenset({"end", "kick"})
_ABOUT: Final[frozenset[What]] = frozenset({"admit", "refuse", "write", "kick", "words", "confirm"})


@dataclass(frozen=True, slots=True)
class Wish:
    """`guest`: whom it is about, where it is about one."""

    what: What
    guest: Guest | None = None


class Overlay:
    """Attributes:
    said: a line about what was done last, or cannot be.
    words: the words of the guest that is to be compared; empty while none is.
    """

    def __init__(self) -> None:
        self.said = ""
        self.words: tuple[str, ...] = ()
        self._chosen = ""
        self._sure: Wish | None = None

    def chosen(self, guests: Sequence[Guest]) -> Guest | None:
        """The one that a wish is about: the one chosen, else the first that waits for an answer."""
        found = next((guest for guest in guests if guest.key == self._chosen), None)
        waiting = (guest for guest in guests if guest.state == "asks" or guest.asking)
        return found or next(waiting, None) or (guests[0] if guests else None)

    def pressed(self, key: str, guests: Sequence[Guest]) -> Wish | None:
        """What the person wants. `key`: one character, or the name of a key."""
        guest = self.chosen(guests)
        if key in ("up", "down") and guest is not None:
            at = guests.index(guest) + (1 if key == "down" else -1)
            self._chosen = guests[at % len(guests)].key
            self._forget()
            return None
        if key in ("escape", "enter", "\r"):
            shown = bool(self.words)
            self._forget()
            return None if shown else Wish("back")
        if key == chr(KEY):
            return Wish("type")
        if self.words and key == "y":
            self.words = ()
            return Wish("confirm", guest)
        what = _WISHES.get(key)
        if what is None:
            return None
        return self._wish(what, guest)

    def _wish(self, what: What, guest: Guest | None) -> Wish | None:
        wish = Wish(what, guest if what in _ABOUT else None)
        if what in _ABOUT and guest is None:
            self.said = "Nobody is here yet."
            return None
        if what in _TWICE and not self._is_sure(wish):
            self._forget()
            self._sure = wish
            name = "" if guest is None else guest.name
            self.said = {
                "end": "Press q again to end it for everybody.",
                "kick": f"Press k again to kick {name}.",
            }[what]
            return None
        self._forget()
        if guest is not None:
            self._chosen = guest.key
        return wish

    def _is_sure(self, wish: Wish) -> bool:
        before = self._sure
        return before is not None and before.what == wish.what and _key(before.guest) == _key(wish.guest)

    def _forget(self) -> None:
        self.said, self.words, self._sure = "", (), None

    def page(
        self, title: str, recorded: str, guests: Sequence[Guest], columns: int, rows: int
    ) -> list[list[Cell]]:
        """The rows of the page. `title`: what is shared where; `recorded`: into what, or empty."""
        lines = [[Run(f" {title} ", attributes=BOLD | INVERSE)], []]
        chosen = self.chosen(guests)
        lines += [_row(guest, chosen=guest is chosen) for guest in guests[: max(1, rows - 8)]]
        if not guests:
            lines.append([Run("   Nobody watches.", attributes=FAINT)])
        if len(guests) > max(1, rows - 8):
            lines.append([Run(f"   and {len(guests) - max(1, rows - 8)} more", attributes=FAINT)])
        lines += [[], [Run(f" Recorded into {recorded}" if recorded else " Not recorded")]]
        if self.words:
            name = "" if chosen is None else chosen.name
            lines += [[], [Run(f" Does {name} see these words, too? y: yes, we have compared them")]]
            lines += [[Run("   " + " ".join(self.words[at : at + 3]))] for at in range(0, len(self.words), 3)]
        if self.said:
            lines += [[Run(f" {clean_line(self.said)}", attributes=BOLD)]]
        helped = _help(columns)
        free = max(0, rows - len(lines) - len(helped))
        lines = [*lines[: rows - len(helped)], *[[] for _ in range(free)], *helped]
        return [cells_of(line, columns) for line in lines[:rows]]


def _key(guest: Guest | None) -> str:
    return "" if guest is None else guest.key


def _row(guest: Guest, *, chosen: bool) -> list[Run]:
    what = _STATES.get(guest.state) or ("writes" if guest.writes else "watches")
    if guest.asking:
        what += ", wants to write: w lets"
    if not guest.compared:
        what += " · not compared"
    facts = f"{what} · {guest.columns}x{guest.rows} · {_WAYS[guest.way]}"
    mark = " > " if chosen else "   "
    attributes = BOLD if guest.state == "asks" or guest.asking else 0
    return [Run(f"{mark}{clean_line(guest.name):<16} {facts}", attributes=attributes)]


def _help(columns: int) -> list[list[Run]]:
    """Keys, in as many lines as they take."""
    lines: list[list[Run]] = [[]]
    width = 0
    for key, what in KEYS:
        piece = len(key) + len(what) + 4
        if width and width + piece > columns:
            lines.append([])
            width = 0
        lines[-1] += [Run(f" {key} ", attributes=INVERSE), Run(f"{what} ", attributes=FAINT)]
        width += piece
    return lines
