"""A terminal of somebody else on this one: painted, typed into where that is granted, and left with Esc Esc.

Strategy: one loop waits until something has changed, paints what is there then, and waits until the terminal
has taken it. What the person does is acted upon at once, between two paintings.
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final

from mesh_agent.terminal.keys import Mouse, focus_bytes, key_bytes, mouse_bytes, paste_bytes
from mesh_agent.terminal.painter import Cell, Painter, cells_of, colours_of, window
from mesh_agent.terminal.pane import Pane
from mesh_agent.terminal.past import Past
from mesh_agent.terminal.status import facts_of, status_line
from mesh_agent.terminal.typed import Done, Focus, Pasted, Pressed, Typed
from mesh_agent.terminal.watching import Watching
from mesh_agent.verbs.tty import LocalTerminal
from protocol.errors import MeshError

TWICE_S: Final = 0.5
"""Two Escapes within this time leave."""

PAN_COLUMNS, PAN_ROWS = 8, 4
_PANS: Final = {
    "alt+left": (-PAN_COLUMNS, 0),
    "alt+right": (PAN_COLUMNS, 0),
    "alt+up": (0, -PAN_ROWS),
    "alt+down": (0, PAN_ROWS),
}
_PAGES: Final = {"alt+pageup": 1, "shift+pageup": 1, "alt+pagedown": -1, "shift+pagedown": -1}
"""Pages back in what has scrolled away. Many terminals keep Shift with these keys for themselves."""

_BACK_PAGES: Final = {"pageup": 1, "pagedown": -1}
_BACK_LINES: Final = {"up": 1, "down": -1}
"""The same while one looks back; those for pages also where nothing can be typed."""

_LEAVING: Final = (b"\x03", b"\x04", b"q")
"""What leaves where nothing can be typed: Ctrl+C, Ctrl+D, q."""

BELL: Final = b"\x07"


class View:
    """One terminal that is watched, on one that is here."""

    def __init__(
        self, watching: Watching, *, read_only: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._watching, self._read_only, self._clock = watching, read_only, clock
        self._left = False
        self._escape_at = float("-inf")
        self._bells = 0
        self._ring = False
        self._local = LocalTerminal(self._did, self._resized)
        self._past = Past()
        self._fetching: set[asyncio.Task[None]] = set()
        self._pane = Pane(self._local.columns, self._view_rows)
        self._painter = Painter(self._local.columns, self._local.rows, colours_of(os.environ))
        watching.resize(self._pane.columns, self._pane.rows)

    @property
    def _view_rows(self) -> int:
        return max(self._local.rows - 1, 1)

    async def run(self) -> None:
        """Until it is over, or the person leaves."""
        watching = self._watching
        self._bells = watching.screen.bells
        try:
            async with self._local:
                while not (self._left or watching.over or self._local.closed):
                    watching.changed.clear()
                    await self._local.write(self._painted())
                    if not (self._left or watching.over or self._local.closed):
                        await watching.changed.wait()
        finally:
            for task in self._fetching:
                task.cancel()
            await asyncio.gather(*self._fetching, return_exceptions=True)

    # ── painting ─────────────────────────────────────────────────────────────────────────────────

    def _painted(self) -> bytes:
        watching, pane = self._watching, self._pane
        screen = watching.screen
        pane.look(screen, watching.cursor)
        self._past.look(screen)
        back = self._past.top is not None
        if screen.number and back:
            lines = self._past_lines()
        elif screen.number:
            lines = pane.lines(screen, watching.guesses, underlined=watching.prediction.underlined)
        else:
            lines = []
        live = watching.phase == "open" and screen.number and not back
        cursor = pane.cursor(watching.cursor) if live else None
        data = self._painter.paint([*lines, *self._status(len(lines))], cursor)
        listens = screen.modes if self._writes else 0
        rings = self._ring or screen.bells > self._bells
        self._bells, self._ring = screen.bells, False
        return data + self._local.listen(listens) + (BELL if rings else b"")

    def _status(self, above: int) -> list[list[Cell]]:
        if self._local.rows < 2:
            return []
        watching, screen = self._watching, self._watching.screen
        facts = facts_of(
            watching,
            title=screen.title,
            read_only=self._read_only,
            part=bool(screen.number) and self._pane.is_part(screen),
            back=self._past.back(screen),
        )
        line = status_line(facts, self._local.columns, alarm=watching.phase == "lost")
        return [*[cells_of([], self._local.columns)] * (self._local.rows - 1 - above), line]

    def _past_lines(self) -> list[list[Cell]]:
        screen, pane, past = self._watching.screen, self._pane, self._past
        for first, count in past.wanted(pane.rows, screen):
            task = asyncio.create_task(self._fetch(first, count))
            self._fetching.add(task)
            task.add_done_callback(self._fetching.discard)
        rows = past.rows(pane.rows, screen)
        return [window(cells_of(list(runs), screen.columns), pane.left, pane.columns) for runs in rows]

    async def _fetch(self, asked: int, count: int) -> None:
        try:
            first, lines = await self._watching.lines(asked, count)
        except MeshError:
            first, lines = asked, []  # they stay empty; moving asks again
        if self._past.took(asked, first, lines):
            self._watching.changed.set()

    def _resized(self) -> None:
        local = self._local
        self._pane.resize(local.columns, self._view_rows)
        self._painter.resize(local.columns, local.rows)
        self._watching.resize(self._pane.columns, self._pane.rows)
        self._watching.changed.set()

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    @property
    def _writes(self) -> bool:
        return self._watching.writes and not self._read_only

    def _did(self, done: Done) -> None:
        if self._is_second_escape(done):
            self._left = True
        elif self._looks_back(done):
            pass
        elif isinstance(done, Pressed) and done.key in _PANS and self._pane.is_part(self._watching.screen):
            self._pane.pan(*_PANS[done.key], self._watching.screen)
        elif self._writes:
            self._type(done)
        elif isinstance(done, Typed):
            self._command(done.data)
        self._watching.changed.set()

    def _looks_back(self, done: Done) -> bool:
        """Whether it is about what has scrolled away. Any other key returns from there, and is not sent."""
        key, back = done.key if isinstance(done, Pressed) else "", self._past.top is not None
        pages = _PAGES.get(key, 0 if self._writes and not back else _BACK_PAGES.get(key, 0))
        if pages:
            self._past.move(pages * max(1, self._pane.rows - 1), self._watching.screen)
        elif not back or isinstance(done, Focus):
            return False
        elif key in _BACK_LINES:
            self._past.move(_BACK_LINES[key], self._watching.screen)
        elif not isinstance(done, Mouse) and key not in _PANS:
            self._past.leave()
        elif key in _PANS:
            self._pane.pan(_PANS[key][0], 0, self._watching.screen)
        return True

    def _is_second_escape(self, done: Done) -> bool:
        if done != Pressed("escape"):
            self._escape_at = float("-inf")
            return False
        before, self._escape_at = self._escape_at, self._clock()
        return self._escape_at - before <= TWICE_S

    def _command(self, data: bytes) -> None:
        """Nothing can be typed, so these keys are ours."""
        if any(key in data for key in _LEAVING):
            self._left = True
        elif b"w" in data and not self._read_only:
            self._watching.ask_to_write()

    def _type(self, done: Done) -> None:
        data = self._bytes_of(done)
        if data:
            if not isinstance(done, Mouse | Focus):
                self._pane.follow()
            self._ring |= not self._watching.type(data)

    def _bytes_of(self, done: Done) -> bytes:
        modes = self._watching.screen.modes
        if isinstance(done, Typed):
            return done.data
        if isinstance(done, Pressed):
            return key_bytes(done.key, None, modes)
        if isinstance(done, Pasted):
            return paste_bytes(done.text, modes)
        if isinstance(done, Focus):
            return focus_bytes(done.focused, modes)
        place = self._pane.place(done.column, done.row, self._watching.screen)
        return b"" if place is None else mouse_bytes(done._replace(column=place[0], row=place[1]), modes)
