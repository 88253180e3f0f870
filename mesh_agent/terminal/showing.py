"""Who is told the screen of a shared terminal, and when: guests, and the host's own view where it has one.

Strategy: each viewer's flow says when it may be told; the screen is looked at when one of them may, since
looking costs more than waiting. What several need is encoded once (`screen`).
"""

from collections.abc import Callable, Sequence
from typing import Final

from mesh_agent.machines.terminal_flow import RATE, Flow, rate_of
from mesh_agent.machines.terminal_host import TerminalHost
from mesh_agent.terminal.stage import Stage

REST_S: Final = 0.25
"""How long nobody looks at the screen, at most, while nobody can be told of it."""

HERE: Final = ""
"""The key of the host's own view."""

Viewer = tuple[str, Flow, int, float]
"""Its key, what it was told, the stamp of its last input that the program has, states a second."""


class Showing:
    """Attributes:
    own: what the host's own view was told.
    own_echo: the stamp of the last input from there that the program has.
    """

    def __init__(
        self, machine: TerminalHost, stage: Stage, say: Callable[[str, list[bytes]], None], *, own: bool
    ) -> None:
        """`say` gives frames to a viewer. `own`: the host sees the screen as guests do."""
        self.own: Final = Flow()
        self.own_echo = 0
        self._machine, self._stage, self._say, self._has_own = machine, stage, say, own

    def look(self, now: float, clock: Callable[[], float]) -> float:
        """Tells all what they are to be told by now; in how many seconds to call again, 0: no need."""
        viewers = self._viewers()
        rests = min((flow.rests(now) for _, flow, _, _ in viewers), default=0.0)
        if rests > 0:  # nobody can be told anything before
            return min(rests, REST_S)
        waits = self._stage.look(now, clock), self._tell(now, viewers)
        return min((wait for wait in waits if wait > 0), default=0.0)

    def look_last(self, clock: Callable[[], float]) -> None:
        """All are told how it was at the end, whatever they have read."""
        self._stage.look(float("inf"), clock)
        self._tell(clock(), self._viewers(), last=True)

    def _viewers(self) -> list[Viewer]:
        watching = list(self._machine.watching())
        many = rate_of(len(watching))
        viewers = [
            (guest.key, guest.flow, guest.echo, RATE if self._machine.writes(guest) else many)
            for guest in watching
        ]
        if self._has_own:
            viewers.append((HERE, self.own, self.own_echo, RATE))
        return viewers

    def _tell(self, now: float, viewers: Sequence[Viewer], *, last: bool = False) -> float:
        """In how many seconds the next one is due; 0: none is."""
        screen, waits = self._stage.screen, []
        for key, flow, echo, rate in viewers:
            due = flow.due(screen.number, echo, now)
            if due == 0 or (last and flow.base < screen.number):
                number, frames = self._stage.states(flow.base, echo, anew=screen.number <= flow.base)
                flow.told(number, echo, frames, now, rate)
                self._say(key, frames)
            elif due is not None:
                waits.append(due)
        return min(waits, default=0.0)
