"""What of a shared screen is seen in a view of another size: all of it, or the part around the cursor.

Strategy: the host's screen never shrinks for a guest. A larger view is padded; a smaller one shows a part,
which follows the cursor until the person moves it, and again from the next key on that they type.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from mesh_agent.terminal.painter import Cell, cells_of, inverted, window
from protocol.peer_terminal import REVERSE_SCREEN, UNDERLINE_SHIFT, Cursor, Run


class Shown(Protocol):
    """Of a `GuestScreen`, what is looked at."""

    columns: int
    rows: int
    cursor: Cursor
    modes: int
    rows_: list[list[Run]]


class Laid(Protocol):
    """A guess: this text in that cell."""

    @property
    def row(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def text(self) -> str: ...


class Pane:
    """A view of `columns` by `rows`; `left` and `top` say which cell of the screen is its first."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.left = self.top = 0
        self.follows = True
        self._made: dict[int, tuple[list[Run], int, list[Cell]]] = {}

    def resize(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows

    def is_part(self, screen: Shown) -> bool:
        """Whether not all of the screen fits."""
        return screen.columns > self.columns or screen.rows > self.rows

    def pan(self, right: int, down: int, screen: Shown) -> None:
        """Moves the part that is seen; it stays there until `follow`."""
        self.follows = False
        self.left, self.top = self.left + right, self.top + down
        self._stay_inside(screen)

    def follow(self) -> None:
        """From now on the cursor is in sight."""
        self.follows = True

    def look(self, screen: Shown, cursor: Cursor) -> None:
        """To be called before anything is painted."""
        if self.follows:
            self.left = _around(cursor.column, self.left, self.columns, screen.columns)
            self.top = _around(cursor.row, self.top, self.rows, screen.rows)
        self._stay_inside(screen)

    def _stay_inside(self, screen: Shown) -> None:
        self.left = max(0, min(self.left, screen.columns - self.columns))
        self.top = max(0, min(self.top, screen.rows - self.rows))

    def lines(
        self, screen: Shown, guesses: Sequence[Laid] = (), *, underlined: bool = False
    ) -> list[list[Cell]]:
        """The rows of the view, each of `columns` cells."""
        lines = []
        for row in range(self.top, self.top + self.rows):
            runs = screen.rows_[row] if row < screen.rows else _NOTHING
            cells = self._cells(row, runs, screen.columns)
            for guess in guesses:
                if guess.row == row and guess.column < len(cells):
                    cells = _laid(cells, guess, underlined)
            if screen.modes & REVERSE_SCREEN and row < screen.rows:
                cells = inverted(cells)
            lines.append(window(cells, self.left, self.columns))
        return lines

    def _cells(self, row: int, runs: list[Run], columns: int) -> list[Cell]:
        """Those of a row that is the same as last time are made once."""
        made = self._made.get(row)
        if made is None or made[0] is not runs or made[1] != columns:
            made = self._made[row] = runs, columns, cells_of(runs, columns)
        return made[2]

    def cursor(self, cursor: Cursor) -> Cursor | None:
        """Where it is in the view; None: it is out of sight."""
        column, row = cursor.column - self.left, cursor.row - self.top
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        return replace(cursor, column=column, row=row)

    def place(self, column: int, row: int, screen: Shown) -> tuple[int, int] | None:
        """Which cell of the screen is there in the view; None: none."""
        inside = 0 <= column < self.columns and 0 <= row < self.rows
        column, row = column + self.left, row + self.top
        return (column, row) if inside and column < screen.columns and row < screen.rows else None


_NOTHING: list[Run] = []


def _around(at: int, first: int, seen: int, size: int) -> int:
    """The first of `seen` cells of `size`, of which `at` is one: as it was where that does, else a leap."""
    if seen >= size or first <= at < first + seen:
        return first
    return at - seen // 2


def _laid(cells: list[Cell], guess: Laid, underlined: bool) -> list[Cell]:
    """In the style of what stands before it."""
    at = guess.column
    before = cells[at - 1] if at and cells[at - 1].text.strip() else Cell(" ")
    underline = 1 << UNDERLINE_SHIFT if underlined and guess.text != " " else 0
    cell = before._replace(text=guess.text, width=1, attributes=before.attributes | underline)
    return [*cells[:at], cell, *cells[at + 1 :]]
