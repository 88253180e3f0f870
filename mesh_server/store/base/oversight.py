"""All rooms, for whoever runs the server; and the figures of the whole."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.audit import Actor
from mesh_server.store.base.order import Promoted
from mesh_server.store.base.rooms import Joined, MyRoom, RoomRecord


class RoomOverview(Struct, kw_only=True, frozen=True):
    """A room from outside; `owner` is id and name, where it has one."""

    room: RoomRecord
    member_count: int
    owner: tuple[str, str] | None


class RoomQuery(Struct, kw_only=True, frozen=True):
    """`words`: part of the key of a name, `name_key` all of it. `cursor`: only ids after it."""

    words: str | None = None
    name_key: str | None = None
    cursor: str | None = None


class Figures(Struct, kw_only=True, frozen=True):
    """Counts of what is stored. `messages`: all that were ever said in rooms that are still there."""

    users: int
    suspended: int
    deleted: int
    admins: int
    devices: int
    tokens: int
    rooms: int
    dms: int
    messages: int
    invites: int
    audit_entries: int
    database_bytes: int


class OversightStore(Protocol):
    """DMs are nobody else's: they are counted, and no call lists or changes one.

    Every act raises RoomNotFound, and names `by` in the audit log. `then` as in `Database.write`.
    """

    async def list_all_rooms(self, query: RoomQuery, limit: int) -> list[RoomOverview]:
        """The oldest first."""
        ...

    async def get_overview_of(self, room_id: str) -> RoomOverview | None: ...

    async def archive_room(
        self,
        room_id: str,
        archived: bool,
        *,
        by: Actor,
        then: Callable[[MyRoom | None], None],
    ) -> None:
        """`then` gets the room as who is no member sees it, or None where nothing changed."""
        ...

    async def drop_room(self, room_id: str, *, by: Actor, then: Callable[[None], None]) -> None: ...

    async def hand_over(
        self,
        room_id: str,
        user_id: str,
        *,
        by: Actor,
        then: Callable[[tuple[Joined, list[Promoted]]], None],
    ) -> None:
        """Makes someone the owner, bringing them in where they are no member; owners become moderators.

        Raises: UserNotFound, UserSuspended, RoomFull, Banned.
        """
        ...

    async def get_figures(self) -> Figures: ...
