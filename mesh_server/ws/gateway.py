"""What all connections share: the services behind them, who is connected, and how they come and go."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mesh_server.bus.base import Bus, BusMessage, DeviceRevoked
from mesh_server.caps import ConnectionCaps
from mesh_server.hub import Hub, Listener
from mesh_server.ids import NewId
from mesh_server.limits import Caller, Limiter, parse_rate
from mesh_server.limits import Limits as Allowed
from mesh_server.services.accounts import AccountService
from mesh_server.services.calls import CallService
from mesh_server.services.edits import EditService
from mesh_server.services.messages import MessageService
from mesh_server.services.peering import PeeringService
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.views import member_view, message_view, room_view
from mesh_server.store.base import MyRoom, Overview, Store
from mesh_server.ws.outbound import Outbound
from mesh_server.ws.peer import Peer
from mesh_server.ws.socket import CLOSE_TIMEOUT_S
from protocol import limits
from protocol.close import CloseCode
from protocol.errors import ServerDraining, TokenInvalid, UnsupportedVersion
from protocol.events import Bye, Event, Hello, Limits, MessageCreated, RoomResumed, RoomState, Server, Welcome
from protocol.version import WIRE_VERSION, __version__

if TYPE_CHECKING:
    from mesh_server.ws.connection import Connection

log = logging.getLogger(__name__)

HELLO_WORK_S: Final = 60.0
"""How long reading and replaying may take for one hello."""

SWEEPS: Final = 8
"""How often in a heartbeat the connections are looked at."""

RETRY_AFTER_S: Final = (0.2, 2.0)
"""Between which bounds a restart asks each client to wait, so that they do not come back all at once."""


InTurn = Callable[[str, int, Callable[[], None]], None]
"""When a change of a room is answered to who made it: at once, where nothing before it is still untold."""

InStep = Callable[[Listener, dict[str, int]], Awaitable[bool]]
"""Whether a connection hears next what follows its snapshot; else it needs another."""

_RESTARTS: Final = "The server restarts."


class Gateway:
    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        hub: Hub,
        accounts: AccountService,
        rooms: RoomService,
        messages: MessageService,
        edits: EditService,
        presence: PresenceService,
        peering: PeeringService,
        calls: CallService,
        new_id: NewId,
        limiter: Limiter,
        allowed: Allowed,
        server_name: str,
        heartbeat_s: float = limits.HEARTBEAT_S,
        hello_timeout_s: float = limits.HELLO_TIMEOUT_S,
        close_timeout_s: float = CLOSE_TIMEOUT_S,
    ) -> None:
        self.hub, self.accounts, self.rooms, self.messages = hub, accounts, rooms, messages
        self.edits, self.peering, self.calls = edits, peering, calls
        self.presence, self.bus, self.new_id = presence, bus, new_id
        self.heartbeat_s, self.hello_timeout_s = heartbeat_s, hello_timeout_s
        self.close_timeout_s = close_timeout_s
        self.limiter, self.allowed, self.caps = limiter, allowed, ConnectionCaps(allowed)
        self.refusals, self.excess = parse_rate(allowed.refusals), allowed.rate("excess")
        self.connections: set[Connection] = set()
        self._draining = False
        self.in_turn: InTurn = lambda _room_id, _rev, answer: answer()
        self.in_step: InStep = _always_in_step
        self.resumes = 0
        self._store = store
        self._server = Server(name=server_name, version=__version__)

    # ── coming ───────────────────────────────────────────────────────────────────────────────────

    def require_open(self) -> None:
        """Raises: ServerDraining."""
        if self._draining:
            raise ServerDraining

    async def open_peer(self, who: Principal, hello: Hello, outbound: Outbound, caller: Caller) -> Peer:
        """Welcomes a connection, replays what it missed, and makes it live.

        Raises:
            UnsupportedVersion, ServerDraining, StorageUnavailable
        """
        self.require_open()
        if hello.version != WIRE_VERSION:
            raise UnsupportedVersion(f"This server speaks version {WIRE_VERSION}, not {hello.version}.")
        listener = self.hub.listen(outbound)
        try:
            async with asyncio.timeout(HELLO_WORK_S):
                revs = await self._welcome(who, hello, listener)
        except TimeoutError:
            outbound.close(CloseCode.TOO_SLOW, "The hello took too long.")
            revs = {}
        finally:
            self.hub.stop_listening(listener)
        self.hub.open(listener, revs)
        if not outbound.is_closed and outbound.rooms - revs.keys():
            self.presence.came_late(who.user_id)
        return Peer(who, outbound, caller)

    async def _welcome(self, who: Principal, hello: Hello, listener: Listener) -> dict[str, int]:
        """Sends the welcome and the replay; returns the `rev` that the client holds then, by room."""
        outbound = listener.outbound
        if hello.device_key is not None:
            await self.accounts.set_device_key(who, hello.device_key)
        overview, revs = await self._snapshot(who, hello, listener)
        user, device = await self.accounts.whoami(who)
        _require_open(outbound)
        welcome = Welcome(
            re=hello.id,
            peer_id=outbound.peer_id,
            user=user,
            device=device,
            server=self._server,
            heartbeat_s=self.heartbeat_s,
            limits=Limits(
                frame_bytes=self.allowed.frame_bytes,
                content_chars=limits.CONTENT_CHARS,
                resume_max=limits.RESUME_MAX,
            ),
            rooms=[self._room_state(mine, overview) for mine in overview.rooms],
            epoch=self._store.epoch,
        )
        self.hub.send(outbound, welcome)
        outbound.rooms.update(mine.room.id for mine in overview.rooms)
        self.presence.set(
            who.user_id, outbound.peer_id, hello.presence, outbound.rooms, status_text=user.status_text
        )
        for mine in overview.rooms:
            if outbound.is_closed:  # nobody is there to read the rest
                break
            if mine.room.id in hello.resume and mine.room.id not in overview.gaps:
                await self._replay(who, mine, hello.resume[mine.room.id], outbound)
        for session in await self.peering.waiting_for(who):
            await self._send(outbound, session)
        return revs

    async def _snapshot(
        self, who: Principal, hello: Hello, listener: Listener
    ) -> tuple[Overview, dict[str, int]]:
        """How everything is, and the `rev` of each room, of which what comes next is heard next."""
        while True:
            overview = await self._store.messages.get_overview(who.user_id, hello.resume, limits.RESUME_MAX)
            revs = {mine.room.id: mine.room.rev for mine in overview.rooms}
            if await self.in_step(listener, revs):
                return overview, revs

    def _room_state(self, mine: MyRoom, overview: Overview) -> RoomState:
        return RoomState(
            room_id=mine.room.id,
            last_seq=mine.room.last_seq,
            rev=mine.room.rev,
            epoch=self._store.epoch,
            room=room_view(mine),
            gap=mine.room.id in overview.gaps,
        )

    async def _replay(self, who: Principal, mine: MyRoom, since: int, outbound: Outbound) -> None:
        """Waits for this reader, and for nobody else: a replay may be larger than any queue."""
        self.resumes += 1
        room_id, rev = mine.room.id, mine.room.rev
        changes = await self._store.messages.list_changes(room_id, since, rev)
        for record in changes.messages:
            view = message_view(record, nonce=record.author_id == who.user_id)
            await self._send(outbound, MessageCreated(message=view))
        resumed = RoomResumed(
            room_id=room_id,
            room=room_view(mine),
            members=[member_view(member, self.presence.of(member.user_id)) for member in changes.members],
            last_seq=mine.room.last_seq,
            rev=rev,
        )
        await self._send(outbound, resumed)

    async def _send(self, outbound: Outbound, event: Event) -> None:
        self.hub.send(outbound, event)
        if outbound.is_behind:
            await outbound.drained()

    # ── going ────────────────────────────────────────────────────────────────────────────────────

    def close_peer(self, outbound: Outbound, *, for_good: bool = False) -> None:
        """The connection is over, however it ended."""
        self.hub.remove(outbound)
        self.presence.remove(outbound.user_id, outbound.peer_id, for_good=for_good)

    def on_bus(self, message: BusMessage) -> None:
        """Who was signed out is gone at once, however long the connection takes to end."""
        if isinstance(message, DeviceRevoked):
            for connection in self.connections:
                outbound = connection.outbound
                if outbound is not None and outbound.device_id == message.device_id:
                    self.close_peer(outbound, for_good=True)

    async def sweep(self) -> None:
        """For ever: pings the silent and gives up the dead, within two heartbeats."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.heartbeat_s / SWEEPS)
            for connection in list(self.connections):
                connection.check(loop.time(), self.heartbeat_s)

    async def drain(self, flush_s: float) -> None:
        """Says bye to everyone, waits for what is on its way to the disk, and closes every socket.

        A disk that takes longer than `flush_s` is not waited for: what it did not take is not acknowledged.
        """
        self._draining = True
        for outbound in self.hub.connections:
            wait = random.uniform(*RETRY_AFTER_S)  # noqa: S311 - spreads load, guards nothing
            self.hub.send(outbound, Bye(reason=_RESTARTS, retry_after=round(wait, 2)))
        try:
            async with asyncio.timeout(flush_s):
                await self.messages.idle()
        except TimeoutError:
            log.error("messages are left that the disk did not take; they were not acknowledged")  # noqa: TRY400
        ends = [connection.end(CloseCode.RESTART, _RESTARTS) for connection in self.connections]
        await asyncio.gather(*ends, return_exceptions=True)


async def _always_in_step(_listener: Listener, _revs: dict[str, int]) -> bool:
    """A node alone tells what is stored in the moment that it is."""
    return True


def _require_open(outbound: Outbound) -> None:
    """Raises: TokenInvalid, where its device was signed out meanwhile: it must not show as being here."""
    if outbound.is_closed:
        raise TokenInvalid
