"""What travels on the bus, and the contract of one.

Nothing here is the truth: a bus may lose anything, and who needs to be sure reads the log. Messages of
one room are published in the order of their commits; where several nodes publish, those of one node may
overtake those of another.
"""

from collections.abc import Callable, Container
from typing import Protocol

from msgspec import Struct

from protocol.events import (
    ChatEvent,
    MemberJoined,
    MemberLeft,
    RoomDeleted,
    RoomJoined,
    RoomLeft,
    ServerToClient,
)
from protocol.rest import Message, Presence


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
    event: ServerToClient
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
    event: ServerToClient
    except_user: str


class DeviceRevoked(Struct, frozen=True, tag=True):
    device_id: str


class UserChanged(Struct, frozen=True, tag=True):
    """What a server remembers of a user, such as their role, is so no more."""

    user_id: str


class Tried(Struct, frozen=True, tag=True):
    """A password was tried at a node; what it counts as, it counts as at all of them."""

    account: str
    origin: str
    address: str
    fits: bool


class SpentOf(Struct, frozen=True):
    """So many `times` of a rate: of which kind, and counted for whom; as in `mesh_server.limits`."""

    kind: str
    scope: str
    key: str
    times: int


class Spent(Struct, frozen=True, tag=True):
    """What a node has granted of rates that run low."""

    node_id: str
    spent: list[SpentOf]


class PersonHere(Struct, frozen=True):
    """Somebody at a node: as present as all of their connections there, and the rooms that they are in.

    `presence` is None of who is there no more.
    """

    user_id: str
    presence: Presence | None
    status_text: str = ""
    room_ids: list[str] = []


class PeopleHere(Struct, frozen=True, tag=True):
    """What changed in who is at a node; `number` counts these messages of that node, one without people
    says the last number again.

    `roster`: it is of all who are there, and the last piece of it is the one that is `complete`.
    """

    node_id: str
    number: int
    people: list[PersonHere]
    roster: bool = False
    complete: bool = False


class PeopleWanted(Struct, frozen=True, tag=True):
    """All who are at that node shall be told; empty: at every other node."""

    node_id: str


class Look(Struct, frozen=True, tag=True):
    """What happened in a room, up to `rev`, stands in the log: it was too large to say, or is of a kind that
    is not known here."""

    room_id: str
    rev: int


BusMessage = (
    MessagesCreated
    | CameIn
    | WentOut
    | RoomChanged
    | RoomGone
    | ToUser
    | ToRooms
    | DeviceRevoked
    | UserChanged
    | Tried
    | Spent
    | PeopleHere
    | PeopleWanted
    | Look
)


def numbers_of(message: BusMessage) -> tuple[str, int, int] | None:
    """The room whose log this is from, and the first and last `rev` of it; None for what is in no log."""
    match message:
        case MessagesCreated(room_id=room_id, messages=[first, *_]):
            return room_id, first.rev, message.messages[-1].rev
        case CameIn(joined=joined):
            return joined.room_id, joined.rev, joined.rev
        case WentOut(event=left):
            return left.room_id, left.rev, left.rev
        case RoomChanged(room_id=room_id, rev=rev):
            return room_id, rev, rev
        case _:
            return None


class Bus(Protocol):
    def publish(self, message: BusMessage) -> None:
        """Never blocks and never fails; what cannot be sent is lost."""
        ...

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        """`handler` is called on the event loop, once a message, for this node's own messages too.

        Those of this node come in the moment that they are published; those of another in the order in which
        it published them.
        """
        ...
