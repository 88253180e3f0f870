"""Which characters may travel in names, and which may ever be painted.

Strategy: the character classes of this module, used at the two places where text crosses a border. The
server runs `clean_name` over what will be shown as a name; a client runs `clean_text` over everything
that other people wrote, once, where it enters the program. Terminals act on C0, C1 and DEL, and
bidirectional controls reorder what stands beside them (Unicode TR36 section 2.10, "Trojan Source"), so
neither ever reaches a screen; nor do piles of combining marks, which paint over the lines above and below.
Message content itself is opaque to the server and is stored as it came.
"""

import re
import unicodedata
from typing import Final

MARKS_MAX: Final = 8
"""Combining marks on one base character. Tibetan and pointed Hebrew stay below that."""

_BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
_SURROGATES: Final = "\ud800-\udfff"
_UNPAINTABLE: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff{_BIDI}{_SURROGATES}]")
_LINE_END: Final = re.compile("\r\n?|[\u2028\u2029\u0085]")

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point and interlinear annotation, without what `_UNPAINTABLE` and
`_JOINERS` name and the variation selectors, with which emoji are written."""

_JOINERS: Final = "\u200c\u200d"
_JOINABLE: Final = rf"[^\s{_JOINERS}\x00-\x7f]"
_IDLE_JOINER: Final = re.compile(rf"(?<!{_JOINABLE})[{_JOINERS}]|[{_JOINERS}](?!{_JOINABLE})")
_SPACES: Final = re.compile(r"[\s\u2800]+")
"""White space, and the braille pattern without a dot, which looks like it."""

_MARKS_SUSPECTED: Final = re.compile(rf"[^\w\s\x00-\x7f]{{{MARKS_MAX + 1},}}")
"""A run that can be marks: no mark is a word character, and most such runs are emoji."""


def clean_text(text: str) -> str:
    """`text` as it may be painted: line ends become `\\n`; controls and bidi controls are gone.

    Newlines and tabs stay; lone surrogates, which no terminal can be sent, do not, nor do marks past
    `MARKS_MAX` on one character.
    """
    if text.isascii() and text.isprintable():
        return text
    return _thin_marks(_UNPAINTABLE.sub("", _LINE_END.sub("\n", text)))


def clean_line(text: str) -> str:
    """`clean_text` for what must stay on one line: runs of white space become one space."""
    return _SPACES.sub(" ", clean_text(text)).strip()


def clean_name(text: str) -> str:
    """A name in its one written form: NFC, visible, on one line, no white space at its ends.

    Invisible characters would let two different names look the same. The zero-width joiner and
    non-joiner stay between visible characters beyond ASCII, because emoji and several scripts are
    written with them. What has nothing to see in it comes back empty.
    """
    # Marks are thinned before: normalising takes time quadratic in the longest run of them.
    line = _INVISIBLE.sub("", unicodedata.normalize("NFC", clean_line(text)))
    name = _IDLE_JOINER.sub("", _from_first_base(_SPACES.sub(" ", line)))
    return _thin_marks(unicodedata.normalize("NFC", name.rstrip()))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me"}


def _from_first_base(text: str) -> str:
    """`text` from the first character on that others can combine with, and that can be seen."""
    for at, character in enumerate(text):
        if not (character == " " or character in _JOINERS or _is_mark(character)):
            return text[at:]
    return ""


def _thin_marks(text: str) -> str:
    return _MARKS_SUSPECTED.sub(_thin_run, text)


def _thin_run(run: re.Match[str]) -> str:
    kept = []
    marks = 0
    for character in run[0]:
        if _is_mark(character):
            marks += 1
            if marks > MARKS_MAX:
                continue
        elif unicodedata.category(character) != "Cf":  # nothing to see: no base for further marks
            marks = 0
        kept.append(character)
    return "".join(kept)
