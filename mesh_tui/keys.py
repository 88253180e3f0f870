"""Keys as terminals really send them, put into the one form that Textual's parser understands at once.

Strategy: with Alt most terminals send ESC and then the key. Textual waits 100 ms to see whether an ESC was a
key of its own, and what is typed meanwhile is swallowed; and it knows no Alt+Enter. But ESC and a character
that arrive in one piece are one key press, so they are rewritten as CSI u, and xterm's modifyOtherKeys with
them. Pasted text is cleaned here: the parser would take an ESC in it for keys.
"""

import re
from typing import Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from protocol.text import clean_text

_PASTE_BEGINS: Final = "\x1b[200~"
_PASTE_ENDS: Final = "\x1b[201~"
_KEY: Final = re.compile(
    r"\x1b\[27;(?P<modifier>\d{1,3});(?P<code>\d{1,7})~|\x1b(?P<alt>[^\x1b\[\]OPX^_])", re.DOTALL
)


class KeyRewriter:
    """Remembers whether a paste is on its way, and a marker of which only a part has arrived."""

    def __init__(self) -> None:
        self._pasting = False
        self._part = ""

    def feed(self, data: str) -> str:
        """What arrived in one piece, rewritten."""
        data, self._part = self._part + data, ""
        parts: list[str] = []
        while data:
            marker = _PASTE_ENDS if self._pasting else _PASTE_BEGINS
            before, found, data = data.partition(marker)
            if not found:
                before, self._part = _split_marker(before, marker, least=1 if self._pasting else 4)
            parts += [clean_text(before) if self._pasting else _KEY.sub(_rewritten, before), found]
            self._pasting ^= bool(found)
        return "".join(parts)


def _split_marker(text: str, marker: str, *, least: int) -> tuple[str, str]:
    """`text`, and apart from it the beginning of `marker` that it ends with, if that is `least` long."""
    for length in range(len(marker) - 1, least - 1, -1):
        if text.endswith(marker[:length]):
            return text[:-length], text[-length:]
    return text, ""


def _rewritten(match: re.Match[str]) -> str:
    if match["code"]:
        return f"\x1b[{match['code']};{match['modifier']}u"
    if match[0] in ANSI_SEQUENCES_KEYS:
        return match[0]
    return f"\x1b[{ord(match['alt'])};3u"
