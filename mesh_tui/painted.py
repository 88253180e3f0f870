"""What the terminal shows, cell by cell, so that only what differs is sent.

Strategy: Textual paints regions anew, 1.7 KB for a letter typed. Here every frame is put into rows of cells,
compared with the rows that were painted last, and only runs of cells that differ are sent, with the shortest
movement and the shortest change of style. Lines that have moved as a block (the transcript, when a message
comes) are moved by the terminal itself where that leaves at most half of them to be sent. What cannot be
known, after a resize, a suspension or Ctrl+L, counts as different from everything.

A character of doubtful width (see `pins`) is one unit over the cells it was measured to take. Where such a
unit is painted, the rest of its row is too: the terminal may have painted it over its neighbours.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import compress
from operator import ne, or_
from typing import Final, NamedTuple

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from mesh_tui.inks import SEEN_ON_BLANKS, change, ink_of, parts, without_slant
from mesh_tui.pictures.moving import HALF, HalvesStrip, between, is_plain
from mesh_tui.pictures.sixel import Held, is_cell
from mesh_tui.pins import pinned, units

BRIDGE: Final = 4
"""Cells that are sent again rather than stepped over: a step takes as many bytes."""

ERASE: Final = 12
"""Blank cells from which on erasing them and stepping over is shorter than sending them."""

SHIFTED: Final = 4
"""Rows that must have changed before it is looked at whether they have only moved."""

REPEATS: Final = 4
"""A row that looks like more others than this says nothing about where it has moved from."""


class Abilities(NamedTuple):
    """What the terminal can do beyond painting cells; with none, the result looks the same."""

    erases_in_colour: bool = False
    """What is erased gets the background that is set, not the terminal's own."""

    erases: bool = False
    moves_lines: bool = False
    upright: bool = False
    """It takes slanted letters for reversed ones, as GNU screen does, and tmux where it is called screen."""

    @classmethod
    def of(cls, term: str) -> "Abilities":
        """As the terminal database has it for the `TERM` of that name; nothing where it has none."""
        import curses

        upright = term.startswith("screen")
        try:
            curses.setupterm(term, 1)
        except (curses.error, TypeError):
            return cls(upright=upright)
        moves = all((curses.tigetstr(name) or b"").startswith(b"\x1b[") for name in ("csr", "dl", "il"))
        erases = all((curses.tigetstr(name) or b"").startswith(b"\x1b[") for name in ("ech", "el"))
        return cls(curses.tigetflag("bce") > 0, erases, moves, upright)


class Row(NamedTuple):
    """One line: a unit stands in its first cell, and "" in the others that it takes; None is not known."""

    texts: list[str | None]
    styles: list[str]

    @classmethod
    def unknown(cls, width: int) -> "Row":
        return cls([None] * width, [""] * width)

    @classmethod
    def blank(cls, width: int) -> "Row":
        return cls([" "] * width, [""] * width)

    def copy(self) -> "Row":
        return Row(self.texts.copy(), self.styles.copy())

    def put(self, x: int, strip: Strip, colours: ColorSystem) -> None:
        """Writes a strip from column `x` on; what does not fit is left out."""
        width = len(self.texts)
        if isinstance(strip, HalvesStrip):
            if (end := min(x + strip.cell_length, width)) > x:
                self.texts[x:end] = [HALF] * (end - x)
                self.styles[x:end] = strip.styles(colours)[: end - x]
            return
        for text, style, control in strip:
            if control or x >= width:
                continue
            ink = ink_of(style, colours, blank=text.isspace()) if style else ""
            if text.isascii() and text.isprintable():
                end = min(x + len(text), width)
                self.texts[x:end] = text[: end - x]
                self.styles[x:end] = [ink] * (end - x)
                x = end
            else:
                x = self._put_units(x, text, ink)

    def _put_units(self, x: int, text: str, ink: str) -> int:
        width = len(self.texts)
        for unit, cells in units(text):
            if not cells:
                self._mark(x, unit)
            elif x + cells > width:
                self.texts[x:], self.styles[x:] = [" "] * (width - x), [ink] * (width - x)
                return width
            else:
                self.texts[x : x + cells] = [unit, *[""] * (cells - 1)]
                self.styles[x : x + cells] = [ink] * cells
                x += cells
        return x

    def _mark(self, x: int, mark: str) -> None:
        """Adds what takes no cell to the unit before column `x`; at the start of a line there is none."""
        while x > 0:
            x -= 1
            if before := self.texts[x]:
                self.texts[x] = before + mark
                return


class Shift(NamedTuple):
    """The rows from `top` to before `bottom` move up by `by`, or down where that is negative."""

    top: int
    bottom: int
    by: int

    @property
    def sequence(self) -> str:
        first, count, kind = self.top + 1, abs(self.by), "M" if self.by > 0 else "L"
        return f"\x1b[{first};{self.bottom}r\x1b[{first}H\x1b[{count}{kind}\x1b[r"

    def apply(self, rows: list[Row], width: int) -> list[Row]:
        block, blanks = rows[self.top : self.bottom], [Row.blank(width) for _ in range(abs(self.by))]
        moved = block[self.by :] + blanks if self.by > 0 else blanks + block[: self.by]
        return rows[: self.top] + moved + rows[self.bottom :]


class Painted:
    """The screen as the terminal has it. Not for more than one thread, but for `forget`."""

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities
        self._width = 0
        self._rows: list[Row] = []
        self._forgotten = False
        self.held = Held()

    def forget(self) -> None:
        """Something else may have changed the terminal. A signal's handler may call this at any moment."""
        self._forgotten = True

    def frame(self, update: CompositorUpdate, width: int, height: int, colours: ColorSystem) -> str:
        """What to send for `update`; from then on it counts as sent. Leaves the terminal's style reset."""
        if self._forgotten or (self._width, len(self._rows)) != (width, height):
            self._forgotten = False
            self._width, self._rows = width, [Row.unknown(width) for _ in range(height)]
        changed: dict[int, Row] = {}
        for y, x, strip in _pieces(update):
            if y < height:
                if y not in changed:
                    changed[y] = self._rows[y].copy()
                changed[y].put(x, strip, colours)
        after = [changed.get(y, row) for y, row in enumerate(self._rows)]
        different = [y for y, row in changed.items() if row != self._rows[y]]
        before, begins = self._rows, ""
        if shift := self._shift(after, different):
            moved = shift.apply(before, width)
            left = sum(old is not new and old != new for old, new in zip(moved, after, strict=True))
            if left <= len(different) // 2:
                before, begins = moved, shift.sequence
        self._rows = after
        return begins + self._difference(before, after)

    def next_renewed(self) -> str:
        """What paints the next picture that moves over its cells, where they are on the screen."""
        return "" if self._forgotten else self.held.next_renewed([row.texts for row in self._rows])

    def _difference(self, before: list[Row], after: list[Row]) -> str:
        pen = _Pen(self._width, self._abilities, self.held)
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old is not new and old != new:
                pen.row(y, new, _runs(old, new))
        return pen.finish() + self.held.over([row.texts for row in after])

    def _shift(self, after: list[Row], different: list[int]) -> Shift | None:
        """How the rows have moved most likely, if they have; `different`: those that are not as they were."""
        before = self._rows
        if not self._abilities.moves_lines or len(different) < SHIFTED:
            return None
        if any(None in row.texts for rows in (before, after) for row in rows):
            return None
        if self.held.stands(*([row.texts for row in rows] for rows in (before, after))):
            return None
        edges = [_edges(before[y], after[y]) for y in different]
        left = sorted(edge[0] for edge in edges)[len(edges) // 4]
        right = sorted(edge[1] for edge in edges)[-1 - len(edges) // 4]
        old = [_looks(row, left, right) for row in before]
        new = [_looks(row, left, right) for row in after]
        where: dict[str, list[int]] = {}
        for y, looks in enumerate(old):
            where.setdefault(looks, []).append(y)
        moves: Counter[int] = Counter()
        for y, looks in enumerate(new):
            was = where.get(looks, ())
            if not looks.isspace() and len(was) <= REPEATS:
                moves.update(row - y for row in was)
        del moves[0]
        if not moves:
            return None
        by = moves.most_common(1)[0][0]
        rows = [
            y
            for y, looks in enumerate(new)
            if y + by in range(len(new)) and not looks.isspace() and looks == old[y + by]
        ]
        ends = (min(rows), max(rows), min(rows) + by, max(rows) + by)
        return Shift(min(ends), max(ends) + 1, by)


class _Pen:
    """Gathers what is sent for one frame, and knows where the cursor is and in which style it writes."""

    def __init__(self, width: int, abilities: Abilities, held: Held) -> None:
        self._width = width
        self._abilities = abilities
        self._held = held
        self._sent: list[str] = []
        self._x = self._y = -1
        self._style = ""

    def finish(self) -> str:
        if self._sent:
            self._dip("")
        return "".join(self._sent)

    def row(self, y: int, row: Row, runs: list[tuple[int, int]]) -> None:
        """Paints `runs` of a row, and what follows a unit of doubtful width."""
        tail, done = self._tail(row), 0
        for start, end in runs:
            done, doubtful = self._cells(y, row, max(start, done), min(end, tail))
            if doubtful:
                done, _ = self._cells(y, row, done, tail)
                end = self._width
            if end > tail and end - max(done, tail) > BRIDGE:
                self._go(max(done, tail), y)
                self._dip(row.styles[-1])
                self._sent.append("\x1b[K")
                return
            done, _ = self._cells(y, row, done, end)

    def _cells(self, y: int, row: Row, start: int, end: int) -> tuple[int, bool]:
        """Paints from `start` to before `end`; where it got to, and whether a doubtful unit was among it."""
        texts, styles, x, doubtful = row.texts, row.styles, start, False
        while x < end:
            unit = texts[x]
            if unit is None:
                x += 1
                continue
            self._go(x, y)
            if unit == HALF and is_plain(styles[x]):
                x = self._halves(row, x, end)
                continue
            self._dip(styles[x])
            if unit == " " and (blanks := self._blanks(row, x, end)):
                self._sent.append(f"\x1b[{blanks}X")
                x += blanks
                continue
            if is_cell(unit):
                self._held.touch(unit)
                unit = " "
            cells = 1
            while x + cells < self._width and texts[x + cells] == "":
                cells += 1
            text = pinned(unit, cells)
            doubtful = doubtful or text is not unit
            self._sent.append(text)
            x += cells
            self._x = x if x < self._width else -1
        return x, doubtful

    def _halves(self, row: Row, start: int, end: int) -> int:
        """Paints the halves of cells that follow one another from `start` on; where that ends."""
        texts, styles = row.texts, row.styles
        last = start + 1
        while last < end and texts[last] == HALF:
            last += 1
        if not is_plain(self._style):
            self._dip(styles[start])
        sent, x = between(styles, start, last, self._style)
        self._sent.append(sent)
        self._style = styles[x - 1]
        self._x = x if x < self._width else -1
        return x

    def _tail(self, row: Row) -> int:
        """The column from which on the row is better erased: blank in one style."""
        x = self._width
        style = row.styles[-1]
        if not (self._abilities.erases and self._erasable(style)):
            return x
        while x > 0 and row.texts[x - 1] == " " and row.styles[x - 1] == style:
            x -= 1
        return x

    def _blanks(self, row: Row, x: int, end: int) -> int:
        """How many cells from `x` on are better erased."""
        style, last = row.styles[x], x
        if not (self._abilities.erases and self._erasable(style)):
            return 0
        while last < end and row.texts[last] == " " and row.styles[last] == style:
            last += 1
        return last - x if last - x >= ERASE else 0

    def _erasable(self, style: str) -> bool:
        """Whether erased cells look like blanks in this style."""
        if "\0" in style:
            return False
        attributes, _, paper = parts(style)
        return not attributes & SEEN_ON_BLANKS and (not paper or self._abilities.erases_in_colour)

    def _go(self, x: int, y: int) -> None:
        if (self._x, self._y) == (x, y):
            return
        if self._y == y and 0 <= self._x < x:
            self._sent.append(f"\x1b[{x - self._x}C" if x - self._x > 1 else "\x1b[C")
        else:
            self._sent.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        self._x, self._y = x, y

    def _dip(self, style: str) -> None:
        if self._abilities.upright:
            style = without_slant(style)
        if style != self._style:
            self._sent.append(change(self._style, style))
            self._style = style


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────


def _pieces(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The strips of a frame and where each begins: y, x, strip."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for end, (x, piece) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if piece is not None and x <= right and end > left:
                    yield y, x, piece if end <= right else piece.crop(0, right - x)
    else:
        raise TypeError(f"no way to paint {type(update).__name__}")


def _runs(old: Row, new: Row) -> list[tuple[int, int]]:
    """Where the rows differ, from column to before column; near runs are joined."""
    runs: list[tuple[int, int]] = []
    differs = map(or_, map(ne, old.texts, new.texts), map(ne, old.styles, new.styles))
    for x in compress(range(len(new.texts)), differs):
        if runs and (x == runs[-1][1] or _bridged(new, runs[-1][1], x)):
            runs[-1] = (runs[-1][0], x + 1)
        else:
            runs.append((x, x + 1))
    return runs


def _bridged(row: Row, start: int, end: int) -> bool:
    if end - start > BRIDGE:
        return False
    between = row.styles[start - 1 : end + 1]
    plain = all(text is not None and len(text) <= 1 and text.isascii() for text in row.texts[start:end])
    return plain and between.count(between[0]) == len(between)


def _edges(old: Row, new: Row) -> tuple[int, int]:
    """The first column that differs, and the one after the last."""
    differs = list(map(ne, old.texts, new.texts))
    if True not in differs:
        return 0, len(differs)
    return differs.index(True), len(differs) - differs[::-1].index(True)


def _looks(row: Row, left: int, right: int) -> str:
    return "".join(filter(None, row.texts[left:right]))
