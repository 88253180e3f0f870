"""What stands behind the `?` of a REST call, as types: each parameter with its bounds and its default."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from protocol import limits
from protocol.rest import AccountState, AuditAction, Seq, UserRole

PageLimit = Annotated[int, Meta(ge=1, le=limits.PAGE_MAX)]
Named = Annotated[str, Meta(max_length=limits.TOKEN_CHARS)]
"""An id, a name or a time; each service says what it is, with its own error."""


class OthersQuery(Struct, kw_only=True, frozen=True):
    """Whether the keys that let me in by ssh go as well, when my other devices are signed out."""

    ssh_keys: Literal["keep", "remove"] = "keep"


class RoomsQuery(Struct, kw_only=True, frozen=True):
    """`mine`: all rooms that I am a member of; `public`: a page of the directory of public rooms."""

    scope: Literal["mine", "public"] = "mine"
    cursor: Named | None = None
    limit: PageLimit = limits.PAGE_MAX


class MembersQuery(Struct, kw_only=True, frozen=True):
    """Without `limit` all of them, at once."""

    cursor: Named | None = None
    limit: PageLimit | None = None


class HistoryQuery(Struct, kw_only=True, frozen=True):
    """One of `before`, `after` and `around` at most; `thread` does not go with `around`."""

    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    thread: Named | None = None
    limit: PageLimit = limits.PAGE_DEFAULT


class FindQuery(Struct, kw_only=True, frozen=True):
    """What is looked for, and what narrows it down; times are days or RFC 3339."""

    q: Annotated[str, Meta(max_length=limits.QUERY_CHARS)]
    room_id: Named | None = None
    author: Named | None = field(default=None, name="from")
    before: Named | None = None
    after: Named | None = None
    cursor: Seq | None = None
    limit: PageLimit = limits.PAGE_DEFAULT


Words = Annotated[str, Meta(max_length=limits.QUERY_CHARS)]


class AccountsQuery(Struct, kw_only=True, frozen=True):
    """`q`: part of a name."""

    q: Words | None = None
    state: AccountState | None = None
    role: UserRole | None = None
    cursor: Named | None = None
    limit: PageLimit = limits.PAGE_DEFAULT


class AllRoomsQuery(Struct, kw_only=True, frozen=True):
    """`q`: part of a room's name."""

    q: Words | None = None
    cursor: Named | None = None
    limit: PageLimit = limits.PAGE_DEFAULT


class RoomAuditQuery(Struct, kw_only=True, frozen=True):
    """`actor` and `target` are ids; times are days or RFC 3339."""

    actor: Named | None = None
    target: Named | None = None
    action: AuditAction | None = None
    before: Named | None = None
    after: Named | None = None
    cursor: Seq | None = None
    limit: PageLimit = limits.PAGE_DEFAULT


class AuditLogQuery(RoomAuditQuery, kw_only=True, frozen=True):
    """As for one room, over all of them and the server."""

    room_id: Named | None = None
