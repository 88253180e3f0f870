"""WebSocket messages: the unions `ClientToServer` and `ServerToClient`.

Fields lie beside `type`. A request may carry a client-chosen `id`; its answer carries the same value
as `re`. Every live event of a room carries the `rev` that it made. Optional fields are absent, not
null, where they say nothing; unknown fields are ignored.
"""

from typing import Annotated

from msgspec import Meta, Struct

from protocol import limits
from protocol.envelope import Answer as Answer
from protocol.envelope import Event as Event
from protocol.envelope import Id as Id
from protocol.envelope import Nonce as Nonce
from protocol.envelope import Request as Request
from protocol.envelope import RequestId as RequestId
from protocol.rest import (
    Device,
    Member,
    Message,
    Presence,
    Reaction,
    Removal,
    Rev,
    Role,
    Room,
    Seconds,
    Seq,
    User,
    Whole,
)
from protocol.signals import (
    AcceptSession,
    Candidate,
    CloseSession,
    DeclineSession,
    RequestSession,
    RtcAnswer,
    RtcHangup,
    RtcIce,
    RtcOffer,
    SendCandidate,
    SendRtcAnswer,
    SendRtcHangup,
    SendRtcIce,
    SendRtcOffer,
    SessionAccepted,
    SessionClose,
    SessionClosed,
    SessionCreated,
    SessionDeclined,
)

# ── client to server ─────────────────────────────────────────────────────────────────────────────


class Hello(Request, frozen=True, kw_only=True, tag="system.hello"):
    """The first message of a connection. `resume` maps each room to the last `rev` that the client holds.

    `presence` is as in `presence.update`, so that who is busy, or not to be seen, is so from the first.
    """

    version: int
    token: Annotated[str, Meta(max_length=limits.TOKEN_CHARS)] | None = None
    device_key: Annotated[str, Meta(max_length=limits.ID_CHARS * 2)] | None = None
    resume: Annotated[dict[Id, Rev], Meta(max_length=limits.RESUME_ROOMS)] = {}
    presence: Presence = "online"


class Ping(Request, frozen=True, kw_only=True, tag="system.ping"):
    pass


class JoinRoom(Request, frozen=True, kw_only=True, tag="room.join"):
    room_id: Id


class LeaveRoom(Request, frozen=True, kw_only=True, tag="room.leave"):
    room_id: Id


class SendMessage(Request, frozen=True, kw_only=True, tag="chat.message.send"):
    """`nonce` names the message for this device in this room for ever: sent again, it creates nothing."""

    room_id: Id
    nonce: Nonce
    content: str
    content_type: Annotated[str, Meta(min_length=3, max_length=limits.CONTENT_TYPE_CHARS)] = "text/markdown"
    reply_to: Id | None = None
    thread: Id | None = None
    mentions: Annotated[list[Id], Meta(max_length=limits.MENTIONS)] = []


class EditMessage(Request, frozen=True, kw_only=True, tag="chat.message.edit"):
    """Only the author may. The answer is `chat.message.edited` with `re`."""

    room_id: Id
    message_id: Id
    content: str
    mentions: Annotated[list[Id], Meta(max_length=limits.MENTIONS)] = []


class DeleteMessage(Request, frozen=True, kw_only=True, tag="chat.message.delete"):
    """The author or a moderator may. The text is gone for good."""

    room_id: Id
    message_id: Id


class PinMessage(Request, frozen=True, kw_only=True, tag="chat.message.pin"):
    """A moderator may. `pinned: false` takes the pin off."""

    room_id: Id
    message_id: Id
    pinned: bool = True


class AddReaction(Request, frozen=True, kw_only=True, tag="chat.reaction.add"):
    room_id: Id
    message_id: Id
    reaction: str


class RemoveReaction(Request, frozen=True, kw_only=True, tag="chat.reaction.remove"):
    room_id: Id
    message_id: Id
    reaction: str


class SendTyping(Request, frozen=True, kw_only=True, tag="chat.typing"):
    room_id: Id


class MarkRead(Request, frozen=True, kw_only=True, tag="chat.read"):
    room_id: Id
    seq: Seq


class SetPresence(Request, frozen=True, kw_only=True, tag="presence.update"):
    """Without `status_text` it stays as it is; an empty one takes it away."""

    presence: Presence
    status_text: Annotated[str, Meta(max_length=limits.STATUS_CHARS)] | None = None


ClientToServer = (
    Hello
    | Ping
    | JoinRoom
    | LeaveRoom
    | SendMessage
    | EditMessage
    | DeleteMessage
    | PinMessage
    | AddReaction
    | RemoveReaction
    | SendTyping
    | MarkRead
    | SetPresence
    | RequestSession
    | AcceptSession
    | DeclineSession
    | CloseSession
    | SendCandidate
    | SendRtcOffer
    | SendRtcAnswer
    | SendRtcIce
    | SendRtcHangup
)


# ── server to client ─────────────────────────────────────────────────────────────────────────────


class Limits(Struct, kw_only=True, frozen=True):
    """What the server takes, so that a client can say no before it sends."""

    frame_bytes: Whole
    content_chars: Whole
    resume_max: Whole


class Server(Struct, kw_only=True, frozen=True):
    name: str
    version: str


class RoomState(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A room in `system.welcome`. `gap`: more changed than a resume replays; page through REST.

    A changed `epoch` means that the numbers were dealt anew (a restored backup): start over.
    """

    room_id: str
    last_seq: Seq
    rev: Rev
    epoch: str
    room: Room
    gap: bool = False


class Welcome(Answer, frozen=True, kw_only=True, tag="system.welcome"):
    """`epoch`: that of each room, also of those that are joined later on this connection."""

    peer_id: str
    user: User
    device: Device
    server: Server
    heartbeat_s: Annotated[float, Meta(gt=0, le=limits.WAIT_MAX_S)]
    limits: Limits
    rooms: list[RoomState]
    epoch: str | None = None


class Pong(Answer, frozen=True, kw_only=True, tag="system.pong"):
    pass


class Bye(Event, frozen=True, kw_only=True, tag="system.bye"):
    """The server is going away. `retry_after`: seconds to wait before connecting again."""

    reason: str
    retry_after: Seconds


class Error(Answer, frozen=True, kw_only=True, tag="system.error"):
    code: str
    message: str
    retry_after: Seconds | None = None


class RoomJoined(Answer, frozen=True, kw_only=True, tag="room.joined"):
    """To the caller with `re`, and without it to the user's other connections."""

    room_id: str
    room: Room
    members: list[Member]
    last_seq: Seq
    rev: Rev


class RoomLeft(Answer, frozen=True, kw_only=True, tag="room.left"):
    """`reason`: why, where it was not of one's own accord."""

    room_id: str
    reason: Removal | None = None


class RoomUpdated(Event, frozen=True, kw_only=True, tag="room.updated"):
    """`room` as it is now; what differs from member to member is left out of it."""

    room_id: str
    rev: Rev
    room: Room


class RoomDeleted(Event, frozen=True, kw_only=True, tag="room.deleted"):
    """The room and everything in it is gone."""

    room_id: str


class RoomResumed(Event, frozen=True, kw_only=True, tag="room.resumed"):
    """Ends the replay of a room that `system.hello` asked to resume; what follows is live, from `rev` on."""

    room_id: str
    room: Room
    members: list[Member]
    last_seq: Seq
    rev: Rev


class MemberJoined(Event, frozen=True, kw_only=True, tag="room.member.joined"):
    room_id: str
    rev: Rev
    user_id: str
    username: str
    display_name: str
    role: Role
    presence: Presence
    joined_at: str
    status_text: str = ""


class MemberLeft(Event, frozen=True, kw_only=True, tag="room.member.left"):
    """`new_owner`: the id of the user who became the owner, because the last owner left.

    `reason`: why, where it was not of their own accord.
    """

    room_id: str
    rev: Rev
    user_id: str
    username: str
    new_owner: str | None = None
    reason: Removal | None = None


class MemberChanged(Event, frozen=True, kw_only=True, tag="room.member.changed"):
    room_id: str
    rev: Rev
    user_id: str
    role: Role


class MessageAck(Answer, frozen=True, kw_only=True, tag="chat.message.ack"):
    """The message is on disk. Sent again with the same nonce, the same answer comes."""

    room_id: str
    nonce: str
    message_id: str
    seq: Seq
    rev: Rev


class MessageCreated(Event, frozen=True, kw_only=True, tag="chat.message.created"):
    message: Message


class MessageEdited(Answer, frozen=True, kw_only=True, tag="chat.message.edited"):
    message: Message


class MessageDeleted(Answer, frozen=True, kw_only=True, tag="chat.message.deleted"):
    """`message` is what is left of it."""

    message: Message


class MessagePinned(Answer, frozen=True, kw_only=True, tag="chat.message.pinned"):
    """The message was pinned, or its pin was taken off."""

    message: Message


class ReactionUpdated(Answer, frozen=True, kw_only=True, tag="chat.reaction.updated"):
    """All reactions that the message has now, and the message itself, as in the other events of a change."""

    room_id: str
    message_id: str
    reactions: list[Reaction] = []
    message: Message


class Typing(Event, frozen=True, kw_only=True, tag="chat.typing"):
    room_id: str
    user_id: str
    username: str


class ReadMarked(Answer, frozen=True, kw_only=True, tag="chat.read"):
    room_id: str
    user_id: str
    seq: Seq


class PresenceChanged(Answer, frozen=True, kw_only=True, tag="presence.update"):
    user_id: str
    presence: Presence
    status_text: str = ""


ServerToClient = (
    Welcome
    | Pong
    | Bye
    | Error
    | RoomJoined
    | RoomLeft
    | RoomUpdated
    | RoomDeleted
    | RoomResumed
    | MemberJoined
    | MemberLeft
    | MemberChanged
    | MessageAck
    | MessageCreated
    | MessageEdited
    | MessageDeleted
    | MessagePinned
    | ReactionUpdated
    | Typing
    | ReadMarked
    | PresenceChanged
    | SessionCreated
    | SessionAccepted
    | SessionDeclined
    | SessionClose
    | SessionClosed
    | Candidate
    | RtcOffer
    | RtcAnswer
    | RtcIce
    | RtcHangup
)

ChatEvent = (
    MessageCreated
    | MessageEdited
    | MessageDeleted
    | MessagePinned
    | ReactionUpdated
    | RoomUpdated
    | MemberJoined
    | MemberLeft
    | MemberChanged
)
"""The events that took a `rev` of their room."""
