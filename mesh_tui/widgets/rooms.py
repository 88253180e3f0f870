"""The list on Home: my rooms, then rooms to join, each as it stands: coming, there, none, or failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from mesh_tui.layout.cells import Fragment, Line, pad, paintable, width, wrap
from mesh_tui.theme import Palette
from mesh_tui.widgets.lines import LineList
from protocol.rest import Room

NAME_CELLS = 28


@dataclass(frozen=True, slots=True)
class Loaded:
    rooms: Sequence[Room]


@dataclass(frozen=True, slots=True)
class Failed:
    reason: str


Listing = Literal["loading"] | Loaded | Failed
"""One of the two lists: on its way, there (perhaps empty), or not to be had."""


class RoomList(LineList, can_focus=True):
    """Both lists as one, so that the arrows reach everything."""

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
        self.mine: Listing = "loading"
        self.public: Listing = "loading"
        self._at: dict[int, Room] = {}
        """Row -> the room that it shows."""
        self._chosen = ""

    def put(self, *, mine: Listing | None = None, public: Listing | None = None) -> None:
        """Shows other lists; the same room stays chosen."""
        self.mine = mine if mine is not None else self.mine
        self.public = public if public is not None else self.public
        self.remake()

    @property
    def _mine_ids(self) -> set[str]:
        return {room.id for room in self.mine.rooms} if isinstance(self.mine, Loaded) else set()

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────

    def make(self, cells: int) -> Sequence[Line]:
        self._at.clear()
        lines: list[Line] = [_heading("Your rooms", cells)]
        self._section(
            lines, self.mine, "You are in no room yet. Join one below, or press n to make one.", cells
        )
        lines += [Line(()), _heading("Public rooms", cells)]
        public: Listing = self.public
        if isinstance(public, Loaded):
            rooms = [room for room in public.rooms if room.id not in self._mine_ids]
            public = Loaded(sorted(rooms, key=lambda room: (-(room.member_count or 0), room.name.casefold())))
        self._section(lines, public, "There is no other public room.", cells)
        if self._chosen not in {room.id for room in self._at.values()}:
            self._chosen = next(iter(self._at.values())).id if self._at else ""
        return lines

    def _section(self, lines: list[Line], listing: Listing, empty: str, cells: int) -> None:
        if listing == "loading":
            lines.append(_note("loading…", "muted"))
        elif isinstance(listing, Failed):
            words = [Fragment(f"✗ {listing.reason} ", "failed"), Fragment("F5 tries again.", "muted")]
            lines += [Line((Fragment("    "), *row.fragments)) for row in wrap(words, max(8, cells - 5))]
        elif not listing.rooms:
            lines += [
                Line((Fragment("    "), *row.fragments))
                for row in wrap([Fragment(empty, "muted")], max(8, cells - 5))
            ]
        else:
            for room in listing.rooms:
                self._at[len(lines)] = room
                lines.append(_room(room, cells))

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
            self.post_message(self.Chosen(room, room.id in self._mine_ids))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = round(self.scroll_y) + offset.y if offset else None
        if row is not None and row in self._at:
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


def _heading(text: str, cells: int) -> Line:
    rule = "─" * max(0, cells - width(text) - 3)
    return Line((Fragment(" "), Fragment(text, "heading"), Fragment(f" {rule}", "rule")))


def _note(text: str, role: str) -> Line:
    return Line((Fragment("    "), Fragment(text, role)))


def _room(room: Room, cells: int) -> Line:
    """` # name        topic            3 new  @1 `."""
    badge = _badge(room)
    taken = sum(width(fragment.text) for fragment in badge)
    sign = "# " if room.visibility == "public" else "◆ "
    names = min(NAME_CELLS, max(8, cells - 5 - taken - 2))
    topics = max(0, cells - 5 - names - 2 - 2 - taken)
    return Line(
        (
            Fragment("   "),
            Fragment(sign, "muted"),
            Fragment(pad(paintable(room.name), names), "title" if room.unread else ""),
            Fragment("  "),
            Fragment(pad(paintable(room.topic), topics), "muted"),
            Fragment("  "),
            *badge,
        )
    )


def _badge(room: Room) -> list[Fragment]:
    badge: list[Fragment] = []
    if room.mentions:
        badge.append(Fragment(f"@{room.mentions} ", "mention-me"))
    if room.unread:
        badge.append(Fragment(f"{room.unread} new ", "count"))
    if room.my_role is None and room.member_count is not None:
        people = "person" if room.member_count == 1 else "people"
        badge.append(Fragment(f"{room.member_count} {people} ", "muted"))
    return badge
