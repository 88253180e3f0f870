"""Everything about one transfer: who, what, every path that is offered, how far it is, why it ended."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mesh_agent.sharing.state import Transfer, TransferChanged
from mesh_tui.bridge import FromAgent
from mesh_tui.layout.cells import Line
from mesh_tui.layout.transfers import detail_lines
from mesh_tui.pace import Pace
from mesh_tui.screens.base import Page
from mesh_tui.screens.transfers import keys_of_transfer
from mesh_tui.transfers import name_of
from mesh_tui.widgets.cards import deed_bindings
from mesh_tui.widgets.lines import LineList


class Facts(LineList, can_focus=True):
    """Rows about one transfer."""

    def __init__(self, transfer: Transfer, room: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._room = room

    def put(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self.remake()

    def make(self, cells: int) -> Sequence[Line]:
        plain = self.app.current_theme.ansi
        return detail_lines(self._transfer, max(20, cells - 1), self._room, plain=plain)


class TransferPage(Page[None]):
    """See the module."""

    HERE = ("transfer", "page")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        *(binding for binding in deed_bindings() if isinstance(binding, Binding) and binding.key != "enter"),
    ]

    def __init__(self, transfer: Transfer) -> None:
        super().__init__()
        self._transfer = transfer
        self._pace = Pace(self, self._show)

    def compose(self) -> ComposeResult:
        with Vertical(classes="page wide tall"):
            yield Static(Content(name_of(self._transfer.title)), classes="question")
            yield Facts(self._transfer, self.mesh.transferring.room_name(self._transfer.room_id))
            yield Static(Content(""), classes="detail below")

    def on_mount(self) -> None:
        self.query_one(Facts).focus()
        self._show()

    @on(FromAgent)
    def heard(self, message: FromAgent) -> None:
        event = message.event
        if isinstance(event, TransferChanged) and event.transfer.id == self._transfer.id:
            self._transfer = event.transfer
            self._pace.ask()

    def _show(self) -> None:
        self.query_one(Facts).put(self._transfer)
        self.query_one(".detail", Static).update(keys_of_transfer(self._transfer, looking=False))

    def action_deed(self, key: str) -> None:
        deed = self.mesh.transferring.press(key, self._transfer)
        if deed is not None and deed.name == "forget":
            self.dismiss()
