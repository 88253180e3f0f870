"""One's own account: how one is shown, the password, and its end."""

from collections.abc import Callable

from mesh_server.ids import Clock
from mesh_server.services import names
from mesh_server.services.gate import PasswordGate
from mesh_server.services.passwords import check_password
from mesh_server.services.principal import Principal
from mesh_server.services.sessions import Sessions
from mesh_server.services.views import user_view
from mesh_server.store.base import AccountStore, Departure, PeopleStore, UserRecord
from protocol.errors import CredentialsInvalid, PasswordRequired, TokenInvalid, UsernameTaken
from protocol.rest import DeleteAccountRequest, PasswordRequest, ProfileRequest, User


class OwnAccountService:
    """`on_departed` is called as the commit returns that deleted an account."""

    def __init__(
        self,
        store: AccountStore,
        people: PeopleStore,
        *,
        sessions: Sessions,
        gate: PasswordGate,
        clock: Clock,
        on_departed: Callable[[Departure], None],
    ) -> None:
        self._store, self._people = store, people
        self._sessions, self._gate = sessions, gate
        self._clock, self._on_departed = clock, on_departed

    async def me(self, who: Principal) -> User:
        return user_view(await self._user(who))

    async def set_profile(self, who: Principal, body: ProfileRequest) -> User:
        """Raises: DisplayNameInvalid; UsernameTaken where somebody else signs in, or did, with that name."""
        if body.display_name is not None:
            await self._set_display_name(who, names.display_name(body.display_name))
        if body.hides_reads is not None:
            await self._store.set_hides_reads(who.user_id, body.hides_reads)
        return await self.me(who)

    async def _set_display_name(self, who: Principal, display_name: str) -> None:
        key = names.name_key(display_name)
        mine = (await self._user(who)).username_key == key
        if not mine and not await self._store.is_name_free(key):
            raise UsernameTaken
        await self._store.set_display_name(who.user_id, display_name)
        self._sessions.changed(who.user_id)

    async def change_password(self, who: Principal, body: PasswordRequest) -> None:
        """Every other device is signed out, and every token revoked.

        Raises: CredentialsInvalid, PasswordInvalid, PasswordRequired, RateLimited.
        """
        check_password(body.new)
        user = await self._check(who, body.current)
        password_hash = await self._gate.hash(body.new)
        changed = await self._store.set_password(
            who.user_id,
            password_hash,
            instead_of=user.password_hash,
            keep_device=who.device_id,
            now=self._clock(),
            on_revoked=self._sessions.revoked,
        )
        if not changed:
            raise CredentialsInvalid("The current password was changed meanwhile.")

    async def delete(self, who: Principal, body: DeleteAccountRequest) -> None:
        """Raises: CredentialsInvalid, LastAdmin, PasswordRequired, RateLimited."""
        user = await self._check(who, body.password)
        deleted = await self._people.delete_user(
            who.user_id,
            by=who.actor(self._clock()),
            then=self._on_departed,
            password_hash=user.password_hash,
        )
        if not deleted:
            raise CredentialsInvalid("The password was changed meanwhile.")

    async def _check(self, who: Principal, password: str) -> UserRecord:
        """The user, whose password this is."""
        if who.by_token:
            raise PasswordRequired
        user = await self._user(who)
        account = user.username_key
        async with self._gate.turn(account):
            fits = await self._gate.fits(
                account, who.address, password, user.password_hash, signed_in=who.device_id
            )
        if not fits:
            raise CredentialsInvalid("The current password is wrong.")
        return user

    async def _user(self, who: Principal) -> UserRecord:
        user = await self._store.get_user(who.user_id)
        if user is None or not user.is_active:
            raise TokenInvalid
        return user
