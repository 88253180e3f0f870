"""The private modes of a terminal that its guests are told of, by the numbers that programs set them by."""

from collections.abc import Callable
from typing import Final

from protocol.peer_terminal import (
    APPLICATION_CURSOR,
    APPLICATION_KEYPAD,
    BRACKETED_PASTE,
    FOCUS_EVENTS,
    MOUSE_FORMAT_SHIFT,
    MOUSE_SHIFT,
    REVERSE_SCREEN,
)

_MODES: Final = (
    (1, APPLICATION_CURSOR),
    (66, APPLICATION_KEYPAD),
    (2004, BRACKETED_PASTE),
    (1004, FOCUS_EVENTS),
    (5, REVERSE_SCREEN),
)
_MOUSE: Final = ((1003, 4), (1002, 3), (1000, 2), (9, 1))
"""The one that tells most counts."""

_MOUSE_FORMATS: Final = ((1006, 2), (1015, 3), (1005, 1))


def modes_of(is_set: Callable[[int], bool]) -> int:
    """As guests are told them, but for the alternate screen, which engines know otherwise."""
    modes = sum(bit for number, bit in _MODES if is_set(number))
    mouse = next((told for number, told in _MOUSE if is_set(number)), 0)
    form = next((told for number, told in _MOUSE_FORMATS if is_set(number)), 0)
    return modes | mouse << MOUSE_SHIFT | form << MOUSE_FORMAT_SHIFT
