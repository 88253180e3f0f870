"""A screen from which one goes to rooms: Home, and the room that is open.

Strategy: the order of the rooms and the ways through them are `mesh.going`'s; here are the keys, and the part
of the status line that says where something new is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from textual import events

from mesh_agent.sharing.state import TransferChanged
from mesh_tui.actions import ACTIONS
from mesh_tui.keymap import keys_of
from mesh_tui.layout.cells import Fragment
from mesh_tui.pace import Pace
from mesh_tui.rooms import Entry, active
from mesh_tui.screens.switching import Switching
from mesh_tui.settings import Settings
from mesh_tui.widgets.status import StatusLine

_NUMBER: Final = next(action for action in ACTIONS if action.id == "rooms.number")


class Among(Switching):
    """A screen with a `StatusLine`. `hot`: the rooms elsewhere that have something new."""

    def __init__(self) -> None:
        super().__init__()
        self.hot: Sequence[Entry] = ()
        self._offers: Mapping[str, int] = {}
        self._transfers_pace = Pace(self, self.show_transfer_state)

    def on_mount(self) -> None:
        self.mesh.settings_changed.subscribe(self, self._levels_may_be_others)
        self.mesh.terminals.signal.subscribe(self, self._show_terminals)
        self.mesh.calls.signal.subscribe(self, self._show_call)
        self.call_after_refresh(self.show_transfer_state)
        self.call_after_refresh(lambda: self._show_call(self.mesh.calls.words))
        self.call_after_refresh(lambda: self._show_terminals(self.mesh.terminals.words))

    def _show_terminals(self, words: Sequence[Fragment]) -> None:
        self.query_one(StatusLine).put_terminals(words)

    def _show_call(self, words: Sequence[Fragment]) -> None:
        self.query_one(StatusLine).put_call(words)

    def _levels_may_be_others(self, _: Settings) -> None:
        self.show_entries(self.mesh.entries())

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """The list of my rooms is this one now."""
        self.hot = active(entries, self.mesh.going.here)
        self.query_one(StatusLine).put_hot(self.hot)
        self.refresh_bindings()

    # ── files on their way ───────────────────────────────────────────────────────────────────────

    def transfer_changed(self, _: TransferChanged) -> None:
        self._transfers_pace.ask()

    def show_transfer_state(self) -> None:
        """The status line says how far they are; the lists of rooms, where an answer is waited for."""
        transferring = self.mesh.transferring
        self.query_one(StatusLine).put_transfers(transferring.all())
        if (offers := transferring.offers()) != self._offers:
            self._offers = offers
            self.show_entries(self.mesh.entries())

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next_active":
            return bool(self.hot) or self.mesh.going.may_return
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        keys = keys_of(_NUMBER, self.mesh.settings.keys).split(",")
        if event.key in keys:
            number = keys.index(event.key) + 1
            event.stop()
            if not self.mesh.going.number(number):
                self.tell(f"No room has the number {number}.")

    def action_next_active(self) -> None:
        self.mesh.going.next_active()

    def action_go_back(self) -> None:
        if not self.mesh.going.back():
            self.tell("No other room was open before.")

    def action_go_forward(self) -> None:
        if not self.mesh.going.forward():
            self.tell("You have not gone back from another room.")
