"""Where Ctrl+K leads to: rooms, people and commands, and which of them fit what is typed. Knows no screen.

Strategy: one list in the order in which things are worth offering: rooms with something new, then those
visited last, then the others, public ones, people, commands. What is typed chooses from it by `fuzzy`, which
keeps that order between equals. A sign before it (`#`, `@`, `/`) leaves only one sort of things. Names are
folded once for each sort, when that is first asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from mesh_tui.fuzzy import Folded, Hit, Names, fold, fold_query
from mesh_tui.layout.cells import paintable
from mesh_tui.rooms import Entry, active
from mesh_tui.slash_commands import Command
from protocol.rest import Member, Room
from protocol.text import clean_line

SHOWN: Final = 100
"""What is shown at most: who sees more types another letter."""

PUBLIC: Final = 5_000
"""Public rooms that are looked through; the larger ones."""

Kind = Literal["room", "dm", "public", "person", "command"]

SIGNS: Final[dict[str, tuple[Kind, ...]]] = {
    "": ("room", "dm", "public", "person", "command"),
    "#": ("room", "public"),
    "@": ("dm", "person"),
    "/": ("command",),
}
"""What is left by the sign that is typed first."""


class Destination(NamedTuple):
    """`key`: a room's id, a person's name, or a command's; `names`: what it is shown as, then its others.

    Names and hint can be painted as they are.
    """

    kind: Kind
    key: str
    names: tuple[str, ...]
    hint: str = ""
    usage: str = ""
    unread: int = 0
    mentions: int = 0
    private: bool = False


class Offered(NamedTuple):
    """A destination, and by what it was found; `hit` is None where nothing was typed."""

    to: Destination
    hit: Hit | None = None


def read(typed: str) -> tuple[str, str]:
    """The sign that is typed first, and the folded rest."""
    typed = typed.lstrip()
    sign = typed[:1] if typed[:1] in SIGNS else ""
    return sign, fold_query(typed[len(sign) :])


class Destinations:
    """All of them, in order."""

    def __init__(self, all_of_them: Sequence[Destination]) -> None:
        self._of = {sign: [to for to in all_of_them if to.kind in kinds] for sign, kinds in SIGNS.items()}
        self._all = all_of_them
        self._folded: dict[Destination, list[Folded]] = {}
        self._names: dict[str, Names] = {}

    def prepare(self) -> "Destinations":
        """Folds all names now; takes a while for thousands of them, so this is for a thread."""
        for sign in SIGNS:
            self._names_of(sign)
        return self

    def find(self, typed: str) -> list[Offered]:
        """What fits best, `SHOWN` at most; with only a sign typed all of its sort, with nothing my rooms."""
        sign, query = read(typed)
        sort = self._of[sign]
        if query:
            return [Offered(sort[hit.item], hit) for hit in self._names_of(sign).find(query, SHOWN)]
        mine = [to for to in sort if to.kind in ("room", "dm")] if not sign else []
        return [Offered(to) for to in (mine or sort)[:SHOWN]]

    def _names_of(self, sign: str) -> Names:
        if not self._folded:
            self._folded = {to: [fold(name) for name in to.names] for to in self._all}
        if sign not in self._names:
            self._names[sign] = Names([self._folded[to] for to in self._of[sign]])
        return self._names[sign]


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


def my_rooms(
    entries: Sequence[Entry], recent: Iterable[str], here: str, known: Iterable[Member] = ()
) -> list[Destination]:
    """My rooms: those with something new, those of `recent`, the others by name, and `here` last.

    `known`: people, whose DMs are found by their other names too.
    """
    by_id = {entry.room.id: entry for entry in entries}
    rest = sorted(entries, key=lambda entry: entry.room.name.casefold())
    order = dict.fromkeys(
        [
            *(entry.room.id for entry in active(entries, here)),
            *(room_id for room_id in recent if room_id in by_id and room_id != here),
            *(entry.room.id for entry in rest if entry.room.id != here),
            *([here] if here in by_id else ()),
        ]
    )
    names = {member.user_id: _names(member) for member in known}
    return [_mine(by_id[room_id], here, names) for room_id in order]


def _mine(entry: Entry, here: str, names: Mapping[str, tuple[str, ...]]) -> Destination:
    room = entry.room
    with_whom = names.get(room.dm_with.id) if room.dm_with else None
    return Destination(
        "dm" if room.kind == "dm" else "room",
        room.id,
        with_whom or (_painted(room.name),),
        "you are here" if room.id == here else _painted(room.topic),
        unread=entry.unread,
        mentions=entry.mentions,
        private=room.visibility == "private",
    )


def public_rooms(directory: Iterable[Room], entries: Iterable[Entry]) -> list[Destination]:
    """The public rooms that I may still join, the largest first."""
    mine = {entry.room.id for entry in entries}
    rooms = [room for room in directory if room.id not in mine]
    rooms.sort(key=lambda room: (-(room.member_count or 0), room.name.casefold()))
    return [
        Destination("public", room.id, (_painted(room.name),), _painted(room.topic))
        for room in rooms[:PUBLIC]
    ]


def people(known: Iterable[Member], entries: Iterable[Entry], my_id: str) -> list[Destination]:
    """The others whom I know and have no room alone with."""
    left_out = {entry.room.dm_with.id for entry in entries if entry.room.dm_with} | {my_id}
    return [
        Destination("person", member.username, _names(member))
        for member in known
        if member.user_id not in left_out
    ]


def _names(member: Member) -> tuple[str, ...]:
    name, other = _painted(member.username), _painted(member.display_name)
    return (name, other) if other and other != name else (name,)


def _painted(text: str) -> str:
    return paintable(clean_line(text))


def commands(registry: Iterable[Command], *, in_room: bool) -> list[Destination]:
    """The commands that can be given here."""
    given = [command for command in registry if in_room or command.anywhere]
    return [
        Destination("command", command.name, (command.name, *command.aliases), command.help, command.usage)
        for command in sorted(given, key=lambda command: command.name)
    ]
