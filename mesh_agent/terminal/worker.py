"""The process of one shared terminal: it has the program, its screen, and the lines to all guests.

Strategy: orders come in on stdin, reports go out on stdout. One process serves any number of guests, and what
they are told is encoded once. Who may do what is decided by a machine (`terminal_host`), and what that wants
done is done here. The end of stdin is the end of the agent, however that came about, and ends the program:
nobody would be left to see who watches.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

from mesh_agent.machines.terminal_host import Action, Bye, Page, Person, Say, TerminalHost, Write
from mesh_agent.sharing.orders import Begin, Frame, Signal, Stop
from mesh_agent.sharing.pipes import Logged, Pipes
from mesh_agent.terminal import orders, processes, pty, shells
from mesh_agent.terminal.clean import QueryFilter
from mesh_agent.terminal.errors import CannotStart
from mesh_agent.terminal.output import Output
from mesh_agent.terminal.showing import HERE, Showing
from mesh_agent.terminal.stage import Stage
from mesh_agent.terminal.visit import Visit
from protocol import limits
from protocol.peer import PeerFrame
from protocol.peer_terminal import TermLines

INPUT_WAIT_S: Final = 0.02
"""How often a guest whose input finds no room is looked at again."""

TOLD_S: Final = 0.1
"""How often the person is told how guests are, but for what was decided: that is told at once."""

REPORTS_BYTES: Final = 64 * 1024
"""An agent that has not read so much of what it was told is told no more about guests for now."""

CATCH_UP_S: Final = 0.25
"""How often a terminal of the person that took nothing is tried again."""

LAST_S: Final = 1.0
"""How long what the program wrote last may take to come."""

GOODBYE_S: Final = 2.0
"""How long guests have to be told of the end."""

VISITS_MAX: Final = limits.TERM_WATCHERS + 32
"""Sessions of guests, those that are not let in yet among them."""


class Host:
    """One shared terminal (`visit.House`)."""

    def __init__(self, pipes: Pipes, share: orders.Share) -> None:
        self._pipes, self._share = pipes, share
        self._loop = asyncio.get_running_loop()
        command, self._environment = shells.prepared(share.command, share.terminal, os.environ)
        self._command = command
        self._machine = TerminalHost(
            share.terminal, shells.described(share.command or command[:1]), share.columns, share.rows
        )
        self._machine.let_in = share.let_in
        self._stage = Stage(share.columns, share.rows, share.scrollback, self._from_the_thread)
        self._visits: dict[str, Visit] = {}
        self._showing = Showing(self._machine, self._stage, self._show_states, own=share.output is None)
        self._title = ""
        self._told = 0
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._ending = asyncio.Event()
        self._exited: asyncio.Future[int] = self._loop.create_future()
        self._dry = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pump: pty.Pump | None = None
        self._doers: dict[type, Callable[[Any], None]] = {
            orders.ToGuest: self._to_guest,
            orders.Known: self._known,
            orders.Decide: self._decide,
            orders.Type: self._type,
            orders.Resize: self._resize,
            orders.Acknowledge: lambda order: self._showing.own.acknowledged(order.number),
            orders.GetLines: self._get_lines,
            orders.Record: lambda order: self._record(order.path),
            orders.Show: self._show,
            orders.Notice: self._notice,
            orders.End: lambda _order: self._ending.set(),
        }

    # ── from beginning to end ────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        share = self._share
        try:
            started = pty.start(self._command, self._environment, Path.cwd(), share.columns, share.rows)
        except CannotStart as error:
            self._pipes.report(orders.NotRunning(reason=error.message))
            return
        self._pid = started.pid
        self._loop.add_signal_handler(signal.SIGCHLD, self._reap)
        if share.output is not None:
            self._stage.output = Output(share.output, QueryFilter(), self._stage.repaint)
        found = processes.process(started.pid)
        self._pipes.report(
            orders.Running(
                pid=started.pid, began="" if found is None else found.began, command=self._machine.command
            )
        )
        if share.record is not None:
            self._record(share.record)
        self._pump = pty.Pump(started.descriptor, self._stage.take, self._ran_dry)
        self._pump.begin()
        self._reap()
        try:
            await self._until_over()
        finally:
            await self._close()

    async def _until_over(self) -> None:
        reading = asyncio.create_task(self._read_orders())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait((ending, self._exited), return_when=asyncio.FIRST_COMPLETED)
            assert self._pump is not None
            if self._exited.done():
                self._pump.finish()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAST_S):
                        await self._dry.wait()
            closed = not self._exited.done()
            clean = await processes.end(partial(processes.descendants, os.getpid()))
            self._reap()
            status = self._exited.result() if self._exited.done() else -signal.SIGKILL
            await self._tell_the_end("closed" if closed else "ended", status)
            self._pipes.report(orders.Exited(status=status, clean=clean))
        finally:
            for task in (reading, ending, *self._tasks):
                task.cancel()
            await asyncio.gather(reading, ending, *self._tasks, return_exceptions=True)

    async def _tell_the_end(self, code: str, status: int) -> None:
        """Guests see what the program wrote last, and why there is no more."""
        self._showing.look_last(self._loop.time)
        self._machine.end(code, max(-255, min(status, 255)))
        self._act()
        visits = [visit.ended() for visit in self._visits.values()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await asyncio.gather(*visits)

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*(visit.close() for visit in list(self._visits.values())))
        if self._pump is not None:
            await asyncio.to_thread(self._pump.close)
        if self._stage.output is not None:
            self._stage.output.close(self._stage.left_behind())
        self._stage.close()

    def _reap(self) -> None:
        """Who has ended; orphans of the program are among them."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, state = ended
                if pid == self._pid and not self._exited.done():
                    self._exited.set_result(os.waitstatus_to_exitcode(state))

    def _ran_dry(self) -> None:
        """In the thread of the pump."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._dry.set)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def _from_the_thread(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._soon, 0.0)

    def _soon(self, seconds: float) -> None:
        """Looks again then, or before."""
        at = self._loop.time() + seconds
        if self._timer is not None and not self._timer.cancelled() and self._timer.when() <= at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        """Tells all what they are to be told by now."""
        self._timer = None
        now = self._loop.time()
        waits = [self._showing.look(now, self._loop.time), self._tell_person(now)]
        waits.append(self._machine.tick(now) or 0.0)
        self._act()
        output = self._stage.output
        if output is not None and output.behind:
            output.catch_up()
            waits.append(CATCH_UP_S)
        pending = [wait for wait in waits if wait > 0]
        if pending:
            self._soon(min(pending))

    def _show_states(self, key: str, frames: list[bytes]) -> None:
        if key != HERE:
            self._visits[key].say(*frames)
            return
        for frame in frames:
            self._pipes.report(Frame(data=frame))

    def _tell_person(self, now: float) -> float:
        if self._stage.problem:
            self._pipes.report(orders.Recorded(path=None, problem=self._stage.problem))
            self._stage.problem = ""
            self._machine.record(False)
        if self._told == self._machine.changed and self._title == self._stage.screen.title:
            return 0.0
        if now < self._told_at or self._pipes.waiting > REPORTS_BYTES:
            return max(self._told_at - now, TOLD_S)
        if self._title != self._stage.screen.title:
            self._title = self._stage.screen.title
            self._pipes.report(orders.Titled(title=self._title))
        self._told, self._told_at = self._machine.changed, now + TOLD_S
        guests = [
            orders.GuestNow(
                guest.key,
                guest.state,
                self._machine.writes(guest),
                guest.wants,
                guest.person.compared,
                guest.person.way,
                guest.columns,
                guest.rows,
            )
            for guest in self._machine.guests.values()
        ]
        self._pipes.report(orders.Guests(guests=guests))
        return 0.0

    # ── guests (`visit.House`) ───────────────────────────────────────────────────────────────────

    def came(self, key: str, person: Person) -> None:
        self._machine.joined(key, person, self._loop.time())
        self._soon(0.0)

    async def heard(self, key: str, frame: PeerFrame) -> None:
        self._machine.receive(key, frame, self._loop.time())
        for action in self._act():
            assert self._pump is not None
            # The other thread has no loop to tell.
            while not self._write(action) and not self._dry.is_set():  # noqa: ASYNC110
                await asyncio.sleep(INPUT_WAIT_S)
        self._soon(0.0)

    def went(self, key: str) -> None:
        self._machine.left(key)
        self._visits.pop(key, None)
        self._soon(0.0)

    def _act(self) -> list[Write]:
        """Does what the machine wants, but for input, which may have to wait."""
        waiting: list[Write] = []
        while self._machine.actions:
            actions, self._machine.actions = self._machine.actions, []
            for action in actions:
                self._do(action, waiting)
        return waiting

    def _do(self, action: Action, waiting: list[Write]) -> None:
        if isinstance(action, Write):
            waiting.append(action)
            return
        visit = self._visits.get(action.key)
        if visit is None:
            return
        if isinstance(action, Say):
            visit.say(action.frame)
        elif isinstance(action, Bye):
            visit.bye()
        elif isinstance(action, Page):
            first, lines = self._stage.page(action.first, action.count)
            visit.say(TermLines(request=action.request, first=first, lines=lines))

    def _write(self, action: Write) -> bool:
        """Whether there was room. The right to write is looked up again: it may have been taken meanwhile."""
        guest = self._machine.guests.get(action.key)
        if guest is None or not self._machine.writes(guest):
            return True
        assert self._pump is not None
        written = partial(self._wrote, action.key, action.stamp)
        return self._pump.write(action.data, written)

    def _wrote(self, key: str, stamp: int) -> None:
        """In the thread of the pump."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._has_it, key, stamp)

    def _has_it(self, key: str, stamp: int) -> None:
        if key == HERE:
            self._showing.own_echo = max(self._showing.own_echo, stamp)
        else:
            self._machine.wrote(key, stamp)
        self._soon(0.0)

    # ── orders ───────────────────────────────────────────────────────────────────────────────────

    async def _read_orders(self) -> None:
        while (order := await orders.next_order(self._pipes.orders)) is not None:
            if isinstance(order, Stop):
                break
            doer = self._doers.get(type(order))
            if doer is not None:
                doer(order)
                self._act()
                self._soon(0.0)
        self._ending.set()

    def _to_guest(self, order: orders.ToGuest) -> None:
        visit = self._visits.get(order.guest)
        if isinstance(order.order, Begin):
            if visit is None and len(self._visits) < VISITS_MAX:
                report = partial(self._from_guest, order.guest)
                self._visits[order.guest] = Visit(order.guest, order.order, self, report)
        elif visit is not None and isinstance(order.order, Signal):
            visit.signalled(order.order)
        elif visit is not None:
            self._spawn(visit.close())

    def _from_guest(self, guest: str, report: Any) -> None:
        self._pipes.report(orders.FromGuest(guest=guest, report=report))

    def _known(self, order: orders.Known) -> None:
        visit = self._visits.get(order.guest)
        if order.guest in self._machine.guests:
            if order.compared:
                self._machine.compared(order.guest)
        elif visit is not None:
            visit.known(Person(order.name, order.user_id, order.device_id, order.compared, visit.way))

    def _decide(self, order: orders.Decide) -> None:
        if order.what == "admit":
            self._machine.admit(order.guest)
        elif order.what == "refuse":
            self._machine.refuse(order.guest, order.reason)
        elif order.what == "kick":
            self._machine.kick(order.guest, order.reason)
        else:
            self._machine.grant(order.guest, write=order.what == "grant", reason=order.reason)
        # Whoever decides sees at once what came of it: the next key may be about the same guest.
        self._told_at = 0.0
        self._tell_person(self._loop.time())

    def _type(self, order: orders.Type) -> None:
        assert self._pump is not None
        if not self._pump.write(order.data, partial(self._wrote, HERE, order.stamp)):
            logging.info("the program reads nothing: what was typed is left out")

    def _resize(self, order: orders.Resize) -> None:
        assert self._pump is not None
        columns = min(max(order.columns, 1), limits.TERM_COLUMNS)
        rows = min(max(order.rows, 1), limits.TERM_ROWS)
        told = self._stage.resize(columns, rows)
        self._machine.columns, self._machine.rows = columns, rows
        self._pump.resize(columns, rows)
        if told:
            self._pump.write(told)

    def _get_lines(self, order: orders.GetLines) -> None:
        first, lines = self._stage.page(order.first, order.count)
        self._pipes.report(orders.Lines(request=order.request, first=first, lines=lines))

    def _record(self, path: str | None) -> None:
        try:
            self._stage.record(None if path is None else Path(path), self._machine.command)
        except OSError as error:
            problem = f"It cannot be recorded: {error.strerror}."
            self._pipes.report(orders.Recorded(path=None, problem=problem))
            self._machine.record(False)
        else:
            self._pipes.report(orders.Recorded(path=path))
            self._machine.record(path is not None)

    def _show(self, order: orders.Show) -> None:
        if self._stage.output is not None:
            self._stage.output.show(order.raw)
        self._pipes.report(orders.Shown(raw=order.raw))

    def _notice(self, order: orders.Notice) -> None:
        if self._stage.output is not None:
            self._stage.output.notice(order.title)


async def run() -> None:
    processes.adopt_orphans()
    pipes = await Pipes.open()
    share = await orders.next_order(pipes.orders)
    if not isinstance(share, orders.Share):
        return
    logging.getLogger().addHandler(Logged(pipes.report))
    logging.getLogger().setLevel(logging.INFO)
    try:
        await Host(pipes, share).run()
    except Exception:
        logging.exception("the terminal failed")
    await pipes.flush()


def main() -> None:
    """Never returns: a thread that waits for a dead disk must not keep the process."""
    try:
        asyncio.run(run())
    finally:
        os._exit(0)
