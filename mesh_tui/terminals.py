"""The shared terminals that are open in this program: my own, and those of others that I watch.

Strategy: a terminal goes on whether or not its screen is in front. One worker for each waits until something
of it is another, tells its screen, if there is one, at most so often in a second, and tells the person what
must not wait: that somebody asks to be let in, and the end.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from textual.signal import Signal

from mesh_tui.folders import made
from mesh_tui.key_names import key_label
from mesh_tui.keymap import keys_by_id
from mesh_tui.layout.cells import Fragment
from mesh_tui.layout.terminals import background_words, leaving_words
from mesh_tui.letting_go import LooseSignal
from mesh_tui.pacing import Evenly
from mesh_tui.rules import rules
from mesh_tui.terminal_kinds import NAME_CHARS, Open, Own, Theirs
from mesh_tui.transfers import name_of
from mesh_tui.workers import begin

if TYPE_CHECKING:
    from mesh_agent.terminal.cast import Cast
    from mesh_tui.app import MeshApp

PAINT_S: Final = 1 / 30
"""How soon a screen is told of one change after another; what comes between is seen as one."""


class OpenTerminals:
    """Of one app."""

    def __init__(self, app: "MeshApp") -> None:
        self._app = app
        self._open: list[Open] = []
        self._last = 0
        self._words: Sequence[Fragment] = ()
        self.signal: Final[Signal[Sequence[Fragment]]] = LooseSignal(app, "terminals")
        """Says that `words` are others."""

    @property
    def words(self) -> "Sequence[Fragment]":
        """What the status line says of those that are open."""
        return self._words

    def _changed(self) -> None:
        words = background_words(self._open)
        if words != self._words:
            self._words = words
            self.signal.publish(words)

    def all(self) -> Sequence[Open]:
        """In the order they were opened; one that is over stays until it was seen."""
        return tuple(self._open)

    def numbered(self, number: int) -> Open | None:
        return next((known for known in self._open if known.number == number), None)

    async def share(self, room_id: str, command: Sequence[str] | None) -> Own:
        """Runs it and tells the room. Raises: MeshError: why not."""
        size = self._app.size
        hosted = await self._app.agent.terminals.share(
            room_id,
            command,
            max(1, size.width),
            max(1, size.height - 2),
            let_in=self._app.settings.terminals.let_in,
        )
        own = Own(self._number(), hosted)
        self._take(own)
        return own

    async def watch(self, room_id: str, host: str, terminal: str = "") -> Open:
        """The one that is watched already, or a new try. Raises: MeshError: why not."""
        size = self._app.size
        watching = await self._app.agent.terminals.watch(
            room_id, host, terminal, columns=max(1, size.width), rows=max(1, size.height - 2)
        )
        for known in self._open:
            if not isinstance(known, Theirs) or known.over or known.watching.peer_id != watching.peer_id:
                continue
            if terminal in ("", known.identity):
                return known
        theirs = Theirs(self._number(), watching)
        await watching.__aenter__()
        self._take(theirs)
        return theirs

    def show(self, terminal: Open) -> None:
        """Its screen, above everything else."""
        from mesh_tui.screens.terminal import TerminalScreen

        screen = self._app.screen
        if isinstance(screen, TerminalScreen):
            if screen.terminal is not terminal:
                self._app.switch_screen(TerminalScreen(terminal))
        else:
            self._app.push_screen(TerminalScreen(terminal))

    def play(self, cast: "Cast", name: str) -> None:
        """A recording, which the file `name` has, on a screen of its own."""
        from mesh_tui.screens.replay import Replay

        self._app.push_screen(Replay(cast, name))

    def choose(self) -> None:
        """Shows the one that the person chooses, by its number."""
        from mesh_tui.screens.choose import Answer, Choose

        shown = {str(terminal.number): terminal for terminal in self._open}

        def chosen(key: str | None) -> None:
            if key in shown:
                self.show(shown[key])

        answers = [Answer(key, f"{terminal.whose}, {terminal.state}") for key, terminal in shown.items()]
        self._app.push_screen(Choose("Which terminal?", "", answers, wide=True), chosen)

    async def close(self, terminal: Open) -> None:
        """Ends it or leaves it; it is gone from here."""
        self._remove(terminal)
        await terminal.close()

    def _remove(self, terminal: Open) -> None:
        if terminal in self._open:
            self._open.remove(terminal)
            self._changed()

    def question_of_leaving(self) -> tuple[str, str] | None:
        """What a person is asked, and told, before the program ends; None where it ends nothing of others."""
        own = [terminal for terminal in self._open if isinstance(terminal, Own) and not terminal.over]
        if not own:
            return None
        return leaving_words([len(terminal.watchers) for terminal in own])

    async def record(self, own: Own) -> None:
        """Begins a recording among the downloads, or ends the one that runs. Raises: MeshError."""
        if own.recorded:
            own.hosted.record(None)
            return
        folder = await asyncio.to_thread(made, rules(self._app.settings).folder)
        place = folder / f"terminal-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}.cast"
        own.hosted.record(place)
        self._app.notify(f"Everybody is told that it is recorded, into {name_of(str(place))}.", markup=False)

    async def close_all(self) -> None:
        """There is nobody whose they are."""
        await asyncio.gather(*(self.close(terminal) for terminal in list(self._open)))

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _take(self, terminal: Open) -> None:
        self._open.append(terminal)
        self._changed()
        begin(self._app, self._follow, terminal, group="terminals")

    def _hint(self, terminal: Open) -> str:
        """Where a person who asks is answered."""
        if not terminal.own:
            return ""
        if terminal.listener is not None:
            return " Ctrl+] answers."
        key = key_label(keys_by_id("rooms.terminals", self._app.settings.keys))
        return f" {key} goes there."

    async def _follow(self, terminal: Open) -> None:
        pace, loop = Evenly(PAINT_S), asyncio.get_running_loop()
        while terminal in self._open:
            await terminal.changed.wait()
            if rest := pace.wait(loop.time()):
                await asyncio.sleep(rest)
            terminal.changed.clear()
            for words in terminal.news():
                self._app.notify(f"{words}{self._hint(terminal)}", markup=False)
            self._changed()
            if terminal.listener is not None:
                terminal.listener()
            elif terminal.over and terminal in self._open:  # else it was closed here, which needs no word
                self._remove(terminal)
                whose = (
                    f"the terminal of {name_of(terminal.who, NAME_CHARS)}"
                    if terminal.who
                    else "your terminal"
                )
                self._app.notify(f"Of {whose}: {terminal.state}.", markup=False)
            if terminal.over:
                return
