"""The process of one shared terminal: it has the program, its screen, and the lines to all guests.

Strategy: orders come in on stdin, reports go out on stdout. One process serves any number of guests, and what
they are told is encoded once. Guests are in the `house`, what the person is told in `informing`; here is the
program, from its start to its end. The end of stdin is the end of the agent, however that came about, and
ends the program: nobody would be left to see who watches.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from mesh_agent.machines.terminal_host import TerminalHost
from mesh_agent.sharing.helping import help_agent
from mesh_agent.sharing.orders import Frame, Stop
from mesh_agent.sharing.pipes import Pipes
from mesh_agent.terminal import orders, processes, pty, shells
from mesh_agent.terminal.clean import QueryFilter
from mesh_agent.terminal.errors import CannotStart
from mesh_agent.terminal.house import Guests
from mesh_agent.terminal.informing import Informing
from mesh_agent.terminal.output import Output
from mesh_agent.terminal.showing import HERE, Showing
from mesh_agent.terminal.stage import Stage
from protocol import limits

CATCH_UP_S: Final = 0.25
"""How often a terminal of the person that took nothing is tried again."""

LAST_S: Final = 1.0
"""How long what the program wrote last may take to come."""

GOODBYE_S: Final = 2.0
"""How long guests have to be told of the end."""


class Host:
    """One shared terminal."""

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
        self._guests = Guests(pipes.report, self._machine, self._stage, self._put, self._soon)
        self._informing = Informing(pipes, self._machine, self._stage)
        self._showing = Showing(self._machine, self._stage, self._show_states, own=share.output is None)
        self._timer: asyncio.TimerHandle | None = None
        self._ending = asyncio.Event()
        self._exited: asyncio.Future[int] = self._loop.create_future()
        self._dry = asyncio.Event()
        self._pump: pty.Pump | None = None
        self._doers: dict[type, Callable[[Any], None]] = {
            orders.ToGuest: self._guests.told,
            orders.Known: self._guests.known,
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
            for task in (reading, ending):
                task.cancel()
            await asyncio.gather(reading, ending, return_exceptions=True)

    async def _tell_the_end(self, code: str, status: int) -> None:
        """Guests see what the program wrote last, and why there is no more."""
        self._showing.look_last(self._loop.time)
        self._machine.end(code, max(-255, min(status, 255)))
        self._guests.act()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._guests.ended()

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._guests.close()
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
        waits = [self._showing.look(now, self._loop.time), self._informing.look(now)]
        waits.append(self._machine.tick(now) or 0.0)
        self._guests.act()
        output = self._stage.output
        if output is not None and output.behind:
            output.catch_up()
            waits.append(CATCH_UP_S)
        pending = [wait for wait in waits if wait > 0]
        if pending:
            self._soon(min(pending))

    def _show_states(self, key: str, frames: list[bytes]) -> None:
        if key != HERE:
            self._guests.say(key, frames)
            return
        for frame in frames:
            self._pipes.report(Frame(data=frame))

    # ── orders ───────────────────────────────────────────────────────────────────────────────────

    async def _read_orders(self) -> None:
        while (order := await orders.next_order(self._pipes.orders)) is not None:
            if isinstance(order, Stop):
                break
            doer = self._doers.get(type(order))
            if doer is not None:
                doer(order)
                self._guests.act()
                self._soon(0.0)
        self._ending.set()

    def _decide(self, order: orders.Decide) -> None:
        if order.what == "admit":
            self._machine.admit(order.guest)
        elif order.what == "refuse":
            self._machine.refuse(order.guest, order.reason)
        elif order.what == "kick":
            self._machine.kick(order.guest, order.reason)
        else:
            self._machine.grant(order.guest, write=order.what == "grant", reason=order.reason)
        self._informing.at_once(self._loop.time())

    def _type(self, order: orders.Type) -> None:
        if not self._put(order.data, partial(self._wrote, order.stamp)):
            logging.info("the program reads nothing: what was typed is left out")

    def _put(self, data: bytes, written: Callable[[], None]) -> bool:
        """Gives input to the program; whether there was room. What has ended takes anything."""
        assert self._pump is not None
        return self._dry.is_set() or self._pump.write(data, written)

    def _wrote(self, stamp: int) -> None:
        """In the thread of the pump."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._has_it, stamp)

    def _has_it(self, stamp: int) -> None:
        self._showing.own_echo = max(self._showing.own_echo, stamp)
        self._soon(0.0)

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


def main() -> None:
    processes.adopt_orphans()
    help_agent(orders.next_order, orders.Share, lambda pipes, share: Host(pipes, share).run(), "the terminal")
