"""The tree of errors that one end tells another, each with its wire code.

    MeshError                       anything with a code; an unknown code decodes to this class
    ├── ProtocolError               bytes or messages that do not follow the contract
    │   ├── FrameMalformed          frame.malformed        not JSON / not MessagePack / not an object
    │   ├── FrameWrongKind          frame.wrong_kind       text where binary was agreed, or the reverse
    │   ├── FrameTooLarge           frame.too_large
    │   ├── UnknownType             message.unknown_type
    │   ├── InvalidMessage          message.invalid        a field is missing or has the wrong type
    │   ├── UnsupportedVersion      version.unsupported
    │   ├── BodyMalformed           body.malformed
    │   ├── BodyTooLarge            body.too_large
    │   ├── BodyInvalid             body.invalid
    │   ├── UnsupportedContentType  body.unsupported_type
    │   ├── QueryInvalid            query.invalid
    │   ├── NoSuchCall              request.not_found
    │   ├── MethodNotAllowed        request.method_not_allowed
    │   └── UpgradeRequired         request.upgrade_required
    ├── AuthError                   who is asking
    │   ├── AuthRequired            auth.required
    │   ├── TokenInvalid            auth.invalid_token
    │   ├── TokenExpired            auth.expired_token
    │   ├── RefreshInvalid          auth.invalid_refresh
    │   ├── CredentialsInvalid      auth.invalid_credentials
    │   ├── AccountSuspended        auth.suspended
    │   ├── AdminRequired           auth.admin_required
    │   ├── LastAdmin               auth.last_admin
    │   ├── PasswordRequired        auth.password_required
    │   ├── RegistrationClosed      auth.registration_closed
    │   ├── InviteRequired          auth.invite_required
    │   ├── UsernameTaken           auth.username_taken
    │   ├── UsernameInvalid         auth.invalid_username
    │   ├── DisplayNameInvalid      auth.invalid_display_name
    │   ├── PasswordInvalid         auth.invalid_password
    │   ├── DeviceNotFound          auth.device_not_found
    │   ├── TokenNotFound           auth.token_not_found
    │   └── TooManyTokens           auth.too_many_tokens
    ├── RoomError                   rooms and who may do what in them
    │   ├── RoomNotFound            room.not_found
    │   ├── NotMember               room.not_member
    │   ├── RoomForbidden           room.forbidden
    │   ├── RoomFull                room.full
    │   ├── TooManyRooms            room.too_many_rooms
    │   ├── RoomArchived            room.archived
    │   ├── Banned                  room.banned
    │   ├── InviteInvalid           room.invalid_invite
    │   ├── TooManyInvites          room.too_many_invites
    │   ├── TooManyBans             room.too_many_bans
    │   ├── RoomNameTaken           room.name_taken
    │   ├── RoomNameInvalid         room.invalid_name
    │   ├── TopicInvalid            room.invalid_topic
    │   ├── UserNotFound            user.not_found
    │   └── UserSuspended           user.suspended
    ├── ChatError                   messages
    │   ├── ContentTooLong          chat.content_too_long
    │   ├── ContentEmpty            chat.content_empty
    │   ├── MessageNotFound         chat.message_not_found
    │   ├── NotAuthor               chat.not_author
    │   ├── ReactionInvalid         chat.invalid_reaction
    │   ├── TooManyReactions        chat.too_many_reactions
    │   ├── NonceConflict           chat.nonce_conflict
    │   └── ReferenceUnknown        chat.unknown_reference
    ├── P2pError                    two peers and what they do between themselves
    │   ├── KindInvalid             p2p.invalid_kind
    │   ├── PeerNotMember           p2p.peer_not_member
    │   ├── PeerHasNoDevice         p2p.unknown_device
    │   ├── SessionNotFound         p2p.session_not_found
    │   ├── SessionTaken            p2p.session_taken      another device is in it
    │   ├── SessionPending          p2p.session_pending    nobody has accepted it yet
    │   ├── TooManySessions         p2p.too_many_sessions
    │   ├── TargetUnknown           rtc.unknown_target
    │   └── RelayQuota              relay.quota
    ├── PeerFault                   another agent breaks the contract; the lane is closed
    │   ├── PeerMalformed           peer.malformed
    │   ├── PeerFrameTooLarge       peer.frame_too_large
    │   ├── PeerFrameUnknown        peer.unknown_frame     refused; the lane stays
    │   ├── PeerOutOfOrder          peer.out_of_order      a frame whose time is not now
    │   ├── PeerMismatch            peer.mismatch          a size, index, count or name is not as announced
    │   ├── PeerHashWrong           peer.hash              what arrived is not what was read
    │   ├── PeerOverCredit          peer.over_credit       more than granted, or a grant is taken back
    │   ├── PeerStalled             peer.stalled
    │   ├── PeerTooMany             peer.too_many          refused; the lane stays
    │   └── PeerNotShared           peer.not_shared        refused; the lane stays
    ├── PeerStranger                another agent is not who it has to be; the lane is closed
    │   ├── HelloMissing            peer.hello_first       something else came before it
    │   ├── HelloLate               peer.hello_late
    │   ├── WrongIdentity           peer.wrong_identity    not the one that the server says it has
    │   ├── WrongSignature          peer.wrong_signature   somebody may sit in between
    │   ├── NonceUsed               peer.used_nonce
    │   ├── PeerChanged             peer.identity_changed  not the one that it had before
    │   └── WrongLane               peer.wrong_lane        a further lane of somebody else
    ├── PushError                   where pushes go
    │   ├── PushNotAllowed          push.not_allowed       not on the administrator's list
    │   ├── PushTargetInvalid       push.invalid_target
    │   ├── PushTargetNotFound      push.target_not_found
    │   └── TooManyPushTargets      push.too_many_targets
    ├── SshKeyError                 keys for the ssh door
    │   ├── SshKeyInvalid           ssh.invalid_key
    │   ├── SshKeyNotFound          ssh.key_not_found
    │   └── TooManySshKeys          ssh.too_many_keys
    ├── CapabilityError             a signed token does not fit what it is shown for
    │   ├── CapabilityInvalid       p2p.invalid_token      none, or not signed by this server
    │   ├── CapabilityExpired       p2p.expired_token
    │   ├── CapabilityEarly         p2p.early_token        of a time to come
    │   ├── CapabilityUsed          p2p.used_token
    │   ├── WrongSession            p2p.wrong_session
    │   ├── WrongKind               p2p.wrong_kind
    │   ├── WrongRoom               p2p.wrong_room
    │   ├── WrongPeer               p2p.wrong_peer         for other people
    │   └── WrongDevice             p2p.wrong_device       for other devices of theirs
    └── ServerError                 not the asker's fault, or not only
        ├── RateLimited             rate.limited
        ├── StorageUnavailable      storage.unavailable
        ├── ServerDraining          server.draining
        └── InternalError           server.internal

`status` is the HTTP status of the REST answer; a WebSocket answers with `system.error` and the same
code. Messages are one or two sentences for a person. They never carry an exception's text, but for
what the decoder found wrong with the asker's own bytes.
"""

from typing import ClassVar

from protocol import limits


class MeshError(Exception):
    """An answer of the other end, or to be sent to it.

    Attributes:
        code: lower-case, dotted, stable.
        message: one sentence for a person.
        retry_after: seconds after which asking again makes sense, where that is known.
    """

    code: str = "error"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "Something went wrong."
    by_code: ClassVar[dict[str, type["MeshError"]]] = {}

    def __init_subclass__(cls) -> None:
        # A program's own errors are no part of the wire: no answer may pass for one of them.
        if "code" in cls.__dict__ and cls.__module__ == __name__:
            MeshError.by_code[cls.code] = cls

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        self.message = message or self.text
        self.retry_after = retry_after
        super().__init__(self.message)

    @staticmethod
    def from_wire(code: str, message: str, retry_after: float | None = None) -> "MeshError":
        """The exception for an error that came over the wire; an unknown code keeps its name."""
        error = MeshError.by_code.get(code, MeshError)(message, retry_after=retry_after)
        error.code = code
        return error


class ProtocolError(MeshError):
    """The other end does not follow the contract.

    Attributes:
        re: the `id` of the request that could not be read, where that much could be.
    """

    status = 400
    re: str | int | None = None


class FrameMalformed(ProtocolError):
    code = "frame.malformed"
    text = "This frame is not one object of the agreed format."


class FrameWrongKind(ProtocolError):
    code = "frame.wrong_kind"
    text = "The agreed subprotocol uses the other kind of frame: mesh.v1.json text, mesh.v1.msgpack binary."


class FrameTooLarge(ProtocolError):
    code = "frame.too_large"
    status = 413
    text = "This frame is larger than the server takes."


class UnknownType(ProtocolError):
    code = "message.unknown_type"
    text = "The server does not know this type of message."


class InvalidMessage(ProtocolError):
    code = "message.invalid"
    text = "A field of this message is missing or has the wrong type."


class UnsupportedVersion(ProtocolError):
    code = "version.unsupported"
    text = "The server does not speak this version of the protocol."


class BodyMalformed(ProtocolError):
    code = "body.malformed"
    text = "The body is not valid JSON."


class BodyTooLarge(ProtocolError):
    code = "body.too_large"
    status = 413
    text = "The body is larger than the server takes."


class BodyInvalid(ProtocolError):
    code = "body.invalid"
    status = 422
    text = "A field of the body is missing or has the wrong type."


class UnsupportedContentType(ProtocolError):
    code = "body.unsupported_type"
    status = 415
    text = "Send the body as application/json."


class QueryInvalid(ProtocolError):
    code = "query.invalid"
    status = 422
    text = "A parameter of the address is not what this call takes."


class NoSuchCall(ProtocolError):
    code = "request.not_found"
    status = 404
    text = "There is nothing at this address."


class MethodNotAllowed(ProtocolError):
    code = "request.method_not_allowed"
    status = 405
    text = "This address does not take this method."


class UpgradeRequired(ProtocolError):
    code = "request.upgrade_required"
    status = 426
    text = "This address speaks WebSocket, version 13, and nothing else."


class AuthError(MeshError):
    """Who is asking is unknown, or not allowed in."""

    status = 401


class AuthRequired(AuthError):
    code = "auth.required"
    text = "Sign in first."


class TokenInvalid(AuthError):
    code = "auth.invalid_token"
    text = "This token is not valid, or no longer. Sign in again."


class TokenExpired(AuthError):
    code = "auth.expired_token"
    text = "This token has expired. Refresh it."


class RefreshInvalid(AuthError):
    code = "auth.invalid_refresh"
    text = "This device was signed out. Sign in again."


class CredentialsInvalid(AuthError):
    code = "auth.invalid_credentials"
    text = "The name or the password is wrong."


class AccountSuspended(AuthError):
    code = "auth.suspended"
    status = 403
    text = "This account is suspended. Ask the person who runs this server."


class AdminRequired(AuthError):
    code = "auth.admin_required"
    status = 403
    text = "Only an administrator of this server may do that."


class LastAdmin(AuthError):
    code = "auth.last_admin"
    status = 409
    text = "This is the last administrator. Make somebody else one first."


class PasswordRequired(AuthError):
    code = "auth.password_required"
    status = 403
    text = "A personal token may not do this. Sign in with a password."


class RegistrationClosed(AuthError):
    code = "auth.registration_closed"
    status = 403
    text = "This server takes no new accounts. Ask the person who runs it."


class InviteRequired(AuthError):
    code = "auth.invite_required"
    status = 403
    text = "This server takes new accounts by invite only. Ask someone who is on it for a link."


class UsernameTaken(AuthError):
    code = "auth.username_taken"
    status = 409
    text = "This name, or one that looks like it, is taken."


class UsernameInvalid(AuthError):
    code = "auth.invalid_username"
    status = 422
    text = (
        f"A name has 1 to {limits.USERNAME_CHARS} letters, digits and . _ - "
        "and begins with a letter or a digit."
    )


class DisplayNameInvalid(AuthError):
    code = "auth.invalid_display_name"
    status = 422
    text = "A display name has 1 to 64 visible characters."


class PasswordInvalid(AuthError):
    code = "auth.invalid_password"
    status = 422
    text = f"A password has {limits.PASSWORD_MIN_CHARS} to {limits.PASSWORD_MAX_CHARS} characters."


class DeviceNotFound(AuthError):
    code = "auth.device_not_found"
    status = 404
    text = "You have no such device."


class TokenNotFound(AuthError):
    code = "auth.token_not_found"
    status = 404
    text = "There is no such personal token, or no longer."


class TooManyTokens(AuthError):
    code = "auth.too_many_tokens"
    status = 409
    text = f"One person can have {limits.USER_TOKENS} personal tokens, and has. Revoke one first."


class RoomError(MeshError):
    """A room is not there, not open to the asker, or cannot be as asked."""

    status = 403


class RoomNotFound(RoomError):
    code = "room.not_found"
    status = 404
    text = "There is no such room."


class NotMember(RoomError):
    code = "room.not_member"
    text = "You are not a member of this room. Join it first."


class RoomForbidden(RoomError):
    code = "room.forbidden"
    text = "Your role in this room does not allow that."


class RoomFull(RoomError):
    code = "room.full"
    status = 409
    text = "This room has as many members as a room can have."


class TooManyRooms(RoomError):
    code = "room.too_many_rooms"
    status = 409
    text = f"Nobody can be in more than {limits.USER_ROOMS:,} rooms. Leave one first."


class RoomArchived(RoomError):
    code = "room.archived"
    text = "This room is archived: it can be read, and nothing more."


class Banned(RoomError):
    code = "room.banned"
    text = "You are banned from this room."


class InviteInvalid(RoomError):
    code = "room.invalid_invite"
    status = 404
    text = "This invite is not valid, or no longer. Ask for a new one."


class TooManyInvites(RoomError):
    code = "room.too_many_invites"
    status = 409
    text = f"There are {limits.ROOM_INVITES} invites, as many as there can be. Revoke one first."


class TooManyBans(RoomError):
    code = "room.too_many_bans"
    status = 409
    text = f"This room has {limits.ROOM_BANS:,} bans, as many as a room can have. Lift one first."


class RoomNameTaken(RoomError):
    code = "room.name_taken"
    status = 409
    text = "A room of this name, or of one that looks like it, exists."


class RoomNameInvalid(RoomError):
    code = "room.invalid_name"
    status = 422
    text = f"A room's name has 1 to {limits.NAME_CHARS} visible characters."


class TopicInvalid(RoomError):
    code = "room.invalid_topic"
    status = 422
    text = f"A topic has at most {limits.TOPIC_CHARS} characters."


class UserNotFound(RoomError):
    code = "user.not_found"
    status = 404
    text = "There is no such person here."


class UserSuspended(RoomError):
    code = "user.suspended"
    status = 409
    text = "This person's account is suspended."


class ChatError(MeshError):
    """A message cannot be taken as it is."""

    status = 422


class ContentTooLong(ChatError):
    code = "chat.content_too_long"
    status = 413
    text = f"A message has at most {limits.CONTENT_CHARS} characters."


class ContentEmpty(ChatError):
    code = "chat.content_empty"
    text = "A message has at least one visible character."


class MessageNotFound(ChatError):
    code = "chat.message_not_found"
    status = 404
    text = "There is no such message in this room, or it was deleted."


class NotAuthor(ChatError):
    code = "chat.not_author"
    status = 403
    text = "Only who wrote a message may change it."


class ReactionInvalid(ChatError):
    code = "chat.invalid_reaction"
    text = "A reaction is one emoji or one short word."


class TooManyReactions(ChatError):
    code = "chat.too_many_reactions"
    status = 409
    text = "This message has as many reactions as a message can have."


class NonceConflict(ChatError):
    code = "chat.nonce_conflict"
    status = 409
    text = "This nonce was used for another message in this room."


class ReferenceUnknown(ChatError):
    code = "chat.unknown_reference"
    text = "The message that this one refers to is not in this room."


class PushError(MeshError):
    """A place for pushes is not there, or cannot be."""

    status = 422


class PushNotAllowed(PushError):
    code = "push.not_allowed"
    status = 403
    text = "The administrator of this server does not allow pushes to this address."


class PushTargetInvalid(PushError):
    code = "push.invalid_target"
    text = "Gotify needs the token of an application; ntfy needs a topic of letters, digits, - and _."


class PushTargetNotFound(PushError):
    code = "push.target_not_found"
    status = 404
    text = "You have no such place for pushes."


class TooManyPushTargets(PushError):
    code = "push.too_many_targets"
    status = 409
    text = f"You have {limits.PUSH_TARGETS} places for pushes, as many as one can have. Delete one first."


class SshKeyError(MeshError):
    """A public key for the ssh door is not there, or cannot be."""

    status = 422


class SshKeyInvalid(SshKeyError):
    code = "ssh.invalid_key"
    text = "This is no public key of Ed25519, ECDSA or RSA. Paste the line of its .pub file."


class SshKeyNotFound(SshKeyError):
    code = "ssh.key_not_found"
    status = 404
    text = "You have no such key."


class TooManySshKeys(SshKeyError):
    code = "ssh.too_many_keys"
    status = 409
    text = f"You have {limits.SSH_KEYS} keys, as many as one can have. Remove one first."


class P2pError(MeshError):
    """Two peers do not come together as asked."""

    status = 403


class KindInvalid(P2pError):
    code = "p2p.invalid_kind"
    status = 422
    text = "A session is for a file, a folder or a terminal."


class PeerNotMember(P2pError):
    code = "p2p.peer_not_member"
    text = "There is no such person in this room."


class PeerHasNoDevice(P2pError):
    code = "p2p.unknown_device"
    status = 404
    text = "This person has no such device, or none besides this one."


class SessionNotFound(P2pError):
    code = "p2p.session_not_found"
    status = 404
    text = "You have no such session, or it is over."


class SessionTaken(P2pError):
    code = "p2p.session_taken"
    status = 409
    text = "This session is for another device."


class SessionPending(P2pError):
    code = "p2p.session_pending"
    status = 409
    text = "Nobody has accepted this session yet."


class TooManySessions(P2pError):
    code = "p2p.too_many_sessions"
    status = 409
    text = f"You have asked for {limits.P2P_SESSIONS} sessions, as many as one can have. Close one first."


class TargetUnknown(P2pError):
    code = "rtc.unknown_target"
    status = 404
    text = "There is no such person, or no such device of theirs, in this room."


class RelayQuota(P2pError):
    code = "relay.quota"
    status = 429
    text = "So much may not go through this server. Connect directly, or wait."


class PeerFault(MeshError):
    """Bytes or frames of another agent that do not follow the contract; the lane is closed."""

    status = 400


class PeerMalformed(PeerFault):
    code = "peer.malformed"
    text = "The other side sent something that makes no sense."


class PeerFrameTooLarge(PeerFault):
    code = "peer.frame_too_large"
    text = "The other side sent more at once than it may."


class PeerFrameUnknown(PeerFault):
    """A kind of frame that this version does not know: it is refused, and the lane stays."""

    code = "peer.unknown_frame"
    text = "The other side asks for something that this version cannot do."


class PeerOutOfOrder(PeerFault):
    code = "peer.out_of_order"
    text = "The other side sent something at the wrong time."


class PeerMismatch(PeerFault):
    code = "peer.mismatch"
    text = "The other side sent something else than it had announced."


class PeerHashWrong(PeerFault):
    """Of a chunk: only its lane is closed, and the chunk is sent again."""

    code = "peer.hash"
    text = "What arrived is not what was sent."


class PeerOverCredit(PeerFault):
    code = "peer.over_credit"
    text = "The other side sent more than was agreed, or takes back what it had agreed to."


class PeerStalled(PeerFault):
    code = "peer.stalled"
    text = "The other side stopped in the middle."


class PeerTooMany(PeerFault):
    """It is refused, and the lane stays."""

    code = "peer.too_many"
    text = "There is too much at once between the two devices already. Try again when something is over."


class PeerNotShared(PeerFault):
    """It is refused, and the lane stays."""

    code = "peer.not_shared"
    text = "Nothing of that name is shared now."


class PeerStranger(MeshError):
    """Another agent is not who it has to be, or does not prove it. Nothing was said to it."""

    status = 403


class HelloMissing(PeerStranger):
    code = "peer.hello_first"
    text = "The other device did not say who it is before all else."


class HelloLate(PeerStranger):
    code = "peer.hello_late"
    text = "The other device did not say who it is in time."


class WrongIdentity(PeerStranger):
    code = "peer.wrong_identity"
    text = "The other device is not the one that the server says it is."


class WrongSignature(PeerStranger):
    code = "peer.wrong_signature"
    text = "The other device cannot prove who it is. Somebody may sit between the two of you."


class NonceUsed(PeerStranger):
    code = "peer.used_nonce"
    text = "What the other device was to sign was used before. Somebody may replay what was said then."


class PeerChanged(PeerStranger):
    code = "peer.identity_changed"
    text = "The other device has another identity than before. Compare the safety words before you trust it."


class WrongLane(PeerStranger):
    code = "peer.wrong_lane"
    text = "A further connection does not belong to this meeting."


class CapabilityError(MeshError):
    """A signed token does not fit what it is shown for."""

    status = 403


class CapabilityInvalid(CapabilityError):
    code = "p2p.invalid_token"
    text = "This token is not one of this server's."


class CapabilityExpired(CapabilityError):
    code = "p2p.expired_token"
    text = "This token has expired. Ask the server for a new one."


class CapabilityEarly(CapabilityError):
    code = "p2p.early_token"
    text = "This token is of a time to come. Set the clock of this machine."


class CapabilityUsed(CapabilityError):
    code = "p2p.used_token"
    text = "This token was used already. Ask the server for a new one."


class WrongSession(CapabilityError):
    code = "p2p.wrong_session"
    text = "This token is for another session."


class WrongKind(CapabilityError):
    code = "p2p.wrong_kind"
    text = "This token is for a session of another kind."


class WrongRoom(CapabilityError):
    code = "p2p.wrong_room"
    text = "This token is for another room."


class WrongPeer(CapabilityError):
    code = "p2p.wrong_peer"
    text = "This token is for other people."


class WrongDevice(CapabilityError):
    code = "p2p.wrong_device"
    text = "This is for another device."


class ServerError(MeshError):
    """The server cannot do it now."""

    status = 503


class RateLimited(ServerError):
    code = "rate.limited"
    status = 429
    text = "Too many tries. Wait a little."


class StorageUnavailable(ServerError):
    code = "storage.unavailable"
    text = "The server cannot write to its disk now. Nothing was stored; try again later."


class ServerDraining(ServerError):
    code = "server.draining"
    text = "The server is about to restart. Try again in a moment."


class InternalError(ServerError):
    code = "server.internal"
    status = 500
    text = "The server made a mistake. It is in its log."
