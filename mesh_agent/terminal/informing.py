"""What the person who shares a terminal is told of it: its title, its guests, and that a recording broke off.

Strategy: only what is another than before, and not at each change; where the agent has not read what it was
told, it is told no more of guests for now.
"""

from typing import Final

from mesh_agent.machines.terminal_host import TerminalHost
from mesh_agent.sharing.pipes import Pipes
from mesh_agent.terminal import orders
from mesh_agent.terminal.stage import Stage

TOLD_S: Final = 0.1
"""How often the person is told how guests are, but for what was decided: that is told at once."""

REPORTS_BYTES: Final = 64 * 1024
"""An agent that has not read so much of what it was told is told no more about guests for now."""


class Informing:
    """Of one terminal."""

    def __init__(self, pipes: Pipes, machine: TerminalHost, stage: Stage) -> None:
        self._pipes, self._machine, self._stage = pipes, machine, stage
        self._title = ""
        self._told = 0
        self._told_at = 0.0

    def look(self, now: float) -> float:
        """Tells what there is to tell by now; in how many seconds to call again, 0: no need."""
        screen, machine = self._stage.screen, self._machine
        if self._stage.problem:
            self._pipes.report(orders.Recorded(path=None, problem=self._stage.problem))
            self._stage.problem = ""
            machine.record(False)
        if self._told == machine.changed and self._title == screen.title:
            return 0.0
        if now < self._told_at or self._pipes.waiting > REPORTS_BYTES:
            return max(self._told_at - now, TOLD_S)
        if self._title != screen.title:
            self._title = screen.title
            self._pipes.report(orders.Titled(title=self._title))
        self._told, self._told_at = machine.changed, now + TOLD_S
        self._pipes.report(orders.Guests(guests=self._guests()))
        return 0.0

    def at_once(self, now: float) -> None:
        """The next key of whoever has decided something may be about the same guest."""
        self._told_at = 0.0
        self.look(now)

    def _guests(self) -> list[orders.GuestNow]:
        return [
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
