"""People, their devices, and how each proves who it is.

Strategy: a password buys a pair of tokens for one device. The access token is believed only while the
device is signed in, by a cache that forgets it in the moment of revoking, so that signing out works at once.
Whatever costs a hash is throttled first; whatever is refused tells no more than it must.
"""

import secrets
from collections.abc import Callable
from typing import Final

from msgspec import structs

from mesh_server.ids import Clock, NewId
from mesh_server.services import names
from mesh_server.services.invites import code_hash
from mesh_server.services.passwords import Passwords, check_password
from mesh_server.services.principal import Principal, PrincipalCache, SignedInDevice
from mesh_server.services.throttle import AccountThrottle
from mesh_server.services.tokens import (
    ACCESS_S,
    REFRESH_MS,
    AccessTokens,
    Claims,
    RandomBytes,
    new_refresh_token,
    refresh_hash,
)
from mesh_server.services.turns import Turns
from mesh_server.services.views import device_view, user_view
from mesh_server.store.base import (
    AccountStore,
    DeviceRecord,
    InviteStore,
    Joined,
    RefreshRecord,
    SignedIn,
    UserRecord,
)
from protocol.errors import (
    CredentialsInvalid,
    DeviceNotFound,
    InviteInvalid,
    InviteRequired,
    RefreshInvalid,
    RegistrationClosed,
    TokenInvalid,
    UsernameTaken,
)
from protocol.rest import (
    Device,
    LoginRequest,
    PasswordRequest,
    ProfileRequest,
    RefreshRequest,
    RegisterRequest,
    Registration,
    Session,
    User,
)
from protocol.text import clean_name

SEEN_MAX: Final = 10_000
"""Devices whose last signs of life wait to be stored; past it they are stored later than others."""


class AccountService:
    """`on_revoked` is called with the id of each device that is signed out, once that is on disk.

    `on_joined` is called as the commit returns where someone registered with an invite.
    """

    def __init__(
        self,
        store: AccountStore,
        invites: InviteStore,
        *,
        passwords: Passwords,
        tokens: AccessTokens,
        registration: Registration,
        clock: Clock,
        new_id: NewId,
        on_revoked: Callable[[str], None],
        on_joined: Callable[[Joined], object],
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._store, self._invites = store, invites
        self._passwords = passwords
        self._tokens = tokens
        self._registration = registration
        self._clock = clock
        self._new_id = new_id
        self._on_revoked = on_revoked
        self._on_joined = on_joined
        self._random_bytes = random_bytes
        self._throttle = AccountThrottle()
        self._turns = Turns()
        self._principals = PrincipalCache()
        self._seen: dict[str, int] = {}

    @property
    def throttled(self) -> int:
        """Tries to sign in or to register that were refused for coming too often."""
        return self._throttle.refused

    def close(self) -> None:
        """Drops the hashes that wait; whoever waits for one gets no answer any more."""
        self._passwords.close()

    # ── signing in ───────────────────────────────────────────────────────────────────────────────

    async def registration(self) -> Registration:
        """Who may register now; the very first one always may."""
        if self._registration != "open" and await self._store.count_users():
            return self._registration
        return "open"

    async def register(self, body: RegisterRequest, *, address: str) -> Session:
        """Makes an account and signs its first device in; the first account of all is the admin's.

        With an invite it is a member of the invite's room from the first.

        Raises:
            RegistrationClosed, InviteRequired, InviteInvalid, RoomFull, UsernameInvalid, UsernameTaken,
            PasswordInvalid, RateLimited
        """
        registration = await self.registration()
        if registration == "closed":
            raise RegistrationClosed
        if registration == "invite" and not body.invite:
            raise InviteRequired
        username = names.username(body.username)
        check_password(body.password)
        self._throttle.check_registration(address, self._clock())
        key = names.name_key(username)
        invite = code_hash(body.invite) if body.invite else None
        if invite is not None and await self._invites.get_invite(invite, self._clock()) is None:
            raise InviteInvalid
        if await self._store.get_user_by_key(key) is not None:
            raise UsernameTaken
        password_hash = await self._passwords.hash(body.password)
        now = self._clock()
        user = UserRecord(
            id=self._new_id(),
            username=username,
            username_key=key,
            display_name=username,
            role="user",
            password_hash=password_hash,
            created_at=now,
        )
        device = self._new_device(user, body.device_name, now)
        token, record = self._new_refresh(device, now)
        user = await self._store.create_user(
            user,
            device,
            record,
            registration=self._registration,
            invite=invite,
            then=self._on_joined,
        )
        self._throttle.succeeded(key, address)
        return self._session(user, device, token)

    async def login(self, body: LoginRequest, *, address: str) -> Session:
        """Raises: CredentialsInvalid (an unknown name and a wrong password alike), RateLimited."""
        key = names.login_key(body.username)
        async with self._turns.take(key):
            user = await self._store.get_user_by_key(key)
            known = await self._device_of(user, body.device_id)
            if known is not None:
                self._throttle.recognise(key, known.id)
            password_hash = user.password_hash if user else None
            origin = known.id if known else address
            if not await self._guess(key, origin, address, body.password, password_hash) or user is None:
                raise CredentialsInvalid
        now = self._clock()
        device = (
            self._again(known, body.device_name, now)
            if known
            else self._new_device(user, body.device_name, now)
        )
        token, record = self._new_refresh(device, now)
        if not await self._store.sign_in_device(device, record, password_hash=user.password_hash):
            raise CredentialsInvalid
        self._principals.forget_device(device.id)
        return self._session(user, device, token)

    async def _guess(
        self, account: str, origin: str, address: str, password: str, password_hash: bytes | None
    ) -> bool:
        """Whether a password fits; to be called in the account's turn. Raises: RateLimited."""
        self._throttle.check_login(account, origin, address, self._clock())
        fits = await self._passwords.verify(password, password_hash)
        if fits:
            self._throttle.succeeded(account, origin)
        else:
            self._throttle.failed(account, origin, address, self._clock())
        return fits

    async def refresh(self, body: RefreshRequest) -> Session:
        """The next pair of tokens for a refresh token, which is spent by it.

        The same attempt made again, because its answer was lost, gets the same refresh token, until that
        is used. Whoever cannot name the attempt has not made it.

        Raises:
            RefreshInvalid: it is unknown, expired, or spent already, which signs its device out.
        """
        token = (
            new_refresh_token(self._random_bytes)
            if body.attempt is None
            else self._tokens.successor(body.refresh_token, body.attempt)
        )
        now = self._clock()
        signed_in = await self._store.rotate_refresh(
            refresh_hash(body.refresh_token),
            refresh_hash(token),
            now=now,
            expires_at=now + REFRESH_MS,
            on_revoked=self._revoked,
        )
        if signed_in is None:
            raise RefreshInvalid
        return self._session(signed_in.user, signed_in.device, token)

    async def authenticate(self, access_token: str) -> Principal:
        """Who shows this token. Nothing is awaited between the last look for a revocation and the return.

        Raises:
            TokenInvalid, TokenExpired
        """
        claims = self._tokens.verify(access_token)
        entry = self._principals.get(claims.device_id) or await self._load(claims.device_id)
        if (
            entry is None
            or entry.principal.user_id != claims.user_id
            or entry.signed_in_at != claims.signed_in_at
        ):
            raise TokenInvalid
        self.saw(entry.principal.device_id)
        return entry.principal

    async def _load(self, device_id: str) -> SignedInDevice | None:
        generation = None
        while generation != self._principals.generation:
            generation = self._principals.generation
            found = await self._store.get_device(device_id)
        if found is None or found.device.revoked_at is not None:
            return None
        entry = _signed_in(found)
        self._principals.put(entry)
        return entry

    # ── one's own account ────────────────────────────────────────────────────────────────────────

    async def me(self, who: Principal) -> User:
        return user_view(await self._user(who))

    async def whoami(self, who: Principal) -> tuple[User, Device]:
        """The user and the device that asks. Raises: TokenInvalid where it was signed out meanwhile."""
        found = await self._store.get_device(who.device_id)
        if found is None:
            raise TokenInvalid
        return user_view(found.user), self._view(found.device, who.device_id)

    async def set_profile(self, who: Principal, body: ProfileRequest) -> User:
        """Raises: DisplayNameInvalid; UsernameTaken where somebody else signs in with that name."""
        display_name = names.display_name(body.display_name)
        namesake = await self._store.get_user_by_key(names.name_key(display_name))
        if namesake is not None and namesake.id != who.user_id:
            raise UsernameTaken
        await self._store.set_display_name(who.user_id, display_name)
        self._principals.forget_user(who.user_id)
        return await self.me(who)

    async def change_password(self, who: Principal, body: PasswordRequest, *, address: str) -> None:
        """Every other device is signed out. Raises: CredentialsInvalid, PasswordInvalid, RateLimited."""
        check_password(body.new)
        user = await self._user(who)
        async with self._turns.take(user.username_key):
            self._throttle.recognise(user.username_key, who.device_id)
            if not await self._guess(
                user.username_key, who.device_id, address, body.current, user.password_hash
            ):
                raise CredentialsInvalid("The current password is wrong.")
        password_hash = await self._passwords.hash(body.new)
        changed = await self._store.set_password(
            who.user_id,
            password_hash,
            instead_of=user.password_hash,
            keep_device=who.device_id,
            now=self._clock(),
            on_revoked=self._revoked,
        )
        if not changed:
            raise CredentialsInvalid("The current password was changed meanwhile.")

    async def _user(self, who: Principal) -> UserRecord:
        user = await self._store.get_user(who.user_id)
        if user is None:
            raise TokenInvalid
        return user

    # ── devices ──────────────────────────────────────────────────────────────────────────────────

    async def logout(self, who: Principal) -> None:
        await self._revoke(who.user_id, who.device_id)

    async def devices(self, who: Principal) -> list[Device]:
        """Those that are signed in, the last seen first."""
        found = [self._view(device, who.device_id) for device in await self._store.list_devices(who.user_id)]
        return sorted(found, key=lambda device: device.last_seen_at, reverse=True)

    async def delete_device(self, who: Principal, device_id: str) -> None:
        """Signs out one of my devices. Raises: DeviceNotFound."""
        if not await self._revoke(who.user_id, device_id):
            raise DeviceNotFound

    async def set_device_key(self, who: Principal, fingerprint: str) -> None:
        """Remembers the fingerprint of the identity of the device that asks."""
        await self._store.set_device_key(who.device_id, clean_name(fingerprint))

    async def _revoke(self, user_id: str, device_id: str) -> bool:
        return await self._store.revoke_device(
            user_id, device_id, now=self._clock(), on_revoked=self._revoked
        )

    def _revoked(self, device_id: str) -> None:
        self._principals.forget_device(device_id)
        self._on_revoked(device_id)

    # ── signs of life ────────────────────────────────────────────────────────────────────────────

    def saw(self, device_id: str) -> None:
        """The device is there now; stored with the next `flush_seen`."""
        if device_id in self._seen or len(self._seen) < SEEN_MAX:
            self._seen[device_id] = self._clock()

    async def flush_seen(self) -> None:
        """Stores when devices were seen, all in one write. Raises: StorageUnavailable."""
        seen, self._seen = self._seen, {}
        await self._store.set_last_seen(seen)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    async def _device_of(self, user: UserRecord | None, device_id: str) -> DeviceRecord | None:
        """The device of this id, if it is this user's."""
        found = await self._store.get_device(device_id) if device_id else None
        return found.device if found and user and found.user.id == user.id else None

    def _new_device(self, user: UserRecord, name: str, now: int) -> DeviceRecord:
        return DeviceRecord(
            id=self._new_id(),
            user_id=user.id,
            name=names.device_name(name),
            created_at=now,
            signed_in_at=now,
            last_seen_at=now,
        )

    @staticmethod
    def _again(device: DeviceRecord, name: str, now: int) -> DeviceRecord:
        """The device signs in once more; it keeps its name where it tells none."""
        return structs.replace(
            device,
            name=names.device_name(name) if name else device.name,
            signed_in_at=max(now, device.signed_in_at + 1),
            last_seen_at=now,
            revoked_at=None,
        )

    def _new_refresh(self, device: DeviceRecord, now: int) -> tuple[str, RefreshRecord]:
        token = new_refresh_token(self._random_bytes)
        record = RefreshRecord(
            token_hash=refresh_hash(token), device_id=device.id, issued_at=now, expires_at=now + REFRESH_MS
        )
        return token, record

    def _session(self, user: UserRecord, device: DeviceRecord, refresh_token: str) -> Session:
        claims = Claims(user_id=user.id, device_id=device.id, signed_in_at=device.signed_in_at)
        return Session(
            user=user_view(user),
            device=self._view(device, device.id),
            access_token=self._tokens.mint(claims),
            refresh_token=refresh_token,
            expires_in=ACCESS_S,
        )

    def _view(self, device: DeviceRecord, asking: str) -> Device:
        return device_view(device, last_seen_at=self._seen.get(device.id, 0), current=device.id == asking)


def _signed_in(found: SignedIn) -> SignedInDevice:
    principal = Principal(
        user_id=found.user.id,
        username=found.user.username,
        display_name=found.user.display_name,
        role=found.user.role,
        device_id=found.device.id,
    )
    return SignedInDevice(principal=principal, signed_in_at=found.device.signed_in_at)
