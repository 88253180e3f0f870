"""From this device to one person in one room: what is sent there and what is fetched from there.

    nobody asked ──request──> asked ──accepted by a device──> an attempt runs ──lost──> pause, asked anew
                                └── nobody took it in time: asked again, as long as there is anything to do

Strategy: one session carries all that goes to a person, so that many files need one connection. It lives
while there is anything to be done, and is tried again after every loss, with a pause that grows while nothing
comes of it. To tell a device that something was cancelled is also something to be done, for some days. Who is
away is asked again and again; what can never succeed fails at once, with the reason.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Final

from mesh_agent.client.errors import SignInNeeded, Unreachable
from mesh_agent.net.base import Way
from mesh_agent.sharing.attempt import Attempt, ends, fresh_certificate
from mesh_agent.sharing.board import Item
from mesh_agent.sharing.browsing import Browsing
from mesh_agent.sharing.carrying import Carrying
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import NobodyTook, Removed, SessionOver, SharingError, is_removal
from mesh_agent.sharing.inviting import PAUSES_S, TRY_AGAIN, Declined, Inviting
from mesh_agent.sharing.orders import (
    Ended,
    Fetch,
    Heard,
    Limit,
    Listing,
    Lost,
    Met,
    Offered,
    Report,
    Send,
)
from mesh_agent.sharing.store import is_brought
from protocol.errors import (
    MeshError,
    P2pError,
    PeerHasNoDevice,
    RoomError,
)
from protocol.signals import (
    Candidate,
    SessionAccepted,
    SessionCreated,
)
from protocol.times import parse_time

log = logging.getLogger(__name__)

OFFERS_AT_ONCE: Final = 8
"""Offers to one person that wait for an answer or are under way; the rest of a queue waits for its turn."""

LINGER_S: Final = 10.0
"""How long a session without work is kept, for what a person may want next."""

UNTAKEN_MAX: Final = 9
"""So often that device is asked for; then any other one of the person may take it."""

OTHER_DEVICE_S: Final = 5.0
"""How soon a device has to be back that was offered something and has not begun to take it; then any other
one of the person may have it as well."""

UNTOLD_S: Final = 7 * 24 * 3_600
"""For so long a device is looked for, to tell it that something was cancelled while it was away."""

BACK: Final = "back"
"""What a device signals as a candidate when it has a line again, to be asked anew at once."""


class _AskAnew(SharingError):
    """What we wait for comes no more, or is no more wanted: look again at what there is to do."""


class Route(Carrying, Inviting, Browsing):
    """Attributes:
    limit: bytes a second; None: what the rules say.
    """

    def __init__(
        self,
        desk: Desk,
        room_id: str,
        peer_id: str,
        peer_name: str,
        *,
        register: Callable[[str, "Route"], None],
    ) -> None:
        """`register(session_id, route)`: events of that session are to come to `heard`."""
        Carrying.__init__(self, desk, room_id, peer_id, peer_name, takes_offers=False)
        Browsing.__init__(self)
        self.limit: int | None = None
        self._register = register
        self.prepare()
        self._hurry = asyncio.Event()
        self._removed = asyncio.Event()
        self._told: set[str] = set()
        self._failures = self._untaken = 0
        self._device: str | None = None
        self._hoped: Way | None = None
        self._task: asyncio.Task[None] | None = None

    # ── what is to be done ───────────────────────────────────────────────────────────────────────

    def add(self, item: Item) -> None:
        """Sends it, or fetches it."""
        self.items[item.record.wire_id] = item
        self._told.discard(item.record.wire_id)
        self._device = self._device or (item.record.peer_device if item.record.done else None) or None
        self.go()

    def set_limit(self, limit: int | None) -> None:
        """Bytes a second, from now on."""
        self.limit = limit
        if self.attempt is not None:
            self.attempt.tell(Limit(limit=limit))

    def pause(self, item: Item, *, paused: bool) -> None:
        super().pause(item, paused=paused)
        if not paused:
            self.go()

    def cancel(self, item: Item, reason: str) -> None:
        super().cancel(item, reason)
        self._look_again()

    def call_off(self, item: Item, phase: str, reason: str) -> None:
        super().call_off(item, phase, reason)
        self._look_again()

    def _look_again(self) -> None:
        """There is less to do."""
        self._hurry.set()
        if not self._work:
            self.wake(_AskAnew())
        else:
            self.go()

    def go(self) -> None:
        """There is something to do, or may be sooner than thought."""
        self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        elif self.attempt is not None and self.attempt.met is not None:
            self._tell_work()

    @property
    def idle(self) -> bool:
        return self._task is None and not self.items

    async def close(self) -> None:
        """Ends the attempt; what was under way can be resumed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.lost("")

    def heard(self, event: Any) -> None:
        """An event of this session."""
        if isinstance(event, Candidate):
            if event.candidate == BACK:
                self._hurry.set()
                self.wake(_AskAnew())
            elif self.attempt is not None:
                self.attempt.heard(event)
        elif isinstance(event, SessionCreated):
            if event.re is None:  # the other device asks for the session anew: it is there
                self._hurry.set()
        else:
            if is_removal(event):
                self._removed.set()
            self.wake(event)

    # ── trying, until nothing is left ────────────────────────────────────────────────────────────

    @property
    def _work(self) -> bool:
        carries = bool(self.requests) or any(item.phase != "paused" for item in self.items.values())
        return carries or bool(self._to_bring())

    def _to_bring(self) -> list[Item]:
        """What was cancelled, and somebody has to be told."""
        since = self.desk.clock() - UNTOLD_S * 1000
        return [
            item
            for item in self.desk.board.all()
            if is_brought(item.record)
            and (item.record.room_id, item.record.peer_id) == (self.room_id, self.peer_id)
            and parse_time(item.record.ended_at) > since
        ]

    async def _run(self) -> None:
        try:
            while self._work:
                await self._try()
            await self._goodbye()
        except Exception:
            log.exception("a session failed")
            self._give_up(SharingError("Something went wrong in this program."))
        finally:
            self._task = None
        if self._work:  # it came while the session was being ended
            self.go()

    async def _try(self) -> None:
        self._hurry.clear()
        try:
            lost = await self._attempt()
        except (SignInNeeded, Unreachable) as error:
            await self._pause(error)
        except _AskAnew:
            self.lost("")
        except Declined as error:
            self.session_id = ""
            self._give_up(error, "declined")
        except NobodyTook as error:
            self._untaken += 1
            if self._untaken >= (UNTAKEN_MAX if self._begun or self.requests else 1):
                await self._leave()
            self._device, self._failures = None, 0
            await self._pause(error)
        except TRY_AGAIN as error:
            self.session_id = ""
            self._device = None
            if isinstance(error, PeerHasNoDevice) and not self._busy:
                self._tell_nobody()
            await self._pause(error)
        except (RoomError, P2pError) as error:
            self._give_up(error)
        except MeshError as error:
            await self._pause(error)
        else:
            self._hoped = lost.hoped
            if lost.fatal:
                self._give_up(MeshError.from_wire(lost.code, lost.message))
            elif lost.hoped is not None or not lost.message:
                self.lost("")
            elif self._work:
                await self._pause(MeshError.from_wire(lost.code, lost.message))

    async def _pause(self, error: MeshError) -> None:
        log.info("session with %s: %s", self.peer_name, error.message)
        self.lost(error.message)
        wait = error.retry_after or PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._hurry.wait()

    def _give_up(self, error: MeshError, phase: str = "failed") -> None:
        self.fail(error.message, phase)
        self.list_nothing(error)
        self._tell_nobody()

    def _tell_nobody(self) -> None:
        """Whoever should know that something was cancelled is not there any more."""
        for item in self._to_bring():
            self.desk.board.told(item)

    @property
    def _begun(self) -> bool:
        """A device of theirs has part of something, or has what we want of it."""
        return any(item.record.done or item.record.share for item in self.items.values())

    @property
    def _busy(self) -> bool:
        return bool(self.items or self.requests)

    async def _goodbye(self) -> None:
        if self.items:
            self.session_id = ""
        else:
            await self._leave()

    async def _leave(self) -> None:
        """This session is over, and the next one may be with any device."""
        session_id, self.session_id = self.session_id, ""
        if session_id:
            with contextlib.suppress(MeshError):
                await self.desk.introductions.signalling.close(session_id)

    async def _attempt(self) -> Lost:
        certificate = await fresh_certificate(self.desk)
        attempt = Attempt(self.desk, "asker", certificate, self.report, self.limit, self._hoped)
        self.drop_events()
        self._removed.clear()
        self.attempt = attempt
        try:
            accepted = await self._accepted(certificate.fingerprint)
            _, other = ends(accepted, "asker")
            self.peer_device = other.devices[0].device_id if other.devices else ""
            self._change_all(("waiting", "interrupted"), "connecting")
            self._told.clear()
            running = asyncio.create_task(attempt.run(accepted))
            try:
                return await self._until_done(running)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        finally:
            self.attempt = None

    async def _until_done(self, running: "asyncio.Task[Lost]") -> Lost:
        """The end of the attempt; or that which we give it: nothing was left to do for a while, or one of the
        two may not be sent to any more."""
        while True:
            self._hurry.clear()
            idle = not (self._busy or self.untold())
            hurry, removed = (asyncio.create_task(event.wait()) for event in (self._hurry, self._removed))
            try:
                done, _ = await asyncio.wait(
                    (running, hurry, removed),
                    timeout=LINGER_S if idle else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                hurry.cancel()
                removed.cancel()
            if running.done():
                return running.result()
            if removed in done:
                return Lost(code=Removed.code, message=Removed.text)
            if not done and idle:
                return Lost(code=SessionOver.code, message="")

    async def _accepted(self, fingerprint: str) -> SessionAccepted:
        """Asks, and waits for a device to take it."""
        folder = any(item.record.kind == "folder" for item in self.items.values())
        device = self._device
        if not self._busy and (untold := self._to_bring()):
            device = untold[0].record.untold
            if device != self.peer_device:
                await self._leave()
        may_be_another = self.items and not self.requests and not self._begun
        soon = OTHER_DEVICE_S if self.session_id and may_be_another else None
        return await self.invite(
            "folder" if folder else "file",
            fingerprint,
            device,
            lambda session_id: self._register(session_id, self),
            patience=soon,
        )

    # ── what is told to the process ──────────────────────────────────────────────────────────────

    def report(self, report: Report) -> None:
        super().report(report)
        if isinstance(report, Heard):
            self._hurry.set()
        elif isinstance(report, Met):
            self._failures = self._untaken = 0
            self._tell_work()
        elif isinstance(report, Ended):
            self._tell_work()
            self._hurry.set()
        elif isinstance(report, Listing):
            self.listed(report)
            self._hurry.set()

    def _tell_work(self) -> None:
        """Offers what is next, and asks for what is wanted of shares."""
        assert self.attempt is not None
        for name, (request, _) in self.requests.items():
            if name not in self._told:
                self._told.add(name)
                self.attempt.tell(request)
        under_way = sum(1 for name in self.items if name in self._told)
        for name, item in self.items.items():
            if name in self._told or item.phase == "paused":
                continue
            if under_way >= OFFERS_AT_ONCE:
                return
            under_way += 1
            self._told.add(name)
            record = item.record
            if record.direction == "receive":
                self.attempt.tell(Fetch(request=name, share=record.share, path=record.share_path))
            else:
                named = record.title if record.spooled else ""
                self.attempt.tell(Send(id=name, path=record.source, name=named, follow=record.follow))

    def _fetched(self, offered: Offered) -> Item | None:
        item = super()._fetched(offered)
        if item is not None:
            self._told.add(offered.id)
        return item

    def _change_all(self, phases: tuple[str, ...], phase: str) -> None:
        for item in self.items.values():
            if item.phase in phases:
                self.desk.board.change(item, phase=phase, reason="")
