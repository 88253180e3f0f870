"""Files on their way in the room that is open, above the place to write.

Strategy: what is shown is what belongs to the room and is not over, and what ended while it was open, until
something is sent there; all of it is in the list of transfers besides. F6 goes there and back.
"""

from collections.abc import Sequence
from typing import Final

from textual import on

from mesh_agent.sharing.state import TransferChanged
from mesh_tui.actions import Place
from mesh_tui.keymap import keys_by_id
from mesh_tui.pace import Pace
from mesh_tui.screens.panes import Panes
from mesh_tui.transfers import DEEDS, is_open_offer
from mesh_tui.widgets.cards import Cards
from mesh_tui.widgets.choices import Choices
from protocol.rest import Room

ENDED_SHOWN: Final = 2
"""Of those that ended while the room was open."""

ANSWERS: Final = frozenset({"accept", "decline", "always"})
"""What answers an offer; once the last one is answered, one writes again."""

_KEYS: Final = frozenset(deed.key for deed in DEEDS)


class Offering(Panes):
    """What a room's screen does with transfers. It must compose `Cards()`."""

    def __init__(self, room: Room) -> None:
        super().__init__(room)
        self._card_pace = Pace(self, self.show_cards)
        self._going_on: set[str] = set()
        """Those that were seen here before their end."""

        self._asked_of = ""
        """The offer of which something is asked before it is taken."""

    @property
    def cards(self) -> Cards:
        return self.query_one(Cards)

    def start_writing(self) -> None:
        super().start_writing()
        self._going_on.clear()
        self.show_cards()

    def will_send(self) -> None:
        super().will_send()
        if self._going_on:
            self._going_on.clear()
            self.show_cards()

    def transfer_changed(self, event: TransferChanged) -> None:
        super().transfer_changed(event)
        if event.transfer.room_id == self.room.id:
            if not event.transfer.over:  # what is small may be over before the next look
                self._going_on.add(event.transfer.id)
            self._card_pace.ask()

    def forgotten(self) -> None:
        self._card_pace.ask()

    def show_cards(self) -> None:
        """What is on its way here, offers first."""
        here = [known for known in self.mesh.transferring.all() if known.room_id == self.room.id]
        going = [known for known in here if not known.over]
        ended = [known for known in here if known.over and known.id in self._going_on]
        ended.sort(key=lambda known: known.ended_at)
        self._going_on |= {known.id for known in going}
        shown = sorted(going, key=lambda known: not is_open_offer(known)) + ended[-ENDED_SHOWN:]
        cards = self.cards
        had = bool(cards.transfers)
        cards.put(shown, keys_by_id("room.cards", self.mesh.settings.keys).partition(",")[0])
        if self._asked_of and not any(is_open_offer(known) for known in shown if known.id == self._asked_of):
            self._asked_of, answered = "", self._asked_of
            self._move_on(answered)
        if not shown and cards.has_focus:
            self.set_focus(self.composer)
        if had != bool(shown):
            self.refresh_bindings()

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def here(self) -> Sequence[Place]:
        return ("transfer", "room", "rooms") if self.cards.has_focus else super().here

    def is_key(self, key: str) -> bool:
        return super().is_key(key) or (self.is_mounted and self.cards.has_focus and key in _KEYS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cards":
            return self.is_mounted and bool(self.cards.transfers)
        return super().check_action(action, parameters)

    def take_back(self) -> bool:
        if self.cards.has_focus:
            self.set_focus(self.composer)
            return True
        return super().take_back()

    def action_cards(self) -> None:
        self.set_focus(self.composer if self.cards.has_focus else self.cards)

    @on(Cards.Done)
    def deed_wanted(self, event: Cards.Done) -> None:
        deed = self.mesh.transferring.press(event.key, event.transfer)
        if deed is None or deed.name not in ANSWERS:
            return
        if self.app.screen is self:
            self._move_on(event.transfer.id)
        else:  # it is asked first what becomes of names that are taken
            self._asked_of = event.transfer.id

    def _move_on(self, answered: str) -> None:
        """To the next offer that waits for an answer."""
        if not self.cards.has_focus:
            return
        others = [
            number
            for number, known in enumerate(self.cards.transfers)
            if is_open_offer(known) and known.id != answered
        ]
        if not others:
            self.set_focus(self.composer)  # the next letter is text again
            return
        after = (number for number in others if number > self.cards.index)
        self.cards.begin_at(next(after, others[0]))

    @on(Choices.Clicked)
    def card_clicked(self, event: Choices.Clicked) -> None:
        self.cards.begin_at(event.index)
        self.cards.action_deed("enter")
