"""Following transfers to their end: a bar on a terminal, lines elsewhere, objects with `--json`.

Strategy: one line is painted over again and again on a terminal, and nowhere else; whatever is final is a
line of its own on stdout. The state is always read from the agent, events only say that it is worth a look.
"""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.client.hub import Subscription
from mesh_agent.client.state import EventsDropped
from mesh_agent.output import Output
from mesh_agent.progress import as_object, last_line, line, summary
from mesh_agent.sharing.state import OVER, Phase, Transfer, TransferChanged

JSON_EVERY_S: Final = 1.0
"""How often `--json` tells mere progress of one transfer."""


ECHO_CELLS: Final = 2
"""What a terminal shows of Ctrl+C (`^C`) after the bar."""


class Follower:
    """Prints what becomes of transfers."""

    def __init__(self, agent: Agent, output: Output, *, aside: bool = False) -> None:
        """`aside`: stdout is for the bytes, so that lines go to stderr, and there are no objects."""
        self._agent, self._output = agent, output
        self._json = output.as_json and not aside
        self._bar = sys.stderr.isatty() and not self._json
        self._aside = aside
        self._person = self._bar and (aside or sys.stdout.isatty())
        """Whoever reads the lines reads the error, too."""

        self._lines = sys.stderr if aside else sys.stdout
        self._painted = 0
        self._question = ""
        self._phases: dict[str, Phase] = {}
        self._told_at: dict[str, float] = {}

    async def until_over(self, transfers: Sequence[Transfer], events: Subscription) -> list[Transfer]:
        """Returns them as they ended.

        `events`: subscribed to before the transfers were begun, so that each of their phases is told.
        """
        wanted = {transfer.id: transfer for transfer in transfers}
        told: set[str] = set()
        while any(not transfer.over or transfer.id not in told for transfer in wanted.values()):
            self._paint(list(wanted.values()))
            event = await anext(events)
            if isinstance(event, TransferChanged) and event.transfer.id in wanted:
                changed = [event.transfer]
            elif isinstance(event, EventsDropped):
                changed = [self._agent.sharing.transfer(transfer_id) for transfer_id in wanted]
            else:
                continue
            for transfer in changed:
                wanted[transfer.id] = transfer
                told.add(transfer.id)
                self.tell(transfer, alone=len(wanted) == 1)
        self.clear()
        return list(wanted.values())

    async def all(self, wanted: Callable[[Transfer], bool], changed: Callable[[Transfer], None]) -> None:
        """For ever: tells of each that is `wanted`; `changed` is told of each of their states."""
        live: dict[str, Transfer] = {}
        with contextlib.closing(self._agent.subscribe()) as events:
            for transfer in self._agent.sharing.transfers():
                if wanted(transfer) and not transfer.over:
                    changed(transfer)
            async for event in events:
                if not isinstance(event, TransferChanged) or not wanted(event.transfer):
                    continue
                live[event.transfer.id] = event.transfer
                self.tell(event.transfer)
                live = {name: transfer for name, transfer in live.items() if not transfer.over}
                self._paint([transfer for transfer in live.values() if transfer.phase != "offered"])
                changed(event.transfer)

    def tell(self, transfer: Transfer, *, alone: bool = False) -> None:
        """A line, where its phase is another than before; with `--json`, progress too, now and then.

        `alone`: where it does not succeed, the error says how it ended, and a person need not read it twice.
        """
        if alone and self._person and transfer.over and transfer.phase != "done":
            return
        new = self._phases.get(transfer.id) != transfer.phase
        self._phases[transfer.id] = transfer.phase
        if self._json:
            now = asyncio.get_running_loop().time()
            if new or now - self._told_at.get(transfer.id, -JSON_EVERY_S) >= JSON_EVERY_S:
                self._told_at[transfer.id] = now
                self._output.show(as_object(transfer))
        elif new and (transfer.phase in OVER or not self._bar):
            self.clear()
            over = transfer.phase in OVER
            text = last_line(transfer, placed=not self._aside) if over else line(transfer)
            print(text, file=self._lines, flush=True)
            self._ask()

    def ask(self, question: str) -> None:
        """A question stands in the last line until there is none (empty); meanwhile there is no bar."""
        self.clear()
        self._question = question
        self._ask()

    def _ask(self) -> None:
        sys.stderr.write(self._question)
        sys.stderr.flush()

    def clear(self) -> None:
        """Takes the bar away, or the question, as far as nobody has typed."""
        if self._question:
            sys.stderr.write(f"\r{' ' * len(self._question)}\r")
            sys.stderr.flush()
        if self._painted:
            sys.stderr.write(f"\r{' ' * (self._painted + ECHO_CELLS)}\r")
            sys.stderr.flush()
            self._painted = 0

    def _paint(self, transfers: Sequence[Transfer]) -> None:
        if not self._bar or not transfers or self._question:
            return
        cells = max(shutil.get_terminal_size().columns - 1 - ECHO_CELLS, 10)
        text = line(transfers[0], cells) if len(transfers) == 1 else summary(transfers, cells)
        sys.stderr.write(f"\r{text}{' ' * max(self._painted - len(text), 0)}")
        sys.stderr.flush()
        self._painted = len(text)
