"""The composition root: `Agent`, the one object that a screen or a script holds.

Strategy: the agent puts the parts of `client` together and forwards to them; what it does itself is the
account: signing in and out, and keeping the right workspace, line and machine for who is signed in. It shares
the loop of whoever holds it and never blocks it: files are read and written in threads, aiohttp is imported
in one.
"""

import asyncio
import contextlib
import platform
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesh_agent.calls.calls import Calls
from mesh_agent.client.address import parse_address
from mesh_agent.client.contact import Contact
from mesh_agent.client.conversation import Conversation, sayable
from mesh_agent.client.errors import AlreadySignedIn, NoServer, SignInNeeded, SwitchedOff
from mesh_agent.client.finding import find_room
from mesh_agent.client.folders import Profile
from mesh_agent.client.hosted import Hosted
from mesh_agent.client.hub import Hub, Subscription
from mesh_agent.client.introductions import Introductions
from mesh_agent.client.network import Network
from mesh_agent.client.order import Order
from mesh_agent.client.outbox import Entry
from mesh_agent.client.own_account import OwnAccount, sendable
from mesh_agent.client.pushes import Pushes
from mesh_agent.client.session import ProfileSession
from mesh_agent.client.ssh_keys import SshKeys
from mesh_agent.client.state import ConnectionState, Outgoing, Page, Waiting
from mesh_agent.client.unanswered import Registering
from mesh_agent.client.workspace import Workspace
from mesh_agent.own_machine import OwnMachine
from mesh_agent.sharing.sharing import Sharing
from mesh_agent.terminal.terminals import Terminals
from protocol import limits, rest
from protocol.errors import MeshError, NotMember
from protocol.rest import Member, Message, Presence, Room, User, Visibility
from protocol.text import clean_line
from protocol.times import format_time

if TYPE_CHECKING:  # it imports aiohttp
    from mesh_agent.client.rest import Rest

SIGN_OUT_S: Final = 5.0
"""How long signing out tries to tell the server."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Agent:
    """One person on one server. `profile`: the profile's name."""

    def __init__(self, profile: Profile, session: ProfileSession, hosted: Hosted | None = None) -> None:
        """Use `open`."""
        self.profile: Final = profile.name
        self._profile = profile
        self._session = session
        self._registering = Registering()
        self._hub = Hub()
        self._machine = None if hosted else OwnMachine(profile, self._hub.publish, _now_ms)
        device_key = None if self._machine is None else self._machine.device_key
        self._network = Network(session, device_key, hosted)
        self._contact = Contact(session, self._hub)
        self._workspace: Workspace | None = None
        self._hidden = False

    @classmethod
    async def open(
        cls, *, profile: str = "default", server: str | None = None, hosted: Hosted | None = None
    ) -> "Agent":
        """Reads what the profile holds; no network. `server` None: the profile's last one.

        `hosted`: there are no `sharing`, `terminals` and `calls` then; asking for one raises `SwitchedOff`.

        Raises:
            ProfileInvalid, FilesUnusable, FileTooNew: the profile's files cannot be used.
            WrongAddress: `server` cannot be a server's address.
        """
        folders = Profile.open(profile)
        session = ProfileSession(folders, None if server is None else parse_address(server), clock=_now_ms)
        agent = cls(folders, session, hosted)
        if session.account is not None:
            await agent._open_workspace(session.account.user)
            agent._contact.expect()
        return agent

    async def close(self) -> None:
        """Ends the connection, writes what is queued, and ends all subscriptions; twice does no harm."""
        await self._break_off()
        await self._session.close()
        await self._network.close()
        await self._close_workspace()
        self._hub.close()

    @property
    def server(self) -> str:
        """The server's address; empty where none is known yet."""
        return self._session.server

    @property
    def user(self) -> User | None:
        """Who is signed in."""
        return None if self._session.account is None else self._session.account.user

    @property
    def connection(self) -> ConnectionState:
        """The state of the line; `ConnectionChanged` tells each new one."""
        return self._contact.state

    @property
    def warnings(self) -> list[str]:
        """Sentences for the person about files that were found damaged."""
        parts = [part.warning for part in (self._workspace, self._machine) if part is not None]
        return [warning for warning in (*self._session.warnings, *parts) if warning]

    def subscribe(self) -> Subscription:
        """An async iterator of events; bounded, see `EventsDropped`. Close it when done."""
        return self._hub.subscribe()

    @property
    def conversation(self) -> Conversation:
        """What can be done with messages; raises `SignInNeeded`."""
        return Conversation(self._signed_in(), self._network)

    @property
    def order(self) -> Order:
        """What a room is and who may be in it; raises `SignInNeeded`."""
        return Order(self._signed_in(), self._network)

    @property
    def account(self) -> OwnAccount:
        """How I am shown, and the password; raises `SignInNeeded`."""
        self._signed_in()
        return OwnAccount(self._network)

    @property
    def pushes(self) -> Pushes:
        """Where pushes of mine go."""
        self._signed_in()
        return Pushes(self._network)

    @property
    def ssh_keys(self) -> SshKeys:
        """Keys that let me in at the ssh door."""
        self._signed_in()
        return SshKeys(self._network)

    @property
    def sharing(self) -> Sharing:
        """Files and folders to and from other people; raises `SignInNeeded`, `SwitchedOff`."""
        return self._own_machine().sharing

    @property
    def terminals(self) -> Terminals:
        """Shared terminals, mine and those of others; raises `SignInNeeded`, `SwitchedOff`."""
        return self._own_machine().terminals

    @property
    def calls(self) -> Calls:
        """The call that this device is in, and those that ring; raises `SignInNeeded`, `SwitchedOff`."""
        return self._own_machine().calls

    async def new_recording(self, command: str) -> Path:
        """A place for a recording of that, in a folder for the person alone.

        Raises: SignInNeeded, FilesUnusable, SwitchedOff.
        """
        return await self._own_machine().new_recording(command)

    # ── account ──────────────────────────────────────────────────────────────────────────────────

    async def server_info(self) -> rest.VersionInfo:
        """Who the server is; raises `Unreachable` or one of its kinds where it is no Mesh server."""
        return await (await self._network.rest()).version()

    async def register(self, username: str, password: str, *, invite: str = "") -> User:
        """Makes an account, signs in and starts to connect; where the last try made it unseen, it signs in.

        Raises:
            MeshError: the server's refusal, or why there is no answer.
        """
        calls = await self._calls_signed_out()
        request = rest.RegisterRequest(
            username=clean_line(username),
            password=sendable(password),
            invite=clean_line(invite),
            device_name=_device_name(),
        )
        return await self._adopt(await self._registering.register(calls, request))

    async def login(self, username: str, password: str) -> User:
        """As `register`, with an account that exists, as the device that this profile was before."""
        calls = await self._calls_signed_out()
        request = rest.LoginRequest(
            username=clean_line(username),
            password=sendable(password),
            device_name=_device_name(),
            device_id=self._session.device_of(username),
        )
        return await self._adopt(await calls.login(request))

    async def adopt(self, session: rest.Session) -> User:
        """As `login`, with what the server has answered to somebody who signed in for this device."""
        return await self._adopt(session)

    async def logout(self) -> None:
        """Forgets the session and all that was cached, and tells the server if it can.

        Messages that were not sent yet stay on this machine until the same person signs in again.
        """
        unreachable = isinstance(self.connection, Waiting)
        await self._break_off()
        token = None if unreachable else await self._last_token()
        await self._session.forget()
        if self._workspace is not None:
            with contextlib.suppress(MeshError):
                await self._workspace.wipe()
        await self._close_workspace()
        self._contact.lose()
        if token is not None:
            with contextlib.suppress(MeshError, TimeoutError):
                async with asyncio.timeout(SIGN_OUT_S):
                    await (await self._network.rest()).logout(token)

    async def start(self) -> None:
        """Begins to connect in the background, for ever; does nothing where nobody is signed in."""
        if self._workspace is not None and self.user is not None:
            self._contact.begin(self._workspace)

    async def wait_connected(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 — part of the interface
        """Returns when the line is up.

        Raises:
            SignInNeeded: there is no session.
            Unreachable: it did not come up within `timeout` seconds; the sentence says why.
        """
        await self._contact.wait(timeout)

    def is_current(self, room_id: str) -> bool:
        """Whether what is held of the room is what the server has; raises as `wait_current`."""
        return self._signed_in().is_current(room_id)

    async def wait_current(self, room_id: str) -> None:
        """Returns when what is held of the room is what the server has, however long that takes.

        Raises:
            SignInNeeded: the session has ended.
            NotMember: the room is none of mine.
        """
        with contextlib.closing(self.subscribe()) as events:
            while not self.is_current(room_id):
                await anext(events)

    async def reconnect_now(self) -> None:
        """Ends the pause between two tries."""
        self._contact.hurry()

    # ── rooms ────────────────────────────────────────────────────────────────────────────────────

    def rooms(self) -> list[Room]:
        """My rooms by name, as last known."""
        return [] if self._workspace is None else self._workspace.sync.rooms()

    def room(self, name_or_id: str) -> Room:
        """Raises `RoomNotFound` where it is none of mine."""
        return find_room(self.rooms(), name_or_id)

    async def fetch_rooms(self) -> list[Room]:
        """My rooms as the server lists them now; for a program that does not `start`."""
        return await self.order.mine()

    async def public_rooms(self) -> list[Room]:
        """The directory: every public room, mine among them."""
        return await self.order.public()

    async def create_room(self, name: str, *, topic: str = "", visibility: Visibility = "public") -> Room:
        return await self.order.create(name, topic=topic, visibility=visibility)

    async def join(self, room_id: str) -> Room:
        return await self.order.join(room_id)

    async def leave(self, room_id: str) -> None:
        await self.order.leave(room_id)

    async def members(self, room_id: str) -> list[Member]:
        """Who is in the room, by name; as last known where the server cannot be asked."""
        workspace = self._signed_in()
        return await workspace.history.members(room_id, line_up=workspace.line_up)

    async def people(self) -> list[Member]:
        """Everyone in my rooms, by name and bounded, as this machine knows them; the server is not asked."""
        return await self._signed_in().history.people()

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    async def history(
        self, room_id: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """A page of at most `limit` messages: the newest, those below `before`, or those past `after`.

        Live messages may overlap with it; (room_id, seq) tells them apart, and the higher `rev` is newer.

        Raises:
            NotMember: the room is none of mine.
            Unreachable: nothing of it is held here, and the server cannot be asked.
        """
        history = self._signed_in().history
        limit = min(max(limit, 1), limits.PAGE_MAX)
        if after is not None:
            return await history.after(room_id, after, limit)
        return await history.before(room_id, before, limit)

    def outgoing(self, room_id: str) -> list[Outgoing]:
        """What is on its way to the room, in the order typed."""
        return [] if self._workspace is None else self._workspace.sender.of_room(room_id)

    async def send(
        self, room_id: str, content: str, *, reply_to: str | None = None, thread: str | None = None
    ) -> Outgoing:
        """On return the message is on this machine's disk, and will be sent exactly once.

        Raises:
            ContentEmpty, ContentTooLong, NotMember: it would be refused; nothing is kept.
            OutboxFull, FilesUnusable: it cannot be kept.
        """
        workspace = self._signed_in()
        if workspace.sync.line(room_id) is None:
            raise NotMember
        content = sayable(content)
        nonce, now = secrets.token_hex(16), format_time(_now_ms())
        outgoing = Outgoing(nonce, room_id, content, now, "pending", thread=thread, reply_to=reply_to)
        await workspace.sender.add(Entry(outgoing, reply_to, thread))
        return outgoing

    async def retry(self, nonce: str) -> None:
        """Sends a failed message after all; raises `OutgoingUnknown`."""
        await self._signed_in().sender.retry(nonce)

    async def discard(self, nonce: str) -> None:
        """Forgets a message that was not sent; raises `OutgoingUnknown`."""
        await self._signed_in().sender.discard(nonce)

    async def sent(self, nonce: str, timeout: float | None = None) -> Message | None:  # noqa: ASYNC109 — part of the interface
        """Waits until the server has the message; None where that takes longer than `timeout` seconds.

        Raises:
            MeshError: the server's refusal.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                return await self._signed_in().sender.wait(nonce)
        return None

    async def mark_read(self, room_id: str, seq: int) -> None:
        """I have read up to `seq`; the server is told when the line is up."""
        await self._signed_in().mark_read(room_id, seq)

    def typing(self, room_id: str) -> None:
        """I am typing; told at most once in three seconds, and not at all without a line."""
        if self._workspace is not None:
            self._workspace.typing(room_id)

    async def set_presence(self, presence: Presence, status_text: str | None = None) -> None:
        """Kept over reconnects, for as long as this agent lives.

        `status_text` belongs to the account and stays when this agent is gone; empty takes it away.
        """
        text = None if status_text is None else clean_line(status_text)[: limits.STATUS_CHARS]
        self._signed_in().set_presence(presence, text)

    def hide_presence(self, hidden: bool) -> None:
        """Whether others see this person as `offline`, whatever is chosen; while this agent lives."""
        self._hidden = hidden
        if self._workspace is not None:
            self._workspace.hide_presence(hidden)

    @property
    def presence(self) -> Presence:
        """What was last told with `set_presence`; `online` before."""
        return "online" if self._workspace is None else self._workspace.presence

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _signed_in(self) -> Workspace:
        if self._workspace is None or self.user is None:
            raise SignInNeeded(f"You are not signed in at {self.server}." if self.server else None)
        return self._workspace

    async def _calls_signed_out(self) -> "Rest":
        """The server's calls, after a look at who answers there."""
        if not self.server:
            raise NoServer
        if self.user is not None:
            raise AlreadySignedIn(
                f"This profile is signed in as {self.user.username}. Sign out first, or use another profile."
            )
        calls = await self._network.rest()
        await calls.version()
        return calls

    async def _adopt(self, session: rest.Session) -> User:
        await self._session.adopt(session)
        await self._open_workspace(session.user)
        await self.start()
        return session.user

    async def _open_workspace(self, user: User) -> None:
        await self._close_workspace()
        path = self._profile.cache_path(self.server, user.id)
        self._workspace = await Workspace.open(user, path, self._hub, self._network)
        self._workspace.hide_presence(self._hidden)
        if self._machine is not None:
            introductions = Introductions(self._workspace, self._network, self._session)
            await self._machine.open(path.stem, introductions)

    async def _break_off(self) -> None:
        """Ends what others take part in, and then the line, over which they are told of it."""
        if self._machine is not None:
            await self._machine.hang_up()
        await self._contact.end()

    async def _close_workspace(self) -> None:
        if self._machine is not None:
            await self._machine.close()
        workspace, self._workspace = self._workspace, None
        if workspace is not None:
            await workspace.close()

    def _own_machine(self) -> OwnMachine:
        """Raises `SignInNeeded`, or `SwitchedOff`: this machine is somebody else's."""
        self._signed_in()
        if self._machine is None:
            raise SwitchedOff
        return self._machine

    async def _last_token(self) -> str | None:
        with contextlib.suppress(MeshError, TimeoutError):
            async with asyncio.timeout(SIGN_OUT_S):
                return await self._session.token((await self._network.rest()).refresh)
        return None


def _device_name() -> str:
    return clean_line(platform.node())[: limits.NAME_CHARS]
