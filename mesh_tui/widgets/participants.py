"""Who is in the room and whether they are there, told by shape as well as by colour."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from textual import events
from textual.message import Message

from mesh_tui.layout.cells import Fragment, Line, clip, paintable, width
from mesh_tui.layout.message import author_role
from mesh_tui.layout.presence import LOOKS
from mesh_tui.widgets.edged import Edged
from protocol.rest import Member

STATUS_CELLS: Final = 5
"""Fewer cells of what somebody says of themselves are not worth showing; `/who` has it all."""


class Participants(Edged):
    """The members of a room, those who are there first."""

    EDGE = "left"

    @dataclass
    class Clicked(Message):
        """Somebody's row was clicked."""

        member: Member

    def __init__(self) -> None:
        super().__init__()
        self.members: list[Member] = []
        self._at: dict[int, Member] = {}
        """Row -> who stands there."""

        self._my_id = ""
        self._current = True

    def put_current(self, current: bool) -> None:
        """Without a line, who is there is what was known last, and the headings say so."""
        if current != self._current:
            self._current = current
            self.remake()

    def put(self, members: Iterable[Member], my_id: str) -> None:
        self._my_id = my_id
        self.members = sorted(members, key=lambda member: (LOOKS[member.presence].order, member.username))
        self.remake()

    def make(self, cells: int) -> Sequence[Line]:
        lines: list[Line] = []
        self._at.clear()
        for presence, members in groupby(self.members, key=lambda member: member.presence):
            group = list(members)
            words = f"{'' if self._current else 'was '}{LOOKS[presence].heading} {len(group)}"
            heading = Fragment(clip(words, cells), "muted")
            lines += [Line(()), Line((heading,))] if lines else [Line((heading,))]
            self._at |= dict(enumerate(group, len(lines)))
            lines += [self._row(member, cells) for member in group]
        return lines

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        member = self._at.get(round(self.scroll_y) + offset.y) if offset else None
        if member is not None and not self.was_dragged:
            self.post_message(self.Clicked(member))

    def _row(self, member: Member, cells: int) -> Line:
        look = LOOKS[member.presence]
        mine = member.user_id == self._my_id
        note = " you" if mine else f" {member.role}" if member.role != "member" else ""
        name = clip(paintable(member.username), cells - width(look.sign) - 1)
        if width(name) + len(note) + 2 > cells:
            note = ""  # the name counts more
        left = cells - width(look.sign) - width(name) - len(note) - 2
        if member.status_text and left >= STATUS_CELLS:
            note += f" {clip(paintable(member.status_text), left)}"
        role = "muted" if member.presence == "offline" else "own" if mine else author_role(member.user_id)
        return Line((Fragment(f"{look.sign} ", look.role), Fragment(name, role), Fragment(note, "muted")))
