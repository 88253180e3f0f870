"""What has scrolled away of a shared screen, as far as somebody looks at it: where, and the lines that came.

Strategy: lines have numbers that never change, so one looks at a number, and what is written meanwhile moves
nothing. Lines are asked for a page at a time, when they are to be shown; what does not come stays empty. No
IO.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from protocol import limits
from protocol.peer_terminal import Run

LINES_KEPT: Final = 4_000
"""Of what was looked at."""


class Scrolled(Protocol):
    """Of a `GuestScreen`, what is looked at."""

    above: int
    kept: int
    rows_: list[list[Run]]


class Past:
    """Attributes:
    top: the number of the first line that is seen; None: one looks at the screen itself.
    """

    def __init__(self) -> None:
        self.top: int | None = None
        self._held: dict[int, Sequence[Run]] = {}
        self._asked: set[int] = set()

    def back(self, screen: Scrolled) -> int:
        """So many lines before the screen one looks; 0: at the screen."""
        return 0 if self.top is None else max(0, screen.above - self.top)

    def move(self, lines: int, screen: Scrolled) -> None:
        """So many lines further back, or forward again where it is negative."""
        top = max(screen.above - screen.kept, (screen.above if self.top is None else self.top) - lines)
        if top >= screen.above:
            self.leave()
        else:
            self.top = top

    def leave(self) -> None:
        """Looks at the screen again."""
        self.top = None
        self._held.clear()
        self._asked.clear()

    def look(self, screen: Scrolled) -> None:
        """To be called before anything is painted: lines that are kept no more cannot be looked at."""
        if self.top is not None and not screen.above - screen.kept <= self.top < screen.above:
            self.leave()

    def rows(self, height: int, screen: Scrolled) -> list[Sequence[Run]]:
        """What is seen from `top` on; lines that are not here are empty."""
        top = screen.above if self.top is None else self.top
        return [self._row(number, screen) for number in range(top, top + height)]

    def wanted(self, height: int, screen: Scrolled) -> list[tuple[int, int]]:
        """Pages to ask for now, each once until `took`: the first line, and how many."""
        if self.top is None:
            return []
        numbers = range(self.top, min(self.top + height, screen.above))
        firsts = {number - number % limits.TERM_LINES for number in numbers if number not in self._held}
        fresh = sorted(firsts - self._asked)
        self._asked |= firsts
        return [(first, limits.TERM_LINES) for first in fresh]

    def took(self, asked: int, first: int, lines: Sequence[Sequence[Run]]) -> None:
        """The answer to the page `asked`, whose lines begin at `first`; none: it can be asked for again."""
        self._asked.discard(asked)
        if self.top is None or not lines:
            return
        if len(self._held) + len(lines) > LINES_KEPT:
            self._held.clear()
        # A line that is kept no more is empty, and not asked for again.
        self._held.update(dict.fromkeys(range(asked, first), ()))
        self._held.update(enumerate(lines, first))

    def _row(self, number: int, screen: Scrolled) -> Sequence[Run]:
        if number < screen.above:
            return self._held.get(number, ())
        row = number - screen.above
        return screen.rows_[row] if row < len(screen.rows_) else ()
