"""How much room text takes in a terminal, and where it may be broken.

Strategy: a *fragment* is a run of text with one role (a word such as `code` that the theme turns into a
style); a line is a tuple of fragments. Widths are those of `rich.cells`, which Textual measures with too,
so that a line measured here is the same line there. A grapheme is never broken; where terminals disagree
about the width of one, `mesh_tui.pins` holds what follows in its place.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from rich.cells import cell_len, split_graphemes

MARKS: Final = 4
"""Combining marks painted on one character; more of them climb over other people's lines."""

TAB_CELLS: Final = 4

_EMOJI: Final = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001fbff"
_MARK: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE: Final = re.compile(f"([{_MARK}]{{{MARKS}}})[{_MARK}]+")
_LONE_JOINER: Final = re.compile(
    f"(?<![{_EMOJI}\ufe0f])\u200d+|\u200d+(?![{_EMOJI}])|(?<=\u200d)\u200d+|^[\u200d\ufe0f]+"
)
_INVISIBLE: Final = re.compile(
    "[\u00ad\u200b\u200c\u2060-\u2064\ufe00-\ufe0e\U000e0000-\U000e0fff\U0010eeee\U0010eeef]"
)
"""Tags among them, and the characters that stand for a part of a picture."""

_WIDE: Final = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60"
    "\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd"
)
_EXTENDER: Final = f"{_MARK}\ufe0f\U0001f3fb-\U0001f3ff\u3099\u309a"
_WORD: Final = re.compile(
    rf"(?P<space>\s+)|[{_WIDE}][{_EXTENDER}]*(?:\u200d.[{_EXTENDER}]*)*|[^\s{_WIDE}]+", re.DOTALL
)


class Fragment(NamedTuple):
    """A run of text and its role: no role, one, or several separated by spaces."""

    text: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of cells.

    Attributes:
        fragments: what is painted, from the left.
        decoration: how many leading characters are not part of what was written (bars, bullets, indents).
        joiner: what stood in the text between this line and the next; a newline, or what a wrap swallowed.
        fill: the role that the rest of the row is painted with.
    """

    fragments: tuple[Fragment, ...]
    decoration: int = 0
    joiner: str = "\n"
    fill: str = ""

    @property
    def text(self) -> str:
        return "".join(fragment.text for fragment in self.fragments)


def paintable(text: str) -> str:
    """`text` without what has no width of its own and would spoil the width of its neighbours.

    Expects text that went through `protocol.text.clean_text`. Joiners stay where they join emoji.
    """
    if text.isascii():
        return text.expandtabs(TAB_CELLS) if "\t" in text else text
    return _PILE.sub(r"\1", _LONE_JOINER.sub("", _INVISIBLE.sub("", text))).expandtabs(TAB_CELLS)


def width(text: str) -> int:
    """Cells that `text` takes."""
    return cell_len(text)


def clip(text: str, cells: int) -> str:
    """`text` cut to at most `cells` cells, the cut shown by an ellipsis."""
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    return text[: _fitting(text, cells - 1)].rstrip() + "…"


def pad(text: str, cells: int) -> str:
    """`text` cut or filled with spaces to exactly `cells` cells."""
    clipped = clip(text, cells)
    return clipped + " " * (cells - cell_len(clipped))


def fit(fragments: Iterable[Fragment], cells: int) -> list[Fragment]:
    """As much of `fragments` as takes at most `cells` cells, the cut shown by an ellipsis."""
    fitting: list[Fragment] = []
    for text, role in fragments:
        if cells <= 0:
            break
        fitting.append(Fragment(clip(text, cells), role))
        cells -= cell_len(fitting[-1].text)
    return fitting


def wrap(fragments: Iterable[Fragment], cells: int, *, words: bool = True) -> Iterator[Line]:
    """Breaks one line of text into rows of at most `cells` cells, at words or anywhere.

    Args:
        fragments: the line; without newlines.
        cells: at least 2, the width of the widest character.
        words: False breaks wherever the row is full (code).
    """
    fragments = tuple(fragments)
    text = "".join(fragment.text for fragment in fragments)
    if cell_len(text) <= cells:
        yield Line(fragments)
        return
    ranges = list(_word_breaks(text, cells) if words else _hard_breaks(text, 0, cells)) or [(0, 0)]
    for (start, end), (following, _) in pairwise(ranges):
        yield Line(tuple(_slice(fragments, start, end)), joiner=text[end:following])
    yield Line(tuple(_slice(fragments, *ranges[-1])))


def _word_breaks(text: str, cells: int) -> Iterator[tuple[int, int]]:
    """Character ranges of the rows; the white space between two rows belongs to neither."""
    start = end = used = 0
    for match in _WORD.finditer(text):
        length = cell_len(match[0])
        if match["space"]:
            used += length
            continue
        if used + length > cells:
            if end > start:
                yield start, end
            start, used = match.start(), 0
            if length > cells:
                *full, (start, _) = _hard_breaks(text[: match.end()], start, cells)
                yield from full
                length = cell_len(text[start : match.end()])
        used += length
        end = match.end()
    if end > start:
        yield start, end


def _hard_breaks(text: str, start: int, cells: int) -> Iterator[tuple[int, int]]:
    while start < len(text):
        # No grapheme is wider than 2 cells, but any number of characters may be narrower than 1.
        size = _fitting(text[start : start + 8 * cells], cells) or 1
        yield start, start + size
        start += size


def _fitting(text: str, cells: int) -> int:
    """How many characters of `text` fit into `cells` cells."""
    if text.isascii():
        return min(len(text), cells)
    used = fitting = 0
    for _, end, length in split_graphemes(text)[0]:
        used += length
        if used > cells:
            break
        fitting = end
    return fitting


def _slice(fragments: Iterable[Fragment], start: int, end: int) -> Iterator[Fragment]:
    position = 0
    for text, role in fragments:
        if piece := text[max(0, start - position) : max(0, end - position)]:
            yield Fragment(piece, role)
        position += len(text)
