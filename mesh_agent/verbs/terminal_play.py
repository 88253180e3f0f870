"""`terminal play`: a recording on this terminal, with pause, seeking and speed.

Strategy: what was recorded goes to an emulator, and what stands on its screen is painted, so that nothing of
a recording ever acts on this terminal.
"""

import asyncio
import os
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mesh_agent.output import Output
from mesh_agent.terminal.cast import Cast, read_cast
from mesh_agent.terminal.emulator import Emulator, make_emulator
from mesh_agent.terminal.painter import Painter, colours_of
from mesh_agent.terminal.pane import Pane
from mesh_agent.terminal.player import Player
from mesh_agent.terminal.rows import checked_row
from mesh_agent.terminal.status import status_line
from mesh_agent.terminal.text import text_of
from mesh_agent.terminal.typed import Done, Pressed, Typed
from mesh_agent.verbs.tty import LocalTerminal, is_terminal
from protocol import peer_terminal
from protocol.peer_terminal import Cursor

SKIP_S: Final = 5.0
FAR_SKIP_S: Final = 60.0
TELL_S: Final = 0.25
"""So often the time is painted while nothing else changes."""

FRAME_S: Final = 1 / 60


class Played:
    """What stands on the emulator's screen; of a `GuestScreen`, what is painted."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._restarts = -1
        self.rows_: list[list[peer_terminal.Run]] = []
        self.columns, self.rows = player.columns, player.rows
        self.cursor, self.modes, self.title = Cursor(0, 0), 0, ""

    def update(self) -> None:
        player = self._player
        emulator: Emulator = player.emulator  # type: ignore[assignment]
        size = player.columns, player.rows
        if player.restarts != self._restarts or size != (self.columns, self.rows):
            self._restarts = player.restarts
            self.columns, self.rows = size
            self.rows_ = [[] for _ in range(self.rows)]
        for row, runs in emulator.changed():
            if row < self.rows:
                self.rows_[row] = checked_row(runs, self.columns)
        self.cursor, self.modes, self.title = emulator.cursor(), emulator.modes(), emulator.title


class Playing:
    """One recording on this terminal."""

    def __init__(self, player: Player, cast: Cast, clock: Callable[[], float] = time.monotonic) -> None:
        self._player, self._cast, self._clock = player, cast, clock
        self._screen = Played(player)
        self._left = False
        self._wake = asyncio.Event()
        self._local = LocalTerminal(self._did, self._resized)
        self._pane = Pane(self._local.columns, max(self._local.rows - 1, 1))
        self._painter = Painter(self._local.columns, self._local.rows, colours_of(os.environ))

    async def run(self) -> None:
        """Until its end, or the person leaves."""
        async with self._local:
            while not (self._left or self._local.closed):
                self._wake.clear()
                self._player.advance(self._clock())
                await self._local.write(self._painted())
                if not (self._left or self._local.closed):
                    await self._wait()

    async def _wait(self) -> None:
        due = self._player.due(self._clock())
        moving = not (self._player.paused or self._player.at_end)
        longest = TELL_S if moving else None
        pause = longest if due is None else max(min(due, TELL_S), 0.0 if self._player.behind else FRAME_S)
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    def _painted(self) -> bytes:
        screen, pane = self._screen, self._pane
        screen.update()
        pane.look(screen, screen.cursor)
        lines = pane.lines(screen)
        if self._local.rows > 1:
            lines.append(status_line(self._facts(), self._local.columns, leave="q ends"))
        return self._painter.paint(lines, pane.cursor(screen.cursor))

    def _facts(self) -> list[str]:
        player = self._player
        state = "over" if player.at_end else "paused" if player.paused else f"{player.speed:g}×"
        facts = [f"{_clock_of(player.position)} / {_clock_of(player.duration)}  {state}"]
        facts += [self._cast.title] if self._cast.title else []
        return [*facts, "space pauses", "←→ 5 s", "↑↓ speed", *(["[ ] marks"] if player.marks else [])]

    def _resized(self) -> None:
        local = self._local
        self._pane.resize(local.columns, max(local.rows - 1, 1))
        self._painter.resize(local.columns, local.rows)
        self._wake.set()

    def _did(self, done: Done) -> None:
        names = [done.key] if isinstance(done, Pressed) else []
        names += list(done.data.decode(errors="replace")) if isinstance(done, Typed) else []
        for name in names:
            if name in {"q", "\x03", "\x04", "escape"}:
                self._left = True
            elif name in _KEYS:
                _KEYS[name](self._player, self._clock())
        self._wake.set()


def _pause(player: Player, now: float) -> None:
    if player.at_end:
        player.seek(0, now)
        player.pause(False, now)
    else:
        player.pause(not player.paused, now)


_KEYS: Final[dict[str, Callable[[Player, float], None]]] = {
    " ": _pause,
    "right": lambda player, now: player.skip(SKIP_S, now),
    "left": lambda player, now: player.skip(-SKIP_S, now),
    "pagedown": lambda player, now: player.skip(FAR_SKIP_S, now),
    "pageup": lambda player, now: player.skip(-FAR_SKIP_S, now),
    "home": lambda player, now: player.seek(0, now),
    "end": lambda player, now: player.seek(player.duration, now),
    "up": lambda player, now: player.faster(1, now),
    "down": lambda player, now: player.faster(-1, now),
    "]": lambda player, now: player.next_mark(now),
    "[": lambda player, now: player.next_mark(now, back=True),
}


def _clock_of(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


async def play(options: Namespace, output: Output) -> None:
    """Raises: CastInvalid."""
    cast = await asyncio.to_thread(read_cast, Path(options.file))
    clock = time.monotonic
    player = Player(
        cast,
        lambda columns, rows: make_emulator(columns, rows, scrollback=0),
        now=clock(),
        speed=options.speed,
        longest_pause=options.idle,
    )
    if is_terminal() and not output.as_json:
        await Playing(player, cast).run()
        return
    # Nobody looks: what stood there at the end.
    player.seek(player.duration, clock())
    while player.behind:
        player.advance(clock())
        await asyncio.sleep(0)
    screen = Played(player)
    screen.update()
    lines = text_of(screen.rows_)
    while lines and not lines[-1]:
        lines.pop()
    output.show({"text": "\n".join(lines), "duration": player.duration, "exit_status": player.exit_status})
