"""What is told of a message, and when: the decision, what is new, the words. Knows no screen and no clock.

Strategy: most messages need nothing told, since the list of rooms counts them. What is said to a person is:
on the screen where they sit before it in another room, on their desktop where they do not. The first of a
burst is told at once, the rest joined, after pauses that grow while nobody looks; so whatever comes, there is
an upper bound of what is told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mesh_agent.calls.state import Ringing
from mesh_agent.sharing.state import Transfer
from mesh_tui.layout.cells import paintable
from mesh_tui.transfers import name_of, offer_words
from protocol.rest import EVERYONE, Message, Room
from protocol.text import clean_line

Level = Literal["all", "mentions", "none"]
Shown = Literal["nothing", "toast", "desktop"]

PAUSE_S: Final = 3.0
PAUSE_MOST_S: Final = 120.0
"""How long at least what follows is gathered after something was told, and at most."""

ROOMS_MOST: Final = 100
"""Rooms of which it is known by name that something waits to be told; the rest is only counted."""

NAMED: Final = 3
"""Rooms that are named in one notification."""

TEXT_CHARS: Final = 200

ANSWERED_SEQ: Final = 1 << 60
"""More than any message has: an offer is not read with them."""

IDLE_S: Final = 60.0
"""After so long without a key somebody may have left, where the terminal does not tell of its focus."""


# ── whether ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A message that is new, and how it finds the person.

    Attributes:
        level: what of its room is to be told.
        to_me: it names the person, or all, or stands in a DM.
        busy: they want quiet.
        there: they sit before the terminal.
        open: its room is what they see there.
    """

    level: Level
    to_me: bool
    busy: bool
    there: bool
    open: bool


def decide(now: Situation) -> Shown:
    """Where it is told."""
    if now.busy or now.level == "none" or not (now.to_me or now.level == "all"):
        return "nothing"
    if not now.there:
        return "desktop"
    return "toast" if now.to_me and not now.open else "nothing"


def is_to(user_id: str, message: Message, room: Room) -> bool:
    """Whether it is said to this person."""
    return room.kind == "dm" or user_id in message.mentions or EVERYONE in message.mentions


def to_me(room: Room, level: Level) -> int:
    """How much of what is not read in it is said to the person, as far as that is to be told."""
    unread, mentions = room.unread or 0, room.mentions or 0
    return 0 if level == "none" else max(unread, mentions) if room.kind == "dm" else mentions


class Attention:
    """Whether somebody sits before the terminal. Times are seconds of any clock."""

    def __init__(self, now: float) -> None:
        self._focus: bool | None = None
        self._active_at = now

    def focused(self, focus: bool, now: float) -> None:
        """The terminal told so; from then on it is trusted in that."""
        self._focus = focus
        if focus:
            self._active_at = now

    def active(self, now: float) -> None:
        """A key was pressed."""
        self._active_at = now
        self._focus = self._focus if self._focus is None else True

    def is_there(self, now: float) -> bool:
        return self._focus if self._focus is not None else now - self._active_at < IDLE_S


# ── what is new ──────────────────────────────────────────────────────────────────────────────────


class News:
    """Tells a new message from one that has changed, and from what was said before the program ran.

    What was missed while the line was down is new all the same.
    """

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}

    def begin(self, rooms: Iterable[Room]) -> None:
        """The line is up for the first time: what these rooms have by now is no news."""
        for room in rooms:
            self._newest[room.id] = max(room.last_seq, self._newest.get(room.id, 0))

    def know(self, rooms: Iterable[Room]) -> None:
        """These are the rooms; those that are gone are forgotten."""
        self._newest = {room.id: self._newest.get(room.id, room.last_seq) for room in rooms}

    def reset(self, room: Room) -> None:
        """What is held of it begins anew, perhaps with other numbers."""
        self._newest[room.id] = room.last_seq

    def is_new(self, message: Message, room: Room) -> bool:
        """Whether this is heard for the first time, as it was first said, and not read elsewhere."""
        newest = self._newest.get(message.room_id, room.last_seq - 1)
        if message.seq <= newest:
            return False
        self._newest[message.room_id] = message.seq
        return not message.deleted and message.seq > (room.read_seq or 0)


# ── when, and in which words ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to be told of. `room` is empty for a DM; texts are as they may be painted, on one line."""

    room_id: str
    seq: int
    room: str
    author: str
    text: str
    to_me: bool
    what: str = ""
    """What happened, where nothing was said."""

    @classmethod
    def of(cls, message: Message, room: Room, *, to_me: bool) -> "Notice":
        first = next((line for line in paintable(message.content).split("\n") if line.strip()), "")
        name = "" if room.kind == "dm" else clean_line(room.name)
        author = clean_line(message.author.username)
        return cls(room.id, message.seq, name, author, clean_line(first)[:TEXT_CHARS], to_me)

    @classmethod
    def of_offer(cls, transfer: Transfer, room: Room) -> "Notice":
        """That a file is offered; nothing but an answer makes that read."""
        name = "" if room.kind == "dm" else clean_line(room.name)
        words = offer_words(transfer)
        peer = name_of(transfer.peer_name)
        return cls(room.id, ANSWERED_SEQ, name, peer, words, to_me=True, what="offers you something")

    @classmethod
    def of_call(cls, ringing: Ringing, room: Room) -> "Notice":
        """That somebody calls; only an answer makes that read."""
        name = "" if room.kind == "dm" else clean_line(room.name)
        what = "calls with video" if ringing.video else "calls"
        return cls(room.id, ANSWERED_SEQ, name, name_of(ringing.name), "", to_me=True, what=what)

    @property
    def place(self) -> str:
        return self.room or self.author

    @property
    def gist(self) -> str:
        """What happened, without what was said."""
        if self.what:
            return self.what
        return (
            "mentions you" if self.room and self.to_me else "said something" if self.room else "wrote to you"
        )


@dataclass(slots=True)
class _Waiting:
    count: int
    last: Notice


class Bursts:
    """What waits to be told. Times are seconds of any clock."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Waiting] = {}
        self._more = 0
        self._pause = PAUSE_S
        self._told_at = float("-inf")

    def add(self, notice: Notice) -> None:
        waiting = self._rooms.get(notice.room_id)
        if waiting is not None:
            waiting.count += 1
            waiting.last = notice
        elif len(self._rooms) < ROOMS_MOST:
            self._rooms[notice.room_id] = _Waiting(1, notice)
        else:
            self._more += 1

    def due(self) -> float | None:
        """When it may be told; None while nothing waits."""
        return self._told_at + self._pause if self._rooms else None

    def calm(self) -> None:
        """Somebody is there again: what waits they see themselves, and the next is told at once."""
        self._rooms.clear()
        self._more, self._pause, self._told_at = 0, PAUSE_S, float("-inf")

    def take(self, now: float, is_read: Callable[[Notice], bool], *, text: bool) -> tuple[str, str] | None:
        """What is to be told, as a title and a body; None where all of it was read meanwhile.

        `text`: what was said is told too, and not only by whom.
        """
        waiting = [known for known in self._rooms.values() if not is_read(known.last)]
        more, self._more = self._more, 0
        self._rooms.clear()
        if not waiting:
            return None
        quiet = now - self._told_at > self._pause + PAUSE_MOST_S
        self._pause = PAUSE_S if quiet else min(2 * self._pause, PAUSE_MOST_S)
        self._told_at = now
        return words(waiting, more, text=text)


def words(waiting: Sequence[_Waiting], more: int, *, text: bool) -> tuple[str, str]:
    """A title, and a body that may be empty."""
    last = waiting[-1].last
    count = sum(known.count for known in waiting) + more
    if count == 1:
        title = f"{last.author} in {last.room}" if last.room else last.author
        return title, last.text if text and last.text else last.gist
    places = [known.last.place for known in waiting]
    named = ", ".join(places[:NAMED])
    if more or len(places) > NAMED:
        named += " and more"
    between = "in" if last.room or len(places) > 1 else "from"
    return f"{count} new {between} {named}", f"{last.author}: {last.text}" if text else ""
