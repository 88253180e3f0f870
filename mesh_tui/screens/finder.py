"""Messages from anywhere in a list: what was searched for, what is pinned. Enter goes there.

Strategy: one page for all of them. A `Source` gives the messages, page by page; only a search has a field
for what to look for, and there what is typed goes into the field while the arrows move in the list.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mesh_tui.layout.cells import Fragment, Line, clip, fit, paintable
from mesh_tui.layout.message import author_role, moment
from mesh_tui.screens.base import Page
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.widgets.form import CleanInput
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.limits import QUERY_CHARS
from protocol.rest import Message
from protocol.text import clean_line


@dataclass(frozen=True, slots=True)
class Found:
    """A message, and the name of its room where that is worth saying."""

    message: Message
    room: str = ""
    names_me: bool = False
    """Worth saying where that is why it is here."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of what there is; `next` asks for more."""

    found: Sequence[Found]
    next: str | None = None


Source = Callable[[str, str | None], Awaitable[Batch]]
"""What is looked for, and the `next` of the batch before -> a batch."""


class FoundList(Choices, can_focus=True):
    """The messages, two rows each; asks for more near the end."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Found] = []

    @property
    def chosen(self) -> Message | None:
        return self._found[self.index].message if self.index < len(self._found) else None

    def put(self, found: Sequence[Found], *, more: bool) -> None:
        """Shows `found`, below what is there where there is `more` of the same."""
        self._found = [*self._found, *found] if more else list(found)
        self.begin_at(self.index if more else 0)

    def blocks(self, cells: int) -> Iterable[Block]:
        return [Block(found_rows(found, cells)) for found in self._found]


def found_rows(found: Found, cells: int) -> list[Line]:
    """A message in two rows: who said it when and where, and how it begins."""
    message = found.message
    at = moment(message.created_at)
    name = paintable(message.author.username)
    head = [Fragment("  "), Fragment(name, author_role(message.author.id))]
    head.append(Fragment(f"  {at:%d %b %Y %H:%M}" if at else "", "muted"))
    if found.room:
        head.append(Fragment(f"  in {paintable(found.room)}", "muted"))
    head.append(Fragment(f"  #{message.seq}", "muted"))
    if found.names_me:
        head.append(Fragment("  names you", "mention-me"))
    text = "This message was deleted." if message.deleted else paintable(clean_line(message.content))
    body = Fragment(clip(text, max(1, cells - 5)), "deleted" if message.deleted else "")
    return [Line(tuple(fit(head, cells))), Line((Fragment("  "), Fragment("  "), body))]


class Finder(Page[Message]):
    """See the module. `query`: what to look for at first; None where there is nothing to type."""

    HERE = ("list", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("up", "step(-1)", "Up", show=False),
        Binding("down", "step(1)", "Down", show=False),
        Binding("pageup", "step(-8)", "Page up", show=False),
        Binding("pagedown", "step(8)", "Page down", show=False),
        Binding("enter", "choose", "Go there"),
        Binding("c,y", "copy", "Copy", show=False),
    ]

    def __init__(self, title: str, source: Source, *, query: str | None, empty: str) -> None:
        super().__init__()
        self._title = title
        self._source = source
        self._query = query
        self._empty = empty
        self._shown = ""
        self._next: str | None = None
        self._state: Literal["loading", "there"] = "there"

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content(paintable(self._title)), classes="question")
            if self._query is not None:
                yield CleanInput(self._query, max_length=QUERY_CHARS, placeholder="words, from:NAME, in:ROOM")
            yield FoundList()
            yield Static(Content(""), classes="detail below")

    def on_mount(self) -> None:
        if self._query is None:
            self.query_one(FoundList).focus()
            self._load("")
            return
        field = self.query_one(Input)
        field.cursor_blink = False
        field.cursor_position = len(field.value)
        field.focus()
        self._say("")
        if self._query:
            self._load(self._query)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        keys = (
            "↑ ↓ choose · Enter goes there" + (" · c copies" if self._query is None else "") + " · Esc closes"
        )
        text = f"✗ {words}" if wrong else words or keys
        self.query_one(".detail", Static).update(
            Content.styled(text, "$text-error" if wrong else "$text-muted")
        )

    # ── loading ──────────────────────────────────────────────────────────────────────────────────

    def _load(self, query: str) -> None:
        self._shown, self._next = query, None
        self._say("Looking…")
        begin(self, self._fetch, query, None, exclusive=True, group="finding")

    async def _fetch(self, query: str, following: str | None) -> None:
        self._state = "loading"
        try:
            batch = await self._source(query, following)
        except MeshError as error:
            self._say(clean_line(error.message), wrong=True)
            return
        finally:
            self._state = "there"
        self._next = batch.next
        self.query_one(FoundList).put(batch.found, more=following is not None)
        self._say("" if batch.found or following else self._empty)

    @on(FoundList.Stepped)
    def more(self, event: FoundList.Stepped) -> None:
        if event.at_end and self._next is not None and self._state == "there":
            begin(self, self._fetch, self._shown, self._next, exclusive=True, group="finding")

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        """New words are looked for; the same again go to what is chosen."""
        words = event.value.strip()
        if words and words != self._shown:
            self._load(words)
        elif words:
            self.action_choose()

    @on(FoundList.Clicked)
    def clicked(self, event: FoundList.Clicked) -> None:
        self.query_one(FoundList).index = event.index
        self.action_choose()

    def action_step(self, count: int) -> None:
        self.query_one(FoundList).step(count)

    def action_copy(self) -> None:
        """Where nothing can be typed."""
        chosen = self.query_one(FoundList).chosen
        if chosen is not None and self.copied(chosen.content):
            self._say("Copied.")

    def action_choose(self) -> None:
        if (chosen := self.query_one(FoundList).chosen) is not None:
            self.dismiss(chosen)
