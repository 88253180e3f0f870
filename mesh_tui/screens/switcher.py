"""Ctrl+K: go to a room or a person, or give a command, by some letters of its name.

Strategy: what is known at once (my rooms, commands) is there at once; people come from the cache and public
rooms from the server, and take their places in the list while one types already. Whatever needs the server
(joining, a DM) is done while the page is still there, so that it can say why not.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mesh_tui import destinations
from mesh_tui.destinations import Destination, Destinations, Kind, Offered
from mesh_tui.fuzzy import pieces
from mesh_tui.layout.cells import Fragment, Line, fit, width
from mesh_tui.screens.base import Page
from mesh_tui.slash_commands import COMMANDS
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.widgets.form import CleanInput
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.limits import QUERY_CHARS
from protocol.rest import Member, Room
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.agent import Agent

DIRECTORY_S: Final = 60.0
"""How long the public rooms are taken as they were listed last."""

NAME_CELLS: Final = 24
"""Cells that names take at least, so that what is said of them begins at one place."""

KEYS: Final = "Enter opens · only: # rooms @ people / commands · Esc closes"

_SIGNS: Final[dict[Kind, str]] = {"room": "# ", "dm": "@ ", "public": "+ ", "person": "@ ", "command": " /"}


class DestinationList(Choices, can_focus=False):
    """One row each; what is typed goes to the field above, so this never has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self._offered: Sequence[Offered] = ()

    @property
    def chosen(self) -> Destination | None:
        return self._offered[self.index].to if self.index < len(self._offered) else None

    def put(self, offered: Sequence[Offered], *, keep: bool) -> None:
        """Shows `offered`; `keep`: what was chosen stays so, if it is among them, else the first is."""
        was = self.chosen
        self._offered = offered
        kept = [index for index, known in enumerate(offered) if keep and _same(known.to, was)]
        self.begin_at(kept[0] if kept else 0)

    def blocks(self, cells: int) -> Iterable[Block]:
        return [Block([_row(offered, cells)]) for offered in self._offered]


def _same(one: Destination, other: Destination | None) -> bool:
    return other is not None and (one.kind, one.key) == (other.kind, other.key)


def _row(offered: Offered, cells: int) -> Line:
    """`  # general talk     What it is about      3 new @1`."""
    to, hit = offered
    badge = _badge(to)
    room = max(0, cells - 1 - sum(width(fragment.text) for fragment in badge))
    by_other = hit is not None and hit.name > 0
    name = _marked(to.names[0], hit.at if hit and not by_other else (), "title" if to.unread else "")
    left = [Fragment("  "), Fragment("◆ " if to.private and to.kind == "room" else _SIGNS[to.kind], "muted")]
    left += [*name, Fragment(f" {to.usage}" if to.usage else "", "muted")]
    left.append(Fragment(" " * max(2, NAME_CELLS - sum(width(fragment.text) for fragment in left))))
    if hit is not None and by_other:
        left += [*_marked(to.names[hit.name], hit.at, "muted"), Fragment("  ")]
    elif to.kind in ("dm", "person") and len(to.names) > 1:
        left.append(Fragment(f"{to.names[1]}  ", "muted"))
    left.append(Fragment(to.hint, "muted"))
    left = fit(left, max(2, room - 1))
    gap = " " * max(1, room - sum(width(fragment.text) for fragment in left))
    return Line((*left, Fragment(gap), *badge) if badge else tuple(left))


def _marked(name: str, at: Sequence[int], role: str) -> list[Fragment]:
    return [Fragment(piece, "found" if fits else role) for piece, fits in pieces(name, at)]


def _badge(to: Destination) -> list[Fragment]:
    badge = [Fragment(f"@{to.mentions} ", "mention-me")] if to.mentions else []
    if to.unread:
        badge.append(Fragment(f"{to.unread} new", "count"))
    elif to.kind == "public":
        badge.append(Fragment("join", "muted"))
    return badge


class Switcher(Page[Destination]):
    """Ends with a room of mine, or a command. `room_id`: the room that is open, or empty."""

    HERE = ("switcher", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("up,ctrl+p", "step(-1)", "Up", show=False),
        Binding("down,ctrl+n", "step(1)", "Down", show=False),
        Binding("pageup", "step(-8)", "Page up", show=False),
        Binding("pagedown", "step(8)", "Page down", show=False),
    ]

    def __init__(self, room_id: str) -> None:
        super().__init__()
        self._room_id = room_id
        self._all = Destinations(())
        self._wrong = False
        """What went wrong is told until something else is typed."""

    @property
    def _agent(self) -> "Agent":
        return self.mesh.agent

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content("Go to"), classes="question")
            yield CleanInput(max_length=QUERY_CHARS, placeholder="letters of a room, a person, a command")
            yield DestinationList()
            yield Static(Content(""), classes="detail below")

    def on_mount(self) -> None:
        self._all = self._gathering((), ())()
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._show(keep=False)
        begin(self, self._load)

    # ── what there is ────────────────────────────────────────────────────────────────────────────

    def _gathering(self, known: Sequence[Member], directory: Sequence[Room]) -> Callable[[], Destinations]:
        """What makes the list of what is known at this moment, in any thread."""
        entries, recent = self.mesh.entries(), self.mesh.going.visits.recent()
        my_id, here = self._agent.user.id if self._agent.user else "", self._room_id

        def gather() -> Destinations:
            return Destinations(
                [
                    *destinations.my_rooms(entries, recent, here, known),
                    *destinations.public_rooms(directory, entries),
                    *destinations.people(known, entries, my_id),
                    *destinations.commands(COMMANDS, in_room=bool(here)),
                ]
            )

        return gather

    async def _load(self) -> None:
        """People, then public rooms; the list is the longer for each."""
        try:
            known = await self._agent.people()
            await self._take(known)
            if self.mesh.directory.is_older_than(DIRECTORY_S):
                await self.mesh.directory.list()
                await self._take(known)
        except MeshError as error:
            self._say(f"Public rooms as last known. {clean_line(error.message)}", wrong=True)

    async def _take(self, known: Sequence[Member]) -> None:
        gather = self._gathering(known, self.mesh.directory.rooms)
        self._all = await asyncio.to_thread(lambda: gather().prepare())
        self._show(keep=True)

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────

    @on(Input.Changed)
    def typed(self) -> None:
        self._show(keep=False)

    def _show(self, *, keep: bool) -> None:
        offered = self._all.find(self.query_one(Input).value)
        self.query_one(DestinationList).put(offered, keep=keep)
        if keep and self._wrong:
            return
        stranger = self._stranger
        if stranger:
            self._say(f"Nobody in your rooms is called so. Enter asks the server for {stranger}.")
        else:
            self._say("" if offered else "Nothing is called so.")

    @property
    def _stranger(self) -> str:
        """A person's name that is typed whole and known to nobody here."""
        typed = self.query_one(Input).value.strip()
        return typed[1:].strip() if typed.startswith("@") and not self._all.find(typed) else ""

    def action_step(self, count: int) -> None:
        self.query_one(DestinationList).step(count)

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self.query_one(DestinationList).begin_at(event.index)
        self.choose()

    @on(Input.Submitted)
    def choose(self) -> None:
        chosen = self.query_one(DestinationList).chosen
        if chosen is None and self._stranger:
            chosen = Destination("person", self._stranger, (self._stranger,))
        if chosen is None:
            return
        if chosen.kind in ("public", "person"):
            begin(self, self._enter, chosen, exclusive=True, group="enter")
        else:
            self.dismiss(chosen)

    async def _enter(self, chosen: Destination) -> None:
        """Makes it a room of mine, and ends with that."""
        self._say(f"Joining {chosen.names[0]}…" if chosen.kind == "public" else f"Opening {chosen.names[0]}…")
        try:
            room = await self._room_of(chosen)
        except MeshError as error:
            self._say(clean_line(error.message), wrong=True)
        else:
            self.dismiss(chosen._replace(kind="room", key=room.id))

    async def _room_of(self, chosen: Destination) -> Room:
        if chosen.kind == "public":
            return await self._agent.join(chosen.key)
        return await self._agent.order.dm(chosen.key)

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self._wrong = wrong
        style = "$text-error" if wrong else "$text-muted"
        text = f"✗ {words}" if wrong else words or KEYS
        self.query_one(".detail", Static).update(Content.styled(text, style))
