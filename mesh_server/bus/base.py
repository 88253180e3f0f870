"""What travels on the bus, and the contract of one.

Nothing here is the truth: a bus may lose anything, and who needs to be sure reads the log. Messages of
one room are published in the order of their commits.
"""

from collections.abc import Callable, Container
from typing import Protocol

from msgspec import Struct

from protocol.events import ChatEvent, Event, MemberJoined, MemberLeft, RoomDeleted, RoomJoined, RoomLeft
from protocol.rest import Message


class MessagesCreated(Struct, frozen=True, tag=True):
    """Messages of one room in the order of their `rev`; each carries its nonce, for its author only."""

    room_id: str
    messages: list[Message]


class CameIn(Struct, frozen=True, tag=True):
    """Someone is a member now. `event` is for the others, `joined` for that user's own connections.

    `event` is None where the room begins with them, so that there is nobody to tell.
    """

    event: MemberJoined | None
    joined: RoomJoined
    user_id: str
    asked_by: str
    """The peer id of the connection that asked, which is answered on its own; empty for REST."""


class WentOut(Struct, frozen=True, tag=True):
    """Someone is no member any more; otherwise as `CameIn`."""

    event: MemberLeft
    left: RoomLeft
    user_id: str
    asked_by: str


class RoomChanged(Struct, frozen=True, tag=True):
    """Something else took the room's next `rev`: for everyone in it but the connection that is answered."""

    room_id: str
    rev: int
    event: ChatEvent
    asked_by: str


class RoomGone(Struct, frozen=True, tag=True):
    """A room was deleted: for everyone who was in it."""

    room_id: str
    event: RoomDeleted


class ToUser(Struct, frozen=True, tag=True):
    """For every connection of a user but the one that asked.

    Attributes:
        device_id: of this device only.
        except_devices: of any device but these.
        room_id: only while they are in this room.
    """

    user_id: str
    event: Event
    asked_by: str = ""
    device_id: str | None = None
    except_devices: tuple[str, ...] = ()
    room_id: str | None = None

    def is_for(self, peer_id: str, device_id: str, rooms: Container[str]) -> bool:
        """Whether it is for this connection of the user's."""
        return (
            peer_id != self.asked_by
            and self.device_id in (None, device_id)
            and device_id not in self.except_devices
            and (self.room_id is None or self.room_id in rooms)
        )


class ToRooms(Struct, frozen=True, tag=True):
    """Ephemeral: for everyone in these rooms but `except_user`, once each; dropped first under load."""

    room_ids: list[str]
    event: Event
    except_user: str


class DeviceRevoked(Struct, frozen=True, tag=True):
    device_id: str


BusMessage = MessagesCreated | CameIn | WentOut | RoomChanged | RoomGone | ToUser | ToRooms | DeviceRevoked


class Bus(Protocol):
    def publish(self, message: BusMessage) -> None:
        """Never blocks and never fails; what cannot be sent is lost."""
        ...

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        """`handler` is called on the event loop, for this node's own messages too."""
        ...
