"""What a shared program writes, as its person's own terminal may have it: without what that would answer.

Strategy: the emulator answers for everybody, so a question that also reached the real terminal would be
answered twice, and the second answer would be typed into the program. Sequences that ask, or that change what
the terminal sends, are taken out; everything else passes as it is. What comes out ends where a sequence does,
so that something else can be painted at any time. All of a program's output goes through here, so the usual
sequences are passed over by one expression, and a text without any costs a look for a byte.
"""

import re
from typing import Final

STRING_BYTES: Final = 1024 * 1024
"""A longer string (a picture, the clipboard) is not passed on."""

_C0: Final = rb"\x00-\x17\x19\x1c-\x1f\x7f"
"""Terminals act on these in the midst of a sequence and go on with it."""

_PARAMETERS: Final = rb"[0-?" + _C0 + rb"]*"
_BEFORE: Final = rb"[\x20-\x2f" + _C0 + rb"]*"

_HARMLESS: Final = (
    rb"\[(?:[0-9:;]*[@-bd-mo-su-wy-~]"
    rb"|\?(?:1|7|12|25|47|66|1000|1002|1003|1004|1005|1006|1015|1047|1048|1049|2004|2026)[hl])"
)
"""What programs write most: colours, moves, modes that ask nothing. It is not looked at further."""

_SEQUENCE: Final = re.compile(
    rb"\x1b(?!" + _HARMLESS + rb")[" + _C0 + rb"]*(?:"
    rb"\[(?P<parameters>" + _PARAMETERS + rb")(?P<between>" + _BEFORE + rb")(?P<final>[@-~])"
    rb"|(?P<kind>[P\]_X^])(?P<text>[^\x07\x1b\x18\x1a]*)(?:\x07|\x1b\\|[\x18\x1a]|(?=\x1b[^\\]))"
    rb"|Z)"
    rb"|\x05|\xc2[\x80-\x9f]"
)
"""Control sequences, strings, and what is left out in any case: DECID, ENQ, and C1 controls in UTF-8."""

_BEGUN: Final = re.compile(
    rb"(?:\x1b[" + _C0 + rb"]*(?:\[" + _PARAMETERS + _BEFORE + rb"|[P\]_X^][^\x07\x1b\x18\x1a]*\x1b?"
    rb"|[\x20-\x2f]+)?|\xc2|[\xc3-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
"""What may go on with the next bytes; also a character that is cut."""

_C1: Final = re.compile(rb"\xc2[\x80-\x9f]")

_ASKING: Final = frozenset(
    {
        *((b"", final) for final in b"cnx"),  # DA, DSR, DECREQTPARM
        *((b"$", final) for final in b"pwu"),  # DECRQM, DECRQPSR, DECRQTSR
        *((b"#", final) for final in b"RS|y"),
        *((b"'", final) for final in b"|wz{"),  # the locator
        *((b"*", final) for final in b"y"),  # DECRQCRA
        *((b"&", final) for final in b"u"),
    }
)
"""By what stands before the final byte, and that."""

_PRIVATE: Final = {b"?": b"cnuSm", b">": b"cnuqm", b"=": b"cu", b"<": b"u"}
"""After these, too: further DA, DSR and XTVERSION, and what changes how keys are told."""

_KEEPS_TITLE: Final = frozenset({b"22", b"23"})
"""Of `CSI t`, what keeps a title and gives it back; all else asks, or changes the window."""

_REPORTING: Final = frozenset({b"2031", b"2048"})
"""Modes in which a terminal tells by itself of its colours and its size."""

_COLOUR: Final = re.compile(rb"(?:[45]|1[0-9]|21|52)(?:;.*)?;\?.*", re.DOTALL)
"""OSC that ask for a colour, or for the clipboard."""


class QueryFilter:
    """Bytes of a program in, bytes for its person's terminal out. Not for more than one thread."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """All that is certain by now; what may be the beginning of a sequence is held back."""
        data, self._held = self._held + data, b""
        begun = _begun_at(data)
        if begun < len(data):
            self._held = data[begun:]
            data = data[:begun]
            if len(self._held) > STRING_BYTES:
                self._held = self._held[:2] + (b"\x1b" if self._held.endswith(b"\x1b") else b"") + _TOO_LONG
        return _SEQUENCE.sub(_passed, data) if _is_suspicious(data) else data


_TOO_LONG: Final = b"\x00mesh: too long\x00"
"""Marks a string of which the middle was not kept, until its end is here."""


def _is_suspicious(data: bytes) -> bool:
    """Whether there may be something to take out. To look for one byte is far quicker than for several."""
    return b"\x1b" in data or b"\x05" in data or (b"\xc2" in data and _C1.search(data) is not None)


def _begun_at(data: bytes) -> int:
    """Where something begins that is not whole yet."""
    last = data.rfind(b"\x1b")
    # The last one may be half of the end of a string that began with the one before.
    for at in (data.rfind(b"\x1b", 0, max(last, 0)), last):
        if at >= 0 and _BEGUN.match(data, at):
            return at
    for back in (3, 2, 1):
        if len(data) >= back and data[-back] >= 0xC2 and _BEGUN.match(data, len(data) - back):
            return len(data) - back
    return len(data)


def _passed(found: "re.Match[bytes]") -> bytes:
    if found["final"] is not None:
        return b"" if _asks(_bare(found["parameters"]), _bare(found["between"]), found["final"]) else found[0]
    if found["kind"] is None:
        return b""
    return b"" if _string_asks(found["kind"], found["text"]) else found[0]


def _bare(data: bytes) -> bytes:
    return data if data.isascii() and data.decode().isprintable() else re.sub(b"[" + _C0 + b"]", b"", data)


def _asks(parameters: bytes, between: bytes, final: bytes) -> bool:
    first = parameters[:1]
    if final == b"t" and not between:
        return parameters.partition(b";")[0] not in _KEEPS_TITLE
    if final in b"hl" and first == b"?":
        return not _REPORTING.isdisjoint(parameters[1:].split(b";"))
    if first in _PRIVATE and not between:
        return final in _PRIVATE[first]
    return (between, final[0]) in _ASKING


def _string_asks(kind: bytes, text: bytes) -> bool:
    if text.endswith(_TOO_LONG) or _TOO_LONG in text:
        return True
    if kind == b"]":
        return _COLOUR.fullmatch(text) is not None
    if kind == b"P":
        return text.startswith((b"$q", b"+q", b"+Q"))
    return kind == b"_"
