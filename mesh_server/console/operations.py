"""What can be done at the console: one table, the same over the socket of a running server and without one.

An operation gets its arguments as one struct and answers with another, or with nothing. Its actor is the
console, which is what the audit log says.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct, structs

from mesh_server.administration import Administration
from mesh_server.ids import Clock
from mesh_server.store.base import Actor
from protocol import limits
from protocol.errors import RoomNotFound, UserNotFound
from protocol.queries import AccountsQuery, AllRoomsQuery, AuditLogQuery
from protocol.rest import (
    Account,
    AccountList,
    AuditAction,
    AuditPage,
    HandedOutPassword,
    InviteRequest,
    OwnerRequest,
    PersonalToken,
    RoomSummary,
    RoomSummaryList,
    ServerInvite,
    ServerInviteList,
    ServerStats,
    SuspendRequest,
    TokenList,
    TokenRequest,
    UserRole,
)

_ACTOR: Final = "console"


@dataclass(frozen=True, slots=True)
class Console:
    """`address`: where people reach the server, as it stands in links."""

    parts: Administration
    clock: Clock
    address: Callable[[], str]

    @property
    def actor(self) -> Actor:
        return Actor(id=None, name=_ACTOR, at=self.clock())

    async def user_id(self, user: str) -> str:
        """Of someone who is named by their name or their id. Raises: UserNotFound."""
        try:
            return await self.parts.accounts.find(user)
        except UserNotFound:
            return (await self.parts.accounts.get(user)).id

    async def room_id(self, room: str) -> str:
        """Of a room that is named by its name or its id. Raises: RoomNotFound."""
        try:
            return await self.parts.rooms.find(room)
        except RoomNotFound:
            return (await self.parts.rooms.get(room)).id


# ── what they are given ──────────────────────────────────────────────────────────────────────────


class _Arguments(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    pass


class Nothing(_Arguments, kw_only=True, frozen=True):
    pass


class OfUser(_Arguments, kw_only=True, frozen=True):
    user: str


class Suspension(OfUser, kw_only=True, frozen=True):
    reason: str = ""


class OfRole(OfUser, kw_only=True, frozen=True):
    role: UserRole


class OfRoom(_Arguments, kw_only=True, frozen=True):
    room: str


class Ownership(OfRoom, kw_only=True, frozen=True):
    user: str


class OfInvite(_Arguments, kw_only=True, frozen=True):
    invite: str


class NewToken(OfUser, kw_only=True, frozen=True):
    name: str
    expires_in_s: int | None = None


class OfToken(OfUser, kw_only=True, frozen=True):
    token: str


class AuditFilter(_Arguments, kw_only=True, frozen=True):
    """`by`, `to` and `room`: a name or an id."""

    by: str | None = None
    to: str | None = None
    room: str | None = None
    action: AuditAction | None = None
    before: str | None = None
    after: str | None = None
    cursor: int | None = None
    limit: int = limits.PAGE_DEFAULT


# ── what they do ─────────────────────────────────────────────────────────────────────────────────


async def _list_users(console: Console, query: AccountsQuery) -> AccountList:
    return await console.parts.accounts.list_accounts(query)


async def _show_user(console: Console, given: OfUser) -> Account:
    return await console.parts.accounts.get(await console.user_id(given.user))


async def _suspend(console: Console, given: Suspension) -> Account:
    user_id = await console.user_id(given.user)
    return await console.parts.accounts.suspend(console.actor, user_id, SuspendRequest(reason=given.reason))


async def _restore(console: Console, given: OfUser) -> Account:
    return await console.parts.accounts.restore(console.actor, await console.user_id(given.user))


async def _delete_user(console: Console, given: OfUser) -> None:
    await console.parts.accounts.delete(console.actor, await console.user_id(given.user))


async def _set_role(console: Console, given: OfRole) -> Account:
    user_id = await console.user_id(given.user)
    return await console.parts.accounts.set_role(console.actor, user_id, given.role)


async def _password(console: Console, given: OfUser) -> HandedOutPassword:
    return await console.parts.accounts.hand_out_password(console.actor, await console.user_id(given.user))


async def _logout(console: Console, given: OfUser) -> None:
    await console.parts.accounts.sign_out(console.actor, await console.user_id(given.user))


async def _list_rooms(console: Console, query: AllRoomsQuery) -> RoomSummaryList:
    return await console.parts.rooms.list_rooms(query)


async def _show_room(console: Console, given: OfRoom) -> RoomSummary:
    return await console.parts.rooms.get(await console.room_id(given.room))


async def _archive(console: Console, given: OfRoom) -> RoomSummary:
    return await console.parts.rooms.archive(console.actor, await console.room_id(given.room), archived=True)


async def _open_again(console: Console, given: OfRoom) -> RoomSummary:
    return await console.parts.rooms.archive(console.actor, await console.room_id(given.room), archived=False)


async def _delete_room(console: Console, given: OfRoom) -> None:
    await console.parts.rooms.delete(console.actor, await console.room_id(given.room))


async def _hand_over(console: Console, given: Ownership) -> RoomSummary:
    room_id = await console.room_id(given.room)
    return await console.parts.rooms.hand_over(console.actor, room_id, OwnerRequest(username=given.user))


async def _list_invites(console: Console, _given: Nothing) -> ServerInviteList:
    return ServerInviteList(invites=await console.parts.invites.list_usable(console.actor))


async def _create_invite(console: Console, given: InviteRequest) -> ServerInvite:
    invite = await console.parts.invites.create(console.actor, given)
    return structs.replace(invite, url=f"{console.address()}{invite.url}")


async def _revoke_invite(console: Console, given: OfInvite) -> None:
    await console.parts.invites.revoke(console.actor, given.invite)


async def _list_tokens(console: Console, given: OfUser) -> TokenList:
    return TokenList(tokens=await console.parts.tokens.list_of(await console.user_id(given.user)))


async def _create_token(console: Console, given: NewToken) -> PersonalToken:
    body = TokenRequest(name=given.name, expires_in_s=given.expires_in_s)
    return await console.parts.tokens.create_for(await console.user_id(given.user), body, by=console.actor)


async def _revoke_token(console: Console, given: OfToken) -> None:
    user_id = await console.user_id(given.user)
    await console.parts.tokens.revoke_of(user_id, given.token, by=console.actor)


async def _audit(console: Console, given: AuditFilter) -> AuditPage:
    query = AuditLogQuery(
        actor=None if given.by is None else await console.user_id(given.by),
        target=None if given.to is None else await console.user_id(given.to),
        room_id=None if given.room is None else await console.room_id(given.room),
        action=given.action,
        before=given.before,
        after=given.after,
        cursor=given.cursor,
        limit=given.limit,
    )
    return await console.parts.audit.everywhere(query)


async def _stats(console: Console, _given: Nothing) -> ServerStats:
    return await console.parts.rooms.stats()


@dataclass(frozen=True, slots=True)
class Operation:
    takes: type[Struct]
    run: Callable[[Console, Any], Awaitable[Struct | None]]


OPERATIONS: Final[dict[str, Operation]] = {
    "users.list": Operation(AccountsQuery, _list_users),
    "users.show": Operation(OfUser, _show_user),
    "users.suspend": Operation(Suspension, _suspend),
    "users.restore": Operation(OfUser, _restore),
    "users.delete": Operation(OfUser, _delete_user),
    "users.role": Operation(OfRole, _set_role),
    "users.password": Operation(OfUser, _password),
    "users.logout": Operation(OfUser, _logout),
    "rooms.list": Operation(AllRoomsQuery, _list_rooms),
    "rooms.show": Operation(OfRoom, _show_room),
    "rooms.archive": Operation(OfRoom, _archive),
    "rooms.reopen": Operation(OfRoom, _open_again),
    "rooms.delete": Operation(OfRoom, _delete_room),
    "rooms.owner": Operation(Ownership, _hand_over),
    "invites.list": Operation(Nothing, _list_invites),
    "invites.create": Operation(InviteRequest, _create_invite),
    "invites.revoke": Operation(OfInvite, _revoke_invite),
    "tokens.list": Operation(OfUser, _list_tokens),
    "tokens.create": Operation(NewToken, _create_token),
    "tokens.revoke": Operation(OfToken, _revoke_token),
    "audit": Operation(AuditFilter, _audit),
    "stats": Operation(Nothing, _stats),
}
