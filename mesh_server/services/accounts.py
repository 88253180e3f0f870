"""People signing in, and how each of their devices proves who it is.

Strategy: a password buys a pair of tokens for one device. The access token is believed only while the
device is signed in, by a cache that forgets it in the moment of revoking, so that signing out works at once.
Whatever costs a hash is throttled first; whatever is refused tells no more than it must. A program comes in
by a personal token, which is a device of its own.
"""

import secrets
from collections.abc import Callable

from msgspec import structs

from mesh_server.ids import Clock, NewId
from mesh_server.services import names
from mesh_server.services.gate import PasswordGate
from mesh_server.services.invites import code_hash
from mesh_server.services.passwords import check_password
from mesh_server.services.principal import Principal, SignedInDevice
from mesh_server.services.sessions import Sessions
from mesh_server.services.tokens import (
    ACCESS_S,
    REFRESH_MS,
    AccessTokens,
    Claims,
    RandomBytes,
    is_personal,
    new_refresh_token,
    refresh_hash,
    token_hash,
)
from mesh_server.services.views import device_view, user_view
from mesh_server.store.base import (
    AccountStore,
    Actor,
    DeviceRecord,
    InviteStore,
    Joined,
    RefreshRecord,
    SignedIn,
    TokenStore,
    UserRecord,
)
from protocol.errors import (
    AccountSuspended,
    AdminRequired,
    CredentialsInvalid,
    InviteInvalid,
    InviteRequired,
    RefreshInvalid,
    RegistrationClosed,
    TokenExpired,
    TokenInvalid,
    UsernameTaken,
)
from protocol.rest import Device, LoginRequest, RefreshRequest, RegisterRequest, Registration, Session, User
from protocol.text import clean_name


class AccountService:
    """`on_joined` is called as the commit returns where someone registered with an invite into a room."""

    def __init__(
        self,
        store: AccountStore,
        personal: TokenStore,
        invites: InviteStore,
        *,
        sessions: Sessions,
        gate: PasswordGate,
        tokens: AccessTokens,
        registration: Registration,
        clock: Clock,
        new_id: NewId,
        on_joined: Callable[[Joined], object],
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._store, self._personal, self._invites = store, personal, invites
        self._sessions, self._gate = sessions, gate
        self._principals = sessions.principals
        self._tokens = tokens
        self._registration = registration
        self._clock = clock
        self._new_id = new_id
        self._on_joined = on_joined
        self._random_bytes = random_bytes

    @property
    def throttled(self) -> int:
        """Tries to sign in or to register that were refused for coming too often."""
        return self._gate.refused

    def close(self) -> None:
        self._gate.close()

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
        await self._require_registration(invited=bool(body.invite))
        username = names.username(body.username)
        check_password(body.password)
        self._gate.check_registration(address)
        key = names.name_key(username)
        invite = code_hash(body.invite) if body.invite else None
        if invite is not None and await self._invites.get_invite(invite, self._clock()) is None:
            raise InviteInvalid
        if not await self._store.is_name_free(key):
            raise UsernameTaken
        password_hash = await self._gate.hash(body.password)
        now = self._clock()
        user = self._new_user(username, key, password_hash, now)
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
        self._gate.registered(key, address)
        return self._session(user, device, token)

    async def _require_registration(self, *, invited: bool) -> None:
        """Raises: RegistrationClosed, InviteRequired."""
        registration = await self.registration()
        if registration == "closed":
            raise RegistrationClosed
        if registration == "invite" and not invited:
            raise InviteRequired

    def _new_user(self, username: str, key: str, password_hash: bytes, now: int) -> UserRecord:
        return UserRecord(
            id=self._new_id(),
            username=username,
            username_key=key,
            display_name=username,
            role="user",
            password_hash=password_hash,
            created_at=now,
        )

    async def login(self, body: LoginRequest, *, address: str) -> Session:
        """Raises: CredentialsInvalid (an unknown name and a wrong password alike), RateLimited.

        AccountSuspended: only to who knows the password.
        """
        key = names.login_key(body.username)
        async with self._gate.turn(key):
            user = await self._store.get_user_by_key(key)
            known = await self._device_of(user, body.device_id)
            password_hash = user.password_hash if user else None
            named = known.id if known else ""
            fits = await self._gate.fits(key, address, body.password, password_hash, named=named)
            if user is None or not fits:
                raise CredentialsInvalid
        if user.suspended_at is not None:
            raise AccountSuspended
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

    async def come_in(self, username: str, device_name: str) -> Session:
        """Signs in whoever has shown otherwise, at a door of the server, that they are who has this name.

        Raises: CredentialsInvalid, AccountSuspended.
        """
        user = await self._store.get_user_by_key(names.login_key(username))
        if user is None:
            raise CredentialsInvalid
        now = self._clock()
        device = self._new_device(user, device_name, now)
        token, record = self._new_refresh(device, now)
        if not await self._store.sign_in_device(device, record, password_hash=user.password_hash):
            raise CredentialsInvalid
        return self._session(user, device, token)

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
            on_revoked=self._sessions.revoked,
        )
        if signed_in is None:
            raise RefreshInvalid
        return self._session(signed_in.user, signed_in.device, token)

    async def authenticate(self, token: str, *, address: str = "") -> Principal:
        """Who shows this token. Nothing is awaited between the last look for a revocation and the return.

        Raises:
            TokenInvalid, TokenExpired
        """
        entry = await (self._by_personal_token if is_personal(token) else self._by_access_token)(token)
        self.saw(entry.principal.device_id)
        return structs.replace(entry.principal, address=address)

    async def _by_access_token(self, token: str) -> SignedInDevice:
        claims = self._tokens.verify(token)
        entry = self._principals.get(claims.device_id) or await self._load(claims.device_id)
        if (
            entry is None
            or entry.principal.user_id != claims.user_id
            or entry.signed_in_at != claims.signed_in_at
        ):
            raise TokenInvalid
        return entry

    async def _by_personal_token(self, token: str) -> SignedInDevice:
        digest = token_hash(token)
        device_id = self._principals.device_of_token(digest)
        if device_id is None:
            device_id = await self._personal.find_token(digest)
            if device_id is None:
                raise TokenInvalid
            self._principals.put_token(digest, device_id)
        entry = self._principals.get(device_id) or await self._load(device_id)
        if entry is None or not entry.principal.by_token:
            raise TokenInvalid
        if entry.expires_at is not None and entry.expires_at <= self._clock():
            raise TokenExpired
        return entry

    async def _load(self, device_id: str) -> SignedInDevice | None:
        generation = None
        while generation != self._principals.generation:
            generation = self._principals.generation
            found = await self._store.get_device(device_id)
        if found is None or found.device.revoked_at is not None or not found.user.is_active:
            return None
        entry = _signed_in(found)
        self._principals.put(entry)
        return entry

    # ── the device that asks ─────────────────────────────────────────────────────────────────────

    async def whoami(self, who: Principal) -> tuple[User, Device]:
        """The user and the device that asks. Raises: TokenInvalid where it was signed out meanwhile."""
        found = await self._store.get_device(who.device_id)
        if found is None or found.device.revoked_at is not None:
            raise TokenInvalid
        return user_view(found.user), self._view(found.device, who.device_id)

    async def set_status_text(self, who: Principal, text: str) -> str:
        """Returns it as it is kept, on one line."""
        status_text = names.status_text(text)
        await self._store.set_status_text(who.user_id, status_text)
        return status_text

    async def set_device_key(self, who: Principal, fingerprint: str) -> None:
        """Remembers the fingerprint of the identity of the device that asks."""
        await self._store.set_device_key(who.device_id, clean_name(fingerprint))

    def administrator(self, who: Principal) -> Actor:
        """Who asks, as the audit log names them. Raises: AdminRequired."""
        if who.role != "admin":
            raise AdminRequired
        return who.actor(self._clock())

    def saw(self, device_id: str) -> None:
        """The device is there now; stored with the next `flush_seen`."""
        self._sessions.saw(device_id)

    async def flush_seen(self) -> None:
        """Stores when devices were seen, all in one write. Raises: StorageUnavailable."""
        await self._store.set_last_seen(self._sessions.take_seen())

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    async def _device_of(self, user: UserRecord | None, device_id: str) -> DeviceRecord | None:
        """The device of this id, if it is this user's and no personal token."""
        found = await self._store.get_device(device_id) if device_id else None
        mine = found and user and found.user.id == user.id and found.device.token_hash is None
        return found.device if found and mine else None

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
        seen_at = self._sessions.seen_at(device.id)
        return device_view(device, last_seen_at=seen_at, current=device.id == asking)


def _signed_in(found: SignedIn) -> SignedInDevice:
    principal = Principal(
        user_id=found.user.id,
        username=found.user.username,
        display_name=found.user.display_name,
        role=found.user.role,
        device_id=found.device.id,
        by_token=found.device.token_hash is not None,
    )
    return SignedInDevice(
        principal=principal, signed_in_at=found.device.signed_in_at, expires_at=found.device.expires_at
    )
