"""A shared terminal that is open here: my own, or that of somebody else whom I watch.

Strategy: screens and lists see both kinds through the same few names.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mesh_tui.transfers import name_of
from protocol.errors import MeshError
from protocol.peer_terminal import Cursor, Run, Watcher
from protocol.text import clean_line

if TYPE_CHECKING:
    from mesh_agent.terminal.guest_screen import GuestScreen
    from mesh_agent.terminal.hosting import Guest, Hosted
    from mesh_agent.terminal.pane import Laid
    from mesh_agent.terminal.watching import Watching

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


def ended_words(status: int | None, reason: str) -> str:
    """How it ended."""
    if status is None:
        return f"it is over: {clean_line(reason)}" if reason else "it is over"
    how = f"it ended with exit code {status}" if status >= 0 else f"it was ended by signal {-status}"
    return f"{how}. {clean_line(reason)}" if reason else how
