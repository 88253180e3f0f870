"""Which characters may travel in names, and which may ever be painted.

Strategy: one character class, used at the two places where text crosses a border. The server runs
`clean_name` over what will be shown as a name; a client runs `clean_text` over everything that other
people wrote, once, where it enters the program. Terminals act on C0, C1 and DEL, and bidirectional
controls reorder what stands beside them (Unicode TR36 section 2.10, "Trojan Source"), so neither ever
reaches a screen. Message content itself is opaque to the server and is stored as it came.
"""

import re
import unicodedata
from typing import Final

_C0_KEPT: Final = "\n\t"
_BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SURROGATES: Final = "\ud800-\udfff"
_UNPAINTABLE: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff{_BIDI}{_SURROGATES}]")
_LINE_END: Final = re.compile("\r\n?|[\u2028\u2029\u0085]")
_INVISIBLE: Final = re.compile(
    f"[{_C0_KEPT}\u00ad\u034f\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\uffa0\U000e0000-\U000e0fff]"
)
_SPACES: Final = re.compile(r"\s+")


def clean_text(text: str) -> str:
    """`text` as it may be painted: line ends become `\\n`; controls and bidi controls are gone.

    Newlines and tabs stay; lone surrogates, which no terminal can be sent, do not.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNPAINTABLE.sub("", _LINE_END.sub("\n", text))


def clean_line(text: str) -> str:
    """`clean_text` for what must stay on one line: runs of white space become one space."""
    return _SPACES.sub(" ", clean_text(text)).strip()


def clean_name(text: str) -> str:
    """A name in its one written form: NFC, visible, on one line, no white space at its ends.

    Invisible characters would let two different names look the same; the zero-width joiner stays,
    because emoji and several scripts are written with it.
    """
    visible = _INVISIBLE.sub(lambda match: " " if match[0] in _C0_KEPT else "", clean_text(text))
    return unicodedata.normalize("NFC", _SPACES.sub(" ", visible).strip())
