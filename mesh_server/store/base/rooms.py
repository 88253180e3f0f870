"""Rooms and who is in them."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from protocol.rest import Role, RoomKind, Visibility


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
    receipts: bool = False


class MemberRecord(Struct, kw_only=True, frozen=True):
    room_id: str
    user_id: str
    username: str
    display_name: str
    role: Role
    joined_at: int
    status_text: str = ""
    read_seq: int | None = None
    """Where others may know it."""


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


class ReadMark(Struct, kw_only=True, frozen=True):
    """Where a read marker is. `moved`: it was not there before; `shown`: the others may know."""

    seq: int
    moved: bool
    shown: bool


class Left(Struct, kw_only=True, frozen=True):
    """`heir`: the id of the user who became the owner, because the last owner left."""

    member: MemberRecord
    rev: int
    heir: str | None


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

    async def list_public_rooms(self, user_id: str, *, after: str = "", limit: int) -> list[MyRoom]:
        """By name; at most `limit` of those whose `name_key` comes after that one."""
        ...

    async def list_members(
        self, room_id: str, *, after: tuple[int, str] | None = None, limit: int | None = None
    ) -> list[MemberRecord]:
        """In the order of joining; `after` is when the last one of the page before joined, and their id."""
        ...

    async def add_member(
        self, room_id: str, user_id: str, now: int, then: Callable[[Joined], None]
    ) -> Joined:
        """Joins a public room. Raises: RoomNotFound (also for a private room of others), Banned, RoomFull."""
        ...

    async def remove_member(self, room_id: str, user_id: str, then: Callable[[Left], None]) -> Left:
        """Raises: RoomNotFound, NotMember."""
        ...

    async def set_read(self, room_id: str, user_id: str, seq: int) -> ReadMark:
        """Moves the read marker forward, at most to `last_seq`. Raises: NotMember."""
        ...
