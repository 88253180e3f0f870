"""A room as it was when a command was typed in it, for as long as the command runs.

Strategy: one screen shows all rooms in turn, and a command waits for the server. What it asks for goes to
the room it was typed in, whatever is on the screen by then; what would open or choose something there is
refused, and the line comes back into the draft of its room.
"""

from typing import TYPE_CHECKING, Any, Final

from mesh_tui.slash import Elsewhere

if TYPE_CHECKING:
    from mesh_tui.aim import Aim
    from mesh_tui.screens.choosing import Choosing

_ANYWHERE: Final = frozenset(
    {
        "mesh",
        "me",
        "tell",
        "show",
        "copied",
        "ask",
        "search",
        "attempt",
        "complain",
        "choose_people",
        "show_words",
        "show_transfers",
        "show_call",
    }
)
"""What a screen does for commands that is the same whichever room it shows."""


class Standing:
    """In the place of the screen; `room` and `timeline` stay those of the moment."""

    def __init__(self, screen: "Choosing") -> None:
        self._screen = screen
        self.room = screen.room
        self.timeline = screen.timeline

    def say(self, text: str, aim: "Aim | None" = None) -> None:
        """Sends `text` into that room."""
        self._screen.say(text, aim, room_id=self.room.id)

    def __getattr__(self, name: str) -> Any:
        if name not in _ANYWHERE and self._screen.room.id != self.room.id:
            raise Elsewhere
        return getattr(self._screen, name)
