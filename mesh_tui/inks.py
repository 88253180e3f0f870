"""Looks in the terminal's words: SGR parameters, and the shortest way from one look to the next.

Strategy: a look is a text, so that cells are compared by comparing texts; what has been worked out for one is
kept, since a screen has few of them and every frame asks for all.
"""

import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rich.color import Color, ColorSystem
from rich.style import Style
from textual.strip import SGR_STYLES

LOOKS_KEPT: Final = 4_096
"""Looks whose SGR parameters are kept; a picture has a few thousand."""

_OFF: Final = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}
SEEN_ON_BLANKS: Final = frozenset(("4", "5", "6", "7", "9", "21", "51", "52", "53"))
"""Attributes that show where there is no letter."""


def ink_of(style: Style, colours: ColorSystem, *, blank: bool) -> str:
    """A style as what the terminal is told: SGR parameters, and after a NUL the target of a link.

    What a terminal is not told (Textual notes in a style where a click leads) makes no difference, nor does
    the colour of a letter where there is none.
    """
    ansi = style._ansi  # noqa: SLF001 - where Rich keeps it, as Textual's own painting does
    if ansi is None:
        shown = style._attributes & style._set_attributes  # noqa: SLF001 - told one bit at a time otherwise
        ansi = style._ansi = _sgr(shown, style.color, style.bgcolor, colours)  # noqa: SLF001
    if style.link and style.link.isprintable():
        return f"{ansi}\0{style.link}"
    return _on_blanks(ansi) if blank else ansi


@lru_cache(maxsize=LOOKS_KEPT)
def _sgr(attributes: int, ink: Color | None, paper: Color | None, colours: ColorSystem) -> str:
    """SGR parameters. Kept by what is seen alone.

    Textual's own (`Strip.render_ansi`) keeps 16,384 whole styles, and a style also says in which row and
    column its text stands, for what is selected with the mouse: every row that is painted gets entries of
    its own, which nobody finds again. Full, that is 8.3 MiB.
    """
    codes = [SGR_STYLES[bit] for bit in range(attributes.bit_length()) if attributes & (1 << bit)]
    codes += ink.downgrade(colours).get_ansi_codes() if ink else ()
    codes += paper.downgrade(colours).get_ansi_codes(foreground=False) if paper else ()
    return ";".join(codes)


@lru_cache(maxsize=4096)
def _on_blanks(ansi: str) -> str:
    attributes, _, background = parts(ansi)
    return ansi if attributes & SEEN_ON_BLANKS else background


@lru_cache(maxsize=4096)
def parts(ansi: str) -> tuple[frozenset[str], str, str]:
    """The attributes, the colour of letters and that behind them, of SGR parameters."""
    attributes, colours = set(), ["", ""]
    codes = iter(ansi.split(";") if ansi else ())
    for code in codes:
        if code in ("38", "48"):
            kind = next(codes)
            values = [next(codes) for _ in range(3 if kind == "2" else 1)]
            colours[code == "48"] = ";".join((code, kind, *values))
        elif len(code) > 1 and (code[:-1] in ("3", "4", "9", "10")):
            colours[code[:-1] in ("4", "10")] = code
        else:
            attributes.add(code)
    return frozenset(attributes), colours[0], colours[1]


@lru_cache(maxsize=4096)
def without_slant(style: str) -> str:
    """The same look, with letters that stand upright."""
    ansi, mark, link = style.partition("\0")
    attributes, ink, paper = parts(ansi)
    if "3" not in attributes:
        return style
    return ";".join(filter(None, (*sorted(attributes - {"3"}), ink, paper))) + mark + link


@lru_cache(maxsize=4096)
def change(before: str, after: str) -> str:
    """The shortest sequence that leads from one style to another."""
    old, _, old_link = before.partition("\0")
    new, _, new_link = after.partition("\0")
    sequence = "" if old == new else min(_ways(old, new), key=len)
    if old_link != new_link:
        mark = f"id={zlib.crc32(new_link.encode())};{new_link}" if new_link else ";"
        sequence += f"\x1b]8;{mark}\x1b\\"
    return sequence


def _ways(old: str, new: str) -> Iterator[str]:
    yield f"\x1b[0;{new}m" if new and old else f"\x1b[{new}m"
    had, ink, paper = parts(old)
    has, next_ink, next_paper = parts(new)
    gone = had - has
    if gone <= _OFF.keys():
        off = {_OFF[code] for code in gone}
        on = has - had | (has & {"1", "2"} if "22" in off else frozenset())
        codes = [*sorted(off), *sorted(on)]
        if ink != next_ink:
            codes.append(next_ink or "39")
        if paper != next_paper:
            codes.append(next_paper or "49")
        yield f"\x1b[{';'.join(codes)}m"
