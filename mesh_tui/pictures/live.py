"""Pictures of a call that the terminal shows itself, one after the other in the same place.

Strategy: a tile has cells that stay as they are (`kitty`, `sixel`), so what comes next changes nothing that
Textual lays out or paints, and what lies above a tile hides it as any text would. Pixels were compressed, or
made sixels, by the process that decoded them. They go out when nothing else waits for the terminal, and no
more of them than it says it has read: of pictures that come meanwhile only the newest goes. For kitty each is
an edit of the one that is there, under its number; sixels are painted over the cells. Who sits behind ssh or
tmux gets halves of cells, unless they say otherwise: nobody knows what such a line takes, and halves that
stay as they are cost it nothing.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mesh_agent.calls.state import Picture
from mesh_agent.media.orders import Form
from mesh_agent.media.orders import Tile as Wanted
from mesh_tui.layout.cells import Line
from mesh_tui.pictures import kitty, sixel
from mesh_tui.pictures.encoding import BAND
from mesh_tui.ways import Wrap
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp
    from mesh_tui.terminal_app import TerminalApp

PIECE_BYTES: Final = 8 * 1024
"""So much of a picture is written at once at the most, before what was typed meanwhile is painted."""


class Means(NamedTuple):
    """What the terminal takes; `cell`: its width and height in pixels. `wrap`, `edits`: how it is told of
    pixels, and whether other ones may take the place of those that it has."""

    form: Form
    cell: tuple[int, int]
    wrap: Wrap = ""
    edits: bool = False


class Sight:
    """A place where one picture after the other is seen, so many cells large.

    Attributes:
        lines: its cells.
        closed: nothing is seen there any more, and the terminal keeps nothing of it.
    """

    lines: Sequence[Line] = ()

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.closed = False

    def show(self, picture: Picture) -> None:
        """This one from now on."""
        raise NotImplementedError

    def again(self) -> None:
        """The terminal may have forgotten it."""

    def close(self) -> None:
        self.closed = True


class ByKitty(Sight):
    """By kitty's protocol."""

    def __init__(self, app: "TerminalApp", number: int, means: Means, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.lines = kitty.lines(number, columns, rows)
        self._app, self._number, self._means = app, number, means
        self._size: tuple[int, int] | None = None
        self._last: Picture | None = None

    def show(self, picture: Picture) -> None:
        size, wrap = (picture.across, picture.down), self._means.wrap
        self._last = picture
        if self._means.edits and size == self._size:
            commands, key = kitty.edit(self._number, picture.pixels, size, wrap), 2 * self._number
            end = kitty.breaking_off(wrap, kitty.EDIT)
        else:
            # no edit may take its place while it waits: there would be nothing to edit
            cells, key = (self.columns, self.rows), 2 * self._number + 1
            commands = kitty.whole(self._number, picture.pixels, size, cells, wrap)
            end = kitty.breaking_off(wrap)
        self._size = size
        self._app.say_aside(_joined(commands), end, key)

    def again(self) -> None:
        self._size = None
        if self._last is not None:
            self.show(self._last)

    def close(self) -> None:
        super().close()
        self._app.say_aside([kitty.removal(self._number, self._means.wrap)], "")


class BySixels(Sight):
    """As sixels."""

    def __init__(self, app: "TerminalApp", number: int, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.lines = sixel.lines(number, columns, rows)
        self.number: Final = number
        self._app = app

    def show(self, picture: Picture) -> None:
        said = sixel.sequence(picture.pixels)
        if said is not None and picture.pixels.count(b"-") * BAND < picture.down:
            self._app.renew_picture(self.number, sixel.Sixels(self.columns, self.rows, said))

    def close(self) -> None:
        super().close()
        self._app.hold_picture(self.number, None)


class Live:
    """Of one app.

    Args:
        number: gives one that no other picture in the terminal has.
        cell: how many pixels a cell has across and down; zeros where nobody knows.
        changed: called when pictures are wanted in another form than before.
    """

    def __init__(
        self,
        app: "MeshApp",
        number: Callable[[], int],
        cell: Callable[[], tuple[int, int]],
        changed: Callable[[], None],
    ) -> None:
        self._app, self._number, self._cell, self._changed = app, number, cell, changed
        self._means: Means | None = None
        self._sights: list[Sight] = []

    def look(self) -> None:
        """Finds out what the terminal takes: it may be another one, or be set otherwise."""
        begin(self._app, self._look, group="live", exclusive=True)

    async def _look(self) -> None:
        means = await self._found()
        if means != self._means:
            self.forget()
            self._means = means
            self._changed()

    async def _found(self) -> Means | None:
        """None: halves of cells."""
        by = self._app.settings.look.pictures_by
        if by == "halves" or (by == "auto" and "SSH_CONNECTION" in os.environ):
            return None
        outside = await self._app.telling.desktop.outside()
        if by == "auto" and outside.wrap:
            return None
        cell = self._cell()
        if by in {"auto", "kitty"} and self._app.paints_every_colour:
            means = kitty.means(outside, cell, named=by == "auto")
            if means is not None:
                return Means("rgb", means.cell, means.wrap, kitty.takes_edits(outside))
        if by in {"auto", "sixel"} and not self._app.current_theme.ansi and not self._app.no_color:
            found = sixel.cell_of(outside, cell, named=by == "auto")
            if found is not None:
                return Means("sixels", found)
        return None

    def wanted(self, party: str, columns: int, rows: int, *, whole: bool) -> Wanted:
        """What is asked for, for a tile of so many cells."""
        means = self._means
        if means is None or not _fits(means, columns, rows):
            return Wanted(party, columns, rows, whole)
        return Wanted(party, columns, rows, whole, means.form, *_size(means, columns, rows))

    def sight(self, picture: Picture) -> Sight | None:
        """A place for such pictures; None where this terminal does not take them, or no more of them."""
        means, columns, rows = self._means, picture.columns, picture.rows
        if means is None or picture.form != means.form or not _fits(means, columns, rows):
            return None
        if means.form == "sixels" and (picture.across, picture.down) != _size(means, columns, rows):
            return None
        sight: Sight
        if means.form == "rgb":
            sight = ByKitty(self._app, self._number(), means, columns, rows)
        else:
            used = {each.number for each in self._sights if isinstance(each, BySixels)}
            free = (number for number in range(sixel.NUMBERS - 1, 0, -1) if number not in used)
            sight = BySixels(self._app, next(free), columns, rows)
        self._sights.append(sight)
        return sight

    def close(self, sight: Sight) -> None:
        if sight in self._sights:
            self._sights.remove(sight)
            sight.close()

    def again(self) -> None:
        """The terminal may hold none of them any more, but is to; its cells may have another size."""
        if self._means is not None and self._means.form == "sixels" and self._means.cell != self._cell():
            self.forget()  # they would reach over their cells
        for sight in self._sights:
            sight.again()
        self.look()

    def forget(self) -> None:
        """The terminal is to hold none of them."""
        while self._sights:
            self._sights.pop().close()


def _fits(means: Means, columns: int, rows: int) -> bool:
    if not (0 < columns <= kitty.MOST and 0 < rows <= kitty.MOST):
        return False
    return means.form != "sixels" or (columns, rows) == sixel.room(columns, rows, means.cell)


def _size(means: Means, columns: int, rows: int) -> tuple[int, int]:
    """So many cells in pixels."""
    return columns * means.cell[0], rows * means.cell[1]


def _joined(commands: Sequence[str]) -> list[str]:
    """Fewer and longer ones: after each the terminal is asked how far it has read."""
    count = max(1, PIECE_BYTES // (kitty.CHUNK + 64))
    return ["".join(commands[at : at + count]) for at in range(0, len(commands), count)]
