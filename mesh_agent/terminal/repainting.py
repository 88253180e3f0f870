"""A whole screen for a real terminal that shows something else: rows, modes and the cursor.

Strategy: what a terminal was told before is not known, so all that matters is told anew, in the order in
which it does not disturb the rest. Modes are told also where they are off.
"""

from typing import Final

from mesh_agent.terminal.painter import Painter, cells_of
from mesh_agent.terminal.screen import Screen
from protocol.peer_terminal import (
    ALTERNATE_SCREEN,
    APPLICATION_CURSOR,
    APPLICATION_KEYPAD,
    BRACKETED_PASTE,
    FOCUS_EVENTS,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
    REVERSE_SCREEN,
)

_MODES: Final = (
    (ALTERNATE_SCREEN, "?1049"),
    (APPLICATION_CURSOR, "?1"),
    (BRACKETED_PASTE, "?2004"),
    (FOCUS_EVENTS, "?1004"),
    (REVERSE_SCREEN, "?5"),
)
_MOUSE: Final = ("", "?9", "?1000", "?1002", "?1003")
_MOUSE_FORMATS: Final = ("", "?1005", "?1006", "?1015")

_PLAIN: Final = "\x1b[0m\x1b[r\x1b[?6l\x1b[4l\x1b(B\x0f"
"""No style, no margins, no other characters than those that are meant. It comes after the modes: another
screen brings back what was set there."""


def modes_told(modes: int) -> str:
    """The sequences that set these modes, and take back all others."""
    told = [f"\x1b[{number}{'h' if modes & bit else 'l'}" for bit, number in _MODES]
    mouse, how = modes >> MOUSE_SHIFT & 7, modes >> MOUSE_FORMAT_SHIFT & 3
    told += [f"\x1b[{number}l" for number in (*_MOUSE, *_MOUSE_FORMATS) if number]
    told += [
        f"\x1b[{names[at]}h" for names, at in ((_MOUSE, mouse), (_MOUSE_FORMATS, how)) if 0 < at < len(names)
    ]
    told.append("\x1b=" if modes & APPLICATION_KEYPAD else "\x1b>")
    return "".join(told)


def repainted(screen: Screen, columns: int, rows: int) -> bytes:
    """What puts a terminal of that size into the state of `screen`."""
    painter = Painter(columns, rows)
    lines = [cells_of(runs, columns) for runs in screen.rows]
    wraps = "\x1b[?7l", "\x1b[?7h"
    painted = painter.paint(lines, screen.cursor).decode()
    return f"\x18{modes_told(screen.modes)}{_PLAIN}{wraps[0]}{painted}{wraps[1]}".encode()


def left_behind(modes: int) -> bytes:
    """What gives a terminal back as a program found it."""
    back = "\x1b[?1049l" if modes & ALTERNATE_SCREEN else ""
    others = modes_told(0).removeprefix("\x1b[?1049l")
    # Margins cannot be taken back without moving the cursor, which is to stay below what was written.
    plain = "\x1b7\x1b[r\x1b[?6l\x1b8\x1b[0m\x1b[4l\x1b(B\x0f"
    return f"\x18{back}{others}{plain}\x1b[?7h\x1b[?25h\x1b[0 q".encode()
