"""Watching a shared terminal: asked for, let in, shown, and asked for anew when the line is lost.

    connecting ──a device takes it──> asking ──let in──> open ──lost──> lost ──again, with pauses──> open
                                         └── refused                └── ended

Strategy: what is seen and typed is `viewing`; here are the session, the process that has the connection, and
the tries. A terminal that nobody has is given up; one that was seen is asked for until its watcher leaves.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from mesh_agent.client.errors import SignInNeeded, Unreachable
from mesh_agent.net.base import Way
from mesh_agent.sharing.attempt import Attempt, Running, fresh_certificate
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.errors import NobodyTook
from mesh_agent.sharing.inviting import PAUSES_S, TRY_AGAIN, Declined, Inviting
from mesh_agent.sharing.orders import Frame, Lost, Met, Order, Report, next_report
from mesh_agent.sharing.process import Helper, Program
from mesh_agent.sharing.route import BACK
from mesh_agent.terminal.errors import TerminalOver
from mesh_agent.terminal.sessions import TerminalSessions, candidate_of
from mesh_agent.terminal.telling import told_of
from mesh_agent.terminal.viewing import Viewing
from protocol.errors import MeshError, P2pError, PeerFault, RoomError
from protocol.peer_terminal import TermClose
from protocol.rest import Member
from protocol.signals import Candidate, SessionClose, SessionClosed, SessionCreated

log = logging.getLogger(__name__)

WATCHER: Final[Program[Order, Report]] = Program("mesh_agent.terminal.watcher", next_report)

PAUSE_MAX_S: Final = 5.0
"""Between two tries, while somebody sits and waits."""

TAKEN_S: Final = 8.0
"""How soon the program that has the terminal takes the session; its person may still be asked then."""

UNTAKEN_MAX: Final = 2
"""So often a terminal that was never seen is asked for in vain."""

STEADY_S: Final = 10.0
"""A connection that lasted so long was none of those that fail again and again."""


async def _start() -> Running:
    return await Helper.start(WATCHER)


class Watching(Viewing, Inviting):
    """One shared terminal of somebody else. An async context: it is left at the end.

    Attributes:
        way: how the connection goes, while there is one.
        peer_name: who shares it.
    """

    def __init__(
        self,
        desk: Desk,
        sessions: TerminalSessions,
        places: asyncio.Semaphore,
        room_id: str,
        host: Member,
        *,
        terminal: str = "",
        columns: int = 80,
        rows: int = 24,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(columns, rows, terminal, clock, self._say_to_host)
        self.desk, self.room_id = desk, room_id
        self.peer_id, self.peer_name = host.user_id, host.username
        self.session_id = ""
        self.prepare()
        self.way: Way | None = None
        self._sessions, self._places = sessions, places
        self._attempt: Attempt | None = None
        self._fault: MeshError | None = None
        self._over = asyncio.Event()
        self._hurry = asyncio.Event()
        self._failures = self._untaken = 0
        self._met_at = 0.0
        self._hoped: Way | None = None
        self._task: asyncio.Task[None] | None = None
        self._looking: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._looking.set_result(False)

    async def __aenter__(self) -> "Watching":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves; the host is told. Never raises, and twice does no harm."""
        if self._task is None:
            return
        task, self._task = self._task, None
        if not self._guest.over and self._attempt is not None:
            self._send([TermClose()])
        task.cancel()
        self._looking.cancel()
        await asyncio.gather(task, self._looking, return_exceptions=True)
        self._sessions.disown(self)
        self._stop()
        self._lost("", "ended")

    # ── what the line tells ──────────────────────────────────────────────────────────────────────

    def heard(self, event: Any) -> None:
        """An event of our session (`sessions.Owner`)."""
        if isinstance(event, Candidate):
            if event.candidate == BACK:
                self._hurry.set()
            elif self._attempt is not None:
                self._attempt.heard(event)
        elif not isinstance(event, SessionCreated):
            self.wake(event)
            if isinstance(event, SessionClose | SessionClosed) and self._looking.done():
                self._looking = asyncio.create_task(self._look_whether_over())
        elif event.re is None:
            self._hurry.set()

    def line_up(self) -> None:
        self._hurry.set()

    # ── trying ───────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        try:
            while not self._guest.over:
                self._hurry.clear()
                pause = 0.0 if await self._look_whether_over() else await self._try()
                if pause and not self._guest.over:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._hurry.wait()
        except Exception:
            log.exception("watching failed")
            self._lost("Something went wrong in this program.", "ended")
        finally:
            await self._close_session()

    async def _try(self) -> float:
        """One attempt; returns the seconds to wait before the next."""
        try:
            lost = await self._once()
        except (NobodyTook, *TRY_AGAIN) as error:
            self._untaken += 1
            await self._close_session()
            never = self._untaken >= UNTAKEN_MAX and not self.screen.number
            nobody = f"{self.peer_name} shares no such terminal now, or cannot be reached."
            sentence = nobody if isinstance(error, NobodyTook) else error.message
            self._lost(sentence, "refused" if never else "lost")
        except (Declined, RoomError, P2pError, SignInNeeded) as error:
            self._lost(error.message, "refused")
        except MeshError as error:
            self._lost(error.message if not isinstance(error, Unreachable) else "There is no connection.")
        else:
            return self._after(lost)
        return self._next_pause()

    async def _look_whether_over(self) -> bool:
        """The room may know: the host's process can have been killed, and says nothing then."""
        told = None
        if self.screen.number:
            with contextlib.suppress(MeshError):
                here = self.desk.introductions
                told = await told_of(here, self.room_id, self.peer_id, self.terminal)
        if told is None or told.running:
            return False
        self._lost(f"The terminal {told.how}", "ended")
        self._over.set()
        return True

    def _after(self, lost: Lost) -> float:
        self._hoped = lost.hoped
        if lost.hoped is not None:
            return 0
        if self._met_at and self._clock() - self._met_at > STEADY_S:
            self._failures = 0
        self._lost(lost.message, "refused" if lost.fatal else "lost")
        return self._next_pause()

    def _next_pause(self) -> float:
        pause = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        return min(pause, PAUSE_MAX_S)

    async def _once(self) -> Lost:
        certificate = await fresh_certificate(self.desk)
        attempt = Attempt(
            self.desk,
            "asker",
            certificate,
            self._report,
            hoped=self._hoped,
            start=_start,
            places=self._places,
        )
        self.drop_events()
        self._attempt, self._fault, self._met_at = attempt, None, 0
        self._over.clear()
        try:
            accepted = await self.invite(
                "terminal", certificate.fingerprint, None, self._requested, patience=TAKEN_S
            )
            self._untaken = 0
            return await self._until_over(attempt.run(accepted))
        finally:
            self._attempt = self.way = None

    async def _until_over(self, work: Any) -> Lost:
        running = asyncio.create_task(work)
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait((running, over), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                lost: Lost = running.result()
                return lost
            fault = self._fault or TerminalOver()
            return Lost(code=fault.code, message=fault.message)
        finally:
            for task in (running, over):
                task.cancel()
            await asyncio.gather(running, over, return_exceptions=True)

    def _requested(self, session_id: str) -> None:
        """Of several programs of the host's person, the one that has this terminal takes the session."""
        self._sessions.disown(self)
        self._sessions.own(session_id, self)
        self.desk.introductions.signalling.candidate(session_id, candidate=candidate_of(self._guest.terminal))

    async def _close_session(self) -> None:
        session_id, self.session_id = self.session_id, ""
        if session_id:
            with contextlib.suppress(MeshError, TimeoutError):
                async with asyncio.timeout(1):
                    await self.desk.introductions.signalling.close(session_id)

    # ── what the process tells ───────────────────────────────────────────────────────────────────

    def _report(self, report: Report) -> None:
        if isinstance(report, Met):
            self.way, self._met_at = report.way, self._clock()
            self._met()
        elif isinstance(report, Frame) and self._fault is None:
            try:
                self._take(report.data)
            except PeerFault as fault:
                self._fault = fault
                self._over.set()
            if self._guest.over:
                self._over.set()

    def _say_to_host(self, frame: bytes) -> None:
        if self._attempt is not None:
            self._attempt.tell(Frame(data=frame))
