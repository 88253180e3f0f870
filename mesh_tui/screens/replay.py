"""A recording of a terminal, played: pause, other speeds, back and forth.

Strategy: the player says when something changes next, and this waits for that; the recording goes through an
emulator, and its cells are painted, so that nothing in the file reaches the terminal in front of the person.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from mesh_agent.terminal.emulator import Emulator, make_emulator
from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.pane import Laid
from mesh_agent.terminal.player import Player
from mesh_agent.terminal.screen import Screen
from mesh_tui.actions import Place
from mesh_tui.layout.cells import Fragment
from mesh_tui.layout.transfers import bar
from mesh_tui.screens.base import MeshScreen
from mesh_tui.terminal_kinds import NAME_CHARS
from mesh_tui.terminals import PAINT_S
from mesh_tui.transfers import name_of
from mesh_tui.widgets.bar import Bar
from mesh_tui.widgets.terminal import TerminalView
from mesh_tui.workers import begin
from protocol.peer_terminal import Cursor, Run

if TYPE_CHECKING:
    from mesh_agent.terminal.cast import Cast

SKIP_S: Final = 5.0
LONGEST_PAUSE_S: Final = 3.0
"""Of a recording in which nothing happens, nobody waits longer."""

IDLE_S: Final = 0.5
"""How often the clock is painted while nothing else changes."""

BAR_CELLS: Final = 24


class Played:
    """The player's emulator, as a view sees it."""

    underlined = False
    writes = False
    guesses: Sequence[Laid] = ()

    def __init__(self, cast: "Cast", now: float) -> None:
        self.player = Player(cast, self._begin, now=now, longest_pause=LONGEST_PAUSE_S)

    def _begin(self, columns: int, rows: int) -> Emulator:
        """Another emulator, as one cannot go back."""
        self._emulator = make_emulator(columns, rows)
        self._latest, self.screen = Screen(self._emulator), GuestScreen(columns, rows)
        return self._emulator

    @property
    def cursor(self) -> Cursor:
        return self.screen.cursor

    def look(self) -> None:
        """Shows what the emulator has now."""
        if self._latest.update():
            for state in self._latest.states(self.screen.number):
                self.screen.apply(state)

    def type(self, data: bytes) -> object:
        """Nothing is typed into what is over."""

    def resize(self, columns: int, rows: int) -> None:
        """It has the size that it had."""

    async def lines(self, first: int, count: int) -> tuple[int, Sequence[Sequence[Run]]]:
        return self._emulator.lines(first, count)


class PlayedView(TerminalView):
    """Its keys are those of the player."""

    def on_key(self, event: events.Key) -> None:
        """They go on to the screen, and not to what a view does with them."""
        event.prevent_default()


class Replay(MeshScreen[None]):
    """Plays `cast`, a file of that name."""

    HERE: ClassVar[Sequence[Place]] = ("replay",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", show=False),
        Binding("left", f"skip({-SKIP_S})", show=False),
        Binding("right", f"skip({SKIP_S})", show=False),
        Binding("up", "faster(1)", show=False),
        Binding("down", "faster(-1)", show=False),
        Binding("home", "seek(0.0)", show=False),
        Binding("end", "seek(1.0)", show=False),
        Binding("comma", "mark(-1)", show=False),
        Binding("full_stop", "mark(1)", show=False),
        Binding("escape,q", "dismiss", show=False),
    ]

    def __init__(self, cast: "Cast", name: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._file, self._clock = name, clock
        self._played = Played(cast, clock())
        self._player = self._played.player
        self._moved = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Bar(classes="top")
        yield PlayedView(self._played)
        yield Bar(classes="top below")

    def on_mount(self) -> None:
        self.query_one(PlayedView).focus()
        begin(self, self._play)

    async def _play(self) -> None:
        while True:
            self._moved.clear()
            self._player.advance(self._clock())
            if not self._player.behind:
                self._played.look()
                self.query_one(PlayedView).look()
                self._show()
            due = self._player.due(self._clock())
            wait = IDLE_S if due is None else min(IDLE_S, max(0.0 if self._player.behind else PAINT_S, due))
            try:
                async with asyncio.timeout(wait):
                    await self._moved.wait()
            except TimeoutError:
                pass

    def _show(self) -> None:
        player = self._player
        sign = "■" if player.at_end else "‖" if player.paused else "▶"
        part = player.position / player.duration if player.duration else 1.0
        top, below = self.query(Bar)
        times = f"{_clock_words(player.position)} of {_clock_words(player.duration)}"
        speed = f" at {player.speed:g}×" if player.speed != 1 else ""
        top.put(
            [
                Fragment(" ▣ ", "brand"),
                Fragment(name_of(self._file, NAME_CHARS), "title"),
                Fragment("  a recording", "muted"),
            ],
            [Fragment(f"{player.columns}×{player.rows} ", "muted")],
        )
        below.put(
            [
                Fragment(f" {sign} ", "brand"),
                *bar(part, BAR_CELLS, plain=self.app.current_theme.ansi),
                Fragment(f" {times}{speed}", "muted"),
            ],
            _hint(),
        )

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    def action_pause(self) -> None:
        """Pauses, goes on, or begins again at the end."""
        now = self._clock()
        if self._player.at_end:
            self._player.seek(0, now)
            self._player.pause(False, now)
        else:
            self._player.pause(not self._player.paused, now)
        self._moved.set()

    def action_skip(self, seconds: float) -> None:
        self._player.skip(seconds, self._clock())
        self._moved.set()

    def action_faster(self, steps: int) -> None:
        self._player.faster(steps, self._clock())
        self._moved.set()

    def action_seek(self, part: float) -> None:
        self._player.seek(part * self._player.duration, self._clock())
        self._moved.set()

    def action_mark(self, step: int) -> None:
        self._player.next_mark(self._clock(), back=step < 0)
        self._moved.set()


def _hint() -> list[Fragment]:
    words = (("Space", "pause"), ("← →", "5 s"), ("↑ ↓", "speed"), ("Esc", "closes"))
    fragments: list[Fragment] = []
    for key, word in words:
        fragments += [Fragment(" · ", "muted")] if fragments else []
        fragments += [Fragment(key, "key"), Fragment(f" {word}", "muted")]
    return [*fragments, Fragment(" ")]


def _clock_words(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}:{seconds:02}"
