"""`agent.calls`: the call that this device is in, and those that ring, as a screen or a script has them.

Strategy: one call at a time, in a process of its own. What others say of calls comes by the `switchboard`.
The room's message about a call is edited by who began it, when the last party is gone, also where they have
left before (`telling`). Of several programs of one device one is in a call at a time (`seat`). What a program
does about a call that rings is told to all others of the person, on this device and on others.
"""

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from mesh_agent.calls import announcing
from mesh_agent.calls.announcing import Announced
from mesh_agent.calls.asking import Asking
from mesh_agent.calls.bell import Bell
from mesh_agent.calls.call import Call
from mesh_agent.calls.ending import Ending
from mesh_agent.calls.errors import (
    AlreadyInCall,
    CallOver,
    CannotCall,
    InCallBeside,
    NobodyToCall,
    NoSuchCall,
)
from mesh_agent.calls.seat import Seat
from mesh_agent.calls.state import CallChanged, CallRinging, Media, Ringing
from mesh_agent.calls.switchboard import Switchboard
from mesh_agent.calls.telling import Telling
from mesh_agent.client.errors import Unreachable
from mesh_agent.client.introductions import Introductions
from mesh_agent.machines.call import CallMachine
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import HelperEnded
from mesh_agent.sharing.people import find_member
from mesh_agent.terminal.ledger import Ledger
from protocol.calls import Device
from protocol.errors import MeshError
from protocol.rest import Member

RUNG_MAX: Final = 16
"""People who are rung at a time; in a larger room only the message tells of a call."""

ID_BYTES: Final = 9

DEAD_MAX: Final = 64
"""Calls in which nobody was, though a message says that they are on: they are not asked about each time."""


class Calls:
    """One account's. Every method raises `MeshError` with a sentence for the person."""

    def __init__(
        self,
        introductions: Introductions,
        desk: Callable[[], Awaitable[Desk]],
        publish: Callable[[CallRinging | CallChanged], None],
        folder: Path,
        *,
        wall_ms: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder`: where this device keeps what rooms were told of calls."""
        self._introductions, self._desk, self._publish = introductions, desk, publish
        self._wall_ms, self._clock = wall_ms, clock
        self._asking = Asking(introductions, clock)
        self._telling = Telling(introductions, Ledger(folder), self._asking, clock)
        self._seat = Seat(folder)
        self._bell, self._ending = Bell(publish, clock), Ending(introductions)
        self._board = Switchboard(
            introductions, self._asking, self._telling, self._seat, self._bell, self._ending, publish
        )
        self._dead: deque[str] = deque(maxlen=DEAD_MAX)
        introductions.calling.listen(self._board)

    @property
    def current(self) -> Call | None:
        """The call that this device is in; None once it is over."""
        return self._board.current

    # ── calling ──────────────────────────────────────────────────────────────────────────────────

    async def call(
        self, room_id: str, users: Sequence[str] = (), *, video: bool = False, media: Media | None = None
    ) -> Call:
        """Rings `users` (ids or names of members), or all of the room; answers, where the room rings here.

        Raises:
            NotMember, PeerNotMember, AlreadyInCall, NobodyToCall, CannotCall
            Unreachable, or the server's refusal.
        """
        self._introductions.require_room(room_id)
        ringing = self._bell.of_room(room_id)
        if ringing is not None and not users:
            return await self.answer(ringing.shown.call_id, media=media)
        if not users and (running := await self._running(room_id, media, video=video)) is not None:
            return running
        members = await self._introductions.members(room_id)
        others = [member for member in members if member.user_id != self._introductions.user.id]
        rung = [find_member(others, name) for name in users] or others
        if not rung:
            raise NobodyToCall
        async with self._entry():
            return await self._ring(room_id, rung if len(rung) <= RUNG_MAX else [], video, media or Media())

    async def _running(self, room_id: str, media: Media | None, *, video: bool) -> Call | None:
        """The call that is on in the room, as its messages say, if anybody is in it."""
        if self.current is not None:
            raise AlreadyInCall
        with contextlib.suppress(Unreachable):
            last = announcing.running(await self.announced(room_id), self._dead)
            if last is None or self._telling.has_begun(last.call_id):
                return None
            there = await self._asking.who_is_in(room_id, last.call_id, last.user_id)
            if there:
                return await self._come_in(
                    room_id, last.call_id, last.user_id, there, media, video=video or last.video
                )
            self._dead.append(last.call_id)
            if last.user_id == self._introductions.user.id:  # a program of ours has not lived to say so
                self._telling.nobody_there(room_id, last.call_id)
        return None

    async def _ring(self, room_id: str, rung: Sequence[Member], video: bool, media: Media) -> Call:
        call_id = secrets.token_urlsafe(ID_BYTES)
        message = await self._telling.begin(room_id, call_id, video=video)
        people = [(member.user_id, member.username) for member in rung]
        try:
            return await self._enter(
                room_id,
                call_id,
                media,
                video,
                lambda machine, now: machine.call(people, now, video=video, message=message),
            )
        except MeshError:
            self._telling.end(call_id)
            raise

    async def answer(self, call_id: str, *, media: Media | None = None) -> Call:
        """Takes a call that rings. Raises: NoSuchCall, AlreadyInCall, CannotCall, Unreachable."""
        async with self._entry():
            ring = self._bell.no_longer(call_id, "answered")
            if ring is None:
                raise NoSuchCall
            self._ending.tell_own(ring, "elsewhere")
            devices = [device.device_id for device in ring.devices]
            shown = ring.shown
            try:
                return await self._enter(
                    shown.room_id,
                    call_id,
                    media or Media(),
                    shown.video,
                    lambda machine, now: machine.join(devices, now),
                    starter=shown.user_id,
                )
            except MeshError:
                self._bell.forget(call_id)  # it may be tried again, when it rings next
                raise

    async def join(
        self,
        room_id: str,
        call_id: str,
        *,
        starter: str = "",
        media: Media | None = None,
        video: bool = False,
    ) -> Call:
        """Comes into a call of which the room's message tells; `starter`: the id of who has written that.

        Raises: as `answer`, and NotMember; CallOver: nobody is in it any more.
        """
        if self._bell.get(call_id) is not None:
            return await self.answer(call_id, media=media)
        self._introductions.require_room(room_id)
        if self.current is not None:
            raise AlreadyInCall
        there = await self._asking.who_is_in(room_id, call_id, starter)
        if not there:
            if starter == self._introductions.user.id and not self._telling.has_begun(call_id):
                self._telling.nobody_there(room_id, call_id)
            raise CallOver
        return await self._come_in(room_id, call_id, starter, there, media, video=video)

    async def _come_in(
        self,
        room_id: str,
        call_id: str,
        starter: str,
        there: Sequence[Device],
        media: Media | None,
        *,
        video: bool,
    ) -> Call:
        devices = [device.device_id for device in there]
        async with self._entry():
            return await self._enter(
                room_id,
                call_id,
                media or Media(),
                video,
                lambda machine, now: machine.join(devices, now),
                starter=starter,
            )

    def decline(self, call_id: str) -> None:
        """Raises: NoSuchCall, Unreachable."""
        ring = self._bell.no_longer(call_id, "declined")
        if ring is None:
            raise NoSuchCall
        self._ending.hang_up(ring.shown.room_id, call_id, ring.devices[0].device_id, "declined")
        self._ending.tell_own(ring, "declined")

    @property
    def ringing(self) -> list[Ringing]:
        """Who calls, in the order they began."""
        return [ring.shown for ring in self._bell.all()]

    async def announced(self, room_id: str) -> list[Announced]:
        """What the room's last messages say of calls, the newest first.

        Raises: NotMember; Unreachable: nothing of them is held here.
        """
        return await self._telling.announced(room_id)

    async def close(self) -> None:
        """Leaves, while there is a line over which that is told."""
        if self.current is not None:
            await self.current.leave()
        await self._board.close()
        await self._telling.close()
        self._introductions.calling.listen(None)
        self._bell.close()

    # ── entering, and the end ────────────────────────────────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def _entry(self) -> AsyncIterator[None]:
        """One at a time. Raises: AlreadyInCall, InCallBeside, Unreachable."""
        if self.current is not None or self._board.entering:
            raise AlreadyInCall
        if not self._introductions.calling.up:
            raise Unreachable("There is no connection to the server now.")
        self._board.hold()
        try:
            if not await asyncio.to_thread(self._seat.take):
                raise InCallBeside
            yield
        finally:
            if self.current is None:
                self._seat.leave()
            self._board.go_on()

    async def _enter(
        self,
        room_id: str,
        call_id: str,
        media: Media,
        video: bool,
        enter: Callable[[CallMachine, float], None],
        *,
        starter: str = "",
    ) -> Call:
        """`starter`: the id of who has begun it, where that was somebody else."""
        desk = await self._desk()
        me = Device(self._introductions.user.id, self._introductions.device_id)
        machine = CallMachine(me, call_id, room_id, wall_ms=self._wall_ms)
        call = Call(desk, machine, media, video=video, told=self._call_told, clock=self._clock)
        call.starter = starter
        try:
            await call.begin(enter)
        except HelperEnded as error:
            raise CannotCall(error.message) from None
        if call.phase != "over":
            self._board.current = call
            ring = self._bell.no_longer(call_id, "answered")
            if ring is not None:  # it has begun to ring while we came in by the room's message
                self._ending.tell_own(ring, "elsewhere")
        self._publish(CallChanged(call.id, call.phase, call.reason))
        return call

    def _call_told(self, call: Call) -> None:
        if call.phase == "over":
            if self.current is call:
                self._board.current = None
                self._seat.leave()
            self._telling.over(call)
        self._publish(CallChanged(call.id, call.phase, call.reason))
