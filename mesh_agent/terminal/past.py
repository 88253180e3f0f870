"""What has scrolled away of a shared screen, as far as somebody looks at it: where, and the lines that came.

Strategy: lines have numbers that never change, so one looks at a number, and what is written meanwhile moves
nothing. Lines are asked for a page at a time, when they are to be shown; a page of long lines comes in
several parts, and what does not come stays empty. Asking is done by whoever looks.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from protocol import limits
from protocol.peer_terminal import Run

LINES_KEPT: Final = 4_000
"""Of what was looked at."""


Line = Sequence[Run]
Ask = Callable[[int, int], Awaitable[tuple[int, Sequence[Line]]]]
"""Gives up to so many lines from a number on, as `Watching.lines`."""


class Scrolled(Protocol):
    """Of a `GuestScreen`, what is looked at."""

    above: int
    kept: int

    @property
    def rows_(self) -> Sequence[Line]: ...


class Past:
    """Attributes:
    top: the number of the first line that is seen; None: one looks at the screen itself.
    found: the number of the line that was looked for and found.
    """

    def __init__(self) -> None:
        self.top: int | None = None
        self.found: int | None = None
        self._held: dict[int, Line] = {}
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
        self.top = self.found = None
        self._held.clear()
        self._asked.clear()

    def look(self, screen: Scrolled) -> None:
        """To be called before anything is painted: lines that are kept no more cannot be looked at."""
        if self.top is not None and not screen.above - screen.kept <= self.top < screen.above:
            self.leave()

    def rows(self, height: int, screen: Scrolled) -> list[Line]:
        """What is seen from `top` on; lines that are not here are empty."""
        top = screen.above if self.top is None else self.top
        return [self._row(number, screen) for number in range(top, top + height)]

    def wanted(self, height: int, screen: Scrolled) -> list[tuple[int, int]]:
        """What to ask for now, of each page once until `took`: the first line, and how many."""
        if self.top is None:
            return []
        wanted = []
        for number in range(self.top, min(self.top + height, screen.above)):
            page = _page(number)
            if number not in self._held and page not in self._asked:
                self._asked.add(page)
                # Of a page in parts, the rest; else all of it.
                first = number if page in self._held else page
                wanted.append((first, page + limits.TERM_LINES - first))
        return wanted

    def took(self, asked: int, first: int, lines: Sequence[Line]) -> bool:
        """The answer to what was asked for from `asked` on, whose lines begin at `first`; none: it can be
        asked for again. Returns whether there is more to see now."""
        self._asked.discard(_page(asked))
        if self.top is None or not lines:
            return False
        # A line that is kept no more is empty, and not asked for again.
        self._hold(dict.fromkeys(range(asked, first), ()) | dict(enumerate(lines, first)))
        return True

    async def find(self, words: str, height: int, screen: Scrolled, ask: Ask) -> bool:
        """Looks for `words` from what was found last upwards, and goes there. What `ask` raises goes out."""
        wanted = words.casefold()
        oldest = screen.above - screen.kept
        end = screen.above if self.found is None else self.found
        while end > oldest:
            begin = max(oldest, _page(end - 1))
            lines = await self._between(begin, end, ask)
            for number in range(end - 1, begin - 1, -1):
                if wanted in "".join(run.text for run in lines.get(number, ())).casefold():
                    self._hold(lines)
                    self.found = number
                    self.top = min(max(oldest, number - height // 2), screen.above - 1)
                    return True
            end = begin
        return False

    async def _between(self, begin: int, end: int, ask: Ask) -> dict[int, Line]:
        """The lines from `begin` to before `end`, as far as they can be had."""
        lines = {number: self._held[number] for number in range(begin, end) if number in self._held}
        while (at := next((number for number in range(begin, end) if number not in lines), None)) is not None:
            first, more = await ask(at, end - at)
            if not more:
                break
            lines.update(dict.fromkeys(range(at, first), ()))
            lines.update(enumerate(more, first))
        return lines

    def _hold(self, lines: dict[int, Line]) -> None:
        if len(self._held) + len(lines) > LINES_KEPT:
            self._held.clear()
        self._held.update(lines)

    def _row(self, number: int, screen: Scrolled) -> Line:
        if number < screen.above:
            return self._held.get(number, ())
        row = number - screen.above
        return screen.rows_[row] if row < len(screen.rows_) else ()


def _page(number: int) -> int:
    """The first line of the page of that one."""
    return number - number % limits.TERM_LINES
