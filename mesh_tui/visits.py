"""Where one has been, and where Alt+A leads to next. Knows no screen.

Strategy: rooms that were opened are a line with a place on it, as pages are in a browser. Alt+A makes a tour,
as in WeeChat: through every room with something new, the most urgent first, and in the end back to
where it began. A room that stays unread though one was there is not visited twice in a tour, unless something
was said there since. Home is the room with no id.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Final

from mesh_tui.rooms import Entry, Held, active

HOME: Final = ""

KEPT: Final = 50
"""Rooms that are remembered as visited, each as often as one went there."""


@dataclass(slots=True)
class _Tour:
    """One way through what is new: where it began, where it has come to, and what was said there by then."""

    start: str
    at: str
    seen: dict[str, int] = field(default_factory=dict)


class Visits:
    """`held` is the room that is open, with its place in the list."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self._been: list[str] = []
        self._at = -1
        self._tour: _Tour | None = None

    def opened(self, room_id: str, entries: Sequence[Entry]) -> None:
        """A room is opened, or Home; `entries` is the list as it was before."""
        place = next((entry.place for entry in entries if entry.room.id == room_id), None)
        self.held = Held(room_id, place) if place else None
        if room_id != HOME and (not self._been or self._been[self._at] != room_id):
            self._been = [*self._been[: self._at + 1], room_id][-KEPT:]
            self._at = len(self._been) - 1

    def recent(self) -> list[str]:
        """The rooms one was in, the last one first, each once."""
        return list(dict.fromkeys(reversed(self._been)))

    # ── back and forward ─────────────────────────────────────────────────────────────────────────

    def back(self, here: str, known: Container[str]) -> str | None:
        """The room before `here`, from Home the one that was left last; None where there is none."""
        last = self._at if here == HOME else self._at - 1
        return self._go(range(last, -1, -1), here, known)

    def forward(self, here: str, known: Container[str]) -> str | None:
        """The room that one has gone back from."""
        return self._go(range(self._at + 1, len(self._been)), here, known)

    def _go(self, way: range, here: str, known: Container[str]) -> str | None:
        """The first one on the way that is still there; one may have left it, or been put out."""
        for index in way:
            room_id = self._been[index]
            if room_id in known and room_id != here:
                self._at = index
                return room_id
        return None

    # ── what is new ──────────────────────────────────────────────────────────────────────────────

    def may_return(self, here: str) -> bool:
        """Whether one is on a tour that may lead back to where it began."""
        tour = self._tour
        return tour is not None and tour.at == here != tour.start

    def next_active(self, here: str, entries: Sequence[Entry]) -> str | None:
        """Where Alt+A leads to, which may be `HOME`; None where nothing is new and one has not moved."""
        last = {entry.room.id: entry.room.last_seq for entry in entries}
        tour = self._tour
        if tour is None or tour.at != here:
            tour = self._tour = _Tour(here, here, {here: last.get(here, 0)})
        for entry in active(entries, here):
            room = entry.room
            if tour.seen.get(room.id) != room.last_seq:
                tour.at = room.id
                tour.seen[room.id] = room.last_seq
                return room.id
        self._tour = None
        there = tour.start == HOME or tour.start in last
        return tour.start if there and tour.start != here else None
