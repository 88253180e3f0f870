"""What a program has told its terminal to be, so that another terminal can be told the same.

Strategy: the browser's terminal is gone when its page is loaded again, and with it the alternate screen, the
mouse and the paste that the program switched on when it began. Those switches (DEC private modes) are read
out of what passes by, and nothing else of it is: the program paints all of its screen again when asked to.
"""

import re
from typing import Final

TAIL_BYTES: Final = 64
"""How much of a sequence is kept that has begun and not ended; a longer one switches nothing."""

KEPT: Final = frozenset({1, 7, 25, 1000, 1002, 1003, 1004, 1006, 1015, 1016, 1047, 1049, 2004})
"""The switches that are read: cursor keys, line wrap, cursor, mouse, focus, screen, paste."""

FOCUS: Final = 1004
FOCUSED: Final = b"\x1b[I"
"""What a terminal says that has the keyboard."""

RESET: Final = b"\x18\x1bc"
"""Ends what was cut off in the middle (CAN), then makes the terminal as new (RIS)."""

_SWITCH: Final = re.compile(rb"\x1b\[\?([\d;]{1,40})([hl])")


class Modes:
    """Reads all that is written to one terminal; `wants_focus`: it is told whether it has the keyboard."""

    def __init__(self) -> None:
        self._on: dict[int, bool] = {}
        self._tail = b""

    def feed(self, data: bytes) -> None:
        data = self._tail + data
        end = 0
        for found in _SWITCH.finditer(data):
            end = found.end()
            for number in found[1].split(b";"):
                if number and int(number) in KEPT:
                    self._on[int(number)] = found[2] == b"h"
        begun = data.rfind(b"\x1b", max(end, len(data) - TAIL_BYTES))
        self._tail = b"" if begun < 0 else data[begun:]

    @property
    def wants_focus(self) -> bool:
        return self._on.get(FOCUS, False)

    def told_again(self) -> bytes:
        """What makes a terminal, whatever state it is in, one that was told all of this."""
        switches = (b"\x1b[?%d%c" % (number, b"h" if on else b"l") for number, on in self._on.items())
        return RESET + b"".join(switches)
