"""Personal tokens: ways in for programs, by name, for a time or until they are revoked.

The secret is told once; what is stored is its hash. A token is a device of its own: it is seen, it has its
own connections, and revoking it closes them. It cannot make another one, so revoking it is the end of it.
"""

import asyncio
import contextlib
import secrets
from typing import Final

from mesh_server.ids import Clock, NewId
from mesh_server.services import names
from mesh_server.services.principal import Principal
from mesh_server.services.sessions import Sessions
from mesh_server.services.tokens import RandomBytes, new_personal_token, token_hash
from mesh_server.services.views import token_view
from mesh_server.store.base import Actor, DeviceRecord, TokenStore
from protocol.errors import PasswordRequired, StorageUnavailable, TokenNotFound
from protocol.rest import PersonalToken, TokenRequest

LOOK_EVERY_S: Final = 5.0
"""How often a server looks for tokens whose time is over; what they opened is closed then."""


class TokenService:
    """A call names `by` where it is someone else's token, for the audit log."""

    def __init__(
        self,
        store: TokenStore,
        *,
        sessions: Sessions,
        clock: Clock,
        new_id: NewId,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._store, self._sessions = store, sessions
        self._clock, self._new_id, self._random_bytes = clock, new_id, random_bytes

    async def create(self, who: Principal, body: TokenRequest) -> PersonalToken:
        """Raises: PasswordRequired, TooManyTokens."""
        _require_person(who)
        return await self.create_for(who.user_id, body)

    async def create_for(self, user_id: str, body: TokenRequest, *, by: Actor | None = None) -> PersonalToken:
        """Raises: UserNotFound, UserSuspended, TooManyTokens."""
        token, now = new_personal_token(self._random_bytes), self._clock()
        record = DeviceRecord(
            id=self._new_id(),
            user_id=user_id,
            name=names.device_name(body.name),
            created_at=now,
            signed_in_at=now,
            last_seen_at=now,
            token_hash=token_hash(token),
            expires_at=None if body.expires_in_s is None else now + body.expires_in_s * 1000,
        )
        await self._store.create_token(record, by=by)
        return token_view(record, last_seen_at=now, token=token)

    async def list_mine(self, who: Principal) -> list[PersonalToken]:
        """Those that can still be used, the last made first."""
        return await self.list_of(who.user_id)

    async def list_of(self, user_id: str) -> list[PersonalToken]:
        found = await self._store.list_tokens(user_id, self._clock())
        return [token_view(record, last_seen_at=self._sessions.seen_at(record.id)) for record in found]

    async def revoke(self, who: Principal, token_id: str) -> None:
        """Raises: PasswordRequired, TokenNotFound."""
        _require_person(who)
        await self.revoke_of(who.user_id, token_id)

    async def revoke_of(self, user_id: str, token_id: str, *, by: Actor | None = None) -> None:
        """Raises: TokenNotFound."""
        revoked = await self._store.revoke_token(
            user_id, token_id, now=self._clock(), on_revoked=self._sessions.revoked, by=by
        )
        if not revoked:
            raise TokenNotFound

    async def keep(self) -> None:
        """For ever: ends those whose time is over."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with contextlib.suppress(StorageUnavailable):  # logged where it happened
                await self.expire()

    async def expire(self) -> None:
        await self._store.expire_tokens(now=self._clock(), on_revoked=self._sessions.revoked)


def _require_person(who: Principal) -> None:
    if who.by_token:
        raise PasswordRequired
