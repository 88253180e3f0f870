"""Colours: the dark Monokai theme, one for terminals without colour, and what each role looks like.

Strategy: layout speaks of roles (`code`, `muted`, `own`); the one table here says how a role looks in terms
of the theme's variables, so a theme changes everything. Colour is never the only sign: every role that means
something also has a word, a shape or a place. Contrasts on the backgrounds are at least 4.5 (WCAG 2.1 AA).
"""

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip
from textual.style import Style
from textual.theme import Theme

from mesh_tui.layout.cells import Line

if TYPE_CHECKING:
    from textual.widget import Widget

MONOKAI: Final = Theme(
    name="mesh-monokai",
    primary="#66d9ef",
    secondary="#ae81ff",
    accent="#66d9ef",
    success="#a6e22e",
    warning="#fd971f",
    error="#f92672",
    foreground="#f8f8f2",
    background="#272822",
    surface="#1e1f1c",
    panel="#1e1f1c",
    dark=True,
    variables={
        "text": "#f8f8f2",
        "text-muted": "#a59f85",
        "text-disabled": "#a59f85",
        "foreground-muted": "#a59f85",
        "text-accent": "#66d9ef",
        "text-success": "#a6e22e",
        "text-warning": "#fd971f",
        "text-error": "#ff6b9d",
        "border": "#66d9ef",
        "border-blurred": "#5b5a4c",
        "line": "#49483e",
        "cursor-row": "#3e3d32",
        "block-cursor-background": "#66d9ef",
        "block-cursor-foreground": "#272822",
        "input-cursor-background": "#f8f8f2",
        "input-cursor-foreground": "#272822",
        "input-selection-background": "#49483e",
        "screen-selection-background": "#49483e",
        "screen-selection-foreground": "#f8f8f2",
        "scrollbar": "#49483e",
        "scrollbar-hover": "#75715e",
        "scrollbar-active": "#66d9ef",
        "scrollbar-background": "#272822",
        "scrollbar-background-hover": "#272822",
        "scrollbar-background-active": "#272822",
        "scrollbar-corner-color": "#272822",
        "name-1": "#66d9ef",
        "name-2": "#fd971f",
        "name-3": "#ae81ff",
        "name-4": "#e6db74",
        "name-5": "#ff6b9d",
        "name-6": "#a1efe4",
        "syntax-keyword": "#ff6b9d",
        "syntax-string": "#e6db74",
        "syntax-number": "#ae81ff",
        "syntax-function": "#a6e22e",
        "syntax-type": "#66d9ef",
    },
)

PLAIN: Final = Theme(
    name="mesh-plain",
    primary="ansi_default",
    secondary="ansi_default",
    accent="ansi_default",
    success="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    dark=True,
    ansi=True,
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "input-cursor-text-style": "reverse",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_default",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "line": "ansi_default",
        "cursor-row": "ansi_default",
        **{f"name-{number}": "ansi_default" for number in range(1, 7)},
        **{f"syntax-{kind}": "ansi_default" for kind in ("keyword", "string", "number", "function", "type")},
    },
)
"""For NO_COLOR: the terminal's own colours, told apart by weight and shape only."""

ROLES: Final = {
    "author-0": "bold $name-1",
    "author-1": "bold $name-2",
    "author-2": "bold $name-3",
    "author-3": "bold $name-4",
    "author-4": "bold $name-5",
    "author-5": "bold $name-6",
    "bullet": "$accent",
    "brand": "bold $accent",
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


class Palette:
    """The looks of roles on one widget's background, each worked out once."""

    def __init__(self, widget: "Widget") -> None:
        self._parse = widget.app.stylesheet.parse_style
        self.base = widget.visual_style
        self._styles: dict[str, RichStyle] = {}

    def style(self, role: str) -> RichStyle:
        """The style of a role, or of several separated by spaces, later ones on top."""
        if (style := self._styles.get(role)) is None:
            style = self._styles[role] = self.visual(role).rich_style
        return style

    def strip(self, line: Line, cells: int) -> Strip:
        """`line` as a row of exactly `cells` cells."""
        segments = [Segment(text, self.style(role)) for text, role in line.fragments]
        return Strip(segments).adjust_cell_length(cells, self.style(line.fill))

    def visual(self, role: str) -> Style:
        style = self.base
        for word in role.split():
            style += self._parse(ROLES[word])
        return style
