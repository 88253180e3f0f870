"""A picture by kitty's graphics protocol: its pixels are sent once, and it is seen wherever its cells stand.

Strategy: a cell of such a picture is a character like others, a placeholder with two marks that say its row
and its column in the picture, in a colour that is the picture's number. So layout, scrolling, what lies above
it and what differs from the last frame are as for any text, and nobody says where it stands. Only
terminals that are known by name for it are sent pictures so: whether one knows the protocol it would say when
asked, but others that do (WezTerm, Konsole) paint placeholders as letters. Nothing is asked, so there is no
answer that could be taken for keys.
"""

import re
import zlib
from base64 import b64encode
from collections.abc import Iterator
from itertools import chain, repeat
from math import ceil, sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

from mesh_tui.layout.cells import Fragment, Line
from mesh_tui.ways import Outside, Wrap

if TYPE_CHECKING:
    from mesh_tui.pictures.loading import Picture

PLACEHOLDER: Final = "\U0010eeee"
CHUNK: Final = 4_096
"""Of base64, as the protocol says."""

PIXELS_SENT: Final = 1_000_000
"""A picture has at most so many where it is sent; the terminal makes it as large as its cells. So it takes at
most 4 MB of the line."""

CELL: Final = (8, 16)
"""Pixels of a cell where the terminal does not say."""

CELL_MOST: Final = 64
NUMBERS: Final = 0x1000000

_MARKS: Final = (
    "305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 "
    "5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d "
    "73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 "
    "135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 "
    "1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f "
    "a67c-a67d a6f0-a6f1 a8e0-a8e9"
)
"""The protocol's marks for 0, 1, 2…, those of them that lie below U+10000."""


def _spread(ranges: str) -> Iterator[str]:
    for piece in ranges.split():
        first, _, last = piece.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


MARKS: Final = tuple(_spread(_MARKS))
MOST: Final = len(MARKS)
"""Cells that a picture has at most across, and down."""

CELLS: Final = re.compile(f"(?:{PLACEHOLDER}[{''.join(MARKS)}]{{2}})+")
_ROLE: Final = re.compile(r"kitty-([0-9a-f]{6})")
_VERSION: Final = re.compile(r"kitty\D{0,2}(\d+)\.(\d+)")
_SINCE: Final = (0, 28)


class Means(NamedTuple):
    """How pictures reach the terminal: `cell` is its width and height in pixels."""

    wrap: Wrap
    cell: tuple[int, int]


def means(outside: Outside, cell: tuple[int, int], *, named: bool = True) -> Means | None:
    """None where the terminal is not known to paint placeholders, or something between lets nothing through.

    `named`: False where the person says that the terminal does, so that its name makes no difference.
    """
    if outside.wrap == "screen" or (outside.wrap == "tmux" and not outside.passes):
        return None
    if named and not (outside.names and _knows(outside.names[0].casefold())):
        return None
    across, down = cell if all(cell) else CELL
    return Means(outside.wrap, (min(across, CELL_MOST), min(down, CELL_MOST)))


def takes_edits(outside: Outside) -> bool:
    """Whether the terminal is known to take other pixels for a picture that it shows: Ghostty does not."""
    return bool(outside.names) and "kitty" in outside.names[0].casefold()


def _knows(name: str) -> bool:
    if version := _VERSION.search(name):
        return (int(version[1]), int(version[2])) >= _SINCE
    return "kitty" in name or "ghostty" in name


def size(picture: "Picture", wanted: tuple[int, int], cell: tuple[int, int]) -> tuple[int, int]:
    """The cells that a picture takes, of at most `wanted`, where one has so many of its pixels."""
    return min(ceil(picture.columns / cell[0]), wanted[0]), min(ceil(picture.pixel_rows / cell[1]), wanted[1])


def scale(columns: int, rows: int, cell: tuple[int, int]) -> float:
    """By what its pixels are made fewer, so that there are no more than `PIXELS_SENT`; at most 1."""
    return min(1.0, sqrt(PIXELS_SENT / max(1, columns * rows * cell[0] * cell[1])))


def lines(number: int, columns: int, rows: int) -> list[Line]:
    """The rows of cells at which the picture of this number is seen."""
    role = f"kitty-{number:06x}"
    return [
        Line((Fragment("".join(f"{PLACEHOLDER}{MARKS[row]}{mark}" for mark in MARKS[:columns]), role),))
        for row in range(rows)
    ]


def ink(role: str) -> str | None:
    """The colour that is the number of a picture; None where the role is no cell of one."""
    return f"#{found[1]}" if (found := _ROLE.fullmatch(role)) else None


def transmission(number: int, picture: "Picture", columns: int, rows: int, wrap: Wrap) -> list[str]:
    """The commands to write so that the picture is seen at its cells; the terminal answers nothing."""
    size = picture.columns, picture.pixel_rows
    return whole(number, zlib.compress(picture.pixels), size, (columns, rows), wrap)


def whole(
    number: int, compressed: bytes, size: tuple[int, int], cells: tuple[int, int], wrap: Wrap
) -> list[str]:
    """As `transmission`, of `size` pixels that are compressed already.

    Where it goes is said last, and not with the pixels: kitty looks through its cells then, and before all
    pixels have come it finds nothing to show in them.
    """
    place = f"a=p,U=1,i={number},c={cells[0]},r={cells[1]},q=2;"
    sent = _pieces(f"a=t,i={number},f=24,s={size[0]},v={size[1]},o=z,q=2", compressed, "q=2", wrap)
    return [*sent, _command(place, wrap)]


EDIT: Final = "a=f,r=1,q=2"
"""What each command of an edit says: kitty takes the number of the frame from the last one."""


def edit(number: int, compressed: bytes, size: tuple[int, int], wrap: Wrap) -> list[str]:
    """Other pixels for a picture that is there, `size` of them as before: they are seen once all have come.

    Where the whole picture is sent again under its number, kitty shows none while it comes.
    """
    return _pieces(f"{EDIT},i={number},f=24,s={size[0]},v={size[1]},o=z", compressed, EDIT, wrap)


def _pieces(keys: str, compressed: bytes, further: str, wrap: Wrap) -> list[str]:
    """`further`: the keys of all commands but the first."""
    data = b64encode(compressed).decode()
    pieces = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    heads = chain([keys], repeat(further))
    last = len(pieces) - 1
    return [
        _command(f"{head},m={int(index < last)};{piece}", wrap)
        for index, (head, piece) in enumerate(zip(heads, pieces, strict=False))
    ]


def breaking_off(wrap: Wrap, further: str = "q=2") -> str:
    """What to write where not all commands of a transmission were: the terminal drops what it has of it."""
    return _command(f"{further},m=0;", wrap)


def removal(number: int, wrap: Wrap) -> str:
    """What to write so that the terminal forgets the picture."""
    return _command(f"a=d,d=I,i={number},q=2", wrap)


def _command(command: str, wrap: Wrap) -> str:
    if wrap == "tmux":
        return f"\x1bPtmux;\x1b\x1b_G{command}\x1b\x1b\\\x1b\\"
    return f"\x1b_G{command}\x1b\\"
