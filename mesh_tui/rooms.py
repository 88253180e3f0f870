"""My rooms as lists show them: in groups, in an order that stays, with numbers. Knows no screen.

Strategy: one order is for everything, so that the list, the status line and Alt+A agree: what is new comes
first (mentions, then DMs, then the rest), below it rooms and DMs by name, muted ones at the end of theirs.
The numbers of Alt+1…9 do not depend on what is new, or a hand could not learn them. The room that is open
keeps the place it was opened at: reading it would else move its row away below one's eyes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from mesh_tui.settings import Level, Settings
from protocol.rest import Room

DEFAULT: Final = "default"
"""What is typed and shown where a room has no level of its own."""

Group = Literal["unread", "rooms", "dms"]

GROUPS: Final[tuple[Group, ...]] = ("unread", "rooms", "dms")
"""In the order of the list."""

NO_OFFERS: Final[Mapping[str, int]] = {}

NUMBERS: Final = 9
"""Rooms that have a key of their own: Alt+1…9."""


class Place(NamedTuple):
    """Where a room stands: its group, and the rank within that, the lowest first."""

    group: Group
    rank: int


class Held(NamedTuple):
    """The room that is open, and the place where it stays meanwhile."""

    room_id: str
    place: Place


class Entry(NamedTuple):
    """One row of the list.

    `number`: its key with Alt, or 0. `unread` and `mentions`: those that count. `offers`: files that wait
    for an answer.
    """

    room: Room
    level: Level
    place: Place
    number: int
    unread: int
    mentions: int
    offers: int = 0

    @property
    def active(self) -> bool:
        """Whether it has something new that counts."""
        return self.unread > 0


# ── what counts ──────────────────────────────────────────────────────────────────────────────────


def name_in_settings(room: Room) -> str:
    """What the settings call a room: its name; `@alice` for the one with alice alone."""
    return f"@{room.name}" if room.kind == "dm" else room.name


def level_set(settings: Settings, room: Room) -> Level | None:
    """The level that is set for a room; None where nothing is said of it."""
    levels = settings.notify.rooms
    name = name_in_settings(room)
    if name in levels or not levels:
        return levels.get(name)
    return next((level for other, level in levels.items() if other.casefold() == name.casefold()), None)


def level_of(settings: Settings, room: Room) -> Level:
    """What counts as new in a room: without a level, everything."""
    return level_set(settings, room) or "all"


def told_of(settings: Settings, room: Room) -> Level:
    """What of a room is told: without a level, what is said to the person."""
    return level_set(settings, room) or "mentions"


def with_level(settings: Settings, room: Room, level: Level | None) -> Mapping[str, Level]:
    """`notify.rooms` as it is to be saved, with another level for this room, or none."""
    name = name_in_settings(room)
    others = {
        known: value for known, value in settings.notify.rooms.items() if known.casefold() != name.casefold()
    }
    return others if level is None else {**others, name: level}


def counted(room: Room, level: Level) -> tuple[int, int]:
    """How many new messages and mentions of me count in a room of that level."""
    unread, mentions = room.unread or 0, room.mentions or 0
    match level:
        case "all":
            return max(unread, mentions), mentions
        case "mentions":
            return mentions, mentions
        case "none":
            return 0, 0


# ── the order ────────────────────────────────────────────────────────────────────────────────────


def arrange(
    rooms: Collection[Room],
    level: Callable[[Room], Level],
    held: Held | None = None,
    offers: Mapping[str, int] = NO_OFFERS,
) -> list[Entry]:
    """All of `rooms` in the order of the list; the one that is `held` in the place where it was.

    `offers`: how many files wait for an answer, by room.
    """
    levels = {room.id: level(room) for room in rooms}
    base = sorted(rooms, key=lambda room: _base(room, levels[room.id]))
    entries = []
    for index, room in enumerate(base):
        known = levels[room.id]
        place = held.place if held and held.room_id == room.id else place_of(room, known)
        number = index + 1 if index < NUMBERS else 0
        counts = counted(room, known)
        entries.append(Entry(room, known, place, number, *counts, offers.get(room.id, 0)))
    return sorted(entries, key=lambda entry: (GROUPS.index(entry.place.group), entry.place.rank))


def _base(room: Room, level: Level) -> tuple[bool, bool, str, str]:
    """The order of the numbers: who mutes a room needs no key for it."""
    return level == "none", room.kind == "dm", room.name.casefold(), room.id


def place_of(room: Room, level: Level) -> Place:
    """Where a room belongs by what is new in it."""
    unread, mentions = counted(room, level)
    is_dm = room.kind == "dm"
    if unread:
        return Place("unread", 0 if mentions else 1 if is_dm else 2)
    return Place("dms" if is_dm else "rooms", 1 if level == "none" else 0)


def active(entries: Sequence[Entry], here: str = "") -> list[Entry]:
    """Those that have something new, but the room `here`; the most urgent first."""
    hot = [entry for entry in entries if entry.active and entry.room.id != here]
    return sorted(hot, key=lambda entry: place_of(entry.room, entry.level).rank)


def numbered(entries: Iterable[Entry], number: int) -> Room | None:
    """The room whose key is Alt with this digit."""
    return next((entry.room for entry in entries if entry.number == number), None)
