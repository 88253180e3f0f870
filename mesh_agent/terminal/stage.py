"""What a shared program's output does: it changes the screen, is recorded, and goes to the host's terminal.

Strategy: the emulator has one lock. The thread of the pseudo-terminal feeds it, with large pieces; the loop
looks what has changed, not more often than anybody looks, and the rarer the longer that takes. So a program
that prints a gigabyte costs what reading it costs, and nothing waits for whoever watches.

A program that begins an update (mode 2026) is not looked at until that is over, or `HELD_S` is: where
somebody has waited for the end, the screen is taken just there, as the next update may begin with the next
byte.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mesh_agent.machines.terminal_flow import RATE
from mesh_agent.terminal.cast import CastWriter
from mesh_agent.terminal.emulator import Emulator, make_emulator
from mesh_agent.terminal.output import Output
from mesh_agent.terminal.repainting import left_behind, repainted
from mesh_agent.terminal.screen import Screen
from protocol import limits
from protocol.peer_terminal import Run

FEED_BYTES: Final = 32 * 1024
"""What the emulator is given at a time, since whoever looks has to wait for it."""

RATE_RUSHING: Final = 30
"""So often a second where most rows are others each time: what rushes by is not read, and each of its states
costs the host and every guest a whole screen."""

SHARE: Final = 4
"""Looking what has changed takes at most one part in so many of the time."""

PAGE_LINES_BYTES: Final = limits.PEER_FRAME_BYTES // 2
"""A page of what has scrolled away has fewer lines where they are longer."""

HELD_S: Final = 0.15
"""An update that takes longer is shown as far as it is."""

_UPDATED: Final = b"\x1b[?2026l"
"""The end of an update, as programs write it. Of one that is cut, and followed by the next update in the same
piece, nobody hears: the next end serves, or `HELD_S`."""


class Stage:
    """One terminal's.

    Attributes:
        screen: what stands there, as guests are told it.
        output: the host's own terminal, where it shows the program's output.
    problem: why a recording has ended by itself; whoever has told it takes it away.
    """

    def __init__(self, columns: int, rows: int, scrollback: int, changed: Callable[[], None]) -> None:
        """`changed` is called from any thread, once, and again after each `look`."""
        self._emulator: Emulator = make_emulator(columns, rows, scrollback=scrollback)
        self.screen = Screen(self._emulator)
        self.output: Output | None = None
        self._lock = threading.Lock()
        self._tell = changed
        self._told = False
        self._next_look = 0.0
        self._held_since: float | None = None
        self._cast: CastWriter | None = None
        self.problem = ""

    def take(self, data: bytes) -> bytes:
        """What the program has written; returns what it is answered."""
        answers = []
        for at in range(0, len(data), FEED_BYTES):
            with self._lock:
                answers.append(self._feed(data[at : at + FEED_BYTES]))
        with self._lock:
            if self._cast is not None:
                self._cast.output(data)
                if self._cast.problem:
                    self._spoiled(self._cast)
        if self.output is not None:
            self.output.write(data)
        self._changed()
        return b"".join(answers)

    def _feed(self, data: bytes) -> bytes:
        """Where somebody waits for the end of an update, the screen is taken at that end."""
        if self._held_since is None:
            return self._emulator.feed(data)
        before, end, after = data.partition(_UPDATED)
        answer = self._emulator.feed(before + end)
        if not self._emulator.updating:
            self.screen.update()
            self._held_since, self._told = None, False
        return answer + self._emulator.feed(after) if after else answer

    def resize(self, columns: int, rows: int) -> bytes:
        """Returns what the program is told of it, where it wants to know by its input."""
        with self._lock:
            self._emulator.resize(columns, rows)
            told = self._emulator.feed(b"")
            if self._cast is not None:
                self._cast.resize(columns, rows)
        self._changed()
        return told

    def look(self, now: float, clock: Callable[[], float]) -> float:
        """Brings `screen` up to date, or returns in how many seconds that may be done."""
        if not self._told:
            return 0.0
        if now < self._next_look:
            return self._next_look - now
        with self._lock:
            begun = clock()  # what the lock has cost is no reason to look less often
            if (held := self._held(now)) > 0:
                return held
            self._told = False
            self.screen.update()
            took = clock() - begun
        rushes = self.screen.changed_rows > len(self.screen.rows) / 2
        self._next_look = now + max(1 / (RATE_RUSHING if rushes else RATE), SHARE * took)
        return 0.0

    def _held(self, now: float) -> float:
        """For how many seconds an update is to be waited for."""
        if not self._emulator.updating:
            self._held_since = None
            return 0.0
        if self._held_since is None:
            self._held_since = now
        return self._held_since + HELD_S - now

    def lines(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """Lines that have scrolled away, as far as they are kept; from which one on."""
        with self._lock:
            return self._emulator.lines(first, count)

    def page(self, first: int, count: int) -> tuple[int, list[list[Run]]]:
        """As many of these lines as fit into a frame."""
        begin, lines = self.lines(first, count)
        size, fitting = 0, []
        for line in lines:
            size += sum(8 + 4 * len(run.text) for run in line)
            if size > PAGE_LINES_BYTES:
                break
            fitting.append(line)
        return begin, fitting

    def close(self) -> None:
        with self._lock:
            if self._cast is not None:
                self._cast.close()
            self._emulator.close()

    def repaint(self) -> bytes:
        """What puts a terminal into this state, whatever it shows."""
        with self._lock:
            self.screen.update()
            painted = repainted(self.screen, self._emulator.columns, self._emulator.rows)
        self._changed()
        return painted

    def states(self, base: int, echo: int, *, anew: bool) -> tuple[int, list[bytes]]:
        """The number of the latest state, and the frames that make it of state `base`.

        `anew`: it has a new number, though nothing has changed but the echo of one guest.
        """
        with self._lock:
            if anew:
                self.screen.touch()
            return self.screen.number, self.screen.state_since(base, echo)

    def left_behind(self) -> bytes:
        """What gives a terminal back as the program found it."""
        with self._lock:
            return left_behind(self._emulator.modes())

    def record(self, path: Path | None, title: str) -> None:
        """Begins to record into a file that is not there yet, or ends it. Raises: OSError."""
        with self._lock:
            cast, self._cast = self._cast, None
            if cast is not None:
                cast.close()
            if path is not None:
                self.screen.update()
                columns, rows = self._emulator.columns, self._emulator.rows
                cast = CastWriter.create(path, columns, rows, title=title, command=title)
                cast.output(repainted(self.screen, columns, rows))
                self._cast = cast
        self._changed()

    def _spoiled(self, cast: CastWriter) -> None:
        self.problem, self._cast = cast.problem, None
        cast.close()

    def _changed(self) -> None:
        if not self._told:
            self._told = True
            self._tell()
