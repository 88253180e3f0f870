"""REST bodies: JSON under `/api`. What a client sends ends in `Request`; the rest is what it gets.

Fields that say nothing are absent. Times are RFC 3339 UTC with milliseconds (`protocol.times`).
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from protocol import limits

Presence = Literal["online", "away", "busy", "offline"]
Role = Literal["owner", "moderator", "member"]
Visibility = Literal["public", "private"]
RoomKind = Literal["room", "dm"]
UserRole = Literal["admin", "user"]
Registration = Literal["open", "invite", "closed"]
Removal = Literal["kicked", "banned"]
P2pKind = Literal["file", "folder", "terminal"]
AccountState = Literal["active", "suspended", "deleted"]
AuditAction = Literal[
    "account.suspend",
    "account.restore",
    "account.delete",
    "account.role",
    "account.password",
    "account.sign_out",
    "token.create",
    "token.revoke",
    "server.invite",
    "server.uninvite",
    "room.update",
    "room.delete",
    "room.add",
    "room.role",
    "room.kick",
    "room.ban",
    "room.unban",
    "room.invite",
    "room.uninvite",
    "message.delete",
]
"""What is kept of what administrators and moderators do."""
P2pState = Literal["pending", "active"]
P2pEnd = Literal["closed", "declined", "expired", "elsewhere", "gone", "removed"]

EVERYONE: Final = "room"
"""Among `mentions`: everyone in the room. No user has this id."""

Whole = Annotated[int, Meta(ge=0, le=limits.INTEGER_MAX)]
Seq = Whole
"""The number of a message in its room: 1, 2, 3 … (0: none yet)."""

Rev = Whole
"""The number of a change of a room."""

Seconds = Annotated[float, Meta(ge=0, le=limits.WAIT_MAX_S)]

Fingerprint = Annotated[str, Meta(max_length=limits.FINGERPRINT_CHARS)]

Text = Annotated[str, Meta(max_length=limits.TOKEN_CHARS)]
"""Any short text of a body; each service bounds and cleans it by its own rule, with its own error."""


Attempt = Annotated[str, Meta(min_length=limits.ATTEMPT_MIN_CHARS, max_length=limits.ID_CHARS)]
"""What nobody can guess, drawn by the client for one refresh and kept until that is answered."""


class _Body(Struct, kw_only=True, omit_defaults=True, frozen=True):
    pass


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────


class User(_Body, frozen=True, kw_only=True):
    id: str
    username: str
    display_name: str
    role: UserRole
    created_at: str
    status_text: str = ""
    hides_reads: bool = False
    """Does not let others see how far they have read, whatever a room shows."""


class Device(_Body, frozen=True, kw_only=True):
    """`key_fingerprint` is that of the device's Ed25519 identity, once it has told one."""

    id: str
    name: str
    created_at: str
    last_seen_at: str
    key_fingerprint: str | None = None
    current: bool = False
    """True for the device that asks."""


class RegisterRequest(_Body, frozen=True, kw_only=True):
    username: Text
    password: Text
    device_name: Text = ""
    invite: Text = ""


class LoginRequest(_Body, frozen=True, kw_only=True):
    """`device_id` names a device that this user had before, so that it keeps its id."""

    username: Text
    password: Text
    device_name: Text = ""
    device_id: Text = ""


class RefreshRequest(_Body, frozen=True, kw_only=True):
    """`attempt` is to a refresh what a nonce is to a message: sent again with the same one, it is the same
    refresh and gets the same `refresh_token`, as long as that has not been used."""

    refresh_token: Text
    attempt: Attempt | None = None


class PasswordRequest(_Body, frozen=True, kw_only=True):
    current: Text
    new: Text


class ProfileRequest(_Body, frozen=True, kw_only=True):
    """What is absent stays as it is."""

    display_name: Text | None = None
    hides_reads: bool | None = None


class DeviceRequest(_Body, frozen=True, kw_only=True):
    name: Text


class DeleteAccountRequest(_Body, frozen=True, kw_only=True):
    password: Text


class Session(_Body, frozen=True, kw_only=True):
    """The answer to register, login and refresh. `expires_in`: seconds that the access token lives."""

    user: User
    device: Device
    access_token: str
    refresh_token: str
    expires_in: Whole


class DeviceList(_Body, frozen=True, kw_only=True):
    devices: list[Device]


class TokenRequest(_Body, frozen=True, kw_only=True):
    """Without `expires_in_s` it lives until it is revoked."""

    name: Text
    expires_in_s: Annotated[int, Meta(ge=1, le=limits.PERSONAL_TOKEN_MAX_S)] | None = None


class PersonalToken(_Body, frozen=True, kw_only=True):
    """A way in for a program. `token`, the secret itself, is told once, to who made it."""

    id: str
    name: str
    created_at: str
    last_seen_at: str
    expires_at: str | None = None
    token: str | None = None


class TokenList(_Body, frozen=True, kw_only=True):
    tokens: list[PersonalToken]


# ── rooms and messages ───────────────────────────────────────────────────────────────────────────


class Author(_Body, frozen=True, kw_only=True):
    id: str
    username: str


class Room(_Body, frozen=True, kw_only=True):
    """A room as the asker sees it; the last six fields are there for members only.

    A `dm` is the private room of exactly two people: `dm_with` is the other one, and `name` their username.
    `unread` counts other people's messages past `read_seq`; `mentions` those of them that name the asker.
    An `archived` room can be read, and nothing more. `slow_mode_s`: seconds between two messages of one
    member. `retention_s`: seconds after which messages are deleted for good; 0 keeps them. `receipts`:
    members see how far the others have read.
    """

    id: str
    name: str
    topic: str
    visibility: Visibility
    kind: RoomKind
    created_by: str
    created_at: str
    last_seq: Seq
    rev: Rev
    archived: bool = False
    slow_mode_s: Whole = 0
    retention_s: Whole = 0
    receipts: bool = False
    dm_with: Author | None = None
    member_count: Whole | None = None
    my_role: Role | None = None
    read_seq: Seq | None = None
    unread: Whole | None = None
    mentions: Whole | None = None


class Member(_Body, frozen=True, kw_only=True):
    user_id: str
    username: str
    display_name: str
    role: Role
    presence: Presence
    joined_at: str
    status_text: str = ""
    read_seq: Seq | None = None
    """Where the room shows receipts and this member does not hide them."""


class CreateRoomRequest(_Body, frozen=True, kw_only=True):
    name: Text
    topic: Text = ""
    visibility: Visibility = "public"


SlowMode = Annotated[int, Meta(ge=0, le=limits.SLOW_MODE_MAX_S)]
Retention = Annotated[int, Meta(ge=0, le=limits.RETENTION_MAX_S)]


class UpdateRoomRequest(_Body, frozen=True, kw_only=True):
    """What is absent stays as it is."""

    name: Text | None = None
    topic: Text | None = None
    visibility: Visibility | None = None
    archived: bool | None = None
    slow_mode_s: SlowMode | None = None
    retention_s: Retention | None = None
    receipts: bool | None = None


class JoinRequest(_Body, frozen=True, kw_only=True):
    invite: Text = ""


class RoomList(_Body, frozen=True, kw_only=True):
    """`next` is the `cursor` of the following page, where there is one."""

    rooms: list[Room]
    next: str | None = None


class MemberList(_Body, frozen=True, kw_only=True):
    """`next` is the `cursor` of the following page, where there is one."""

    members: list[Member]
    next: str | None = None


class AddMemberRequest(_Body, frozen=True, kw_only=True):
    username: Text


class RoleRequest(_Body, frozen=True, kw_only=True):
    """`owner` hands the room over: who asks is a moderator then."""

    role: Role


class BanRequest(_Body, frozen=True, kw_only=True):
    username: Text
    reason: Text = ""


class Ban(_Body, frozen=True, kw_only=True):
    user_id: str
    username: str
    banned_by: Author
    created_at: str
    reason: str = ""


class BanList(_Body, frozen=True, kw_only=True):
    bans: list[Ban]


class InviteRequest(_Body, frozen=True, kw_only=True):
    """Without `max_uses` it can be used until it expires."""

    expires_in_s: Annotated[int, Meta(ge=1, le=limits.INVITE_MAX_S)] = limits.INVITE_DEFAULT_S
    max_uses: Annotated[int, Meta(ge=1, le=limits.INVITE_USES)] | None = None


class Invite(_Body, frozen=True, kw_only=True):
    """A way into a room. `code` and `url`, the path of its link, are told once, to who made it."""

    id: str
    room_id: str
    created_by: Author
    created_at: str
    expires_at: str
    uses: Whole
    max_uses: Whole | None = None
    code: str | None = None
    url: str | None = None


class InviteList(_Body, frozen=True, kw_only=True):
    invites: list[Invite]


class Reaction(_Body, frozen=True, kw_only=True):
    """Who put this emoji below a message: ids of users, in the order in which they did."""

    reaction: str
    users: list[str]


class Message(_Body, frozen=True, kw_only=True):
    """One message in its present state. `rev` is the change that touched it last.

    Of a deleted message only its place is left: `content` is empty, and nothing hangs on it any more.
    """

    id: str
    room_id: str
    seq: Seq
    rev: Rev
    author: Author
    content: str
    content_type: str
    created_at: str
    edited_at: str | None = None
    deleted: bool = False
    reply_to: str | None = None
    thread: str | None = None
    mentions: list[str] = []
    reactions: list[Reaction] = []
    pinned: bool = False
    nonce: str | None = None
    """Only in what is sent to the author's own connections."""


class MessagePage(_Body, frozen=True, kw_only=True):
    """Messages in ascending `seq`; `has_more`: there are more in the direction that was asked for.

    Of pins, the one that was pinned last comes first.
    """

    messages: list[Message]
    has_more: bool


class MessageVersion(_Body, frozen=True, kw_only=True):
    """What a message said before it was edited. `until`: when that was replaced."""

    content: str
    until: str


class MessageHistory(_Body, frozen=True, kw_only=True):
    """The versions of one message before the present one, the oldest first; for moderators."""

    versions: list[MessageVersion]


class SearchHit(_Body, frozen=True, kw_only=True):
    """A message that was found, and the name of its room."""

    room_id: str
    room_name: str
    message: Message


class SearchPage(_Body, frozen=True, kw_only=True):
    """The newest first. `next` is the `cursor` of the following page, where `has_more`."""

    hits: list[SearchHit]
    has_more: bool
    next: str | None = None


class DmRequest(_Body, frozen=True, kw_only=True):
    username: Text


# ── between two peers ────────────────────────────────────────────────────────────────────────────


class CapabilityRequest(_Body, frozen=True, kw_only=True):
    """`kind` is one of `P2pKind`; another one is refused by an error of its own."""

    room_id: Text
    kind: Text


class Capability(_Body, frozen=True, kw_only=True):
    """`capability`: that the asker is a member of the room, signed. `expires_in`: seconds that it lives."""

    capability: str
    expires_in: Whole


class PublicKey(_Body, frozen=True, kw_only=True):
    """A key that verifies capabilities, as a JWK (RFC 7517, RFC 8037)."""

    kid: str
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    alg: Literal["EdDSA"]
    use: Literal["sig"]
    x: str


class KeyList(_Body, frozen=True, kw_only=True):
    """The keys of a server; the first one signs, the others did before it."""

    keys: list[PublicKey]


# ── running the server ───────────────────────────────────────────────────────────────────────────


class Account(_Body, frozen=True, kw_only=True):
    """A user as an administrator sees them. `devices` are those that are signed in; `rooms` counts no DMs."""

    id: str
    username: str
    display_name: str
    role: UserRole
    state: AccountState
    created_at: str
    suspended_at: str | None = None
    deleted_at: str | None = None
    last_seen_at: str | None = None
    presence: Presence = "offline"
    devices: Whole = 0
    tokens: Whole = 0
    rooms: Whole = 0


class AccountList(_Body, frozen=True, kw_only=True):
    """The oldest first. `next` is the `cursor` of the following page, where `has_more`."""

    accounts: list[Account]
    has_more: bool
    next: str | None = None


class SuspendRequest(_Body, frozen=True, kw_only=True):
    """The reason is for the audit log."""

    reason: Text = ""


class AccountRoleRequest(_Body, frozen=True, kw_only=True):
    role: UserRole


class HandedOutPassword(_Body, frozen=True, kw_only=True):
    """Good for signing in once, within `expires_in` seconds; told once, to who asked for it."""

    password: str
    expires_in: Whole


class RoomSummary(_Body, frozen=True, kw_only=True):
    """A room from outside, as an administrator sees it."""

    id: str
    name: str
    topic: str
    visibility: Visibility
    created_at: str
    member_count: Whole
    last_seq: Seq
    archived: bool = False
    owner: Author | None = None


class RoomSummaryList(_Body, frozen=True, kw_only=True):
    """The oldest first. `next` is the `cursor` of the following page, where `has_more`."""

    rooms: list[RoomSummary]
    has_more: bool
    next: str | None = None


class ArchiveRequest(_Body, frozen=True, kw_only=True):
    archived: bool


class OwnerRequest(_Body, frozen=True, kw_only=True):
    username: Text


class ServerInvite(_Body, frozen=True, kw_only=True):
    """A way onto the server, and into no room; otherwise as `Invite`.

    `created_by` is absent where it was made at the console.
    """

    id: str
    created_at: str
    expires_at: str
    uses: Whole
    created_by: Author | None = None
    max_uses: Whole | None = None
    code: str | None = None
    url: str | None = None


class ServerInviteList(_Body, frozen=True, kw_only=True):
    invites: list[ServerInvite]


class AuditEntry(_Body, frozen=True, kw_only=True):
    """Who did what to whom, with names as they were then.

    Without `actor_id` it was done at the console. `address` is told to administrators only.
    """

    id: Whole
    at: str
    action: AuditAction
    actor: str
    actor_id: str | None = None
    address: str | None = None
    room_id: str | None = None
    target: str | None = None
    target_id: str | None = None
    details: dict[str, str] = {}


class AuditPage(_Body, frozen=True, kw_only=True):
    """The last one first. `next` is the `cursor` of the following page, where `has_more`."""

    entries: list[AuditEntry]
    has_more: bool
    next: Whole | None = None


class ServerStats(_Body, frozen=True, kw_only=True):
    """What there is. `messages`: all that were ever said in rooms that are still there."""

    users: Whole
    suspended: Whole
    deleted: Whole
    admins: Whole
    online: Whole
    connections: Whole
    devices: Whole
    tokens: Whole
    rooms: Whole
    dms: Whole
    messages: Whole
    invites: Whole
    audit_entries: Whole
    database_bytes: Whole
    version: str


class P2pSessionRequest(_Body, frozen=True, kw_only=True):
    """`peer`: id or name of a user; `device_id`: one of their devices and no other.

    With `session_id` it is asked for anew, for a new token: to resume.
    """

    room_id: Text
    kind: Text
    peer: Text
    device_id: Text | None = None
    session_id: Text | None = None
    certificate_fingerprint: Fingerprint | None = None


class P2pDevice(_Body, frozen=True, kw_only=True):
    """`key_fingerprint`: of its identity; `certificate_fingerprint`: of what it made for this session."""

    device_id: str
    key_fingerprint: str | None = None
    certificate_fingerprint: str | None = None


class P2pPeer(_Body, frozen=True, kw_only=True):
    """`devices`: those that may take part; the one that does, once the session is active."""

    user_id: str
    username: str
    devices: list[P2pDevice]


class P2pSession(_Body, frozen=True, kw_only=True):
    """`peers`: who asked, and who was asked. `expires_in`: seconds that a pending one still waits."""

    session_id: str
    kind: P2pKind
    room_id: str
    state: P2pState
    created_at: str
    peers: list[P2pPeer]
    expires_in: Whole | None = None


class P2pGrant(_Body, frozen=True, kw_only=True):
    """A session and the asker's own token for it. `expires_in`: seconds that the token lives."""

    session_id: str
    kind: P2pKind
    room_id: str
    state: P2pState
    created_at: str
    peers: list[P2pPeer]
    session_token: str
    expires_in: Whole


class P2pSessionList(_Body, frozen=True, kw_only=True):
    sessions: list[P2pSession]


class IceServer(_Body, frozen=True, kw_only=True):
    """As a browser's `RTCIceServer`; a TURN server has both `username` and `credential`."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceServerList(_Body, frozen=True, kw_only=True):
    """`expires_in`: seconds that the credentials live; ask again before that."""

    ice_servers: list[IceServer]
    expires_in: Whole


# ── push ─────────────────────────────────────────────────────────────────────────────────────────

PushKind = Literal["gotify", "ntfy"]
PushState = Literal["untried", "delivered", "refused", "unreachable"]
"""What became of the last push. `refused`: the push server answered that it does not take it."""


class PushTarget(_Body, frozen=True, kw_only=True):
    """Where pushes of mine go; its token is never told.

    `mentions`, `dms` and `rooms` say what for: messages that name me, those of conversations of two, and all
    others of my rooms. `text`: whether what was said goes along.
    """

    id: str
    kind: PushKind
    url: str
    topic: str = ""
    name: str
    mentions: bool = True
    dms: bool = True
    rooms: bool = False
    text: bool = False
    created_at: str
    state: PushState


class SshKey(_Body, frozen=True, kw_only=True):
    """`fingerprint` is the key's SHA-256, as ssh shows it."""

    id: str
    name: str
    kind: str
    fingerprint: str
    created_at: str


class SshKeyList(_Body, frozen=True, kw_only=True):
    keys: list[SshKey]


class SshKeyRequest(_Body, frozen=True, kw_only=True):
    """`key`: the line of a `.pub` file; without a `name` its comment is the name."""

    key: Text
    name: Text = ""


class PushTargetRequest(_Body, frozen=True, kw_only=True):
    """`url`: of the push server itself. Gotify needs the `token` of an application, ntfy a `topic`."""

    kind: PushKind
    url: Text
    token: Text = ""
    topic: Text = ""
    name: Text = ""
    mentions: bool = True
    dms: bool = True
    rooms: bool = False
    text: bool = False


class PushTargetList(_Body, frozen=True, kw_only=True):
    """`allowed`: what addresses of push servers begin with here; none where the server sends no pushes."""

    targets: list[PushTarget]
    allowed: list[str] = []


class PushTest(_Body, frozen=True, kw_only=True):
    """What became of a push that was asked for."""

    state: PushState


# ── the server itself ────────────────────────────────────────────────────────────────────────────


class VersionInfo(_Body, frozen=True, kw_only=True):
    name: str
    version: str
    wire: list[int]
    subprotocols: list[str]
    registration: Registration


class ErrorDetail(_Body, frozen=True, kw_only=True):
    code: str
    message: str
    request_id: str = ""
    retry_after: Seconds | None = None


class ErrorBody(_Body, frozen=True, kw_only=True):
    error: ErrorDetail
