"""Keys as terminals really send them, put into the one form that Textual's parser understands at once.

Strategy: with Alt most terminals send ESC and then the key. Textual waits 100 ms to see whether an ESC was a
key of its own, and what is typed meanwhile is swallowed; and it knows no Alt+Enter. But ESC and a character
that arrive in one piece are one key press, so they are rewritten as CSI u, and xterm's modifyOtherKeys with
them. Pasted text is cleaned here: the parser would take an ESC in it for keys. What the terminal answers when
it is asked for its name, or how far it has read, is taken out, for the same reason.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from mesh_tui.aside import ANSWER
from mesh_tui.ways import NAME_CHARS
from protocol.text import clean_line, clean_text

_PASTE_BEGINS: Final = "\x1b[200~"
_PASTE_ENDS: Final = "\x1b[201~"
_KEY: Final = re.compile(
    r"\x1b\[27;(?P<modifier>\d{1,3});(?P<code>\d{1,7})~|\x1b(?P<alt>[^\x1b\[\]OPX^_])", re.DOTALL
)

_NAME_BEGINS: Final = "\x1bP>|"
_NAME_ENDS: Final = re.compile(r"\x1b\\|\x9c")


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


class NameListener:
    """Takes the answer to XTVERSION out of what is typed, and calls `named` with it.

    `expects`: it was asked for.
    """

    def __init__(self, named: Callable[[str], object], *, expects: bool) -> None:
        self._named = named
        self._expects = expects
        self._part = ""

    def feed(self, data: str, *, soon: bool = True) -> str:
        """What arrived in one piece without the answer, or a part of one; `soon`: it may come any moment.

        Later on ESC, and ESC with P, are rather what they are as keys.
        """
        if not self._expects:
            return data
        data, self._part = self._part + data, ""
        before, found, rest = data.partition(_NAME_BEGINS)
        if not found:
            data, self._part = _split_marker(data, _NAME_BEGINS, least=1 if soon else 3)
            return data
        if ended := _NAME_ENDS.search(rest):
            self._expects = False
            self._named(clean_line(rest[: ended.start()])[:NAME_CHARS])
            return before + rest[ended.end() :]
        if len(rest) > NAME_CHARS:  # no name is so long, so it is none
            return data
        self._part = found + rest
        return before

    def idle(self) -> str:
        """Nothing more came for a moment: what was held of a key is one."""
        held, self._part = (self._part, "") if len(self._part) < 3 else ("", self._part)
        return held


class Asks(Protocol):
    """Who asks the terminal how far it has read."""

    @property
    def asked(self) -> bool: ...
    def answered(self) -> None: ...


class AnswerListener:
    """Takes the answers to DSR out of what is typed, and tells who asks, which may be nobody now."""

    def __init__(self, asks: Callable[[], Asks | None]) -> None:
        self._asks = asks
        self._part = ""

    def feed(self, data: str) -> str:
        """What arrived in one piece without answers, or a part of one."""
        data, self._part = self._part + data, ""
        asks = self._asks()
        while asks is not None and asks.asked:
            before, found, rest = data.partition(ANSWER)
            if not found:
                data, self._part = _split_marker(data, ANSWER, least=1)
                break
            data = before + rest
            asks.answered()
        return data

    def idle(self) -> str:
        """Nothing more came for a moment: what was held is what was typed."""
        held, self._part = self._part, ""
        return held


def _split_marker(text: str, marker: str, *, least: int) -> tuple[str, str]:
    """`text`, and apart from it the beginning of `marker` that it ends with, if that is `least` long."""
    for length in range(len(marker) - 1, least - 1, -1):
        if text.endswith(marker[:length]):
            return text[:-length], text[-length:]
    return text, ""


def _rewritten(match: re.Match[str]) -> str:
    if match["code"]:
        return f"\x1b[{match['code']};{match['modifier']}u"
    if isinstance(ANSI_SEQUENCES_KEYS.get(match[0]), tuple):
        return match[0]  # the others are what a Mac writes with this key, which arrives as that character
    return f"\x1b[{ord(match['alt'])};3u"
