"""The themes, each shown on everything while it is the marked one; Esc brings back the one that is set."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.cells import Fragment, Line, fit, paintable
from mesh_tui.screens.base import Page
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.widgets.lines import LineList


def _sample(*parts: tuple[str, str], fill: str = "") -> Line:
    return Line(tuple(Fragment(text, role) for text, role in parts), fill=fill)


SAMPLE: Final = (
    _sample(("alice", "author-1"), ("  14:03", "muted"), ("  mentions you", "mention-me")),
    _sample(("It is ", ""), ("there", "strong"), (": ", ""), ("https://a.org", "link")),
    _sample((" def", "code code-keyword"), (" f(x): ", "code"), ("# why", "code code-comment"), fill="code"),
    _sample(("▎ ", "own-bar"), ("bob", "own"), (" you", "muted")),
    _sample(("▎ ", "failed"), ("✗ Not sent", "failed")),
)
"""A few rows in which a theme's colours are seen next to each other."""


class Sample(LineList):
    """What a conversation looks like."""

    def make(self, cells: int) -> Sequence[Line]:
        return [Line(tuple(fit(line.fragments, cells)), fill=line.fill) for line in SAMPLE]


class ThemeList(Choices, can_focus=True):
    """One row a theme; `now`: the one that is set."""

    def __init__(self, names: Sequence[str], now: str) -> None:
        super().__init__()
        self.names = names
        self._now = now

    def on_mount(self) -> None:
        self.begin_at(self.names.index(self._now) if self._now in self.names else 0)

    def blocks(self, cells: int) -> Iterable[Block]:
        for name in self.names:
            sign = Fragment("  now" if name == self._now else "", "muted")
            yield Block([Line((Fragment("  "), *fit([Fragment(paintable(name)), sign], cells - 2)))])


class Looks(Page[str]):
    """Ends with the name of the theme that is to be kept."""

    HERE = ("list", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("enter", "keep", "Keep"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._kept = False

    def compose(self) -> ComposeResult:
        preferences = self.mesh.preferences
        with Vertical(classes="page"):
            yield Static(Content("Theme"), classes="question")
            yield ThemeList(preferences.theme_names, preferences.settings.look.theme)
            yield Sample()
            yield Static(Content("↑ ↓ show another · Enter keeps it · Esc does not"), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(ThemeList).focus()

    def on_unmount(self) -> None:
        if not self._kept:
            self.mesh.preferences.preview(None)

    @property
    def _chosen(self) -> str:
        themes = self.query_one(ThemeList)
        return themes.names[themes.index]

    @on(Choices.Stepped)
    def stepped(self) -> None:
        self.mesh.preferences.preview(self._chosen)

    def action_keep(self) -> None:
        self._kept = True  # whoever keeps it ends the preview, so that nothing flickers between
        self.dismiss(self._chosen)

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        themes = self.query_one(ThemeList)
        themes.step(event.index - themes.index)
