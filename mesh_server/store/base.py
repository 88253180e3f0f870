"""What the services may ask of a store, and the records they get: no SQL, so that rules know none.

Verbs: `list_` and `get_` read, `create_`, `set_`, `add_`, `remove_` write in one durable transaction
each. Every call may raise `StorageUnavailable`; nothing was stored then. Records are as in the
tables, times in milliseconds. One contract suite (`tests/contracts`) runs against every implementation.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from protocol.errors import MeshError
from protocol.rest import Registration, Role, RoomKind, UserRole, Visibility

# ── accounts ─────────────────────────────────────────────────────────────────────────────────────


class UserRecord(Struct, kw_only=True, frozen=True):
    id: str
    username: str
    username_key: str
    display_name: str
    role: UserRole
    password_hash: bytes
    created_at: int


class DeviceRecord(Struct, kw_only=True, frozen=True):
    """`signed_in_at` tells one signing in from the next; `revoked_at` is set while it is signed out."""

    id: str
    user_id: str
    name: str
    created_at: int
    signed_in_at: int
    last_seen_at: int
    key_fingerprint: str | None = None
    revoked_at: int | None = None


class SignedIn(Struct, kw_only=True, frozen=True):
    """A device and its user."""

    user: UserRecord
    device: DeviceRecord


class RefreshRecord(Struct, kw_only=True, frozen=True):
    token_hash: bytes
    device_id: str
    issued_at: int
    expires_at: int
    spent_at: int | None = None


class AccountStore(Protocol):
    """`on_revoked` is called with the id of each device that a call signed out, once that is on disk."""

    async def create_user(
        self,
        user: UserRecord,
        device: DeviceRecord,
        token: RefreshRecord,
        *,
        registration: Registration,
        invite: bytes | None = None,
        then: Callable[["Joined"], object] = lambda _joined: None,
    ) -> UserRecord:
        """The first user of all becomes `admin`, whatever the record says, and needs no invite.

        `invite` is the hash of a code; its room is joined in the same transaction, and `then` told of it.

        Raises:
            UsernameTaken: a user of this `username_key` exists.
            RegistrationClosed, InviteRequired: `registration` says so, and there is a user already.
            InviteInvalid, RoomFull
        """
        ...

    async def count_users(self) -> int: ...

    async def get_user(self, user_id: str) -> UserRecord | None: ...

    async def get_user_by_key(self, username_key: str) -> UserRecord | None: ...

    async def set_display_name(self, user_id: str, display_name: str) -> None: ...

    async def set_password(
        self,
        user_id: str,
        password_hash: bytes,
        *,
        instead_of: bytes,
        keep_device: str,
        now: int,
        on_revoked: Callable[[str], None],
    ) -> bool:
        """Also signs out every other device of the user; False where `instead_of` is no longer the hash."""
        ...

    async def sign_in_device(
        self, device: DeviceRecord, token: RefreshRecord, *, password_hash: bytes
    ) -> bool:
        """Stores the device as it is given, new or known, with this as its one refresh token.

        A known one keeps its user, its `created_at` and its key. False where the user's hash is another by
        now: who signs in with a password while it is changed must not stay behind.
        """
        ...

    async def get_device(self, device_id: str) -> SignedIn | None:
        """The device, signed in or not, with its user."""
        ...

    async def list_devices(self, user_id: str) -> list[DeviceRecord]:
        """Those that are signed in, the last seen first."""
        ...

    async def revoke_device(
        self, user_id: str, device_id: str, *, now: int, on_revoked: Callable[[str], None]
    ) -> bool:
        """Signs it out and forgets its refresh tokens; False where this user has none such signed in."""
        ...

    async def set_last_seen(self, seen: dict[str, int]) -> None:
        """Device id -> time, for several at once; a time before the stored one changes nothing."""
        ...

    async def set_device_key(self, device_id: str, fingerprint: str) -> None: ...

    async def rotate_refresh(
        self,
        token_hash: bytes,
        next_hash: bytes,
        *,
        now: int,
        expires_at: int,
        on_revoked: Callable[[str], None],
    ) -> SignedIn | None:
        """Spends a refresh token and stores the next one of its device, in one transaction.

        None where the token is unknown, expired or spent. A spent one used again is a sign of theft
        (RFC 9700 section 4.14.2), so it signs its device out.
        """
        ...


# ── rooms ────────────────────────────────────────────────────────────────────────────────────────


class RoomRecord(Struct, kw_only=True, frozen=True):
    id: str
    name: str
    name_key: str
    topic: str
    visibility: Visibility
    kind: RoomKind
    created_by: str
    created_at: int
    last_seq: int
    rev: int
    archived_at: int | None = None
    slow_mode_s: int = 0
    retention_s: int = 0


class Standing(Struct, kw_only=True, frozen=True):
    """Where one who wants to do something in a room stands.

    Attributes:
        own: they wrote the message that it is about.
        over: the role of the one whom it is about; None for one who is no member.
    """

    role: Role
    own: bool = False
    over: Role | None = None
    public: bool = False
    archived: bool = False


Allow = Callable[[Standing], None]
"""A rule: raises where it is not allowed.

It is called in the transaction, so that no role can change between the question and the deed.
"""


class MemberRecord(Struct, kw_only=True, frozen=True):
    room_id: str
    user_id: str
    username: str
    display_name: str
    role: Role
    joined_at: int


class MyRoom(Struct, kw_only=True, frozen=True):
    """A room as one user sees it; `role` and the counts are None for one who is no member."""

    room: RoomRecord
    member_count: int
    role: Role | None = None
    read_seq: int | None = None
    unread: int | None = None
    mentions: int | None = None
    other: tuple[str, str] | None = None
    """In a DM: the id and the name of the other person."""


class Joined(Struct, kw_only=True, frozen=True):
    """A room as it was when its new member came in. `new` is False for one who was in it already."""

    member: MemberRecord
    my_room: MyRoom
    members: list[MemberRecord]
    new: bool


class Left(Struct, kw_only=True, frozen=True):
    """`heir`: the id of the user who became the owner, because the last owner left."""

    member: MemberRecord
    rev: int
    heir: str | None


class Settings(Struct, kw_only=True, frozen=True):
    """What of a room is to change; None is what stays. `name_key` goes with `name`."""

    name: str | None = None
    name_key: str | None = None
    topic: str | None = None
    visibility: Visibility | None = None
    archived: bool | None = None
    slow_mode_s: int | None = None
    retention_s: int | None = None


class Promoted(Struct, kw_only=True, frozen=True):
    """A member in their new role, and the `rev` that it took."""

    member: MemberRecord
    rev: int


class BanRecord(Struct, kw_only=True, frozen=True):
    user_id: str
    username: str
    banned_by: str
    banned_by_name: str
    reason: str
    created_at: int


class RoomStore(Protocol):
    """`then` as in `Database.write`: called in the order of the commits."""

    async def create_room(self, room: RoomRecord, then: Callable[[Joined], None]) -> Joined:
        """With its creator as the owner. Raises: RoomNameTaken."""
        ...

    async def get_or_create_dm(
        self, room: RoomRecord, other_id: str, then: Callable[[tuple[Joined, Joined]], None]
    ) -> tuple[Joined, Joined]:
        """The room of two people, as the asker and as the other sees it; `new` where it was made now."""
        ...

    async def get_room(self, room_id: str, user_id: str) -> MyRoom | None: ...

    async def list_rooms(self, user_id: str) -> list[MyRoom]: ...

    async def list_public_rooms(self, user_id: str) -> list[MyRoom]: ...

    async def list_members(self, room_id: str) -> list[MemberRecord]: ...

    async def add_member(
        self, room_id: str, user_id: str, now: int, then: Callable[[Joined], None]
    ) -> Joined:
        """Joins a public room. Raises: RoomNotFound (also for a private room of others), Banned, RoomFull."""
        ...

    async def remove_member(self, room_id: str, user_id: str, then: Callable[[Left], None]) -> Left:
        """Raises: RoomNotFound, NotMember."""
        ...

    async def set_read(self, room_id: str, user_id: str, seq: int) -> int:
        """Moves the read marker forward, at most to `last_seq`; returns where it is. Raises: NotMember."""
        ...


class OrderStore(Protocol):
    """What those who look after a room do with it and its members.

    `user_id` asks; every call raises RoomNotFound (also for a private room of others), NotMember, and what
    `allow` raises. Each change takes the room's next `rev`; `then` as in `Database.write`.
    """

    async def update_room(
        self,
        room_id: str,
        user_id: str,
        settings: Settings,
        now: int,
        allow: Allow,
        then: Callable[[tuple[MyRoom, bool]], None],
    ) -> MyRoom:
        """`then` also learns whether that changed anything. Raises: RoomNameTaken."""
        ...

    async def delete_room(
        self, room_id: str, user_id: str, now: int, allow: Allow, then: Callable[[None], None]
    ) -> None:
        """Takes it from everyone at once; what was said in it goes by `UpkeepStore.purge_room`."""
        ...

    async def bring_in(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        now: int,
        allow: Allow,
        then: Callable[[Joined], None],
    ) -> Joined:
        """Makes `other_id` a member, or finds that they are one. Raises: Banned, RoomFull."""
        ...

    async def set_role(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        role: Role,
        allow: Allow,
        then: Callable[[list[Promoted]], None],
    ) -> MemberRecord:
        """A new owner takes the place of the asker, who is a moderator then. Raises: UserNotFound."""
        ...

    async def kick(
        self, room_id: str, user_id: str, other_id: str, allow: Allow, then: Callable[[Left], None]
    ) -> None:
        """Raises: UserNotFound: they are no member."""
        ...

    async def ban(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        reason: str,
        now: int,
        allow: Allow,
        then: Callable[[Left | None], None],
    ) -> BanRecord:
        """Takes them out, where they are in, and keeps them out. Raises: TooManyBans."""
        ...

    async def lift_ban(self, room_id: str, user_id: str, other_id: str, allow: Allow) -> None:
        """Raises: UserNotFound: they are not banned."""
        ...

    async def list_bans(self, room_id: str, user_id: str, allow: Allow) -> list[BanRecord]:
        """The last one first."""
        ...


class InviteRecord(Struct, kw_only=True, frozen=True):
    """`max_uses` is None where it may be used until it expires."""

    id: str
    room_id: str
    created_by: str
    created_by_name: str
    created_at: int
    expires_at: int
    max_uses: int | None
    uses: int = 0


class Opened(Struct, kw_only=True, frozen=True):
    """What an invite leads to."""

    room_id: str
    room_name: str


class InviteStore(Protocol):
    """What has expired, or was used as often as it may be, is there no longer."""

    async def create_invite(self, invite: InviteRecord, code_hash: bytes, allow: Allow) -> None:
        """Raises: RoomNotFound, NotMember, TooManyInvites, and what `allow` raises."""
        ...

    async def list_invites(self, room_id: str, user_id: str, now: int, allow: Allow) -> list[InviteRecord]:
        """The last one first. Raises: RoomNotFound, NotMember, and what `allow` raises."""
        ...

    async def remove_invite(self, room_id: str, user_id: str, invite_id: str, allow: Allow) -> None:
        """Raises: RoomNotFound, NotMember, InviteInvalid, and what `allow` raises."""
        ...

    async def get_invite(self, code_hash: bytes, now: int) -> Opened | None: ...

    async def use_invite(
        self,
        code_hash: bytes,
        user_id: str,
        now: int,
        then: Callable[[Joined], None],
        *,
        room_id: str | None = None,
    ) -> Joined:
        """Joins the room that it leads to, which has to be `room_id` where that is named.

        Raises: InviteInvalid, Banned, RoomFull.
        """
        ...


class UpkeepStore(Protocol):
    async def list_deleted(self) -> list[str]:
        """Deleted rooms that have not gone altogether."""
        ...

    async def purge_room(self, room_id: str, limit: int) -> None:
        """Deletes at most `limit` messages of a deleted room for good, and in the end the room."""
        ...

    async def list_forgetful(self, now: int) -> list[str]:
        """Rooms with messages older than they keep them."""
        ...

    async def erase_expired(
        self, room_id: str, now: int, limit: int, then: Callable[[list["MessageRecord"]], None]
    ) -> int:
        """Erases at most `limit` of them, each under the room's next `rev`; how many."""
        ...


# ── the log ──────────────────────────────────────────────────────────────────────────────────────


class NewMessage(Struct, kw_only=True, frozen=True):
    id: str
    room_id: str
    author_id: str
    author_name: str
    device_id: str
    nonce: str
    content: str
    content_type: str
    created_at: int
    reply_to: str | None = None
    thread: str | None = None
    mentions: tuple[str, ...] = ()


class MessageRecord(NewMessage, kw_only=True, frozen=True):
    """A message in the log, under its numbers."""

    seq: int
    rev: int
    edited_at: int | None = None
    deleted_at: int | None = None
    pinned_at: int | None = None
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Reaction and who gave it, both in the order in which they came."""


class VersionRecord(Struct, frozen=True):
    """What a message said until it was edited."""

    content: str
    until: int


class Edit(Struct, kw_only=True, frozen=True):
    content: str
    mentions: tuple[str, ...]
    now: int


class Erase(Struct, kw_only=True, frozen=True):
    now: int


class Pin(Struct, kw_only=True, frozen=True):
    pinned: bool
    now: int


class React(Struct, kw_only=True, frozen=True):
    """`on`: whether the reaction is given or taken back."""

    reaction: str
    on: bool
    now: int


Change = Edit | Erase | Pin | React


class Appended(Struct, kw_only=True, frozen=True):
    """`new` is False where the nonce had been used before: `record` is the first message then."""

    record: MessageRecord
    new: bool


AppendOutcome = list[Appended | MeshError] | MeshError


class Changes(Struct, kw_only=True, frozen=True):
    """What changed in a room between two of its `rev`s, and who is in it."""

    members: list[MemberRecord]
    messages: list[MessageRecord]


class Overview(Struct, kw_only=True, frozen=True):
    """Every room of a user at one moment. `gaps`: those that cannot be replayed from where the user is."""

    rooms: list[MyRoom]
    gaps: set[str]


class MessageStore(Protocol):
    def append(
        self,
        batch: Sequence[NewMessage],
        done: Callable[[AppendOutcome], None],
        *,
        unhurried: frozenset[Role] = frozenset(),
    ) -> None:
        """Stores a batch in one transaction, each message under its room's next `seq` and `rev`.

        `done` is called once, on the event loop and in the order of the commits, with a result a message;
        one that is refused takes no number (RoomNotFound, NotMember, NonceConflict, RoomArchived,
        ReferenceUnknown, and RateLimited where the room has slow mode, but not for the roles `unhurried`).
        Or with one error, where nothing of the batch was stored.
        """
        ...

    async def change_message(
        self,
        room_id: str,
        message_id: str,
        user_id: str,
        change: Change,
        allow: Allow,
        then: Callable[[tuple[MessageRecord, bool]], None],
    ) -> MessageRecord:
        """Changes a message under the room's next `rev`; `then` also learns whether that changed anything.

        Raises:
            RoomNotFound, NotMember, MessageNotFound, TooManyReactions, and what `allow` raises.
        """
        ...

    async def list_versions(self, room_id: str, message_id: str) -> list[VersionRecord]:
        """What it said before, the oldest first. Raises: MessageNotFound."""
        ...

    async def list_pinned(self, room_id: str) -> list[MessageRecord]:
        """The last pinned first."""
        ...

    async def list_messages(
        self,
        room_id: str,
        *,
        after: int,
        before: int,
        limit: int,
        newest: bool,
        thread: str | None = None,
    ) -> tuple[list[MessageRecord], bool]:
        """Of the room, or of a thread of it, those with `after < seq < before`, ascending seq.

        At most `limit`: the `newest` of them, or the oldest.

        The second value tells whether there are more of them than that.
        """
        ...

    async def get_overview(self, user_id: str, since: dict[str, int], most: int) -> Overview:
        """`since`: room id -> the `rev` held. Over `most` messages changed since, or a `rev` ahead: a gap."""
        ...

    async def list_changes(self, room_id: str, since: int, until: int) -> Changes:
        """Messages with `since < rev <= until`, ascending `rev`."""
        ...


# ── search ───────────────────────────────────────────────────────────────────────────────────────


class SearchQuery(Struct, kw_only=True, frozen=True):
    """`words` in the index's own language; keys as `services.names` makes them; times in milliseconds."""

    words: str
    room_id: str | None = None
    room_key: str | None = None
    author_key: str | None = None
    before: int | None = None
    after: int | None = None
    cursor: int | None = None


class Found(Struct, kw_only=True, frozen=True):
    my_room: MyRoom
    message: MessageRecord


class SearchStore(Protocol):
    async def index_next(self, limit: int) -> int:
        """Puts the next messages into the index; how many there were to look at."""
        ...

    async def purge(self) -> bool:
        """Takes deleted words out of the index for good, a step at a time; whether there is more to do."""
        ...

    async def find(self, user_id: str, query: SearchQuery, limit: int) -> tuple[list[Found], int | None]:
        """The newest first, only from rooms of this user; and the cursor of the next page."""
        ...


class Store(Protocol):
    """A database and its parts.

    `epoch` names this history of numbers: it is another one after a restored backup.
    """

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def rooms(self) -> RoomStore: ...

    @property
    def order(self) -> OrderStore: ...

    @property
    def invites(self) -> InviteStore: ...

    @property
    def upkeep(self) -> UpkeepStore: ...

    @property
    def messages(self) -> MessageStore: ...

    @property
    def search(self) -> SearchStore: ...

    @property
    def epoch(self) -> str: ...

    async def check(self) -> None:
        """Whether it can be written to. Raises: StorageUnavailable."""
        ...

    async def close(self) -> None: ...
