"""A terminal that this program shares: its process, who is at the door, and what the person does with them.

Strategy: the program, its screen and the lines to all guests are in one process (`worker`); here is what
needs the account: sessions are taken, identities remembered, the room is told. The process is told who a
guest is, and believes nobody else. Were it to die, what it ran is ended from here, by what is known of it.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from mesh_agent.net.base import Way
from mesh_agent.sharing.desk import Desk
from mesh_agent.sharing.orders import Frame
from mesh_agent.sharing.process import Helper
from mesh_agent.terminal import orders, processes
from mesh_agent.terminal.announcing import how_it_ended
from mesh_agent.terminal.door import Door, House
from mesh_agent.terminal.errors import GuestGone, NotComparedGuest, TerminalError, TerminalOver
from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.ledger import Left
from mesh_agent.terminal.sessions import Owner
from mesh_agent.terminal.telling import Telling
from protocol import limits
from protocol.peer import FrameReader
from protocol.peer_terminal import Row, TermState, Watcher
from protocol.signals import SessionCreated

log = logging.getLogger(__name__)

DOORS_MAX: Final = limits.TERM_WATCHERS + 16
"""Sessions of one terminal that are not over."""

LINES_S: Final = 10.0
"""How long the answer to a question about such lines may take."""

END_S: Final = 12.0
"""How long the program and the guests have for an end, after which what is left is ended from here."""

ID_BYTES: Final = 9

Phase = Literal["open", "ended"]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who watches, or wants to.

    Attributes:
        key: names this connection.
        state: `met` as long as it has not said what it wants, `asks` to be let in, `watches`.
        compared: the two persons have compared the identity of the device; else it cannot write.
        asking: it watches, and wants to write.
        columns, rows: the size of its view; it never changes the terminal's.
    """

    key: str
    name: str
    user_id: str
    device_id: str
    state: Literal["met", "asks", "watches"]
    compared: bool
    writes: bool
    asking: bool
    way: Way
    columns: int
    rows: int


class Hosted(Owner):
    """One terminal that is shared here. What it is told to do raises `TerminalOver` once it is over.

    Attributes:
        id: its name for those who want to watch.
        command: what runs, for people.
        phase: `open`, or `ended`.
        exit_status: of the program, or the negative number of the signal that ended it.
        closed: the person has ended it.
        reason: why it is over, where there is more to say.
        screen: what stands there; without an `output_fd` alone.
        title: as the program has set it, without control characters.
        recorded: the file into which it is recorded now; `problem`: why it could not be.
        guests: who is there, in the order they came.
        changed: set whenever any of this is another; whoever waits for it clears it.
    """

    def __init__(
        self,
        desk: Desk,
        room_id: str,
        terminal_id: str,
        telling: Telling,
        helper: Helper[orders.Order, orders.Report],
        running: orders.Running,
        *,
        own_view: bool,
    ) -> None:
        """Use `share`."""
        self.id: Final = terminal_id
        self.room_id: Final = room_id
        self.command: Final = running.command
        self.phase: Phase = "open"
        self.exit_status: int | None = None
        self.reason = self.title = self.problem = ""
        self.screen = GuestScreen() if own_view else None
        self.recorded: Path | None = None
        self.guests: list[Guest] = []
        self.changed: Final = asyncio.Event()
        self._desk, self._telling, self._helper, self._running = desk, telling, helper, running
        self._told: Left | None = None
        self._house = House(self._tell, DOORS_MAX)
        self._doors: dict[str, Door] = {}
        self._reader = FrameReader()
        self._questions: dict[str, asyncio.Future[orders.Lines]] = {}
        self._shown: dict[bool, asyncio.Event] = {True: asyncio.Event(), False: asyncio.Event()}
        self.closed = False
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._run())

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._running.pid

    @property
    def helper_pid(self) -> int:
        """Of the process that has it."""
        return self._helper.pid

    @property
    def watchers(self) -> list[Watcher]:
        """Who watches, by name."""
        return [Watcher(guest.name, guest.writes) for guest in self.guests if guest.state == "watches"]

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def type(self, data: bytes) -> None:
        """Keys of the person's own."""
        for at in range(0, len(data), limits.TERM_INPUT_BYTES):
            self._order(orders.Type(data=data[at : at + limits.TERM_INPUT_BYTES]))

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has this size now; what it cannot have is brought within limits."""
        self._order(orders.Resize(columns=columns, rows=rows))

    def let_in(self, guest: Guest) -> None:
        self._decide(guest, "admit")

    def refuse(self, guest: Guest, reason: str = "") -> None:
        self._decide(guest, "refuse", reason)

    async def grant(self, guest: Guest) -> None:
        """It may write from now on. Raises: NotComparedGuest, GuestGone."""
        door = self._door(guest)
        if not await door.is_compared():
            raise NotComparedGuest(guest.name)
        door.tell_known()
        self._decide(guest, "grant")

    def take(self, guest: Guest) -> None:
        """It may not write any more."""
        self._decide(guest, "take")

    def kick(self, guest: Guest, reason: str = "") -> None:
        """Its line ends, and it has to be let in anew."""
        self._decide(guest, "kick", reason)

    def record(self, path: Path | None) -> None:
        """Begins to record into a new file, or ends it; `recorded` and `problem` tell what came of it."""
        self._order(orders.Record(path=None if path is None else str(path)))

    async def show(self, raw: bool) -> None:
        """Whether the program's output goes to `output_fd`; on return it does, all of it anew, or nothing."""
        self._shown[raw].clear()
        self._order(orders.Show(raw=raw))
        shown, over = asyncio.create_task(self._shown[raw].wait()), asyncio.create_task(self._over.wait())
        await asyncio.wait((shown, over), return_when=asyncio.FIRST_COMPLETED)
        for task in (shown, over):
            task.cancel()

    def notice(self, title: str) -> None:
        """Rings at `output_fd`, and shows that as the title of its window."""
        self._order(orders.Notice(title=title))

    async def lines(self, first: int, count: int) -> tuple[int, list[Row]]:
        """Up to `count` lines that have scrolled away, and the number of the first of them.

        Raises: TerminalError: there is no answer.
        """
        request = secrets.token_urlsafe(ID_BYTES)
        future = self._questions[request] = asyncio.get_running_loop().create_future()
        try:
            self._order(orders.GetLines(request=request, first=first, count=min(count, limits.TERM_LINES)))
            async with asyncio.timeout(LINES_S):
                told = await future
        except TimeoutError:
            raise TerminalError("The terminal does not answer.") from None
        finally:
            self._questions.pop(request, None)
        return told.first, told.lines

    async def end(self) -> None:
        """Ends the program and all that it has started; returns when they are gone and guests were told."""
        if self.phase == "open":
            self.closed = True
            self._helper.tell(orders.End())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self.wait()
                    return
            await self._helper.stop()
        await self.wait()

    async def wait(self) -> None:
        """Returns when it is over."""
        await asyncio.shield(self._task)

    # ── sessions (`sessions.Owner`) ──────────────────────────────────────────────────────────────

    def welcome(self, created: SessionCreated) -> bool:
        """Somebody has asked for it. Returns whether the session is taken."""
        if self.phase != "open" or created.room_id != self.room_id or len(self._doors) >= DOORS_MAX:
            return False
        self._doors[created.session_id] = Door(self._desk, created, self._house, self._tell, self._door_shut)
        return True

    def heard(self, event: Any) -> None:
        door = self._doors.get(event.session_id)
        if door is not None:
            door.heard(event)

    def line_up(self) -> None:
        for door in list(self._doors.values()):
            door.line_up()

    def line_lost(self) -> None:
        """What runs needs no line."""

    def _door_shut(self, door: Door) -> None:
        here = {other.place for other in self._doors.values()}
        self.guests = [guest for guest in self.guests if guest.key in here]
        self.changed.set()
        if door.over and self._doors.get(door.session_id) is door:
            del self._doors[door.session_id]
            self._spawn(door.end())

    # ── the process ──────────────────────────────────────────────────────────────────────────────

    async def announce(self) -> None:
        """Tells the room. Raises: Unreachable, or the server's refusal."""
        self._told = await self._telling.tell(self.room_id, self.id, self.command)

    async def _run(self) -> None:
        try:
            while (report := await self._helper.report()) is not None:
                self._heard(report)
                if isinstance(report, orders.Exited):
                    break
            if self.exit_status is None:
                self.reason = "The process of this terminal has ended."
        finally:
            self.phase = "ended"
            self.guests = []
            self._over.set()
            self.changed.set()
            await asyncio.shield(self._clean_up())

    async def _clean_up(self) -> None:
        self._house.fall()
        await self._helper.stop()
        await processes.end(partial(processes.remains, self._running.pid, self._running.began, self.id))
        # Guests look at the message when their session is over.
        if self._told is not None:
            await self._telling.amend(self._told, how_it_ended(self.exit_status, closed=self.closed))
        await asyncio.gather(*(door.end() for door in list(self._doors.values())), *self._tasks)
        self._doors.clear()
        for future in self._questions.values():
            if not future.done():
                future.set_exception(TerminalOver())

    def _heard(self, report: orders.Report) -> None:
        if isinstance(report, orders.FromGuest):
            self._house.told(report.guest, report.report)
            return
        if isinstance(report, orders.Lines):
            future = self._questions.get(report.request)
            if future is not None and not future.done():
                future.set_result(report)
            return
        if isinstance(report, Frame):
            self._apply(report.data)
        elif isinstance(report, orders.Guests):
            self.guests = self._named(report.guests)
        elif isinstance(report, orders.Recorded):
            self.recorded = None if report.path is None else Path(report.path)
            self.problem = report.problem
        elif isinstance(report, orders.Titled):
            self.title = report.title
        elif isinstance(report, orders.Shown):
            self._shown[report.raw].set()
        elif isinstance(report, orders.Exited):
            self.exit_status = report.status
            if not report.clean:
                self.reason = "Not all that it has started could be ended."
        self.changed.set()

    def _apply(self, data: bytes) -> None:
        if self.screen is None:
            return
        self._reader.feed(data)
        for frame in self._reader.frames():
            if isinstance(frame, TermState):
                self.screen.apply(frame)
                if self.screen.complete:
                    self._tell(orders.Acknowledge(number=self.screen.number))

    def _named(self, guests: Sequence[orders.GuestNow]) -> list[Guest]:
        doors = {door.place: door for door in self._doors.values()}
        return [
            Guest(
                now.guest,
                door.peer_name,
                door.peer_id,
                door.peer_device,
                now.state,
                now.compared,
                now.writes,
                now.wants,
                now.way,
                now.columns,
                now.rows,
            )
            for now in guests
            if (door := doors.get(now.guest)) is not None
        ]

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _tell(self, order: orders.Order) -> None:
        self._helper.tell(order)

    def _order(self, order: orders.Order) -> None:
        if self.phase != "open":
            raise TerminalOver
        self._helper.tell(order)

    def _door(self, guest: Guest) -> Door:
        door = next((door for door in self._doors.values() if door.place == guest.key), None)
        if door is None:
            raise GuestGone
        return door

    def _decide(
        self, guest: Guest, what: Literal["admit", "refuse", "grant", "take", "kick"], reason: str = ""
    ) -> None:
        self._door(guest)
        self._order(orders.Decide(guest=guest.key, what=what, reason=reason))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
