"""Who watches a shared terminal, and who may do what in it. No IO; clocks are arguments.

    met ──TERM_OPEN──> asks ──let in──> watches ──granted──> writes
                         └──refused──> gone       <──taken──┘      kicked, left, lost ──> gone

Strategy: everything a guest says comes here first, and what is to be done about it goes out as actions, so
that no guest reaches the program in another way. A right is looked up at each input, never remembered by who
sends it. Each thing that a guest can cause has a bound: frames a second, pages of history, answers.

Devices are remembered, not connections: who was let in comes back without being asked about, and with the
grant it had; who was kicked has to be let in anew.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from mesh_agent.machines.terminal_flow import Flow
from protocol import limits
from protocol.errors import PeerTooMany
from protocol.peer import P2pError, P2pPing, PeerFrame
from protocol.peer_terminal import (
    TermAck,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermOpen,
    TermOpened,
    TermResize,
    TermStatus,
    Watcher,
)

LetIn = Literal["ask", "members", "compared"]
"""Who comes in without being asked about: nobody, everybody who can ask at all, or compared devices."""

FRAMES_BURST: Final = 2_000
FRAMES_A_SECOND: Final = 500
"""Frames of one guest; who says more than that is no guest of good will, and is gone."""

PAGES_BURST: Final = 20
PAGES_A_SECOND: Final = 20
"""Pages of what has scrolled away, of one guest; more than that are not answered."""

REMINDED_S: Final = 1.0
"""How often a guest is told that it may not write."""

STATUS_S: Final = 0.1
"""How often all are told who watches."""

REMEMBERED: Final = 256
"""Devices that were let in or granted; past it those longest ago are forgotten, and asked about anew."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at the other end, as the agent vouches for it."""

    name: str
    user_id: str
    device_id: str
    compared: bool = False
    way: Literal["direct", "punched", "relay"] = "direct"

    @property
    def device(self) -> tuple[str, str]:
        return self.user_id, self.device_id


# ── actions ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Say:
    """This frame goes to that guest."""

    key: str
    frame: PeerFrame


@dataclass(frozen=True, slots=True)
class Bye:
    """The line to that guest ends, after what was said."""

    key: str


@dataclass(frozen=True, slots=True)
class Write:
    """These bytes go to the program; the guest is told that it has them by `wrote`."""

    key: str
    data: bytes
    stamp: int


@dataclass(frozen=True, slots=True)
class Page:
    """That guest wants these lines of what has scrolled away."""

    key: str
    request: str
    first: int
    count: int


Action = Say | Bye | Write | Page


class Bucket:
    """So many at once, and so many a second."""

    def __init__(self, burst: int, rate: float, now: float) -> None:
        self._burst, self._rate, self._left, self._at = burst, rate, float(burst), now

    def take(self, now: float) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Guest:
    """One connection.

    Attributes:
        state: `met` before it says what it wants, `asks` while the person is asked, `watches`.
        wants: it asks to write.
        columns, rows: its view; it never changes the terminal.
        echo: the stamp of its last input that the program has.
    """

    def __init__(self, key: str, person: Person, now: float) -> None:
        self.key, self.person = key, person
        self.state: Literal["met", "asks", "watches"] = "met"
        self.wants = False
        self.columns = self.rows = 0
        self.echo = 0
        self.flow: Final = Flow()
        self.frames: Final = Bucket(FRAMES_BURST, FRAMES_A_SECOND, now)
        self.pages: Final = Bucket(PAGES_BURST, PAGES_A_SECOND, now)
        self.reminded_at = -REMINDED_S


@dataclass(slots=True)
class _Remembered:
    writes: bool = False


@dataclass
class TerminalHost:
    """One shared terminal.

    Attributes:
        guests: by key, in the order they came; those who are asked about among them.
        actions: what is to be done; whoever calls takes them out.
        recorded: what is shown is being recorded.
        over: no guest is taken any more.
        changed: counts whatever the host's person is shown of guests.
    """

    terminal: str
    command: str
    columns: int
    rows: int
    let_in: LetIn = "ask"
    recorded: bool = False
    over: bool = False
    changed: int = 0
    guests: dict[str, Guest] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    _devices: dict[tuple[str, str], _Remembered] = field(default_factory=dict)
    _kicked: dict[tuple[str, str], None] = field(default_factory=dict)
    _status_at: float = 0.0
    _status_due: bool = False

    # ── guests ───────────────────────────────────────────────────────────────────────────────────

    def joined(self, key: str, person: Person, now: float) -> None:
        """Somebody is there, and is who `person` says."""
        self.guests[key] = Guest(key, person, now)

    def left(self, key: str) -> None:
        """The line is lost, or was ended."""
        guest = self.guests.pop(key, None)
        if guest is not None and guest.state != "met":
            self._tell()

    def compared(self, key: str) -> None:
        """The two persons have compared the identity of this guest's device meanwhile."""
        guest = self.guests.get(key)
        if guest is not None and not guest.person.compared:
            person = guest.person
            guest.person = Person(person.name, person.user_id, person.device_id, True, person.way)
            self.changed += 1

    def receive(self, key: str, frame: PeerFrame, now: float) -> None:
        """Raises: PeerTooMany: this guest says too much; its line has to be ended."""
        guest = self.guests.get(key)
        if guest is None:
            return
        if not guest.frames.take(now):
            raise PeerTooMany
        if isinstance(frame, P2pPing):
            if not frame.answer:
                self.actions.append(Say(key, P2pPing(stamp=frame.stamp, answer=True)))
            return
        step = self._STEPS.get(type(frame))
        if step is not None:
            step(self, guest, frame, now)

    def wrote(self, key: str, stamp: int) -> None:
        """The program was given the input of that stamp."""
        guest = self.guests.get(key)
        if guest is not None:
            guest.echo = max(guest.echo, stamp)

    # ── what the host's person does ──────────────────────────────────────────────────────────────

    def admit(self, key: str) -> None:
        """Lets it in. Does nothing where it does not ask."""
        guest = self.guests.get(key)
        if guest is None or guest.state != "asks":
            return
        guest.state = "watches"
        remembered = self._remember(guest)
        opened = TermOpened(
            terminal=self.terminal, command=self.command, columns=self.columns, rows=self.rows
        )
        self.actions += [Say(key, opened), Say(key, self._status())]
        self.actions.append(Say(key, TermGrant(write=remembered.writes and guest.person.compared)))
        self._tell()

    def refuse(self, key: str, reason: str = "") -> None:
        """Does not let it in."""
        guest = self.guests.get(key)
        if guest is not None and guest.state == "asks":
            self._end(guest, "declined", reason)

    def grant(self, key: str, *, write: bool, reason: str = "") -> bool:
        """Lets it write, or not any more. Returns False where it may not: its identity was not compared."""
        guest = self.guests.get(key)
        if guest is None or guest.state != "watches":
            return True
        if write and not guest.person.compared:
            return False
        guest.wants = False
        self._remember(guest).writes = write
        for other in self.guests.values():
            if other.person.device == guest.person.device and other.state == "watches":
                self.actions.append(Say(other.key, TermGrant(write=write, reason=reason)))
        self._tell()
        return True

    def kick(self, key: str, reason: str = "") -> None:
        """Ends its line; it has to be let in anew."""
        guest = self.guests.get(key)
        if guest is not None:
            self._devices.pop(guest.person.device, None)
            self._kicked[guest.person.device] = None
            while len(self._kicked) > REMEMBERED:
                self._kicked.pop(next(iter(self._kicked)))
            self._end(guest, "kicked", reason)

    def record(self, recorded: bool) -> None:
        """All are told."""
        if recorded != self.recorded:
            self.recorded = recorded
            self._tell()

    def end(self, code: str, exit_status: int | None = None, reason: str = "") -> None:
        """It is over, for all."""
        self.over = True
        for guest in list(self.guests.values()):
            self._end(guest, code, reason, exit_status)

    # ── what is to be told when ──────────────────────────────────────────────────────────────────

    def writes(self, guest: Guest) -> bool:
        """Whether it may, now."""
        remembered = self._devices.get(guest.person.device)
        return (
            guest.state == "watches"
            and guest.person.compared
            and remembered is not None
            and remembered.writes
        )

    def watching(self) -> Iterator[Guest]:
        """Those who are shown the screen."""
        return (guest for guest in self.guests.values() if guest.state == "watches")

    def tick(self, now: float) -> float | None:
        """Tells who watches, where that is due; returns in how many seconds to call again."""
        if not self._status_due:
            return None
        if now < self._status_at:
            return self._status_at - now
        self._status_due, self._status_at = False, now + STATUS_S
        status = self._status()
        self.actions += [Say(guest.key, status) for guest in self.watching()]
        return None

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _opened(self, guest: Guest, frame: TermOpen, _now: float) -> None:
        if guest.state != "met":
            return
        guest.columns, guest.rows = frame.columns, frame.rows
        if self.over or (frame.terminal and frame.terminal != self.terminal):
            self._end(guest, "unknown")
            return
        if sum(other.state != "met" for other in self.guests.values()) >= limits.TERM_WATCHERS:
            self._end(guest, "full")
            return
        guest.state = "asks"
        device = guest.person.device
        known = device in self._devices
        free = self.let_in == "members" or (self.let_in == "compared" and guest.person.compared)
        if known or (free and device not in self._kicked):
            self.admit(guest.key)
        else:
            self.changed += 1

    def _acknowledged(self, guest: Guest, frame: TermAck, _now: float) -> None:
        guest.flow.acknowledged(frame.number)

    def _input(self, guest: Guest, frame: TermInput, now: float) -> None:
        if self.writes(guest):
            self.actions.append(Write(guest.key, frame.data, frame.stamp))
        elif now - guest.reminded_at >= REMINDED_S:
            guest.reminded_at = now
            self.actions.append(Say(guest.key, TermGrant(write=False)))

    def _resized(self, guest: Guest, frame: TermResize, _now: float) -> None:
        guest.columns, guest.rows = frame.columns, frame.rows
        self.changed += 1

    def _history(self, guest: Guest, frame: TermHistory, now: float) -> None:
        if guest.state == "watches" and guest.pages.take(now):
            self.actions.append(Page(guest.key, frame.request, frame.first, frame.count))

    def _wants(self, guest: Guest, frame: TermGrant, _now: float) -> None:
        if guest.state != "watches":
            return
        wants = frame.write and not self.writes(guest)
        if wants != guest.wants:
            guest.wants = wants
            self.changed += 1
        if not frame.write and self.writes(guest):
            self.grant(guest.key, write=False)

    def _leaves(self, guest: Guest, _frame: TermClose | P2pError, _now: float) -> None:
        self.actions.append(Bye(guest.key))
        self.left(guest.key)

    def _end(self, guest: Guest, code: str, reason: str = "", exit_status: int | None = None) -> None:
        reason = reason[: limits.PEER_SENTENCE_CHARS]
        close = TermClose(code=code, reason=reason, exit_status=exit_status)
        self.actions += [Say(guest.key, close), Bye(guest.key)]
        self.left(guest.key)

    def _remember(self, guest: Guest) -> _Remembered:
        device = guest.person.device
        self._kicked.pop(device, None)
        remembered = self._devices.pop(device, None) or _Remembered()
        self._devices[device] = remembered
        while len(self._devices) > REMEMBERED:
            self._devices.pop(next(iter(self._devices)))
        return remembered

    def _tell(self) -> None:
        self.changed += 1
        self._status_due = True

    def _status(self) -> TermStatus:
        watchers = [
            Watcher(name=guest.person.name[: limits.NAME_CHARS], writes=self.writes(guest))
            for guest in self.watching()
        ]
        return TermStatus(watchers=watchers[: limits.TERM_WATCHERS], recorded=self.recorded)

    _STEPS: ClassVar[Mapping[type, Callable[..., Any]]] = {
        TermOpen: _opened,
        TermAck: _acknowledged,
        TermInput: _input,
        TermResize: _resized,
        TermHistory: _history,
        TermGrant: _wants,
        TermClose: _leaves,
        P2pError: _leaves,
    }
    """What a guest may say; anything else says nothing here."""
