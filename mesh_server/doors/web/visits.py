"""Who is signed in here: one sign-in, one device, one program, in one page at a time.

    signed in ── a page comes ──> shown <── line lost / page comes ──> alone ── away_s ──> over
         └── away_s ──> over        └── signed out, program or account ended ──> over

Strategy: the cookie is a random number that nobody else knows, kept here as its hash, and good for as long as
this visit. The tokens that were bought with the password are handed to the program, which alone has them from
then on. When a visit is over, however that came about, its device is signed out and all that the program kept
is gone. While nobody looks the program's output is read and thrown away: whoever comes again has it paint all
of its screen.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final

from mesh_server.bus.base import BusMessage, DeviceRevoked
from mesh_server.doors.launching import Guest, Launch
from mesh_server.doors.sessions import Folders, Running, Seats
from mesh_server.doors.web.browser import Browser
from mesh_server.doors.web.modes import FOCUSED, Modes
from mesh_server.doors.web.wire import End, Resized, Typed
from protocol.errors import MeshError
from protocol.rest import Session

log = logging.getLogger(__name__)

TYPED_BYTES: Final = 256 * 1024
"""How much of what was typed may wait for the program; a page that sends more is cut off."""

SignOut = Callable[[str, str], Awaitable[None]]
"""Signs a user's device out."""


class Visit:
    """One sign-in. Its program runs from when the first page shows it."""

    def __init__(self, session: Session, address: str) -> None:
        self.user_id, self.device_id = session.user.id, session.device.id
        self.name = session.user.username
        self.address = address
        self.session: Session | None = session
        self.ended: End | None = None
        self.folder: Path | None = None
        self.running: Running | None = None
        self.running_on: asyncio.Task[None] | None = None
        self.browser: Browser | None = None
        self.coming = asyncio.Lock()
        self._modes = Modes()
        self._typed = bytearray()
        self._typing: asyncio.Task[None] | None = None

    def show(self, browser: Browser) -> bytes:
        """From now on the program is in this page, and in no other; what its terminal is to be told first."""
        former, self.browser = self.browser, browser
        if former is not None:
            former.end(End.TAKEN)
        return self._modes.told_again()

    def paint_again(self, size: tuple[int, int]) -> None:
        """For a page that is new. The former one has told that it has the keyboard no more; this one has."""
        assert self.running is not None
        self.running.resize(*size)
        if self._modes.wants_focus:
            self.take(Typed(FOCUSED))

    def take(self, packet: Typed | Resized) -> None:
        running, browser = self.running, self.browser
        if running is None:
            return
        if isinstance(packet, Resized):
            running.resize(packet.width, packet.height)
            return
        if len(self._typed) + len(packet.data) > TYPED_BYTES:
            log.warning("somebody typed more than the program takes", extra={"user": self.user_id})
            if browser is not None:
                browser.cut()
            return
        self._typed += packet.data
        if self._typing is None or self._typing.done():
            self._typing = asyncio.create_task(self._type(running))

    async def _type(self, running: Running) -> None:
        while self._typed:
            data = bytes(self._typed)
            await running.type(data)
            del self._typed[: len(data)]

    async def pump(self, running: Running) -> None:
        """All that the program writes, to whoever looks; until it has ended."""
        while data := await running.read():
            self._modes.feed(data)
            if self.browser is not None:
                await self.browser.show(data)

    async def stop(self) -> None:
        """Ends the program; returns once it has."""
        tasks = [task for task in (self._typing, self.running_on) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.running is not None:
            await self.running.end()


class Visits:
    """All of them. `url` and `socket`, where the server is reached, are known once it listens."""

    def __init__(
        self,
        *,
        seats: Seats,
        folders: Folders,
        launch: Launch,
        sign_out: SignOut,
        memory_mib: int,
        away_s: float,
    ) -> None:
        self.seats = seats
        self.url = self.socket = ""
        self._folders, self._launch, self._sign_out = folders, launch, sign_out
        self._memory_mib, self._away_s = memory_mib, away_s
        self._by_key: dict[bytes, Visit] = {}
        self._alone: dict[Visit, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Visit]:
        return iter(tuple(self._by_key.values()))

    async def clear_up(self) -> None:
        """Signs out whom a server that was killed left behind."""
        for user_id, device_id in await asyncio.to_thread(self._folders.left):
            await self._signed_out(user_id, device_id)

    # ── coming ───────────────────────────────────────────────────────────────────────────────────

    async def begin(self, session: Session, address: str) -> str:
        """The cookie of somebody who has signed in. Raises: RateLimited; they are signed out again then."""
        try:
            self.seats.take(session.user.id)
        except MeshError:
            await self._signed_out(session.user.id, session.device.id)
            raise
        cookie = secrets.token_urlsafe(32)
        visit = Visit(session, address)
        self._by_key[_key(cookie)] = visit
        self._leave_alone(visit)
        return cookie

    def of(self, cookie: str | None) -> Visit | None:
        return self._by_key.get(_key(cookie)) if cookie else None

    async def attend(self, visit: Visit, browser: Browser, size: tuple[int, int]) -> None:
        """Shows the program in this page until the line is over; it begins where it has not yet."""
        async with visit.coming:
            if visit.ended is not None or browser.is_over:
                browser.end(visit.ended or End.GONE)
                return
            if (timer := self._alone.pop(visit, None)) is not None:
                timer.cancel()
            first = visit.show(browser)
            try:
                if visit.running is None:
                    await self._start(visit, size)
                else:
                    await browser.show(first)
                    visit.paint_again(size)
            except OSError:
                log.exception("no program can be started")
                self.end(visit, End.FAILED)
        try:
            await browser.listen(visit.take)
        finally:
            if visit.browser is browser:
                visit.browser = None
                if visit.ended is None:
                    self._leave_alone(visit)

    async def _start(self, visit: Visit, size: tuple[int, int]) -> None:
        session, visit.session = visit.session, None
        assert session is not None
        visit.folder = await asyncio.to_thread(self._folders.make, visit.user_id, visit.device_id)
        guest = Guest(
            session=session,
            folder=visit.folder,
            url=self.url,
            socket=self.socket,
            address=visit.address,
            size=size,
        )
        visit.running = await Running.start(self._launch(guest, self._memory_mib))
        visit.running_on = self._do(self._run(visit, visit.running))
        log.info("a browser has come in", extra={"user": visit.user_id, "device": visit.device_id})

    async def _run(self, visit: Visit, running: Running) -> None:
        await visit.pump(running)
        if visit.ended is None:
            code = await running.end()
            if code:
                log.error("the program of a browser ended with %s", code, extra={"user": visit.user_id})
            self.end(visit, End.FAILED if code else End.QUIT)

    def _leave_alone(self, visit: Visit) -> None:
        loop = asyncio.get_running_loop()
        self._alone[visit] = loop.call_later(self._away_s, self.end, visit, End.AWAY)

    # ── going ────────────────────────────────────────────────────────────────────────────────────

    def on_bus(self, message: BusMessage) -> None:
        """Whose device was signed out, here or elsewhere, is gone at once."""
        if isinstance(message, DeviceRevoked):
            for visit in self:
                if visit.device_id == message.device_id:
                    self.end(visit, End.REVOKED)

    def end(self, visit: Visit, why: End) -> None:
        """Nobody comes in by its cookie any more; the rest is done by itself. Safe to call twice."""
        if visit.ended is not None:
            return
        visit.ended = why
        self._by_key = {key: each for key, each in self._by_key.items() if each is not visit}
        if (timer := self._alone.pop(visit, None)) is not None:
            timer.cancel()
        if visit.browser is not None:
            visit.browser.end(why)
        self._do(self._end(visit, why))

    async def _end(self, visit: Visit, why: End) -> None:
        browser = visit.browser
        try:
            async with visit.coming:  # its program may be starting
                await visit.stop()
            signed_out = why is End.REVOKED or await self._signed_out(visit.user_id, visit.device_id)
            if visit.folder is not None and signed_out:
                await asyncio.to_thread(self._folders.remove, visit.folder)
            if browser is not None:
                await browser.closed()
        finally:
            self.seats.leave(visit.user_id)
        log.info("a browser has gone", extra={"user": visit.user_id, "why": why.word})

    async def close(self) -> None:
        """The server stops; everybody is signed out, and every program has ended."""
        for visit in self:
            self.end(visit, End.RESTART)
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _signed_out(self, user_id: str, device_id: str) -> bool:
        """Whether that could be stored; if not, the next start of the server does it."""
        try:
            await self._sign_out(user_id, device_id)
        except MeshError as error:
            log.warning("a browser's device could not be signed out: %s", error.message)
            return False
        return True

    def _do(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what a browser's session needs has failed", exc_info=error)


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
