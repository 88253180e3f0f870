"""The emulator of a shared terminal: what a program writes becomes rows of cells, here and nowhere else.

Strategy: one contract, two engines. Ghostty's core reads hundreds of megabytes a second and knows what
programs of today send; where there is no wheel of it, pyte takes its place, in Python and a hundred times
slower. Whoever holds one calls it from one thread at a time; the engine alone answers what a program asks its
terminal, so no guest can be made to type an answer.
"""

import logging
from collections.abc import Iterable
from typing import Final, Protocol

from protocol import limits
from protocol.peer_terminal import Cursor, Run

log = logging.getLogger(__name__)

SCROLLBACK: Final = 10_000
"""Lines that have scrolled away and are kept, about: one engine gives up several hundred at a time."""

REPLY_BYTES: Final = 4_096
"""Of what a program is answered at a time; one that asks on and on gets no more."""

TITLE_CHARS: Final = 200

UPDATES: Final = 2026
"""The private mode that a program sets while it draws."""


class Emulator(Protocol):
    """A terminal without a picture. Rows and columns are counted from 0.

    Attributes:
        title: as the program has set it, without control characters, at most `TITLE_CHARS`.
        bells: how often the bell has rung.
        above: lines that have scrolled away; the next one gets this number. After a change of the size all
            that are kept have new ones. No number is used twice; where more scrolls away by scrolling alone
            than is kept, what is lost may be left out of the count.
        kept: how many of them, the last ones, `lines` can tell; none while the alternate screen is shown.
    """

    columns: int
    rows: int
    title: str
    above: int

    @property
    def bells(self) -> int: ...

    @property
    def kept(self) -> int: ...

    @property
    def updating(self) -> bool:
        """The program is in the middle of an update that is not to be shown by halves (mode 2026)."""

    def feed(self, data: bytes) -> bytes:
        """What the program has written, cut anywhere; returns what it is to be answered.

        Keys in kitty's way are no answer: what guests type comes from other terminals.
        """

    def resize(self, columns: int, rows: int) -> None:
        """From now on it has this size, or the next one that a terminal can have.

        A program that wants to be told so in its input is told with the next `feed`, also one of nothing.
        """

    def changed(self) -> Iterable[tuple[int, list[Run]]]:
        """The rows that may differ since this was asked last, all of them at first."""

    def cursor(self) -> Cursor: ...

    def modes(self) -> int:
        """Bits, as in `protocol.peer_terminal`."""

    def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """Lines that have scrolled away, and the number of the first; fewer where they are not kept."""

    def close(self) -> None:
        """It is not used any more."""


def fitting(columns: int, rows: int) -> tuple[int, int]:
    """The nearest size that a terminal can have."""
    return max(1, min(columns, limits.TERM_COLUMNS)), max(1, min(rows, limits.TERM_ROWS))


def make_emulator(columns: int, rows: int, *, scrollback: int = SCROLLBACK) -> Emulator:
    """The better engine of those that are here."""
    try:
        from mesh_agent.terminal.ghostty import Ghostty
    except (ImportError, OSError) as error:
        log.info("no Ghostty here (%s): pyte reads what the program writes", error)
        from mesh_agent.terminal.vt import Pyte

        return Pyte(columns, rows, scrollback=scrollback)
    return Ghostty(columns, rows, scrollback=scrollback)
