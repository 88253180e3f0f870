"""All that belongs to one signed-in account, and what happens to it when something arrives.

Strategy: the machines (`sync`, `outbox`, `roster`) decide, this carries out: it hands each event to the
one that it concerns, by a table, queues what follows for the cache, and publishes it. It is what a `Link`
serves.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.client.asking import Asking
from mesh_agent.client.cache import Held
from mesh_agent.client.cache_thread import CacheThread
from mesh_agent.client.calling import CALL_EVENTS, Calling
from mesh_agent.client.history import History
from mesh_agent.client.hub import Hub
from mesh_agent.client.link import ChangeLost
from mesh_agent.client.markers import Markers
from mesh_agent.client.network import Network
from mesh_agent.client.outbox import Outbox
from mesh_agent.client.outcome import Outcome
from mesh_agent.client.roster import Roster
from mesh_agent.client.sender import Sender
from mesh_agent.client.signalling import SESSION_EVENTS, Signalling
from mesh_agent.client.state import (
    HistoryReset,
    MembersChanged,
    MessageReceived,
    OutgoingDiscarded,
    RoomGone,
    RoomsChanged,
    TypingSeen,
)
from mesh_agent.client.sync import Sync
from protocol.errors import MeshError, NotMember
from protocol.events import (
    Error,
    MessageAck,
    MessageCreated,
    PresenceChanged,
    ReadMarked,
    RoomResumed,
    SendTyping,
    ServerToClient,
    SetPresence,
    Typing,
)
from protocol.rest import Author, Presence, User

if TYPE_CHECKING:  # it imports aiohttp
    from mesh_agent.client.socket import Connection

log = logging.getLogger(__name__)

ROOMS_CHANGED_EVERY_S: Final = 0.1
"""The list of rooms is published at most this often; its last state always is."""

TYPING_EVERY_S: Final = 3.0
"""How often one room hears that I type."""


class Workspace:
    """The rooms, the messages and the outbox of one account. `presence`: what the person has chosen."""

    def __init__(self, user: User, cache: CacheThread, held: Held, hub: Hub, network: Network) -> None:
        self._user = user
        self._cache = cache
        self._hub = hub
        self._network = network
        self._roster = Roster()
        self.sync = Sync(user.id, held.rooms, self._roster)
        author = Author(id=user.id, username=user.username)
        self.sender = Sender(author, cache, Outbox(held.outbox), hub.publish, self.sync.is_settled)
        self.markers = Markers(held.markers, cache.change)
        self.asking = Asking()
        self.signalling = Signalling(self.asking)
        self.calling = Calling()
        self.history = History(self.sync, self._roster, cache, network.rest)
        self._connection: Connection | None = None
        self._named: dict[str, int] = {}
        self.presence: Presence = "online"
        self._hidden = False
        self._status: str | None = None
        """What is to be told with it; None once it was."""

        self._typed_at: dict[str, float] = {}
        self._rooms_timer: asyncio.TimerHandle | None = None
        self._rooms_next = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: dict[type, Callable[[Any], None]] = {
            MessageCreated: self._on_created,
            MessageAck: self._on_ack,
            Error: self._on_error,
            RoomResumed: self._on_resumed,
            ReadMarked: self._on_read,
            Typing: self._on_typing,
            PresenceChanged: self._on_presence,
            **dict.fromkeys(SESSION_EVENTS, self.signalling.heard),
            **dict.fromkeys(CALL_EVENTS, self.calling.heard),
        }

    @classmethod
    async def open(cls, user: User, path: Path, hub: Hub, network: Network) -> "Workspace":
        """Reads the account's cache file; raises as `CacheFile`."""
        cache = await CacheThread.open(path)
        try:
            held = await cache.run(cache.cache.load)
        except BaseException:
            await cache.close()
            raise
        return cls(user, cache, held, hub, network)

    @property
    def warning(self) -> str:
        return self._cache.warning

    async def close(self) -> None:
        """Writes what is queued."""
        if self._rooms_timer is not None:
            self._rooms_timer.cancel()
        self.asking.line_lost()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._cache.close()

    async def wipe(self) -> None:
        """Forgets all but the outbox."""
        await self._cache.run(self._cache.cache.wipe)

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def carry_out(self, outcome: Outcome) -> None:
        """Does what `sync` found to follow from an arrival or an answer."""
        self._cache.change(outcome.changes)
        for event in outcome.events:
            if isinstance(event, HistoryReset | RoomGone):
                self.sender.history_reset(event.room_id)
            if isinstance(event, RoomGone):
                self.markers.forget(event.room_id)
            self._hub.publish(event)
        if outcome.rooms:
            self._rooms_changed()

    async def mark_read(self, room_id: str, seq: int) -> None:
        """Raises `NotMember`."""
        line = self.sync.line(room_id)
        if line is None:
            raise NotMember
        seq = min(seq, line.top_seq)
        if seq > (line.room.read_seq or 0):
            self.markers.set(room_id, seq)
            await self._show_read(room_id, seq)

    def typing(self, room_id: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._connection is None or now - self._typed_at.get(room_id, -TYPING_EVERY_S) < TYPING_EVERY_S:
            return
        self._typed_at = {room: at for room, at in self._typed_at.items() if now - at < TYPING_EVERY_S}
        self._typed_at[room_id] = now
        self._connection.send(SendTyping(room_id=room_id), droppable=True)

    def set_presence(self, presence: Presence, status_text: str | None) -> None:
        self.presence = presence
        self._status = status_text if status_text is not None else self._status
        if self._connection is not None:
            self._tell_presence(self._connection)

    def hide_presence(self, hidden: bool) -> None:
        """Whether the others see `offline`, whatever was chosen."""
        changed, self._hidden = hidden != self._hidden, hidden
        if changed and self._connection is not None:
            self._tell_presence(self._connection)

    @property
    def _told_presence(self) -> Presence:
        return "offline" if self._hidden else self.presence

    def _tell_presence(self, connection: "Connection") -> None:
        # What one says of oneself belongs to the account: told once, it stays.
        connection.send(SetPresence(presence=self._told_presence, status_text=self._status))
        self._status = None

    @property
    def line_up(self) -> bool:
        return self._connection is not None

    def is_current(self, room_id: str) -> bool:
        """Whether all that the server has of the room has been told. Raises `NotMember`."""
        line = self.sync.line(room_id)
        if line is None and self.line_up:
            raise NotMember
        return line is not None and self.line_up and self.sync.is_settled(room_id)

    # ── what the link asks for ───────────────────────────────────────────────────────────────────

    async def dial(self) -> "Connection":
        self._named = self.sync.resume()
        return await self._network.dial(self._named, self._told_presence)

    async def met(self, connection: "Connection") -> None:
        outcome = self.sync.welcome(connection.welcome, self._named)
        self.carry_out(outcome)
        self._connection = connection
        if self._status is not None:
            self._tell_presence(connection)
        for event in outcome.events:
            if isinstance(event, HistoryReset) and event.room_id in self._roster.watched():
                self._spawn(self._renew_members(event.room_id))
        for room_id, seq in self.markers.untold():
            await self._show_read(room_id, seq)
        self.markers.line_up(connection.send)
        self.asking.line_up(connection.send)
        self.signalling.line_up(connection.send)
        self.calling.line_up(connection.send)
        await self.sender.line_up(connection.send)

    async def handle(self, event: ServerToClient) -> None:
        self.asking.answered(event)
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        else:
            self._apply(event)
        await self._cache.room_to_write()

    def lost(self, error: MeshError) -> None:
        self._connection = None
        self.sender.line_lost()
        self.markers.line_lost()
        self.asking.line_lost()
        self.signalling.line_lost()
        self.calling.line_lost()
        self._network.lost(error)

    # ── what arrives ─────────────────────────────────────────────────────────────────────────────

    def _apply(self, event: ServerToClient) -> None:
        outcome = self.sync.apply(event)
        self.carry_out(outcome)
        if outcome.lost:
            raise ChangeLost

    def _on_created(self, event: MessageCreated) -> None:
        outcome = self.sync.apply(event)
        if outcome.lost:
            raise ChangeLost
        nonce = self.sender.seen(event.message)
        shown = [told for told in outcome.events if isinstance(told, MessageReceived)]
        if nonce is not None and not shown:
            # The room has shown it before; only what waited to be sent is still to go from the screen.
            outcome.events.append(OutgoingDiscarded(event.message.room_id, nonce))
        for told in shown:
            outcome.events[outcome.events.index(told)] = replace(told, nonce=nonce)
        self.carry_out(outcome)

    def _on_ack(self, ack: MessageAck) -> None:
        line = self.sync.line(ack.room_id)
        self.sender.acknowledged(ack, told=line is None or line.has_told(ack.seq, ack.rev))

    def _on_resumed(self, event: RoomResumed) -> None:
        self._apply(event)
        self.sender.flush()

    def _on_error(self, error: Error) -> None:
        refusal = MeshError.from_wire(error.code, error.message, error.retry_after)
        if self.asking.refused(error.re, refusal):
            return
        if isinstance(error.re, str):
            self.sender.refused(error.re, refusal)
        else:
            self.markers.refused(error.re)
        log.info("the server refused %s: %s", error.re, error.code)

    def _on_read(self, event: ReadMarked) -> None:
        if event.user_id == self._user.id:
            self.markers.told(event.room_id, event.seq)
            self._spawn(self._show_read(event.room_id, event.seq))

    def _on_typing(self, event: Typing) -> None:
        if event.user_id != self._user.id and self.sync.line(event.room_id) is not None:
            self._hub.publish(TypingSeen(event.room_id, event.user_id, event.username))

    def _on_presence(self, event: PresenceChanged) -> None:
        self._apply(event)
        self.calling.presence(event)

    async def _show_read(self, room_id: str, seq: int) -> None:
        line = self.sync.line(room_id)
        if line is not None and seq > (line.room.read_seq or 0):
            with contextlib.suppress(NotMember):  # left, while it was counted
                unread, mentions = await self.history.unread(room_id, seq)
                self.carry_out(self.sync.read(room_id, seq, unread, mentions))

    async def _renew_members(self, room_id: str) -> None:
        members = await self.history.members(room_id, line_up=False)
        self._hub.publish(MembersChanged(room_id, members))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _rooms_changed(self) -> None:
        if self._rooms_timer is None:
            loop = asyncio.get_running_loop()
            self._rooms_timer = loop.call_at(max(loop.time(), self._rooms_next), self._publish_rooms)

    def _publish_rooms(self) -> None:
        self._rooms_timer = None
        self._rooms_next = asyncio.get_running_loop().time() + ROOMS_CHANGED_EVERY_S
        self._hub.publish(RoomsChanged(self.sync.rooms()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            level = logging.INFO if isinstance(error, MeshError) else logging.ERROR
            log.log(level, "left undone: %s", error, exc_info=level == logging.ERROR)
