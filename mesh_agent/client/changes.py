"""What arrivals mean for the cache: plain records from `sync` and `sender` to `cache`.

Strategy: a change says what is now known, never how to write it, and may be applied twice or late: each
carries the `rev` by which the cache tells whether it knows better already. So two processes of one
profile, each with its own line, may write to one file in any order.
"""

from dataclasses import dataclass

from mesh_agent.client.state import Outgoing
from protocol.rest import Member, Message, Role, Room


@dataclass(frozen=True, slots=True)
class RoomHeld:
    """A room, and how much of its log is held.

    Attributes:
        epoch: the numbering that `rev` and `top_seq` belong to; empty where it is not known yet.
        rev: every change up to this one is held, or was before the cached part begins.
        top_seq: the number of the newest message up to `rev`.
    """

    room: Room
    epoch: str
    rev: int
    top_seq: int


@dataclass(frozen=True, slots=True)
class RoomEntered:
    """The room is now mine; nothing of it is held yet."""

    held: RoomHeld


@dataclass(frozen=True, slots=True)
class RoomReset:
    """What is held of the messages does not join on to what comes: away with it."""

    held: RoomHeld


@dataclass(frozen=True, slots=True)
class RoomAdvanced:
    """Everything after `from_rev` up to `held.rev` has been told."""

    held: RoomHeld
    from_rev: int


@dataclass(frozen=True, slots=True)
class RoomShown:
    """Only what a list of rooms shows has changed: unread, topic, name."""

    room: Room


@dataclass(frozen=True, slots=True)
class RoomRemoved:
    room_id: str


@dataclass(frozen=True, slots=True)
class MessagesHeld:
    """Messages of one room, each in the state of its own `rev`."""

    room_id: str
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class MembersHeld:
    """The whole list as of `rev`."""

    room_id: str
    rev: int
    members: list[Member]


@dataclass(frozen=True, slots=True)
class MemberPut:
    room_id: str
    rev: int
    member: Member


@dataclass(frozen=True, slots=True)
class MemberRole:
    room_id: str
    rev: int
    user_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    room_id: str
    rev: int
    user_id: str
    new_owner: str | None


@dataclass(frozen=True, slots=True)
class MarkerSet:
    """I have read up to `seq`, and the server does not know."""

    room_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class MarkerTold:
    """The server knows that I have read up to `seq`."""

    room_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class OutgoingMarked:
    """A message of the outbox has failed, for the reason in it."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class OutgoingGone:
    """A message of the outbox is the server's now."""

    nonce: str


Change = (
    RoomEntered
    | RoomReset
    | RoomAdvanced
    | RoomShown
    | RoomRemoved
    | MessagesHeld
    | MembersHeld
    | MemberPut
    | MemberRole
    | MemberRemoved
    | MarkerSet
    | MarkerTold
    | OutgoingMarked
    | OutgoingGone
)
