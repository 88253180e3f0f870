"""The ways to the desktop that somebody sits at: which sequence their terminal takes, and its bytes.

Strategy: what a program writes reaches the terminal in front of the person whatever lies between, so a
notification is an escape sequence; which one follows from the terminal's name. Who knows that name best
differs: inside tmux it is tmux, since the environment is that of the terminal that tmux was started in; else
the terminal itself, asked with XTVERSION; else the environment, of which only `TERM`, and sometimes
`LC_TERMINAL`, comes through ssh. Where nothing is known there is the bell. Text in a sequence is cleaned and
cut here, so that nothing in it can end the sequence, split it, or be one.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from protocol.text import clean_line

Way = Literal["osc9", "osc777", "osc99", "bell", "off"]
Wrap = Literal["", "tmux", "screen"]
"""What lies between and must be told to let a sequence through."""

TITLE_BYTES: Final = 160
BODY_BYTES: Final = 400
"""Of UTF-8; GNU screen lets no more than 768 bytes through at once, and some terminals little more."""

NAME_CHARS: Final = 100
"""Of what a terminal says that it is called."""

BELL: Final = "\a"
ASK_NAME: Final = "\x1b[>q"
"""XTVERSION: what are you?"""

TMUX_FORMAT: Final = "#{allow-passthrough}|#{client_termname}|#{client_termtype}"
"""What tmux is asked for; an option is told as 1 by some versions and as its word by others."""

WAYS: Final[tuple[tuple[str, Way], ...]] = (
    ("kitty", "osc99"),
    ("iterm", "osc9"),
    ("ghostty", "osc9"),
    ("wezterm", "osc9"),
    ("foot", "osc777"),
    ("rxvt", "osc777"),
)
"""A part of a terminal's name, and the sequence that shows a notification there."""

_BARE: Final = re.compile(r"$|linux|vt\d|dumb|ansi|cons|unknown")
"""Names in `TERM` of what may paint a sequence that it does not know."""


@dataclass(frozen=True, slots=True)
class Tmux:
    """What tmux says of the terminal it is attached to; `passes`: it lets sequences through."""

    passes: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """The terminal that is to be reached.

    Attributes:
        names: what it is called, the best witness first.
        wrap: what lies between.
        passes: whether that lets a sequence through; None: nobody says.
    """

    names: tuple[str, ...]
    wrap: Wrap = ""
    passes: bool | None = None

    @property
    def way(self) -> Way:
        """The best way there."""
        if self.wrap == "tmux" and self.passes is False:
            return "bell"
        for name in self.names:
            for part, way in WAYS:
                if part in name.casefold():
                    return way
        return "bell"


def outside(environment: Mapping[str, str], answered: str = "", tmux: Tmux | None = None) -> Outside:
    """The terminal beyond everything; `answered`: what came back for XTVERSION."""
    wrap = _between(environment, answered)
    if wrap:
        witnesses = [*(tmux.names if tmux else ()), environment.get("LC_TERMINAL", "")]
    else:
        kitty = "kitty" if environment.get("KITTY_WINDOW_ID") else ""
        told = [environment.get(name, "") for name in ("LC_TERMINAL", "TERM_PROGRAM", "TERM")]
        witnesses = [answered, *told, kitty]
    return Outside(tuple(name for name in witnesses if name), wrap, tmux.passes if tmux else None)


def _between(environment: Mapping[str, str], answered: str) -> Wrap:
    term = environment.get("TERM", "")
    if environment.get("TMUX") or term.startswith("tmux") or answered.startswith("tmux"):
        return "tmux"
    return "screen" if environment.get("STY") or term.startswith("screen") else ""


def asks_for_name(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is to be asked for its name; inside tmux, tmux is."""
    return not environment.get("TMUX") and takes_sequences(environment)


def takes_sequences(environment: Mapping[str, str]) -> bool:
    """Whether the terminal leaves out what it does not know, instead of painting it."""
    return not _BARE.match(environment.get("TERM", ""))


def has_title(environment: Mapping[str, str]) -> bool:
    """Whether it has a window with a title of its own; GNU screen takes the sequence for something else."""
    return takes_sequences(environment) and outside(environment).wrap != "screen"


def read_tmux(line: str) -> Tmux | None:
    """What tmux said to `TMUX_FORMAT`; None where it is not that."""
    passes, *names = line.strip().split("|", 2)
    if len(names) != 2:
        return None
    cleaned = (clean_line(name)[:NAME_CHARS] for name in reversed(names))
    return Tmux(passes in {"1", "on", "all"}, tuple(name for name in cleaned if name))


# ── the bytes ────────────────────────────────────────────────────────────────────────────────────


def sequence(way: Way, wrap: Wrap, title: str, body: str) -> str:
    """What to write for a notification; nothing with `off`."""
    title, body = cut(clean_line(title), TITLE_BYTES), cut(clean_line(body), BODY_BYTES)
    if way == "bell":
        return BELL
    return "".join(_wrapped(command, wrap) for command in _commands(way, title, body))


def _commands(way: Way, title: str, body: str) -> Iterator[str]:
    """What stands between the introducer and the terminator."""
    if way == "osc99":
        # One id, so that a new one takes the place of the old.
        yield f"99;i=mesh:e=1:d=0;{_base64(title)}"
        yield f"99;i=mesh:e=1:p=body;{_base64(body)}"
    elif way == "osc777":
        yield f"777;notify;{_whole(title)};{_whole(body)}"
    elif way == "osc9":
        text = _whole(f"{title}: {body}" if body else title)
        # A number in the first place is another command to some: 9;4 shows a progress bar.
        yield f"9;{text if text[:1].isalpha() else f'Mesh: {text}'}"


def title_sequence(title: str) -> str:
    """What to write for the title of the terminal's window."""
    return f"\x1b]2;{cut(clean_line(title), TITLE_BYTES)}{BELL}"


PUSH_TITLE: Final = "\x1b[22;2t"
POP_TITLE: Final = "\x1b[23;2t"
"""Have the terminal keep its title, and take it back."""

ALT_IS_ESC: Final = "\x1b[?1036s\x1b[?1036h"
ALT_AS_BEFORE: Final = "\x1b[?1036r"
"""Have Alt with a key sent as ESC and that key, and as before again. xterm and mlterm send â for Alt+B by
themselves, which nobody can tell from a letter; others know no such mode, or have it on."""


def _wrapped(command: str, wrap: Wrap) -> str:
    if wrap == "screen":  # it takes the first ST for the end of what it lets through
        return f"\x1bP\x1b]{command}{BELL}\x1b\\"
    if wrap == "tmux":
        return f"\x1bPtmux;\x1b\x1b]{command}\x1b\x1b\\\x1b\\"
    return f"\x1b]{command}\x1b\\"


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _whole(text: str) -> str:
    """Without what would split it."""
    return text.replace(";", ",")


def cut(text: str, most: int) -> str:
    """`text` in at most `most` bytes of UTF-8."""
    data = text.encode()
    return text if len(data) <= most else f"{data[: most - 3].decode(errors='ignore').rstrip()}…"
