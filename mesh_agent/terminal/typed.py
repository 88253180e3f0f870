"""What a person's own terminal sends, as what they did: typed, pressed a key, pasted, moved the mouse.

Strategy: bytes that write something, or are a control of one byte, pass as they are. Sequences are looked up
in the tables of `keys`, since the program at the other end may be in another mode than this terminal; what is
none of a key (answers to queries, whatever is newer than this) goes no further. An Escape alone and the
beginning of a sequence look the same: `flush` decides, after a pause without bytes.
"""

import re
from typing import Final, Literal, NamedTuple

from mesh_agent.terminal import keys
from mesh_agent.terminal.keys import BUTTONS, MOTION, Mouse

PASTE_BYTES: Final = 64 * 1024
"""A longer paste is told as several."""

SEQUENCE_BYTES: Final = 64
"""No key is longer; of what is, the middle is not kept."""


class Typed(NamedTuple):
    """Text, controls of one byte, and Alt with a character: bytes that are the same in every mode."""

    data: bytes


class Pressed(NamedTuple):
    """A key with a name of `keys.key_bytes`."""

    key: str


class Pasted(NamedTuple):
    text: str


class Focus(NamedTuple):
    focused: bool


Done = Typed | Pressed | Pasted | Mouse | Focus

_FINALS: Final = {
    final: name for table in (keys.CURSOR_FINALS, keys.FUNCTION_FINALS) for name, final in table.items()
}
_NUMBERS: Final = {number: name for name, number in keys.TILDE_NUMBERS.items()} | {
    1: "home",
    4: "end",
    7: "home",
    8: "end",
    11: "f1",
    12: "f2",
    13: "f3",
    14: "f4",
}

_SEQUENCE: Final = re.compile(
    rb"\x1b(?:"
    rb"\[M(?P<x10>[\x20-\xff]{3})"
    rb"|(?!\[M)\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    rb"|O(?P<modifier>[1-8]?)(?P<single>[A-Za-z])"
    rb"|(?P<string>[P\]X^_][^\x07\x1b]*(?:\x07|\x1b\\))"
    rb"|(?P<alt>[\x01-\x1a\x20-NQ-WY-Z\\`-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})"
    rb")"
)
_BEGUN: Final = re.compile(
    rb"\x1b(?:\[M[\x20-\xff]{0,2}|\[[0-?]*[ -/]*|O[1-8]?|[P\]X^_][^\x07\x1b]*\x1b?"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})?"
)
_MOUSE_SGR: Final = re.compile(rb"<(\d{1,5});(\d{1,5});(\d{1,5})")


class KeyReader:
    """Bytes of a terminal in; what the person did out. Not for more than one thread."""

    def __init__(self) -> None:
        self._held = b""
        self._pasting = False

    @property
    def waiting(self) -> bool:
        """Something may be an Escape or the beginning of more: `flush` after a pause."""
        return bool(self._held) and not self._pasting

    def feed(self, data: bytes) -> list[Done]:
        """What is certain by now."""
        self._held += data
        done: list[Done] = []
        while self._held:
            if self._pasting:
                if not self._paste(done):
                    break
            elif self._held[0] != 0x1B:
                at = self._held.find(b"\x1b")
                text, self._held = (self._held, b"") if at < 0 else (self._held[:at], self._held[at:])
                done.append(Typed(text))
            elif not self._sequence(done):
                break
        return done

    def flush(self) -> list[Done]:
        """Nothing more has come: what is held is what it looks like."""
        if not self.waiting:
            return []
        held, self._held = self._held, b""
        if held == b"\x1b\x1b":
            return [Pressed("escape"), Pressed("escape")]
        if held == b"\x1b":
            return [Pressed("escape")]
        # Alt with a character that also begins sequences; anything longer was cut off.
        return [Typed(held)] if len(held) == 2 else []

    def _sequence(self, done: list[Done]) -> bool:
        """Whether there was a whole one, or something that is none."""
        found = _SEQUENCE.match(self._held)
        if found is not None:
            self._held = self._held[found.end() :]
            meant = self._meaning(found)
            if meant is not None:
                done.append(meant)
            return True
        if self._held[:2] == b"\x1b\x1b":
            return self._two_escapes(done)
        if _BEGUN.fullmatch(self._held) and len(self._held) <= SEQUENCE_BYTES:
            return False
        if _BEGUN.fullmatch(self._held):
            # Its beginning is kept, so that what is left of it is not taken for something typed.
            self._held = self._held[:2] + (b"\x1b" if self._held.endswith(b"\x1b") else b"")
            return False
        done.append(Pressed("escape"))
        self._held = self._held[1:]
        return True

    def _two_escapes(self, done: list[Done]) -> bool:
        """Escape twice; or Alt and a key, as some terminals send it."""
        rest = self._held[1:]
        found = _SEQUENCE.match(rest)
        if found is None and _BEGUN.fullmatch(rest):
            return False
        meant = None if found is None or found["final"] is None else self._meaning(found)
        if found is not None and isinstance(meant, Pressed) and "+" not in meant.key:
            self._held = rest[found.end() :]
            done.append(Pressed(f"alt+{meant.key}"))
        else:
            self._held = rest
            done.append(Pressed("escape"))
        return True

    def _meaning(self, found: "re.Match[bytes]") -> Done | None:
        if found["alt"] is not None:
            return Typed(found[0])
        if found["x10"] is not None:
            code, column, row = (number - 32 for number in found["x10"])
            return _mouse(code, column, row, released=code & 3 == 3 and not code & (64 | MOTION))
        if found["single"] is not None:
            name = _FINALS.get(found["single"].decode())
            return None if name is None else _pressed(name, int(found["modifier"] or b"1"))
        if found["final"] is None or found["between"]:
            return None
        return self._control(found["parameters"], found["final"].decode())

    def _control(self, parameters: bytes, final: str) -> Done | None:
        if parameters == b"200" and final == "~":
            self._pasting = True
            return None
        if not parameters and final in "IO":
            return Focus(final == "I")
        if not parameters and final == "Z":
            return Pressed("shift+tab")
        mouse = _MOUSE_SGR.fullmatch(parameters)
        if mouse is not None and final in "Mm":
            return _mouse(*(int(number) for number in mouse.groups()), released=final == "m")
        numbers = [int(number or b"1") for number in parameters.split(b";") if number.isdigit() or not number]
        if len(numbers) != parameters.count(b";") + 1 or len(numbers) > 2:
            return None
        name = _NUMBERS.get(numbers[0]) if final == "~" else _FINALS.get(final)
        return None if name is None else _pressed(name, numbers[1] if len(numbers) == 2 else 1)

    def _paste(self, done: list[Done]) -> bool:
        """Whether the end of the paste is here."""
        at = self._held.find(keys.PASTE_END)
        if at >= 0:
            self._pasting = False
            pasted, self._held = self._held[:at], self._held[at + len(keys.PASTE_END) :]
        elif len(self._held) >= PASTE_BYTES:
            # What is kept has room for all of the mark but its last byte; no character is cut in two.
            cut = len(self._held) - len(keys.PASTE_END) + 1
            cut -= next((back for back in range(4) if self._held[cut - back] & 0xC0 != 0x80), 0)
            pasted, self._held = self._held[:cut], self._held[cut:]
        else:
            return False
        if pasted:
            done.append(Pasted(pasted.decode(errors="replace")))
        return True


def _pressed(name: str, modifiers: int) -> Pressed | None:
    if not 1 <= modifiers <= 8:
        return None
    bits = modifiers - 1
    words = [word for word, bit in (("ctrl", 4), ("alt", 2), ("shift", 1)) if bits & bit]
    return Pressed("+".join((*words, name)))


def _mouse(code: int, column: int, row: int, *, released: bool) -> Mouse | None:
    modifiers = code & (keys.SHIFT | keys.META | keys.CTRL)
    button = BUTTONS.get(code & ~(modifiers | MOTION))
    if button is None or code < 0 or column < 1 or row < 1:
        return None
    kind: Literal["move", "release", "press"] = "release" if released else "press"
    return Mouse("move" if code & MOTION else kind, button, column - 1, row - 1, modifiers)
