"""Lists of rooms: that on Home, with rooms to join below mine, and the one beside the messages.

Strategy: both show the same entries in the same groups; `room_row` makes a row as wide as there is place. A
row is chosen by room and not by its number, so that it stays chosen while others come above it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final, Literal

from msgspec import structs
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from mesh_tui.layout.cells import Fragment, Line, pad, paintable, width, wrap
from mesh_tui.rooms import Entry, Group
from mesh_tui.theme import Palette
from mesh_tui.widgets.edged import Edged
from protocol.rest import Room

NAME_CELLS: Final = 28

TOPIC_CELLS: Final = 50
"""A list that is narrower shows no topics."""

_GROUPS: Final[dict[Group, str]] = {"unread": "New", "rooms": "Rooms", "dms": "DMs"}


@dataclass(frozen=True, slots=True)
class Loaded:
    rooms: Sequence[Room]


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


Listing = Literal["loading"] | Loaded | Failed
"""The public rooms: on their way, there (perhaps none), or not to be had."""


class RoomRows(Edged, can_focus=True):
    """Rows of which those in `_at` are rooms; one of them is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+p", "step(-1)", "Up", show=False),
        Binding("down", "step(1)", "Down", show=False),
        Binding("pageup", "step(-10)", "Page up", show=False),
        Binding("pagedown", "step(10)", "Page down", show=False),
        Binding("home", "step(-100000)", "First", show=False),
        Binding("end", "step(100000)", "Last", show=False),
        Binding("enter", "choose", "Open", show=True),
    ]

    @dataclass
    class Chosen(Message):
        """A room was chosen; `mine` or still to be joined."""

        room: Room
        mine: bool

    def __init__(self) -> None:
        super().__init__()
        self.entries: Sequence[Entry] = ()
        self._at: dict[int, Room] = {}
        """Row -> the room that it shows."""
        self._chosen = ""

    def add_entries(self, lines: list[Line], cells: int) -> None:
        """A row for each entry, and where there is more than one group a word above each."""
        groups = [(group, list(entries)) for group, entries in groupby(self.entries, _group)]
        for group, entries in groups:
            if len(groups) > 1:
                lines.append(Line((Fragment(" "), Fragment(_GROUPS[group], "muted"))))
            for entry in entries:
                self._at[len(lines)] = entry.room
                lines.append(room_row(entry.room, cells, entry))

    def choose_anew(self) -> None:
        """After rows were made: the first room is chosen where the one that was is no longer there."""
        if self._chosen not in {room.id for room in self._at.values()}:
            self._chosen = next(iter(self._at.values())).id if self._at else ""

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _row(self) -> int | None:
        return next((row for row, room in self._at.items() if room.id == self._chosen), None)

    def choose_room(self, room_id: str) -> None:
        self._chosen = room_id
        self._show_row()

    def action_step(self, count: int) -> None:
        rows = list(self._at)
        if self._row is None:
            return
        index = min(max(0, rows.index(self._row) + count), len(rows) - 1)
        self._chosen = self._at[rows[index]].id
        self._show_row()

    def action_choose(self) -> None:
        if self._row is not None:
            room = self._at[self._row]
            mine = any(entry.room.id == room.id for entry in self.entries)
            self.post_message(self.Chosen(room, mine))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = round(self.scroll_y) + offset.y if offset else None
        if row is not None and row in self._at and not self.was_dragged:
            self._chosen = self._at[row].id
            self.refresh()
            self.action_choose()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def _show_row(self) -> None:
        """Scrolls as little as shows the row that is chosen, and the heading above the first."""
        row = self._row
        if row is None:
            return
        top = 0 if row == min(self._at) else row
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif row >= self.scroll_y + self.size.height:
            self.scroll_to(y=row - self.size.height + 1, animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row = round(self.scroll_y) + y
        if row != self._row:
            return super().render_line(y)
        palette = self._palette = self._palette or Palette(self)
        mark = Fragment(" ▌ " if self.has_focus else "   ", "brand")
        fragments = tuple(
            Fragment(text, f"{role} cursor-row".strip())
            for text, role in (mark, *self.line(row).fragments[1:])
        )
        return palette.strip(Line(fragments, fill="cursor-row"), self.size.width)


class RoomList(RoomRows):
    """On Home: my rooms, then rooms to join, as one list, so that the arrows reach everything."""

    def __init__(self) -> None:
        super().__init__()
        self.public: Listing = "loading"

    def put(self, *, mine: Sequence[Entry] | None = None, public: Listing | None = None) -> None:
        """Shows other lists; the same room stays chosen."""
        self.entries = mine if mine is not None else self.entries
        self.public = public if public is not None else self.public
        self.remake()

    def make(self, cells: int) -> Sequence[Line]:
        self._at.clear()
        lines: list[Line] = [_heading("Your rooms", cells)]
        self.add_entries(lines, cells)
        if not self.entries:
            lines += _told("You are in no room yet. Join one below, or press n to make one.", cells)
        lines += [Line(()), _heading("Public rooms", cells)]
        self._add_public(lines, cells)
        self.choose_anew()
        return lines

    def _add_public(self, lines: list[Line], cells: int) -> None:
        if self.public == "loading":
            lines += _told("loading…", cells)
            return
        if isinstance(self.public, Failed):
            words = [Fragment(f"✗ {self.public.reason} ", "failed"), Fragment("F5 tries again.", "muted")]
            lines += _wrapped(words, cells)
            return
        mine = {entry.room.id for entry in self.entries}
        others = [room for room in self.public.rooms if room.id not in mine]
        for room in sorted(others, key=lambda room: (-(room.member_count or 0), room.name.casefold())):
            self._at[len(lines)] = room
            lines.append(room_row(room, cells))
        if not others:
            lines += _told("There is no other public room.", cells)


class RoomsPane(RoomRows):
    """Beside the messages: my rooms; the one that is open is chosen unless the arrows have chosen another."""

    EDGE = "right"

    def __init__(self) -> None:
        super().__init__()
        self._open = ""

    def put(self, entries: Sequence[Entry], open_id: str, *, seen: bool) -> None:
        """Shows these, of which one is open; `seen`: what comes there is seen, and not worth a number."""
        if seen:
            entries = [_without_news(entry) if entry.room.id == open_id else entry for entry in entries]
        if open_id != self._open:
            self._open = self._chosen = open_id
        elif entries == self.entries:
            return
        self.entries = entries
        self.remake()
        self._show_row()

    def make(self, cells: int) -> Sequence[Line]:
        self._at.clear()
        lines: list[Line] = []
        self.add_entries(lines, cells)
        self.choose_anew()
        return lines

    def on_blur(self) -> None:
        self.choose_room(self._open)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────


def room_row(room: Room, cells: int, entry: Entry | None = None) -> Line:
    """`   3 # name        topic            3 new  @1 `, and as much of it as fits."""
    wide = cells >= TOPIC_CELLS
    badge = (_badge if wide else _short_badge)(room, entry)
    taken = sum(width(fragment.text) for fragment in badge)
    free = max(1, cells - 7 - taken)
    names = min(NAME_CELLS, free - 4) if wide else free
    topic = pad(paintable(room.topic), max(0, free - names - 4)) if wide else ""
    return Line(
        (
            Fragment("   "),
            Fragment(f"{entry.number} " if entry and entry.number else "  ", "muted"),
            Fragment(f"{_sign(room, entry)} ", "muted"),
            Fragment(pad(paintable(room.name), names), _name_role(entry)),
            *((Fragment("  "), Fragment(topic, "muted"), Fragment("  ")) if wide else ()),
            *badge,
        )
    )


def _without_news(entry: Entry) -> Entry:
    return entry._replace(room=structs.replace(entry.room, unread=0, mentions=0), unread=0, mentions=0)


def _group(entry: Entry) -> Group:
    return entry.place.group


def _sign(room: Room, entry: Entry | None) -> str:
    if entry and entry.level == "none":
        return "×"
    return "@" if room.kind == "dm" else "#" if room.visibility == "public" else "◆"


def _name_role(entry: Entry | None) -> str:
    return "" if entry is None else "muted" if entry.level == "none" else "title" if entry.active else ""


def _badge(room: Room, entry: Entry | None) -> list[Fragment]:
    badge: list[Fragment] = []
    muted = entry is not None and entry.level == "none"
    if muted:
        badge.append(Fragment("muted ", "muted"))
    if room.mentions:
        badge.append(Fragment(f"@{room.mentions} ", "muted" if muted else "mention-me"))
    if entry is not None and entry.offers:
        badge.append(Fragment(f"↓ {entry.offers} offered ", "mention-me"))
    if room.unread:
        counts = entry is None or entry.active
        badge.append(Fragment(f"{room.unread} new ", "count" if counts else "muted"))
    if room.my_role is None and room.member_count is not None:
        people = "person" if room.member_count == 1 else "people"
        badge.append(Fragment(f"{room.member_count} {people} ", "muted"))
    return badge


def _short_badge(room: Room, entry: Entry | None) -> list[Fragment]:
    """As in the status line: how many, and `!` where one of them names me; `↓` where a file is offered."""
    offer = [Fragment(" ↓", "mention-me")] if entry is not None and entry.offers else []
    if not room.unread:
        return [*offer, Fragment(" ")] if offer else []
    counts = entry is not None and entry.active
    mark = "!" if entry is not None and entry.mentions else ""
    return [
        *offer,
        Fragment(f" {room.unread}{mark} ", "mention-me" if mark else "count" if counts else "muted"),
    ]


def _heading(text: str, cells: int) -> Line:
    rule = "─" * max(0, cells - width(text) - 3)
    return Line((Fragment(" "), Fragment(text, "heading"), Fragment(f" {rule}", "rule")))


def _told(text: str, cells: int) -> list[Line]:
    return _wrapped([Fragment(text, "muted")], cells)


def _wrapped(fragments: Iterable[Fragment], cells: int) -> list[Line]:
    rows = wrap(fragments, max(8, cells - 5))
    return [Line((Fragment("    "), *row.fragments)) for row in rows]
