"""The lists beside a room's messages: my rooms on the left, who is here on the right.

Strategy: a wide screen has both, as far as the settings want them; on a smaller one the rooms take the place
of the messages while they are wanted, and nothing of those counts as seen. What is shown and how wide is
kept in the settings, so it is so again after a start.
"""

from collections.abc import Sequence
from typing import Any, Final

from textual import on

from mesh_tui.rooms import Entry
from mesh_tui.screens.threads import Threads
from mesh_tui.settings import PANE_MAX, PANE_MIN, Settings
from mesh_tui.slash import Typed
from mesh_tui.widgets.edged import Edged
from mesh_tui.widgets.participants import Participants
from mesh_tui.widgets.rooms import RoomsPane
from mesh_tui.workers import SENDING, begin
from protocol.rest import Room

WIDE: Final = 110
"""Columns from which on there is room for all three."""

NORMAL: Final = 72
"""Columns below which people have no room."""

STEP: Final = 2
"""Cells that a key makes a list wider by."""

_NO_ROOMS: Final = "-no-rooms"
_NO_PEOPLE: Final = "-no-people"

_WIDTHS: Final[dict[type[Edged], str]] = {
    RoomsPane: "look.rooms_width",
    Participants: "look.people_width",
}
"""The settings that keep how wide they are."""

_OVER: Final = "-over"
"""The class of the screen while the rooms are in the place of the messages."""


class Panes(Threads):
    """What a room's screen does with its lists. It must compose `RoomsPane()` and `Participants()`."""

    def __init__(self, room: Room) -> None:
        super().__init__(room)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NORMAL, "-normal"), (WIDE, "-wide")]
        self._wanted: dict[str, Any] = {}
        """What keys have changed and the settings do not have yet, by the keys of the settings."""

    @property
    def rooms_pane(self) -> RoomsPane:
        return self.query_one(RoomsPane)

    @property
    def participants(self) -> Participants:
        return self.query_one(Participants)

    @property
    def _is_over(self) -> bool:
        return self.has_class(_OVER)

    def take_look(self, settings: Settings) -> None:
        """Shows what is wanted, as wide as it is wanted; what a key has changed since then stays."""
        wanted = self._wanted
        self.set_class(not wanted.get("look.rooms", settings.look.rooms), _NO_ROOMS)
        self.set_class(not wanted.get("look.people", settings.look.people), _NO_PEOPLE)
        self.rooms_pane.styles.width = wanted.get("look.rooms_width", settings.look.rooms_width)
        people_width = wanted.get("look.people_width", settings.look.people_width)
        self.participants.styles.width = people_width or None

    def show_entries(self, entries: Sequence[Entry]) -> None:
        super().show_entries(entries)
        self.rooms_pane.put(entries, self.room.id, seen=self.in_front)

    def on_resize(self) -> None:
        if self.size.width >= WIDE:
            self.remove_class(_OVER)

    # ── the rooms ────────────────────────────────────────────────────────────────────────────────

    def action_rooms(self) -> None:
        if self.size.width >= WIDE:
            self._toggle(_NO_ROOMS, "look.rooms")
        elif self._is_over:
            self._close_rooms()
        else:
            self.add_class(_OVER)
            self.set_focus(self.rooms_pane)
            self.call_after_refresh(lambda: self.show_entries(self.mesh.entries()))

    @on(RoomsPane.Chosen)
    def room_chosen(self, event: RoomsPane.Chosen) -> None:
        self._close_rooms()
        self.set_focus(self.composer)
        self.mesh.open_room(event.room.id)

    def _close_rooms(self) -> None:
        if self._is_over:
            self.remove_class(_OVER)
            self.set_focus(self.composer)
            self.call_after_refresh(self.transcript.look)

    def start_writing(self) -> None:
        self._close_rooms()
        super().start_writing()

    def uncover(self) -> None:
        self._close_rooms()
        super().uncover()

    def take_back(self) -> bool:
        if self._is_over:
            self._close_rooms()
            return True
        return super().take_back()

    # ── the people, and how wide a list is ───────────────────────────────────────────────────────

    def action_people(self) -> None:
        if self.size.width < NORMAL:
            self.tell("The screen is too narrow for that. /who shows who is here.")
        elif self.pane.first:
            # A thread stands in their place, or covers all: who asks for them wants to see them.
            self.close_thread()
            if self.has_class(_NO_PEOPLE):
                self._toggle(_NO_PEOPLE, "look.people")
        else:
            self._toggle(_NO_PEOPLE, "look.people")

    def action_wider(self) -> None:
        self._resize(STEP)

    def action_narrower(self) -> None:
        self._resize(-STEP)

    def _resize(self, cells: int) -> None:
        """Of the rooms; where they are not shown, of the people."""
        pane: Edged
        if self.rooms_pane.display and not self._is_over:
            pane = self.rooms_pane
        elif self.participants.display:
            pane = self.participants
        else:
            return
        set_now = pane.styles.inline.width
        now = int(set_now.value) if set_now is not None else pane.outer_size.width
        pane.styles.width = wanted = min(max(PANE_MIN, now + cells), PANE_MAX)
        self._keep(_WIDTHS[type(pane)], wanted)

    @on(Edged.Dragged)
    def edge_dragged(self, event: Edged.Dragged) -> None:
        if self._is_over:
            return
        wanted = min(max(PANE_MIN, event.cells), PANE_MAX)
        event.pane.styles.width = wanted
        if event.over:
            self._keep(_WIDTHS[type(event.pane)], wanted)

    @on(Participants.Clicked)
    def person_clicked(self, event: Participants.Clicked) -> None:
        typed = Typed("whois", event.member.username)
        begin(self.mesh, self.run_typed, self.room.id, typed, f"/whois {typed.argument}", group="commands")

    def _toggle(self, hidden: str, key: str) -> None:
        """At once; the next key may come before it is kept."""
        shown = not self.has_class(hidden)
        self.set_class(shown, hidden)
        self._keep(key, not shown)

    def _keep(self, key: str, value: Any) -> None:
        """Soon, also where this screen or the program ends first."""
        keeping, self._wanted[key] = bool(self._wanted), value
        if not keeping:
            begin(self.mesh, self._keep_wanted, group=SENDING)

    async def _keep_wanted(self) -> None:
        """One time after the other, each with all that has come meanwhile: what was wanted last stays."""
        while wanted := dict(self._wanted):
            await self.attempt(self.mesh.save_settings, wanted)
            for key, value in wanted.items():
                if self._wanted[key] == value:
                    del self._wanted[key]
