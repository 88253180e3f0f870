"""Going from room to room: which one is open, what lies behind and before one, and what is next.

Strategy: Home lies at the bottom, one screen for the room that is open above it, pages above both. To open a
room takes the pages away and lets that screen show it; the screen is made once. The order of the rooms is
here, so that lists, the status line and keys agree on it.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from mesh_tui.rooms import Entry, arrange, level_of, numbered
from mesh_tui.visits import HOME, Visits
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.rest import Message
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp
    from mesh_tui.screens.room import RoomScreen

BELOW_PAGES: Final = 2
"""Screens that no room needs to have taken away: the first one, and Home."""


class Going:
    """What an app does to go somewhere."""

    def __init__(self, app: "MeshApp") -> None:
        self._app = app
        self.visits = Visits()
        self._homeward = False
        """What is above Home is being taken away."""
        self._wanted: Callable[[], None] | None = None
        """What is to be opened once it is."""

    @property
    def here(self) -> str:
        """The id of the room that is open, `HOME` where none is."""
        screen = self._room_screen()
        return screen.room.id if screen else HOME

    def entries(self) -> list[Entry]:
        """My rooms in the order of every list."""
        rooms, settings = self._app.agent.rooms(), self._app.settings
        offers = self._app.transferring.offers()
        return arrange(rooms, partial(level_of, settings), self.visits.held, offers)

    def _room_screen(self) -> "RoomScreen | None":
        from mesh_tui.screens.room import RoomScreen

        return next((screen for screen in self._app.screen_stack if isinstance(screen, RoomScreen)), None)

    # ── a room, and Home ─────────────────────────────────────────────────────────────────────────

    def open(self, room_id: str, *, at: Message | None = None) -> None:
        """Shows a room, at the message `at` if there is one; says so where it is none of mine."""
        from mesh_tui.screens.room import RoomScreen

        app = self._app
        try:
            room = app.agent.room(room_id)
        except MeshError as error:
            app.notify(clean_line(error.message), severity="error", markup=False)
            return
        if self._homeward:  # the screen that would show it is about to go
            self._wanted = partial(self.open, room_id, at=at)
            return
        shown = self._room_screen()
        if app.screen is not shown and len(app.screen_stack) > BELOW_PAGES:
            begin(app, self._open_below, shown, room_id, at, group="screens")
            return
        self.visits.opened(room.id, self.entries())
        if shown is not None:
            shown.open(room, at)
        else:
            app.push_screen(RoomScreen(room, at))

    async def _open_below(self, shown: "RoomScreen | None", room_id: str, at: Message | None) -> None:
        """Takes the pages away first."""
        app = self._app
        while app.screen is not shown and len(app.screen_stack) > BELOW_PAGES:
            await app.pop_screen()
        self.open(room_id, at=at)

    def close_room(self) -> None:
        """Takes the room away that is open, and what is above it."""
        if self._room_screen() is not None:
            self.show_home()

    def show_home(self) -> None:
        """Goes back to Home, soon."""
        begin(self._app, self.home, group="screens")

    async def home(self) -> None:
        """Takes away what is above Home."""
        self.visits.opened(HOME, self.entries())
        self._homeward, self._wanted = True, None
        try:
            while len(self._app.screen_stack) > BELOW_PAGES:
                await self._app.pop_screen()
        finally:
            self._homeward = False
        self._open_wanted()

    def _open_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            wanted()

    # ── from room to room ────────────────────────────────────────────────────────────────────────

    def next_active(self) -> bool:
        """To the next room with something new, in the end back to where one was; False: there is none."""
        return self._go(self.visits.next_active(self.here, self.entries()))

    @property
    def may_return(self) -> bool:
        """Whether `next_active` leads back where nothing new is left."""
        return self.visits.may_return(self.here)

    def number(self, number: int) -> bool:
        """To the room with this number; False: there is none."""
        room = numbered(self.entries(), number)
        return self._go(room.id if room else None)

    def back(self) -> bool:
        """To the room that was open before; False: there is none."""
        return self._go(self.visits.back(self.here, self._known()))

    def forward(self) -> bool:
        """To the room that one has gone back from; False: there is none."""
        return self._go(self.visits.forward(self.here, self._known()))

    def _known(self) -> set[str]:
        return {room.id for room in self._app.agent.rooms()}

    def _go(self, room_id: str | None) -> bool:
        if room_id is None:
            return False
        if room_id == HOME:
            self.show_home()
        else:
            self.open(room_id)
        return True
