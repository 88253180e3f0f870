"""The shared terminals that are open in this program: my own, and those of others that I watch.

Strategy: a terminal goes on whether or not its screen is in front. One worker for each waits until something
of it is another, tells its screen, if there is one, at most so often in a second, and tells the person what
must not wait: that somebody asks to be let in, and the end. A screen sees both kinds through the same few
names.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.signal import Signal

from mesh_agent.client.errors import FilesUnusable
from mesh_tui.actions import key_label
from mesh_tui.keymap import keys_by_id
from mesh_tui.layout.cells import Fragment
from mesh_tui.layout.terminals import background_words, leaving_words
from mesh_tui.letting_go import LooseSignal
from mesh_tui.rules import rules
from mesh_tui.transfers import name_of
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.peer_terminal import Cursor, Run, Watcher
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.terminal.guest_screen import GuestScreen
    from mesh_agent.terminal.hosting import Guest, Hosted
    from mesh_agent.terminal.pane import Laid
    from mesh_agent.terminal.watching import Watching
    from mesh_tui.app import MeshApp

PAINT_S: Final = 1 / 30
"""How soon a screen is told of the next change; what came between is seen as one."""

NAME_CHARS: Final = 40


class Open:
    """A terminal that is open here. `number`: what it is called in commands."""

    own = False

    def __init__(self, number: int, room_id: str) -> None:
        self.number: Final = number
        self.room_id: Final = room_id
        self.listener: Callable[[], None] | None = None
        self.changed: asyncio.Event

    @property
    def screen(self) -> "GuestScreen":
        raise NotImplementedError

    @property
    def cursor(self) -> Cursor:
        return self.screen.cursor

    @property
    def guesses(self) -> "Sequence[Laid]":
        return ()

    @property
    def underlined(self) -> bool:
        return False

    @property
    def command(self) -> str:
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """Its id, as it was announced."""
        raise NotImplementedError

    @property
    def who(self) -> str:
        """Whose it is; empty where it is mine."""
        return ""

    @property
    def title(self) -> str:
        """What runs in it, or what that says of itself."""
        return name_of(self.screen.title or self.command or "terminal", NAME_CHARS)

    @property
    def whose(self) -> str:
        """What runs in it, and whose it is."""
        return f"{self.title}, {name_of(self.who, NAME_CHARS)}'s" if self.who else f"{self.title}, yours"

    @property
    def over(self) -> bool:
        raise NotImplementedError

    @property
    def writes(self) -> bool:
        raise NotImplementedError

    @property
    def recorded(self) -> bool:
        raise NotImplementedError

    @property
    def watchers(self) -> Sequence[Watcher]:
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        """How many wait for an answer of mine."""
        return 0

    @property
    def state(self) -> str:
        """How it is, in a few words."""
        raise NotImplementedError

    def type(self, data: bytes) -> object:
        raise NotImplementedError

    def resize(self, columns: int, rows: int) -> None:
        raise NotImplementedError

    async def lines(self, first: int, count: int) -> "tuple[int, Sequence[Sequence[Run]]]":
        raise NotImplementedError

    async def close(self) -> None:
        """Ends it, or leaves it."""
        raise NotImplementedError

    def news(self) -> Iterable[str]:
        """What the person is to be told now, wherever they are."""
        return ()


class Own(Open):
    """One that I share."""

    own = True

    def __init__(self, number: int, hosted: "Hosted") -> None:
        super().__init__(number, hosted.room_id)
        self.hosted = hosted
        self.changed = hosted.changed
        self._told: set[str] = set()

    @property
    def screen(self) -> "GuestScreen":
        assert self.hosted.screen is not None
        return self.hosted.screen

    @property
    def command(self) -> str:
        return self.hosted.command

    @property
    def identity(self) -> str:
        return self.hosted.id

    @property
    def over(self) -> bool:
        return self.hosted.phase == "ended"

    @property
    def writes(self) -> bool:
        return not self.over

    @property
    def recorded(self) -> bool:
        return self.hosted.recorded is not None

    @property
    def watchers(self) -> Sequence[Watcher]:
        return self.hosted.watchers

    @property
    def guests(self) -> "Sequence[Guest]":
        return self.hosted.guests

    @property
    def waiting(self) -> int:
        return 0 if self.over else sum(bool(_wish(guest)) for guest in self.guests)

    @property
    def state(self) -> str:
        if self.over:
            return ended_words(self.hosted.exit_status, self.hosted.reason)
        asks = sum(guest.state == "asks" for guest in self.guests)
        watch = len(self.watchers)
        words = [f"{watch} {'watches' if watch == 1 else 'watch'}"] if watch else []
        words += [f"{asks} {'asks' if asks == 1 else 'ask'} to watch"] if asks else []
        return ", ".join(words) or "nobody watches"

    def type(self, data: bytes) -> object:
        with suppress(MeshError):  # it may have ended a moment ago
            self.hosted.type(data)
        return None

    def resize(self, columns: int, rows: int) -> None:
        with suppress(MeshError):
            self.hosted.resize(columns, rows)

    async def lines(self, first: int, count: int) -> "tuple[int, Sequence[Sequence[Run]]]":
        return await self.hosted.lines(first, count)

    async def close(self) -> None:
        await self.hosted.end()

    def news(self) -> Iterable[str]:
        now = {f"{guest.key} {_wish(guest)}": guest for guest in self.guests if _wish(guest)}
        fresh = [guest for key, guest in now.items() if key not in self._told]
        self._told = set(now)
        for guest in fresh:
            yield f"{name_of(guest.name, NAME_CHARS)} asks to {_wish(guest)} your terminal {self.number}."


def _wish(guest: "Guest") -> str:
    return "watch" if guest.state == "asks" else "write in" if guest.asking and not guest.writes else ""


class Theirs(Open):
    """One that I watch."""

    def __init__(self, number: int, watching: "Watching") -> None:
        super().__init__(number, watching.room_id)
        self.watching = watching
        self.changed = watching.changed
        self._wrote = False

    @property
    def screen(self) -> "GuestScreen":
        return self.watching.screen

    @property
    def cursor(self) -> Cursor:
        return self.watching.cursor

    @property
    def guesses(self) -> "Sequence[Laid]":
        return self.watching.guesses

    @property
    def underlined(self) -> bool:
        return self.watching.prediction.underlined

    @property
    def command(self) -> str:
        return self.watching.command

    @property
    def identity(self) -> str:
        return self.watching.terminal

    @property
    def who(self) -> str:
        return self.watching.peer_name

    @property
    def over(self) -> bool:
        return self.watching.over

    @property
    def writes(self) -> bool:
        return self.watching.writes

    @property
    def recorded(self) -> bool:
        return self.watching.recorded

    @property
    def watchers(self) -> Sequence[Watcher]:
        return self.watching.watchers

    @property
    def state(self) -> str:
        watching, name = self.watching, name_of(self.who, NAME_CHARS)
        why = clean_line(watching.reason)
        match watching.phase:
            case "connecting":
                return f"looking for a way to {name}"
            case "asking":
                return f"{name} is asked whether you may watch"
            case "lost":
                return f"the line is lost, and comes back by itself: {why}" if why else "the line is lost"
            case "ended":
                return ended_words(watching.exit_status, why if watching.exit_status is None else "")
            case "refused":
                return why or f"{name} does not let you watch"
            case _:
                return f"{'you may write' if self.writes else 'you watch'}, {watching.way or ''}".rstrip(", ")

    def type(self, data: bytes) -> object:
        return self.watching.type(data)

    def resize(self, columns: int, rows: int) -> None:
        self.watching.resize(columns, rows)

    async def lines(self, first: int, count: int) -> "tuple[int, Sequence[Sequence[Run]]]":
        return await self.watching.lines(first, count)

    async def close(self) -> None:
        await self.watching.close()

    def news(self) -> Iterable[str]:
        before, self._wrote = self._wrote, self.writes
        if self.writes != before:
            what = "You may write" if self.writes else "You may no longer write"
            yield f"{what} in the terminal of {name_of(self.who, NAME_CHARS)}."


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FilesUnusable(f"The folder {folder} cannot be used: {error.strerror}.") from None
    return folder


def ended_words(status: int | None, reason: str) -> str:
    """How it ended."""
    if status is None:
        return f"it is over: {clean_line(reason)}" if reason else "it is over"
    how = f"it ended with exit code {status}" if status >= 0 else f"it was ended by signal {-status}"
    return f"{how}. {clean_line(reason)}" if reason else how


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
        folder = await asyncio.to_thread(_made, rules(self._app.settings).folder)
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
        while terminal in self._open:
            await terminal.changed.wait()
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
            await asyncio.sleep(PAINT_S)
