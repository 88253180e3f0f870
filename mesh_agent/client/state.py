"""What a screen or a script is told: frozen states and events, and nothing of how they came about.

Every string here that another person wrote has been through `protocol.text.clean_text` already.
"""

from dataclasses import dataclass
from typing import Literal

from mesh_agent.calls.state import CallChanged, CallRinging
from mesh_agent.sharing.state import IdentityChanged, TransferChanged
from protocol.rest import Member, Message, Room

# ── the connection, one of these at any time ─────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SignedOut:
    """No session. `reason` is a sentence for the person, empty where they signed out themselves."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Connecting:
    attempt: int
    """1 for the first try since the line was last up."""


@dataclass(frozen=True, slots=True)
class Connected:
    lag_s: float | None = None
    """The last heartbeat's round trip, once there was one."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The line is down. `reason` is a sentence for the person; the next try comes in `retry_in_s`."""

    reason: str
    retry_in_s: float
    attempt: int


ConnectionState = SignedOut | Connecting | Connected | Waiting


# ── messages on their way out ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message in the outbox: on this machine's disk, not yet acknowledged by the server.

    `pending` will be sent by itself; `failed` was refused by the server and stays until it is retried or
    discarded. `error`: why it was refused, for good or for now. `thread`: the id of what began the thread
    that it is said in; `reply_to`: the id of what it answers.
    """

    nonce: str
    room_id: str
    content: str
    created_at: str
    state: Literal["pending", "failed"]
    error: str = ""
    thread: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of a room in ascending `seq`. `has_more`: there is earlier history."""

    messages: list[Message]
    has_more: bool


# ── events ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    state: ConnectionState


@dataclass(frozen=True, slots=True)
class RoomsChanged:
    """The list of my rooms, or something shown in it (unread, topic, name), is no longer what it was."""

    rooms: list[Room]


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message is new or has changed. `nonce` is set where it left this outbox and replaces it on screen."""

    message: Message
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingChanged:
    """A message entered the outbox, was refused, or is to be retried."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class OutgoingDiscarded:
    room_id: str
    nonce: str


@dataclass(frozen=True, slots=True)
class HistoryReset:
    """What was held of this room is no longer contiguous with what comes: load it anew."""

    room_id: str


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Who is in the room, their roles or their presence."""

    room_id: str
    members: list[Member]


@dataclass(frozen=True, slots=True)
class RoomGone:
    """I left this room, here or on another device, or it is no longer mine to see."""

    room_id: str


@dataclass(frozen=True, slots=True)
class TypingSeen:
    room_id: str
    user_id: str
    username: str


@dataclass(frozen=True, slots=True)
class EventsDropped:
    """This subscriber read too slowly and its queue was emptied: read everything anew."""


AgentEvent = (
    ConnectionChanged
    | RoomsChanged
    | MessageReceived
    | OutgoingChanged
    | OutgoingDiscarded
    | HistoryReset
    | MembersChanged
    | RoomGone
    | TypingSeen
    | TransferChanged
    | IdentityChanged
    | CallRinging
    | CallChanged
    | EventsDropped
)
