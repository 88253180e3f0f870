"""Who comes to the ssh door: how they sign in or make an account, and what is tidied when they have gone.

    a line ── key, password, or `new` and a form ──> signed in ── a terminal ──> a program
      └── time is over, too many tries                  └── left, lost, signed out elsewhere ──> signed out

Strategy: before somebody is signed in nothing dear is done for them. A password goes to the very service
that other clients ask, with its throttles; an account is made by questions that ssh itself puts (RFC 4256),
so that no program runs for a stranger. Whatever is asked of the service is done to its end, even where the
line is lost meanwhile, so that no device stays signed in that nobody has.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import asyncssh
import msgspec

from mesh_server.doors.launching import Guest
from mesh_server.doors.sessions import END_S, Running
from mesh_server.doors.ssh.line import Line
from mesh_server.doors.ssh.visit import ONE_TERMINAL, Terminal, Visit
from mesh_server.limits import Caller, Kind
from mesh_server.services.addresses import limited_as
from protocol.errors import CredentialsInvalid, MeshError, RateLimited, RegistrationClosed
from protocol.rest import LoginRequest, RegisterRequest, Session

if TYPE_CHECKING:
    from mesh_server.doors.ssh.door import SshDoor

log = logging.getLogger(__name__)

TRIES: Final = 6
"""Passwords and forms that one connection may try."""

KEYS: Final = 20
"""Keys that one connection may offer; each is asked for twice."""

NEWCOMER: Final = "new"
"""Who signs in by this name makes an account."""

START_S: Final = 60.0
"""How long somebody who has signed in may take to ask for a terminal."""

LINGER_S: Final = 2.0
"""How long a connection may be there after its session; ssh itself ends it."""

DEVICE: Final = "a terminal by ssh"

Question = tuple[str, bool]
Form = tuple[str, str, str, list[Question]]
"""A title, what stands above, a language, and the questions; True: what is typed is seen."""


class Reception(asyncssh.SSHServer):
    """One connection. `farewell`: the sentence that ends a session which was ended from here."""

    def __init__(self, door: "SshDoor") -> None:
        self.door = door
        self.farewell = "The server has ended this session."
        self.session: Session | None = None
        self.address = ""
        self._line: Line | None = None
        self._place: str | None = None
        self._tries = self._offered = 0
        self._notice = self._refused = ""
        self._entering: asyncio.Task[None] | None = None
        self._seated = ""
        self._visit: Visit | None = None
        self._gone = self._signed_in = False
        self._timer: asyncio.TimerHandle | None = None

    # ── the line ─────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        assert isinstance(conn, Line)
        self._line = conn
        self.address = str(conn.get_extra_info("peername")[0])
        self._place = self.door.waiting.enter(self.address)
        if self._place is None or not self.door.is_open or not self._spend():
            conn.abort()
            return
        self.door.receptions.add(self)

    def _spend(self) -> bool:
        """Whether one more may begin from there: exchanging keys counts as a try, and the first is in it."""
        try:
            self.door.services.limiter.spend(Kind.SIGN_IN, Caller(address=limited_as(self.address)))
        except RateLimited:
            return False
        return True

    def connection_lost(self, _exc: Exception | None) -> None:
        self._gone = True
        self._leave_queue()
        if self._timer is not None:
            self._timer.cancel()
        if self in self.door.receptions:
            self.door.do(self._tidy())

    def _leave_queue(self) -> None:
        if self._place is not None:
            self.door.waiting.leave(self._place)
            self._place = None

    async def _tidy(self) -> None:
        """Once the program has ended, its device is signed out and all that it kept is gone."""
        try:
            if self._visit is not None and self._visit.task is not None:
                await asyncio.wait([self._visit.task])
            if self.session is not None:
                await self.door.clear(self.session)
        finally:
            if self._seated:
                self.door.seats.leave(self._seated)
            self.door.receptions.discard(self)

    def end(self, farewell: str) -> None:
        """Ends the session from here; whoever does not go then is cut off a while later."""
        self.farewell = farewell
        if self._visit is not None and self._visit.task is not None:
            self._visit.over.set()
            self.hurry(END_S + LINGER_S)
        else:
            self.hurry(0)

    def hurry(self, wait_s: float = LINGER_S) -> None:
        """The connection is over after so many seconds, also where the other end does not say goodbye."""
        if self._timer is not None:
            self._timer.cancel()
        if self._line is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._line.close)

    # ── signing in ───────────────────────────────────────────────────────────────────────────────

    def begin_auth(self, _username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def kbdint_auth_supported(self) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether this key would let in by that name; asyncssh then has it sign."""
        self._offered += 1
        if username == NEWCOMER or self._offered > KEYS:
            return False
        try:
            return await self.door.services.ssh_keys.knows(username, key.public_data)
        except MeshError:
            return False

    async def validate_password(self, username: str, password: str) -> bool:
        if username == NEWCOMER:
            return False
        return await self._try(LoginRequest, username=username, password=password)

    async def get_kbdint_challenge(self, username: str, _lang: str, _submethods: str) -> Form | bool:
        if username == NEWCOMER:
            return await self._blank()
        return ("", "", "", [("Password: ", False)])

    async def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> Form | bool:
        if username == NEWCOMER:
            return await self._register(responses)
        if len(responses) != 1:
            return False
        return await self._try(LoginRequest, username=username, password=responses[0])

    async def _blank(self, notice: str = "") -> Form | bool:
        """The form for an account; `notice`: what was wrong with the last one."""
        registration = await self.door.services.accounts.registration()
        if registration == "closed":
            self._say(RegistrationClosed().message)
            return False
        questions = [("Your name: ", True), ("A password: ", False), ("The password again: ", False)]
        if registration == "invite":
            questions.append(("The code of your invite: ", True))
        above = notice or f"A new account on {self.door.services.server_name}."
        return ("", above, "", questions)

    async def _register(self, answers: Sequence[str]) -> Form | bool:
        if not 3 <= len(answers) <= 4:
            return False
        username, password, again = answers[:3]
        if password != again:
            self._count()
            return await self._blank("The two passwords differ.")
        done = await self._try(
            RegisterRequest, username=username, password=password, invite="".join(answers[3:]).strip()
        )
        return done or (await self._blank(self._notice) if self._tries < TRIES else False)

    async def _try(self, kind: type[LoginRequest | RegisterRequest], **fields: str) -> bool:
        """Whether somebody is signed in by this. It is done to its end whatever becomes of the line."""
        self._count()
        if self._tries > TRIES or self._gone:
            return False
        try:
            body = msgspec.convert({**fields, "device_name": DEVICE}, kind)
        except msgspec.ValidationError:
            self._notice = CredentialsInvalid().message
            return False
        return await asyncio.shield(self.door.do(self._enter(body)))

    def _count(self) -> None:
        self._tries += 1
        if self._tries > TRIES and self._line is not None:
            self._line.close()

    async def _enter(self, body: LoginRequest | RegisterRequest) -> bool:
        door, accounts = self.door, self.door.services.accounts
        try:
            if self._tries > 1:
                door.services.limiter.spend(Kind.SIGN_IN, Caller(address=limited_as(self.address)))
            door.seats.require_one()
            if isinstance(body, LoginRequest):
                session = await accounts.login(body, address=self.address)
            else:
                session = await accounts.register(body, address=self.address)
        except MeshError as error:
            self._notice = error.message
            if not isinstance(error, CredentialsInvalid) and isinstance(body, LoginRequest):
                self._say(error.message)
            return False
        return await self._seat(session)

    async def _seat(self, session: Session) -> bool:
        """Takes a place for whoever has just signed in; where there is none they are signed out again.

        Who was signed out before this connection could be told of it finds that out here; from then on it is
        told (`SshDoor.on_bus`): nothing is awaited in between.
        """
        try:
            await self.door.services.accounts.authenticate(session.access_token, address=self.address)
            if self._gone or self.session is not None:  # twice, at the same time
                raise CredentialsInvalid
            self.door.seats.take(session.user.id)
        except MeshError as error:
            self._refused = error.message
            self._say(error.message)
            await self.door.clear(session)
            return False
        self._seated, self.session = session.user.id, session
        self._refused = ""
        return True

    def _say(self, words: str) -> None:
        """What ssh shows while somebody is signing in."""
        if self._line is not None and not self._gone and not self._signed_in:
            self._line.send_auth_banner(f"{words}\r\n")

    def auth_completed(self) -> None:
        self._leave_queue()
        self._signed_in = True
        self.hurry(START_S)
        if self.session is None and self._line is not None:
            username = str(self._line.get_extra_info("username"))
            self._entering = self.door.do(self._enter_by_key(username))

    async def _enter_by_key(self, username: str) -> None:
        """asyncssh has seen that whoever is there has a key that lets in by this name."""
        door = self.door
        try:
            door.seats.require_one()
            await self._seat(await door.services.accounts.come_in(username, DEVICE))
        except MeshError as error:
            self._refused = error.message

    # ── the terminal ─────────────────────────────────────────────────────────────────────────────

    async def session_requested(self) -> Visit:
        """Raises: asyncssh.ChannelOpenError."""
        if self._entering is not None:
            await asyncio.shield(self._entering)
        if self._refused:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, self._refused)
        if self.session is None or self._line is None or self._visit is not None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, ONE_TERMINAL)
        if self._timer is not None:
            self._timer.cancel()
        self._visit = Visit(self, self._line)
        return self._visit

    async def start(self, terminal: Terminal) -> Running:
        """Raises: OSError."""
        assert self.session is not None
        door, session = self.door, self.session
        folder = await asyncio.to_thread(door.folders.make, session.user.id, session.device.id)
        guest = Guest(
            session=session,
            folder=folder,
            url=door.url,
            socket=door.socket,
            address=self.address,
            size=terminal.size,
            term=terminal.term,
            true_colour=terminal.true_colour,
        )
        running = await Running.start(door.launch(guest, door.memory_mib))
        log.info("somebody came in by ssh", extra={"user": session.user.id, "device": session.device.id})
        return running
