"""What whoever runs a server does with accounts: over REST as an administrator, or at the console.

Every act names its actor, which the store writes into the audit log in the same transaction. What it ends
is told as the commit returns, so that it acts at once: sockets close, rooms see who has left.
"""

import base64
import secrets
from collections.abc import Callable
from typing import Final

from mesh_server.bus.base import Bus, RoomChanged
from mesh_server.ids import Clock, NewId
from mesh_server.services import names
from mesh_server.services.gate import PasswordGate
from mesh_server.services.invites import PATH, code_hash
from mesh_server.services.presence import PresenceService
from mesh_server.services.rooms import RoomService
from mesh_server.services.sessions import Sessions
from mesh_server.services.tokens import RandomBytes
from mesh_server.services.views import account_view, room_view, server_invite_view
from mesh_server.store.base import (
    AccountQuery,
    AccountStore,
    Actor,
    Departure,
    InviteStore,
    PeopleStore,
    ServerInviteRecord,
)
from protocol import limits
from protocol.errors import UserNotFound
from protocol.events import RoomUpdated
from protocol.queries import AccountsQuery
from protocol.rest import (
    Account,
    AccountList,
    HandedOutPassword,
    InviteRequest,
    ServerInvite,
    SuspendRequest,
    UserRole,
)

_PASSWORD_BYTES: Final = 12
_CODE_BYTES: Final = 20


class Farewell:
    """Tells whom it concerns that an account has ended; to be called as the commit returns."""

    def __init__(self, sessions: Sessions, rooms: RoomService, bus: Bus) -> None:
        self._sessions, self._rooms, self._bus = sessions, rooms, bus

    def __call__(self, departure: Departure) -> None:
        for device_id in departure.device_ids:
            self._sessions.revoked(device_id)
        for left in departure.left:
            self._rooms.went_out(left)
        for mine in departure.closed:
            room = room_view(mine)
            event = RoomUpdated(room_id=room.id, rev=room.rev, room=room)
            self._bus.publish(RoomChanged(room_id=room.id, rev=room.rev, event=event, asked_by=""))


class AccountAdmin:
    """Every call about a user raises UserNotFound."""

    def __init__(
        self,
        people: PeopleStore,
        accounts: AccountStore,
        *,
        sessions: Sessions,
        gate: PasswordGate,
        presence: PresenceService,
        clock: Clock,
        on_departed: Callable[[Departure], None],
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._people, self._accounts = people, accounts
        self._sessions, self._gate, self._presence = sessions, gate, presence
        self._clock, self._on_departed = clock, on_departed
        self._random_bytes = random_bytes

    async def list_accounts(self, query: AccountsQuery) -> AccountList:
        words = names.name_key(query.q) if query.q else None
        wanted = AccountQuery(words=words, state=query.state, role=query.role, cursor=query.cursor)
        found = await self._people.list_accounts(wanted, query.limit + 1)
        page, has_more = found[: query.limit], len(found) > query.limit
        return AccountList(
            accounts=[account_view(each, self._presence.of(each.user.id)) for each in page],
            has_more=has_more,
            next=page[-1].user.id if has_more else None,
        )

    async def get(self, user_id: str) -> Account:
        """Also one that was deleted."""
        found = await self._people.get_account(user_id)
        if found is None:
            raise UserNotFound
        return account_view(found, self._presence.of(user_id))

    async def find(self, name: str) -> str:
        """The id of who signs in with this name."""
        user = await self._accounts.get_user_by_key(names.login_key(name))
        if user is None:
            raise UserNotFound
        return user.id

    async def suspend(self, by: Actor, user_id: str, body: SuspendRequest) -> Account:
        """Raises: LastAdmin."""
        await self._people.suspend_user(
            user_id, reason=names.ban_reason(body.reason), by=by, on_revoked=self._sessions.revoked
        )
        self._sessions.changed(user_id)
        return await self.get(user_id)

    async def restore(self, by: Actor, user_id: str) -> Account:
        await self._people.restore_user(user_id, by=by)
        return await self.get(user_id)

    async def delete(self, by: Actor, user_id: str) -> None:
        """Raises: LastAdmin."""
        await self._people.delete_user(user_id, by=by, then=self._on_departed)
        self._sessions.changed(user_id)

    async def set_role(self, by: Actor, user_id: str, role: UserRole) -> Account:
        """Raises: LastAdmin."""
        await self._people.set_user_role(user_id, role, by=by)
        self._sessions.changed(user_id)
        return await self.get(user_id)

    async def hand_out_password(self, by: Actor, user_id: str) -> HandedOutPassword:
        """Instead of the one that was forgotten; good for signing in once. Raises: RateLimited."""
        password = base64.b32encode(self._random_bytes(_PASSWORD_BYTES)).decode().rstrip("=").lower()
        expires_at = self._clock() + limits.PASSWORD_HANDED_OUT_S * 1000
        await self._people.hand_out_password(
            user_id,
            await self._gate.hash(password),
            expires_at=expires_at,
            by=by,
            on_revoked=self._sessions.revoked,
        )
        return HandedOutPassword(password=password, expires_in=limits.PASSWORD_HANDED_OUT_S)

    async def sign_out(self, by: Actor, user_id: str) -> None:
        """Everywhere; personal tokens are revoked."""
        await self._people.sign_out_user(user_id, by=by, on_revoked=self._sessions.revoked)


class ServerInvites:
    """Invites onto the server, and into no room."""

    def __init__(
        self,
        invites: InviteStore,
        *,
        new_id: NewId,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._invites, self._new_id, self._random_bytes = invites, new_id, random_bytes

    async def create(self, by: Actor, body: InviteRequest) -> ServerInvite:
        """Raises: TooManyInvites."""
        code = self._random_bytes(_CODE_BYTES).hex()
        record = ServerInviteRecord(
            id=self._new_id(),
            created_by=by.id,
            created_by_name=None if by.id is None else by.name,
            created_at=by.at,
            expires_at=by.at + body.expires_in_s * 1000,
            max_uses=body.max_uses,
        )
        await self._invites.create_server_invite(record, code_hash(code), by)
        return server_invite_view(record, code=code, url=PATH + code)

    async def list_usable(self, by: Actor) -> list[ServerInvite]:
        return [server_invite_view(each) for each in await self._invites.list_server_invites(by.at)]

    async def revoke(self, by: Actor, invite_id: str) -> None:
        """Raises: InviteInvalid."""
        await self._invites.remove_server_invite(invite_id, by=by)
