"""The guests of a shared terminal, in its process: who comes and goes, what they say, and what they type.

Strategy: who may do what is decided by a machine (`terminal_host`), and what that wants done with guests is
done here. Whether a guest may type is looked up once more when it is written, since that may have had to
wait; a guest whose input finds no room is heard no further until there is some.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from mesh_agent.machines.terminal_host import Action, Bye, Page, Person, Say, TerminalHost, Write
from mesh_agent.sharing.orders import Begin, Signal
from mesh_agent.terminal import orders
from mesh_agent.terminal.stage import Stage
from mesh_agent.terminal.visit import Visit
from protocol import limits
from protocol.peer import PeerFrame
from protocol.peer_terminal import TermLines

INPUT_WAIT_S: Final = 0.02
"""How often a guest whose input finds no room is looked at again."""

VISITS_MAX: Final = limits.TERM_WATCHERS + 32
"""Sessions of guests, those that are not let in yet among them."""

Put = Callable[[bytes, Callable[[], None]], bool]
"""Gives input to the program, and a function that is called, in any thread, when the program has it. False:
there is no room."""


class Guests:
    """All of one terminal (`visit.House`)."""

    def __init__(
        self,
        report: Callable[[orders.FromGuest], None],
        machine: TerminalHost,
        stage: Stage,
        put: Put,
        soon: Callable[[float], None],
    ) -> None:
        """`report` tells the agent; `soon`: what has changed is to be looked at in so many seconds."""
        self._report, self._machine, self._stage = report, machine, stage
        self._put, self._soon = put, soon
        self._loop = asyncio.get_running_loop()
        self._visits: dict[str, Visit] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def say(self, key: str, frames: list[bytes]) -> None:
        self._visits[key].say(*frames)

    async def ended(self) -> None:
        """Returns when all have gone by themselves."""
        await asyncio.gather(*(visit.ended() for visit in self._visits.values()))

    async def close(self) -> None:
        """All lines end."""
        await asyncio.gather(*(visit.close() for visit in list(self._visits.values())))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ── who comes and goes (`visit.House`) ───────────────────────────────────────────────────────

    def came(self, key: str, person: Person) -> None:
        self._machine.joined(key, person, self._loop.time())
        self._soon(0.0)

    async def heard(self, key: str, frame: PeerFrame) -> None:
        self._machine.receive(key, frame, self._loop.time())
        for action in self.act():
            # The thread that writes has no loop to tell.
            while not self._write(action):  # noqa: ASYNC110
                await asyncio.sleep(INPUT_WAIT_S)
        self._soon(0.0)

    def went(self, key: str) -> None:
        self._machine.left(key)
        self._visits.pop(key, None)
        self._soon(0.0)

    # ── what the machine wants ───────────────────────────────────────────────────────────────────

    def act(self) -> list[Write]:
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
        return self._put(action.data, partial(self._wrote, action.key, action.stamp))

    def _wrote(self, key: str, stamp: int) -> None:
        """In any thread."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._has_it, key, stamp)

    def _has_it(self, key: str, stamp: int) -> None:
        self._machine.wrote(key, stamp)
        self._soon(0.0)

    # ── what the agent says ──────────────────────────────────────────────────────────────────────

    def told(self, order: orders.ToGuest) -> None:
        """Something for one session: it begins, is signalled, or ends."""
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
        self._report(orders.FromGuest(guest=guest, report=report))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def known(self, order: orders.Known) -> None:
        """Who a guest is."""
        visit = self._visits.get(order.guest)
        if order.guest in self._machine.guests:
            if order.compared:
                self._machine.compared(order.guest)
        elif visit is not None:
            visit.known(Person(order.name, order.user_id, order.device_id, order.compared, visit.way))
