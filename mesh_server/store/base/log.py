"""Messages: the log of each room, and what is changed in it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.audit import Actor
from mesh_server.store.base.order import Allow
from mesh_server.store.base.rooms import MemberRecord, MyRoom
from protocol.errors import MeshError
from protocol.rest import Role


class _Message(Struct, kw_only=True, frozen=True):
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
    """Ids of users, and `EVERYONE`."""


class NewMessage(_Message, kw_only=True, frozen=True):
    """`named`: keys of the usernames in its text; `calls_room`: whether its text calls everyone."""

    named: tuple[str, ...] = ()
    calls_room: bool = False


class MessageRecord(_Message, kw_only=True, frozen=True):
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
    """`named` and `calls_room` as in `NewMessage`, where the message is of a type that is looked into."""

    content: str
    mentions: tuple[str, ...]
    now: int
    named: tuple[str, ...] = ()
    calls_room: bool = False
    readable: frozenset[str] = frozenset()
    heralds: frozenset[Role] = frozenset()


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
        heralds: frozenset[Role] = frozenset(),
    ) -> None:
        """Stores a batch in one transaction, each message under its room's next `seq` and `rev`.

        Whom it mentions are the members among those that it declares, and those whose name is in its text.
        `heralds` may call everyone.

        `done` is called once, on the event loop and in the order of the commits, with a result a message;
        one that is refused takes no number (RoomNotFound, NotMember, NonceConflict, RoomArchived,
        ReferenceUnknown; RoomForbidden where it declares a call that its author may not make; and
        RateLimited where the room has slow mode, but not for the roles `unhurried`).
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
        *,
        by: Actor | None = None,
    ) -> MessageRecord:
        """Changes a message under the room's next `rev`; `then` also learns whether that changed anything.

        `by` is named in the audit log, where it is given and deletes what somebody else said.

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
