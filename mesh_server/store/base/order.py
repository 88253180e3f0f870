"""Who looks after a room, and what they do there: roles, settings, bans, invites."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.audit import Actor
from mesh_server.store.base.rooms import Joined, Left, MemberRecord, MyRoom
from protocol.rest import Role, Visibility


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


class Settings(Struct, kw_only=True, frozen=True):
    """What of a room is to change; None is what stays. `name_key` goes with `name`."""

    name: str | None = None
    name_key: str | None = None
    topic: str | None = None
    visibility: Visibility | None = None
    archived: bool | None = None
    slow_mode_s: int | None = None
    retention_s: int | None = None
    receipts: bool | None = None


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


class OrderStore(Protocol):
    """What those who look after a room do with it and its members.

    `user_id` asks; every call raises RoomNotFound (also for a private room of others), NotMember, and what
    `allow` raises. Each change takes the room's next `rev`; `then` as in `Database.write`. `by` is named in
    the audit log, where it is given.
    """

    async def update_room(
        self,
        room_id: str,
        user_id: str,
        settings: Settings,
        now: int,
        allow: Allow,
        then: Callable[[tuple[MyRoom, bool]], None],
        *,
        by: Actor | None = None,
    ) -> MyRoom:
        """`then` also learns whether that changed anything. Raises: RoomNameTaken."""
        ...

    async def delete_room(
        self,
        room_id: str,
        user_id: str,
        now: int,
        allow: Allow,
        then: Callable[[None], None],
        *,
        by: Actor | None = None,
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
        *,
        by: Actor | None = None,
    ) -> Joined:
        """Makes `other_id` a member, or finds that they are one. Raises: Banned, RoomFull, UserSuspended."""
        ...

    async def set_role(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        role: Role,
        allow: Allow,
        then: Callable[[list[Promoted]], None],
        *,
        by: Actor | None = None,
    ) -> MemberRecord:
        """A new owner takes the place of the asker, who is a moderator then.

        Raises: UserNotFound, UserSuspended for an owner who is.
        """
        ...

    async def kick(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        allow: Allow,
        then: Callable[[Left], None],
        *,
        by: Actor | None = None,
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
        *,
        by: Actor | None = None,
    ) -> BanRecord:
        """Takes them out, where they are in, and keeps them out. Raises: TooManyBans."""
        ...

    async def lift_ban(
        self,
        room_id: str,
        user_id: str,
        other_id: str,
        allow: Allow,
        *,
        by: Actor | None = None,
    ) -> None:
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


class ServerInviteRecord(Struct, kw_only=True, frozen=True):
    """An invite onto the server and into no room. `created_by` is None where it was made at the console."""

    id: str
    created_by: str | None
    created_by_name: str | None
    created_at: int
    expires_at: int
    max_uses: int | None
    uses: int = 0


class Opened(Struct, kw_only=True, frozen=True):
    """What an invite leads to; None where that is the server alone."""

    room_id: str | None
    room_name: str | None


class InviteStore(Protocol):
    """What has expired, or was used as often as it may be, is there no longer."""

    async def create_invite(
        self, invite: InviteRecord, code_hash: bytes, allow: Allow, *, by: Actor | None = None
    ) -> None:
        """Raises: RoomNotFound, NotMember, TooManyInvites, and what `allow` raises."""
        ...

    async def list_invites(self, room_id: str, user_id: str, now: int, allow: Allow) -> list[InviteRecord]:
        """The last one first. Raises: RoomNotFound, NotMember, and what `allow` raises."""
        ...

    async def remove_invite(
        self,
        room_id: str,
        user_id: str,
        invite_id: str,
        allow: Allow,
        *,
        by: Actor | None = None,
    ) -> None:
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

        Raises: InviteInvalid, also for one that leads into no room; Banned, RoomFull.
        """
        ...

    async def create_server_invite(self, invite: ServerInviteRecord, code_hash: bytes, by: Actor) -> None:
        """Raises: TooManyInvites."""
        ...

    async def list_server_invites(self, now: int) -> list[ServerInviteRecord]:
        """The last one first."""
        ...

    async def remove_server_invite(self, invite_id: str, *, by: Actor) -> None:
        """Raises: InviteInvalid."""
        ...
