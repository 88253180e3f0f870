"""Keys, pastes, the mouse and the focus as the bytes that a program expects from its terminal.

Strategy: a key has a name (those of Textual, such as `ctrl+left` or `shift+f5`), and tables say what an xterm
sends for it in the modes that the program has set. What a program did not ask for (the mouse, the focus) is
no bytes at all. A paste is text and nothing else: whatever in it could end the brackets around it, or be
taken for a key, is left out, so that what was copied from anywhere can never press Enter by itself where
the program knows of brackets.
"""

import re
from typing import Final, Literal, NamedTuple

from protocol.peer_terminal import (
    APPLICATION_CURSOR,
    BRACKETED_PASTE,
    FOCUS_EVENTS,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
)

PASTE_BEGIN: Final = b"\x1b[200~"
PASTE_END: Final = b"\x1b[201~"

CURSOR_FINALS: Final = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
"""`ESC [ A`, in application mode `ESC O A`; with Shift, Alt or Ctrl `ESC [ 1 ; n A` in either."""

FUNCTION_FINALS: Final = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
"""`ESC O P`, and `ESC [ 1 ; n P`."""

TILDE_NUMBERS: Final = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    "f5": 15,
    "f6": 17,
    "f7": 18,
    "f8": 19,
    "f9": 20,
    "f10": 21,
    "f11": 23,
    "f12": 24,
}
"""`ESC [ 5 ~`, and `ESC [ 5 ; n ~`."""

MODIFIERS: Final = {"shift": 1, "alt": 2, "meta": 2, "ctrl": 4}
"""The `n` above is one more than the sum of these."""

_PLAIN: Final = {
    "enter": "\r",
    "return": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "space": " ",
    "shift+tab": "\x1b[Z",
    "shift+space": " ",
    "ctrl+backspace": "\x08",
    "ctrl+at": "\x00",
    "ctrl+@": "\x00",
    "ctrl+space": "\x00",
    "ctrl+backslash": "\x1c",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+circumflex_accent": "\x1e",
    "ctrl+underscore": "\x1f",
} | {f"ctrl+{chr(letter + 96)}": chr(letter) for letter in range(1, 27)}

_ALSO_MODIFIED: Final = {f"f{number + 12}": ("shift", f"f{number}") for number in range(1, 13)}
"""Names for what an xterm sends as Shift and another key."""

_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What has no place in a paste: all controls but tab and the ends of lines."""


def key_bytes(key: str, character: str | None = None, modes: int = 0) -> bytes:
    """What a terminal in `modes` sends for the key of that name; empty where it sends nothing.

    `character`: what the key writes, where it does.
    """
    named = _named(key, modes)
    if named is not None:
        return named.encode()
    if character is not None and character.isprintable():
        *modifiers, _ = key.split("+")
        return (b"\x1b" if "alt" in modifiers else b"") + character.encode(errors="replace")
    if key.startswith("alt+"):
        rest = key_bytes(key.removeprefix("alt+"), None, modes)
        return b"\x1b" + rest if rest else b""
    return key.encode(errors="replace") if len(key) == 1 and key.isprintable() else b""


def _named(key: str, modes: int) -> str | None:
    if key in _PLAIN:
        return _PLAIN[key]
    *modifiers, name = key.split("+")
    if name in _ALSO_MODIFIED:
        extra, name = _ALSO_MODIFIED[name]
        modifiers.append(extra)
    if not all(modifier in MODIFIERS for modifier in modifiers):
        return None
    bits = sum({MODIFIERS[modifier] for modifier in modifiers})
    final = CURSOR_FINALS.get(name) or FUNCTION_FINALS.get(name)
    if final is not None:
        if bits:
            return f"\x1b[1;{bits + 1}{final}"
        application = name in FUNCTION_FINALS or modes & APPLICATION_CURSOR
        return f"\x1bO{final}" if application else f"\x1b[{final}"
    if name in TILDE_NUMBERS:
        return f"\x1b[{TILDE_NUMBERS[name]};{bits + 1}~" if bits else f"\x1b[{TILDE_NUMBERS[name]}~"
    return None


def paste_bytes(text: str, modes: int = 0) -> bytes:
    """A paste, in brackets where the program knows them. Its lines end as Enter would end them."""
    data = _NO_TEXT.sub("", text.replace("\r\n", "\r").replace("\n", "\r")).encode(errors="replace")
    return PASTE_BEGIN + data + PASTE_END if modes & BRACKETED_PASTE else data


def focus_bytes(focused: bool, modes: int) -> bytes:
    """The view got or lost the focus."""
    if not modes & FOCUS_EVENTS:
        return b""
    return b"\x1b[I" if focused else b"\x1b[O"


# ── the mouse ────────────────────────────────────────────────────────────────────────────────────

LEFT, MIDDLE, RIGHT, WHEEL_UP, WHEEL_DOWN, WHEEL_LEFT, WHEEL_RIGHT = 1, 2, 3, 4, 5, 6, 7
"""Buttons; 0 is none."""

_CODES: Final = {
    0: 3,
    LEFT: 0,
    MIDDLE: 1,
    RIGHT: 2,
    WHEEL_UP: 64,
    WHEEL_DOWN: 65,
    WHEEL_LEFT: 66,
    WHEEL_RIGHT: 67,
}
BUTTONS: Final = {code: button for button, code in _CODES.items()}
"""The number that a terminal sends for a button, without modifiers, to the button."""

MOTION: Final = 32
SHIFT, META, CTRL = 4, 8, 16
"""Bits beside that number."""

_X10, _UTF8, _SGR, _URXVT = range(4)
_FURTHEST: Final = {_X10: 223, _UTF8: 2015}
"""Columns and rows beyond it cannot be told in that format."""


class Mouse(NamedTuple):
    """Something the mouse did; `column` and `row` from 0, `modifiers` of `SHIFT`, `META` and `CTRL`.

    `button` of a move: the one that is held.
    """

    kind: Literal["press", "release", "move"]
    button: int
    column: int
    row: int
    modifiers: int = 0


def wants_mouse(modes: int) -> bool:
    """Whether the program wants to know anything of the mouse."""
    return modes >> MOUSE_SHIFT & 7 != 0


def mouse_bytes(mouse: Mouse, modes: int) -> bytes:
    """What the program is told of it; empty where it does not want that, or it cannot be told."""
    level, form = modes >> MOUSE_SHIFT & 7, modes >> MOUSE_FORMAT_SHIFT & 3
    if not _is_wanted(mouse, level) or mouse.button not in _CODES or mouse.column < 0 or mouse.row < 0:
        return b""
    code = _CODES[mouse.button] | (0 if level == 1 else mouse.modifiers & (SHIFT | META | CTRL))
    code |= MOTION if mouse.kind == "move" else 0
    column, row = mouse.column + 1, mouse.row + 1
    if form == _SGR:
        return f"\x1b[<{code};{column};{row}{'m' if mouse.kind == 'release' else 'M'}".encode()
    if mouse.kind == "release":
        code = code & ~3 | 3
    if form == _URXVT:
        return f"\x1b[{code + 32};{column};{row}M".encode()
    if max(column, row) > _FURTHEST[form]:
        return b""
    numbers = "".join(chr(number + 32) for number in (code, column, row))
    return b"\x1b[M" + numbers.encode("utf-8" if form == _UTF8 else "latin-1")


def _is_wanted(mouse: Mouse, level: int) -> bool:
    if mouse.kind == "press":
        return level >= 1
    if mouse.kind == "release":
        return level >= 2 and mouse.button < WHEEL_UP
    return level >= 4 or (level == 3 and mouse.button != 0)
