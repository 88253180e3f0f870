"""All files on their way, and those that were: F7 or `/transfers`.

Strategy: the list is made anew from `agent.sharing` at a pace that a person can read, whatever flows; the
same transfer stays chosen. What its keys do is in `mesh_tui.transferring`.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_agent.client.state import EventsDropped
from mesh_agent.sharing.state import Transfer, TransferChanged
from mesh_tui.bridge import FromAgent
from mesh_tui.layout.cells import Fragment, Line
from mesh_tui.layout.transfers import hint_line, list_lines
from mesh_tui.pace import Pace
from mesh_tui.screens.base import Page
from mesh_tui.transfers import grouped
from mesh_tui.widgets.cards import deed_bindings
from mesh_tui.widgets.choices import Block, Choices

EMPTY: Final = "Nothing is on its way. /send PATH sends a file or a folder to somebody in a room."


class TransferList(Choices, can_focus=True):
    """Under headings, two rows or more each."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: Sequence[tuple[str, Sequence[Transfer]]] = ()
        self._rooms: dict[str, str] = {}
        self.transfers: Sequence[Transfer] = ()

    @property
    def chosen(self) -> Transfer | None:
        return self.transfers[self.index] if self.index < len(self.transfers) else None

    def put(self, transfers: Sequence[Transfer], rooms: dict[str, str]) -> None:
        was = self.chosen
        self._groups, self._rooms = grouped(transfers), rooms
        self.transfers = [known for _, group in self._groups for known in group]
        here = [known.id for known in self.transfers]
        self.begin_at(here.index(was.id) if was is not None and was.id in here else self.index)

    def blocks(self, cells: int) -> Iterable[Block]:
        plain = self.app.current_theme.ansi
        for number, (heading, transfers) in enumerate(self._groups):
            above = [Line(())] if number else []
            yield Block([*above, Line((Fragment(heading, "heading"),))], can_be_chosen=False)
            for transfer in transfers:
                yield Block(list_lines(transfer, cells, self._rooms.get(transfer.room_id, ""), plain=plain))


class Transfers(Page[None]):
    """See the module."""

    HERE = ("transfer", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f7", "dismiss", "Close"),
        *deed_bindings(),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._pace = Pace(self, self._show)

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content("Files on their way"), classes="question")
            yield TransferList()
            yield Static(Content(""), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(TransferList).focus()
        self._show()

    @on(FromAgent)
    def heard(self, message: FromAgent) -> None:
        if isinstance(message.event, TransferChanged | EventsDropped):
            self._pace.ask()

    def forgotten(self) -> None:
        self._pace.ask()

    def _show(self) -> None:
        rooms = {room.id: room.name for room in self.mesh.agent.rooms()}
        self.query_one(TransferList).put(self.mesh.transferring.all(), rooms)
        self._tell()

    @on(Choices.Stepped)
    def _tell(self) -> None:
        chosen = self.query_one(TransferList).chosen
        words = Content(EMPTY) if chosen is None else keys_of_transfer(chosen)
        self.query_one(".detail", Static).update(words)

    @on(Choices.Clicked)
    def clicked(self, event: Choices.Clicked) -> None:
        self.query_one(TransferList).begin_at(event.index)
        self._tell()

    def action_deed(self, key: str) -> None:
        chosen = self.query_one(TransferList).chosen
        if chosen is not None:
            self.mesh.transferring.press(key, chosen)
            self._pace.ask()


def keys_of_transfer(transfer: Transfer, *, looking: bool = True) -> Content:
    """The keys that do something with it, as a row."""
    fragments = [
        *hint_line(transfer, looking=looking),
        Fragment(" · ", "muted"),
        Fragment("Esc", "key"),
        Fragment(" closes", "muted"),
    ]
    parts = [
        Content.styled(text, "bold $accent" if role == "key" else "$text-muted") for text, role in fragments
    ]
    return Content.assemble(*parts)
