"""The public rooms of the server, as it listed them last: for Home, the switcher, and completing a name."""

from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp
    from protocol.rest import Room


class Directory:
    """Of one app. `rooms`: empty until they were listed once."""

    def __init__(self, app: "MeshApp") -> None:
        self.rooms: Sequence[Room] = ()
        self._app = app
        self._listed_at = -inf

    def is_older_than(self, seconds: float) -> bool:
        return monotonic() - self._listed_at > seconds

    async def list(self) -> Sequence["Room"]:
        """As they are now. Raises as `Agent.public_rooms`."""
        self.rooms = await self._app.agent.public_rooms()
        self._listed_at = monotonic()
        return self.rooms
