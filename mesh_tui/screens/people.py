"""Choosing one or several of the members of a room, to send them something."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_tui.layout.cells import Fragment, Line, fit
from mesh_tui.layout.presence import LOOKS
from mesh_tui.screens.base import Page
from mesh_tui.transfers import name_of
from mesh_tui.widgets.choices import Block, Choices
from protocol.rest import Member


class PeopleList(Choices, can_focus=True):
    """A row each, with a mark for those that are taken."""

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = members
        self.taken: set[str] = set()

    @property
    def chosen(self) -> Member | None:
        return self.members[self.index] if self.index < len(self.members) else None

    def toggle(self) -> None:
        if self.chosen is not None:
            self.taken ^= {self.chosen.user_id}
            self.remake()

    def toggle_all(self) -> None:
        everybody = {member.user_id for member in self.members}
        self.taken = set() if self.taken == everybody else everybody
        self.remake()

    def blocks(self, cells: int) -> Iterable[Block]:
        for member in self.members:
            look = LOOKS[member.presence]
            mark = "[×] " if member.user_id in self.taken else "[ ] "
            row = [
                Fragment("  "),
                Fragment(mark, "key" if member.user_id in self.taken else "muted"),
                Fragment(f"{look.sign} ", look.role),
                Fragment(name_of(member.username, 40), "title"),
                Fragment(f"  {look.heading}", "muted"),
            ]
            yield Block([Line(tuple(fit(row, cells)))])


class People(Page[Sequence[str]]):
    """Ends with the ids of those that are chosen; without a mark, of the one that the bar is on."""

    HERE = ("people", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel"),
        Binding("space", "mark", "Mark", show=False),
        Binding("a", "mark_all", "All", show=False),
        Binding("enter", "choose", "Send", show=False),
    ]

    def __init__(self, question: str, members: Sequence[Member]) -> None:
        super().__init__()
        self._question = question
        self._members = members

    def compose(self) -> ComposeResult:
        with Vertical(classes="page tall"):
            yield Static(Content(self._question), classes="question")
            yield PeopleList(self._members)
            yield Static(Content("Space marks · a all · Enter sends · Esc cancels"), classes="detail below")

    @property
    def _list(self) -> PeopleList:
        return self.query_one(PeopleList)

    def on_mount(self) -> None:
        self._list.focus()

    def action_mark(self) -> None:
        self._list.toggle()

    def action_mark_all(self) -> None:
        self._list.toggle_all()

    def action_choose(self) -> None:
        people = self._list
        marked = [member.user_id for member in people.members if member.user_id in people.taken]
        if chosen := marked or ([people.chosen.user_id] if people.chosen else []):
            self.dismiss(chosen)

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self._list.begin_at(event.index)
        self._list.toggle()
