"""What each role looks like, whichever theme it is.

Strategy: layout speaks of roles (`code`, `muted`, `own`); the one table here says how a role looks in terms
of the theme's variables, so a theme changes everything. Colour is never the only sign: every role that means
something also has a word, a shape or a place.
"""

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import Color
from textual.strip import Strip
from textual.style import Style

from mesh_tui.layout.cells import Line
from mesh_tui.pictures.halves import colours
from mesh_tui.pictures.kitty import ink

if TYPE_CHECKING:
    from textual.widget import Widget

ROLES: Final = {
    "answers": "$accent",
    "author-0": "bold $name-1",
    "author-1": "bold $name-2",
    "author-2": "bold $name-3",
    "author-3": "bold $name-4",
    "author-4": "bold $name-5",
    "author-5": "bold $name-6",
    "bar": "$accent on $line",
    "bar-plain": "$accent",
    "bullet": "$accent",
    "brand": "bold $accent",
    "call-caption": "on $surface",
    "code": "$foreground on $surface",
    "code-comment": "italic $text-muted",
    "code-function": "$syntax-function",
    "code-inline": "$syntax-string on $surface",
    "code-keyword": "$syntax-keyword",
    "code-number": "$syntax-number",
    "code-string": "$syntax-string",
    "code-type": "italic $syntax-type",
    "day": "$text-muted",
    "day-rule": "$line",
    "deleted": "italic $text-muted",
    "em": "italic",
    "failed": "$text-error",
    "found": "bold underline $accent",
    "heading": "bold $accent",
    "link": "underline $accent",
    "mention": "$accent",
    "mention-bar": "bold $warning",
    "mention-me": "bold $warning",
    "muted": "$text-muted",
    "own": "bold $success",
    "own-bar": "$success",
    "pending": "italic $text-muted",
    "pinned": "$text-warning",
    "quote": "$text-muted",
    "quoted": "$text-muted",
    "reaction": "$foreground on $surface",
    "reaction-mine": "bold $accent on $surface",
    "refused": "$text-muted",
    "rule": "$line",
    "strike": "strike",
    "strong": "bold",
    "title": "bold $foreground",
    "state-down": "$text-error",
    "state-trying": "$text-warning",
    "state-up": "$success",
    "key": "bold $accent",
    "cursor-row": "on $cursor-row",
    "count": "bold $success",
    "unread": "bold $text-error",
    "unread-rule": "$text-error",
}
"""Role -> Textual style, in terms of the theme's variables."""


KEPT: Final = 4_096
"""Looks that are kept; the cells of pictures have many, and each is seen once."""


class Palette:
    """The looks of roles on one widget's background, each worked out once."""

    def __init__(self, widget: "Widget") -> None:
        self._parse = widget.app.stylesheet.parse_style
        self.base = widget.visual_style
        self._styles: dict[str, RichStyle] = {}

    def style(self, role: str) -> RichStyle:
        """The style of a role, or of several separated by spaces, later ones on top."""
        if (style := self._styles.get(role)) is None:
            style = self.visual(role).rich_style
            if len(self._styles) < KEPT:
                self._styles[role] = style
        return style

    def strip(self, line: Line, cells: int) -> Strip:
        """`line` as a row of exactly `cells` cells."""
        segments = [Segment(text, self.style(role)) for text, role in line.fragments]
        return Strip(segments).adjust_cell_length(cells, self.style(line.fill))

    def visual(self, role: str) -> Style:
        style = self.base
        for word in role.split():
            halves = colours(word)
            if halves is not None:  # nothing lies on top of a picture
                return Style(foreground=Color.parse(halves[0]), background=Color.parse(halves[1]))
            if (number := ink(word)) is not None:
                return Style(foreground=Color.parse(number), background=self.base.background)
            style += self._parse(ROLES[word])
        return style
