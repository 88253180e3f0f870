"""Who is here. Kept in memory only: presence says nothing about the past, so nothing need survive.

A person is as present as the most present of their connections.
"""

from typing import Final

from mesh_server.bus.base import Bus, ToRooms
from protocol.events import PresenceChanged
from protocol.rest import Presence

_MOST_PRESENT_FIRST: Final[tuple[Presence, ...]] = ("online", "busy", "away", "offline")


class PresenceService:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._peers: dict[str, dict[str, Presence]] = {}

    def of(self, user_id: str) -> Presence:
        chosen = self._peers.get(user_id)
        if not chosen:
            return "offline"
        values = set(chosen.values())
        return next(presence for presence in _MOST_PRESENT_FIRST if presence in values)

    def set(self, user_id: str, peer_id: str, presence: Presence, room_ids: list[str]) -> None:
        """What one connection says of its person; tells `room_ids` where that changes anything."""
        before = self.of(user_id)
        self._peers.setdefault(user_id, {})[peer_id] = presence
        self._tell(user_id, before, room_ids)

    def remove(self, user_id: str, peer_id: str, room_ids: list[str]) -> None:
        """The connection is gone."""
        before = self.of(user_id)
        chosen = self._peers.get(user_id, {})
        chosen.pop(peer_id, None)
        if not chosen:
            self._peers.pop(user_id, None)
        self._tell(user_id, before, room_ids)

    def _tell(self, user_id: str, before: Presence, room_ids: list[str]) -> None:
        now = self.of(user_id)
        if now != before and room_ids:
            event = PresenceChanged(user_id=user_id, presence=now)
            self._bus.publish(ToRooms(room_ids=room_ids, event=event, except_user=""))
