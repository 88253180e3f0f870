"""What Home and a room do alike: going elsewhere by Ctrl+K."""

from mesh_tui.destinations import Destination
from mesh_tui.screens.base import MeshScreen
from mesh_tui.slash import look_up
from mesh_tui.slash_commands import Command


class Switching(MeshScreen[None]):
    """A screen from which one goes to other rooms, and where commands can be given."""

    @property
    def room_id(self) -> str:
        """The id of the room that is open; empty where none is."""
        raise NotImplementedError

    def take_command(self, command: Command) -> None:
        """Runs it, where it takes nothing after it; else it stands where it can be completed."""
        raise NotImplementedError

    def action_switcher(self) -> None:
        from mesh_tui.screens.switcher import Switcher

        self.mesh.push_screen(Switcher(self.room_id), self._switched)

    def _switched(self, to: Destination | None) -> None:
        if to is not None and to.kind == "command":
            self.take_command(look_up(to.key))
        elif to is not None and to.key != self.room_id:
            self.mesh.open_room(to.key)
