"""Which session an event belongs to, who may open one with us, and which session carries a transfer.

Strategy: what we ask for is a `Route` a person and room, what others ask of us a `Guest` a session; each is
told what concerns its session. An event may come before its owner is known, since the answer to a request and
what follows it travel together: it waits, with others, and the oldest is forgotten first. A session that is
asked for anew while it is being taken has one guest all the same: two would each accept it, with certificates
of their own, and neither would be found by who asked.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from mesh_agent.client.introductions import Introductions
from mesh_agent.client.signalling import SessionEvent
from mesh_agent.sharing.attempt import shown
from mesh_agent.sharing.board import Board, Item
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.guest import Guest
from mesh_agent.sharing.route import BACK, Route
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.store import Record
from protocol.errors import MeshError
from protocol.rest import P2pKind
from protocol.signals import SessionClose, SessionClosed, SessionCreated
from protocol.times import format_time

if TYPE_CHECKING:
    from mesh_agent.net.known import Known

log = logging.getLogger(__name__)

GUESTS_MAX: Final = 32
"""Sessions that others have asked for and that are not over; one that comes past it is not taken."""

FILE_KINDS: Final[tuple[P2pKind, ...]] = ("file", "folder")
"""Sessions of other kinds are not for us."""

DOOR_CLOSED: Final = "They do not ask any more."

ORPHANS_MAX: Final = 256
"""Events of sessions that nobody owns yet."""


class Sessions:
    """The sessions of one account.

    Attributes:
        open: this program takes sessions that others ask for.
    """

    def __init__(
        self,
        introductions: Introductions,
        board: Board,
        desk: Callable[[], Awaitable[Desk]],
        rules: Callable[[], Rules],
        clock: Callable[[], int],
    ) -> None:
        self.open = False
        self._introductions, self._board, self._desk = introductions, board, desk
        self._rules, self._clock = rules, clock
        self._routes: dict[tuple[str, str], Route] = {}
        self._guests: dict[str, Guest] = {}
        self._owners: dict[str, Route] = {}
        self._orphans: deque[SessionEvent] = deque(maxlen=ORPHANS_MAX)
        self._doors: dict[str, SessionCreated] = {}
        self._opening: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        introductions.signalling.listen(self, FILE_KINDS)

    async def close(self) -> None:
        """Ends all sessions; what was under way can be resumed."""
        self._introductions.signalling.leave(self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(
            *self._tasks,
            *(route.close() for route in self._routes.values()),
            *(guest.close() for guest in self._guests.values()),
            return_exceptions=True,
        )

    def begin(self) -> None:
        """Sessions are taken from now on, those that wait among them."""
        self.open = True
        for event in [event for event in self._orphans if isinstance(event, SessionCreated)]:
            if self._is_for_us(event):
                self._orphans.remove(event)
                self.session_event(event)
        self.tell_back()

    def show(self) -> None:
        """What is shared has changed."""
        for guest in self._guests.values():
            guest.show()

    def know(self, known: "Known") -> None:
        """What the person says of a device holds for what is under way with it, too."""
        for carrying in (*self._routes.values(), *self._guests.values()):
            with_it = (carrying.peer_id, carrying.peer_device) == (known.user_id, known.device_id)
            if with_it and carrying.attempt is not None:
                carrying.attempt.know(known)

    def owner(self, item: Item) -> Route | Guest | None:
        """The session that carries it."""
        owners: tuple[Route | Guest, ...] = (*self._routes.values(), *self._guests.values())
        return next((owner for owner in owners if item in owner.items.values()), None)

    def route(self, desk: Desk, room_id: str, peer_id: str, peer_name: str) -> Route:
        """What carries everything to that person from that room."""
        key = (room_id, peer_id)
        if key not in self._routes:
            self._routes = {known: route for known, route in self._routes.items() if not route.idle}
            self._routes[key] = Route(desk, room_id, peer_id, peer_name, register=self._own)
        return self._routes[key]

    def tell_back(self) -> None:
        """Who sends us something that was interrupted need not wait for the next try."""
        sessions = {
            item.record.session_id
            for item in self._board.all()
            if not item.over and item.phase == "interrupted" and item.record.session_id
        }
        for session_id in sessions - set(self._guests) - self._opening:
            with contextlib.suppress(MeshError):
                self._introductions.signalling.candidate(session_id, candidate=BACK)

    # ── what the line tells ──────────────────────────────────────────────────────────────────────

    def session_event(self, event: SessionEvent) -> None:
        owner = self._owners.get(event.session_id) or self._guests.get(event.session_id)
        if owner is not None and not (isinstance(owner, Guest) and owner.done):
            owner.heard(event)
        elif event.session_id in self._doors and isinstance(event, SessionClosed | SessionClose):
            self._close_door(event.session_id)
        elif event.session_id in self._opening:
            self._orphans.append(event)
        elif isinstance(event, SessionCreated) and self._is_for_us(event) and self.open:
            if event.session_id in self._doors:
                self._doors[event.session_id] = event
            else:
                self._welcome(event)
        else:
            self._orphans.append(event)

    def line_up(self) -> None:
        for route in self._routes.values():
            if not route.idle:
                route.go()
        for guest in self._guests.values():
            guest.line_up()
        if self.open:
            self.tell_back()

    def line_lost(self) -> None:
        for route in self._routes.values():
            route.line_lost()

    def _is_for_us(self, created: SessionCreated) -> bool:
        me = self._introductions
        if created.re is not None or len(created.peers) != 2:
            return False
        asker, asked = created.peers
        asked_for = asked.user_id == me.user.id
        return asked_for and me.device_id not in {device.device_id for device in asker.devices}

    def _welcome(self, created: SessionCreated) -> None:
        self._guests = {name: guest for name, guest in self._guests.items() if not guest.done}
        if len(self._guests) >= GUESTS_MAX:
            log.warning("%s is not connected: %d sessions are open", created.peers[0].username, GUESTS_MAX)
            return
        self._opening.add(created.session_id)
        opens = self._at_the_door if self._rules().connect == "ask" else self._open_door
        self._spawn(self._opened(opens(created), created.session_id))

    async def _opened(self, opens: Coroutine[Any, Any, None], session_id: str) -> None:
        try:
            await opens
        finally:
            self._opening.discard(session_id)

    async def _at_the_door(self, created: SessionCreated) -> None:
        """Compared people come in; about others the person is asked before any address is told."""
        asker, desk = created.peers[0], await self._desk()
        if desk.has_taken(created.session_id, shown(created, "asker")):
            return  # they were let in, and have not asked again
        known = await desk.known.of(asker.user_id)
        devices = {device.device_id for device in asker.devices}
        if any(device.compared and device.device_id in devices for device in known):
            await self._open_door(created)
            return
        record = Record(
            id=created.session_id,
            wire_id=created.session_id,
            direction="receive",
            room_id=created.room_id,
            peer_id=asker.user_id,
            peer_name=asker.username,
            title="wants to connect",
            kind="folder" if created.kind == "folder" else "file",
            phase="offered",
            door=True,
            created_at=format_time(self._clock()),
        )
        self._doors[record.id] = created
        self._board.add(Item(record))
        self._opening.discard(record.id)
        for event in [event for event in self._orphans if event.session_id == record.id]:
            self._orphans.remove(event)
            self.session_event(event)

    async def answer_door(self, item: Item, *, let_in: bool, reason: str = "") -> bool:
        """Whether somebody waits there."""
        created = self._doors.pop(item.id, None)
        if created is None:
            return False
        if let_in:
            self._board.change(item, phase="done", reason="They may connect now; what they offer comes next.")
            await self._open_door(created)
        else:
            self._board.change(item, phase="declined", reason=reason)
            await self._introductions.signalling.decline(created.session_id, reason)
        return True

    def _close_door(self, session_id: str) -> None:
        """Whoever asked has gone, or another device of ours has let them in."""
        del self._doors[session_id]
        item = self._board.find(session_id)
        if item is not None:
            self._board.change(item, phase="cancelled", reason=DOOR_CLOSED)

    async def _open_door(self, created: SessionCreated) -> None:
        desk = await self._desk()
        guest = self._guests[created.session_id] = Guest(desk, created)
        for event in [event for event in self._orphans if event.session_id == created.session_id]:
            self._orphans.remove(event)
            guest.heard(event)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _own(self, session_id: str, route: Route) -> None:
        self._owners = {name: owner for name, owner in self._owners.items() if owner.session_id == name}
        self._owners[session_id] = route
        for event in [event for event in self._orphans if event.session_id == session_id]:
            self._orphans.remove(event)
            route.heard(event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a session was not taken: %s", error, exc_info=not isinstance(error, MeshError))
