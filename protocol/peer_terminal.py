"""Frames of a shared terminal: who watches, what stands on the screen, and what a guest types.

Strategy: the host's emulator is the only one that reads what the shell writes. Guests are told what stands on
the screen, as rows of cells: no byte of a program ever reaches the terminal of another person. A state has a
number; a frame tells the rows that differ from an earlier state, the `base`, which the guest has (0: from an
empty screen, so that the frame is a whole state). Frames on a lane come in order and none is lost, so the
base is always what was told last; what a slow guest has not acknowledged only holds back the next one, which
then tells the latest state, whatever came between.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from protocol import limits
from protocol.peer_parts import Count, Frame, Sentence, TransferId, Word

Columns = Annotated[int, Meta(ge=1, le=limits.TERM_COLUMNS)]
Rows = Annotated[int, Meta(ge=1, le=limits.TERM_ROWS)]
Column = Annotated[int, Meta(ge=0, le=limits.TERM_COLUMNS - 1)]
RowIndex = Annotated[int, Meta(ge=0, le=limits.TERM_ROWS - 1)]
Bits = Annotated[int, Meta(ge=0, le=2**32 - 1)]

Colour = Annotated[int, Meta(ge=0, le=2**25 - 1)]
"""0: the terminal's own; 1 to 256: colour 0 to 255 of the palette; from 2**24 on: that and 0xRRGGBB."""

RGB: Final = 2**24

BOLD, FAINT, ITALIC, BLINK, INVERSE, INVISIBLE, STRUCK, OVERLINED = (1 << bit for bit in range(8))
"""Attributes of a run, as bits."""

UNDERLINE_SHIFT: Final = 8
"""The three bits from here on are the underline: 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed."""

APPLICATION_CURSOR, APPLICATION_KEYPAD, BRACKETED_PASTE, ALTERNATE_SCREEN, FOCUS_EVENTS, REVERSE_SCREEN = (
    1 << bit for bit in range(6)
)
"""Modes of a terminal, as bits."""

MOUSE_SHIFT: Final = 8
"""The three bits from here on say what is told of the mouse: 0 nothing, 1 presses (mode 9), 2 presses and
releases (1000), 3 also drags (1002), 4 also every move (1003)."""

MOUSE_FORMAT_SHIFT: Final = 11
"""The two bits from here on say how: 0 as X10 does, 1 as UTF-8 (1005), 2 as SGR (1006), 3 as urxvt (1015)."""

CURSOR_SHAPES: Final = ("block", "underline", "bar")


class Run(Struct, frozen=True, array_like=True, omit_defaults=True):
    """Cells of one style, side by side.

    Each character of `text` takes `width` cells; where `cluster` is true, all of `text` is one grapheme
    cluster, which takes `width` cells. The host alone decides how wide something is.
    """

    text: Annotated[str, Meta(min_length=1, max_length=limits.TERM_COLUMNS)]
    foreground: Colour = 0
    background: Colour = 0
    attributes: Bits = 0
    width: Annotated[int, Meta(ge=1, le=2)] = 1
    cluster: bool = False


Row = Annotated[list[Run], Meta(max_length=limits.TERM_COLUMNS)]
"""From the left; cells that are empty and have no style are left out at its end."""


class Changed(Struct, frozen=True, array_like=True):
    """A row that differs from the base; `row` 0 is the top one."""

    row: RowIndex
    runs: Row


class Cursor(Struct, frozen=True, array_like=True, omit_defaults=True):
    """`shape`: of `CURSOR_SHAPES`, by its place."""

    column: Column
    row: RowIndex
    visible: bool = True
    shape: Annotated[int, Meta(ge=0, le=len(CURSOR_SHAPES) - 1)] = 0


class Watcher(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A guest, by name."""

    name: Word
    writes: bool = False


# ── from the guest ───────────────────────────────────────────────────────────────────────────────


class TermOpen(Frame, frozen=True, kw_only=True, tag="TERM_OPEN"):
    """Show me this terminal; without a name the only one there is. The size is that of the guest's view."""

    columns: Columns
    rows: Rows
    terminal: Word = ""


class TermAck(Frame, frozen=True, kw_only=True, tag="TERM_ACK"):
    """The state of this `number` was read."""

    number: Count


class TermInput(Frame, frozen=True, kw_only=True, tag="TERM_INPUT"):
    """What the guest types, as bytes for the program; taken only from who may write.

    `stamp`: grows with each; `TERM_STATE.echo` tells up to which one the program has them.
    """

    data: Annotated[bytes, Meta(max_length=limits.TERM_INPUT_BYTES)]
    stamp: Count = 0


class TermResize(Frame, frozen=True, kw_only=True, tag="TERM_RESIZE"):
    """The size of the guest's view has changed, which the host is shown. It never changes the terminal."""

    columns: Columns
    rows: Rows


class TermHistory(Frame, frozen=True, kw_only=True, tag="TERM_HISTORY"):
    """Tell me `count` lines from line `first` on, as `TERM_STATE.above` counts."""

    request: TransferId
    first: Count
    count: Annotated[int, Meta(ge=1, le=limits.TERM_LINES)]


# ── from the host ────────────────────────────────────────────────────────────────────────────────


class TermOpened(Frame, frozen=True, kw_only=True, tag="TERM_OPENED"):
    """You may watch; it comes when the host's person has agreed. `command`: what runs in it, for people."""

    terminal: Word
    command: Sentence
    columns: Columns
    rows: Rows


class TermState(Frame, frozen=True, kw_only=True, tag="TERM_STATE"):
    """What stands on the screen. With `more`, another frame of the same number follows, with more rows.

    above: lines that have scrolled away at the top since the beginning; the next one will have this number.
    kept: so many of them, the last ones, can be asked for.
    bells: how often it has rung since the beginning.
    echo: the last `TERM_INPUT` of this guest that the program was given before this state.
    title: as the program set it, without control characters.
    """

    number: Annotated[int, Meta(ge=1, le=limits.INTEGER_MAX)]
    base: Count
    columns: Columns
    rows: Rows
    cursor: Cursor
    changed: Annotated[list[Changed], Meta(max_length=limits.TERM_ROWS)] = []
    modes: Bits = 0
    title: Sentence = ""
    above: Count = 0
    kept: Count = 0
    bells: Count = 0
    echo: Count = 0
    more: bool = False


class TermStatus(Frame, frozen=True, kw_only=True, tag="TERM_STATUS"):
    """Who watches, and whether what is shown is being recorded."""

    watchers: Annotated[list[Watcher], Meta(max_length=limits.TERM_WATCHERS)]
    recorded: bool = False


class TermLines(Frame, frozen=True, kw_only=True, tag="TERM_LINES"):
    """The answer: lines from `first` on, which may be later and fewer than was asked for."""

    request: TransferId
    first: Count
    lines: Annotated[list[Row], Meta(max_length=limits.TERM_LINES)]


# ── from either ──────────────────────────────────────────────────────────────────────────────────


class TermGrant(Frame, frozen=True, kw_only=True, tag="TERM_GRANT"):
    """From the host: whether you may write. From a guest: that it wants to, or does not any more."""

    write: bool
    reason: Sentence = ""


class TermClose(Frame, frozen=True, kw_only=True, tag="TERM_CLOSE"):
    """It is over. From a guest: it leaves. From the host, `code` says why.

    `ended`: the program has, with `exit_status`, or the negative number of the signal; `closed`: the host's
    person ended the sharing; `declined`: you are not let in; `kicked`; `unknown`: there is no such terminal;
    `full`: too many guests.
    """

    code: Word = "closed"
    reason: Sentence = ""
    exit_status: Annotated[int, Meta(ge=-255, le=255)] | None = None
