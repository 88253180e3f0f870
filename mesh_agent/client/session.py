"""The session of a profile: which server, who, which device, and the tokens, in one file of mode 0600.

Strategy: the file is the truth, since several processes of a profile share it. A refresh token serves
once, and one that is shown twice costs the device its session; so rotating happens under a lock that all
these processes share, begins with reading the file again (another may just have rotated), and ends with
the new pair on disk. It runs as a task of its own: whoever waits for it may be cancelled, it may not. Before
the token goes out, the file says by which attempt: should the answer be lost on the line, or this process
end, the next try is the same attempt, and the server gives the same answer.
A signed-out account keeps its device id, by which its messages that wait are still sent only once.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from mesh_agent.client.errors import FilesUnusable, FileTooNew, SignInNeeded
from mesh_agent.client.folders import Profile, locked, read_small, replace_file
from protocol import rest
from protocol.errors import AuthError

FILE_VERSION: Final = 1
ACCOUNTS_MAX: Final = 50
"""Accounts that one file remembers; the one signed in longest ago is forgotten first."""

EXPIRY_MARGIN_MS: Final = 30_000
"""An access token this close to its end is replaced before it is used."""

ATTEMPT_BYTES: Final = 16

Refresh = Callable[[str, str], Awaitable[rest.Session]]
"""Spends a refresh token at the server, by an attempt."""


class Account(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One person on one server. Without tokens: signed out.

    Attributes:
        expires_at: of the access token, in milliseconds since 1970.
        attempt: by which `refresh_token` is being spent, or was when the answer was lost.
        rotation: counts the pairs of tokens; of two, the one that counts higher is good. A clock that
            is set back would say the wrong one.
    """

    server: str
    user: rest.User
    device_id: str
    access_token: str = ""
    refresh_token: str = ""
    attempt: str = ""
    expires_at: int = 0
    rotation: int = 0

    @property
    def signed_in(self) -> bool:
        return bool(self.refresh_token)

    def same_as(self, other: "Account") -> bool:
        return (self.server, self.user.id) == (other.server, other.user.id)

    def signed_out(self) -> "Account":
        return msgspec.structs.replace(self, access_token="", refresh_token="", attempt="", expires_at=0)


class _Versioned(msgspec.Struct):
    version: int


class _File(msgspec.Struct, kw_only=True, frozen=True):
    """What is on disk: the server used last, and the accounts, the latest first."""

    version: int = FILE_VERSION
    server: str = ""
    accounts: list[Account] = []

    def find(self, account: Account) -> Account | None:
        return next((known for known in self.accounts if known.same_as(account)), None)

    def on_server(self, server: str) -> Account | None:
        """Who is signed in there."""
        return next((known for known in self.accounts if known.server == server and known.signed_in), None)

    def in_place(self, account: Account) -> "_File":
        """With what is known of one account by now, and the order as it was."""
        accounts = [account if known.same_as(account) else known for known in self.accounts]
        return msgspec.structs.replace(self, accounts=accounts)

    def with_account(self, account: Account) -> "_File":
        others = [known for known in self.accounts if not known.same_as(account)]
        return _File(server=account.server, accounts=[account, *others][:ACCOUNTS_MAX])


class ProfileSession:
    """This profile on one server.

    Attributes:
        server: the server's address, empty where none is known yet.
        account: who is signed in there, None for nobody.
        warnings: sentences for the person about what was found in the file.
    """

    def __init__(self, profile: Profile, server: str | None, *, clock: Callable[[], int]) -> None:
        """Reads the file.

        Args:
            clock: milliseconds since 1970.

        Raises:
            FileTooNew: the file was written by a newer Mesh.
            FilesUnusable: it cannot be read.
        """
        self._profile = profile
        self._clock = clock
        self._rotation: asyncio.Task[str] | None = None
        self.warnings: list[str] = []
        file = self._read()
        self.server = server if server is not None else file.server
        self.account = file.on_server(self.server)

    def device_of(self, username: str) -> str:
        """The device id that this profile had for `username` on this server; empty where it had none."""
        wanted = username.strip().casefold()
        for known in self._read().accounts:
            if known.server == self.server and known.user.username.casefold() == wanted:
                return known.device_id
        return ""

    async def adopt(self, session: rest.Session) -> None:
        """Signed in: keeps the answer of the server. Raises `FilesUnusable`; then nobody is signed in."""
        async with locked(self._profile.lock_path):
            try:
                await self._store(session)
            except FilesUnusable:
                self.account = None
                raise

    async def forget(self) -> None:
        """Signed out: the tokens leave the disk, unless another process has signed in anew meanwhile."""
        gone, self.account = self.account, None
        if gone is None:
            return
        async with locked(self._profile.lock_path):
            file = self._read()
            known = file.find(gone)
            if known is not None and known.refresh_token == gone.refresh_token:
                await asyncio.to_thread(self._write, file.with_account(known.signed_out()))

    async def token(self, refresh: Refresh, *, rejected: str | None = None) -> str:
        """An access token that should be good; `rejected` is one that the server no longer takes.

        Raises:
            SignInNeeded: there is no session, or the server has ended it.
            Unreachable, FilesUnusable: as `refresh` and the disk say.
        """
        account = self._signed_in()
        if account.access_token != rejected and not self._expires(account):
            return account.access_token
        if self._rotation is None or self._rotation.done():
            self._rotation = asyncio.create_task(self._rotate(refresh, account.access_token))
        return await asyncio.shield(self._rotation)

    async def close(self) -> None:
        """Waits for a rotation that is under way, so that its answer is on disk."""
        if self._rotation is not None:
            await asyncio.gather(self._rotation, return_exceptions=True)

    async def _rotate(self, refresh: Refresh, spent: str) -> str:
        async with locked(self._profile.lock_path):
            mine, file = self._signed_in(), self._read()
            stored = file.find(mine)
            if stored is None or not stored.signed_in:
                self.account = None
                raise SignInNeeded("You signed out in another window.")
            latest = self.account = max(stored, mine, key=lambda account: account.rotation)
            if latest.access_token != spent and not self._expires(latest):
                return latest.access_token
            if not latest.attempt:
                attempt = secrets.token_hex(ATTEMPT_BYTES)
                latest = self.account = msgspec.structs.replace(latest, attempt=attempt)
            # A rehearsal, too: on a disk that takes nothing more, the old token must not be spent.
            await asyncio.to_thread(self._write, file.in_place(latest))
            try:
                session = await refresh(latest.refresh_token, latest.attempt)
            except AuthError as error:
                self.account = None
                await asyncio.to_thread(self._write, file.with_account(latest.signed_out()))
                raise SignInNeeded("This device was signed out. Sign in again.") from error
            return await self._store(session)

    def _signed_in(self) -> Account:
        if self.account is None:
            raise SignInNeeded
        return self.account

    def _expires(self, account: Account) -> bool:
        return self._clock() + EXPIRY_MARGIN_MS >= account.expires_at

    async def _store(self, session: rest.Session) -> str:
        file = self._read()
        account = Account(
            server=self.server,
            user=session.user,
            device_id=session.device.id,
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            expires_at=self._clock() + session.expires_in * 1000,
        )
        before = [known.rotation for known in (file.find(account), self.account) if known is not None]
        account = msgspec.structs.replace(account, rotation=1 + max(before, default=0))
        # In memory first: should the disk be full, this process at least goes on with the new pair.
        self.account = account
        await asyncio.to_thread(self._write, file.with_account(account))
        return account.access_token

    def _write(self, file: _File) -> None:
        replace_file(self._profile.session_path, msgspec.json.format(msgspec.json.encode(file)))

    def _read(self) -> _File:
        path = self._profile.session_path
        data = read_small(path)
        if data is None:
            return _File()
        try:
            version = msgspec.json.decode(data, type=_Versioned).version
            if version > FILE_VERSION:
                raise FileTooNew(f"{path} was written by a newer Mesh. Update this one.")
            return msgspec.json.decode(data, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._set_aside(path)
            return _File()

    def _set_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.damaged-{self._clock()}")
        path.replace(aside)
        self.warnings.append(f"The session file was damaged and is now {aside}. Sign in again.")
