"""What the mouse does in messages: one click chooses, two take the word, three all that the message says.

Strategy: Textual's own double click would take every message there is. What a click is for is known by the
fragment below it, by its role. A click does nothing that cannot be taken back, and opens no link.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from textual import events
from textual.geometry import Offset
from textual.message import Message as TextualMessage
from textual.selection import Selection

from mesh_tui.layout.cells import Fragment, Line, width
from mesh_tui.layout.message import refers_to
from mesh_tui.widgets.block_view import BlockView, name_of
from protocol.rest import Message

_REACTIONS: Final = ("reaction", "reaction-mine")

_ENTER: Final = Fragment("Enter", "key")
"""Told by what tells of a terminal or a call; what Enter does there follows it."""


class Point(NamedTuple):
    """A character of the messages: its block, its row among all rows, and its place in that row's text."""

    block: int
    row: int
    character: int


class Pointing(BlockView):
    """A view whose messages can be pointed at."""

    @dataclass
    class ReactionClicked(TextualMessage):
        """A reaction below a message, of that number, was clicked."""

        message: Message
        number: int

    @dataclass
    class AnswersClicked(TextualMessage):
        """What is told of the thread that a message began was clicked."""

        message: Message

    class EnterClicked(TextualMessage):
        """What a message says that Enter does was clicked; the message is chosen."""

    _point: Point | None = None
    """What was clicked last: rows may move by that, and the second of two clicks is for the same place."""

    def choose(self, name: str | None, *, show: bool = True) -> None:
        """Marks the message of that id, or nonce; with `show` it is brought into view."""
        raise NotImplementedError

    def unchoose(self) -> None:
        """No message is to be chosen any more."""
        raise NotImplementedError

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        if event.chain == 1:
            if self.text_selection is None:  # or something was selected by this
                self._clicked(event)
        elif (point := self._point) is not None and self._is_there(point):
            (self._select_word if event.chain == 2 else self._select_message)(point)

    def _is_there(self, point: Point) -> bool:
        """Nothing else has come to its place since the first click."""
        return point.row < self._blocks.height and self._blocks.at(point.row) == point.block

    def _clicked(self, event: events.Click) -> None:
        row = round(self.scroll_y) + event.y - self._padding
        if not 0 <= row < self._blocks.height:  # above what does not fill the view
            self._point = None
            if self._chosen is not None:
                self.unchoose()
            return
        block = self._blocks.at(row)
        line = self._line(block, row - self._blocks.top(block))
        self._point = point = Point(block, row, _character(line, event.x))
        entry = self._blocks[block].entry
        if (
            row >= self._blocks.body(block)
            and isinstance(entry, Message)
            and self._clicked_on(entry, line, point)
        ):
            return
        name = name_of(entry) if self._says(block, row) else ""
        if name and name != self._chosen:
            self.choose(name, show=False)
        elif self._chosen is not None:
            self.unchoose()

    def _clicked_on(self, entry: Message, line: Line, point: Point) -> bool:
        """Whether what was clicked is more than a part of what the message says."""
        index = _fragment_at(line, point.character)
        if index is None:
            return False
        role = line.fragments[index].role
        if role in _REACTIONS:
            self.post_message(self.ReactionClicked(entry, self._reactions_before(index, line, point)))
        elif role == "answers":
            self.post_message(self.AnswersClicked(entry))
        elif _ENTER in line.fragments[max(0, index - 1) : index + 1]:
            self.choose(entry.id, show=False)
            self.post_message(self.EnterClicked())
        elif role == "quoted" and self._holds(quoted := refers_to(entry)):
            self.choose(quoted)
        else:
            return False
        return True

    def _reactions_before(self, index: int, line: Line, point: Point) -> int:
        """How many reactions stand before this one, in its row and those above it."""
        block, row, _ = point
        above = self._blocks.rows(block)[: row - self._blocks.top(block)]
        before = [fragment for each in above for fragment in each.fragments] + list(line.fragments[:index])
        return sum(fragment.role in _REACTIONS for fragment in before)

    def _holds(self, message_id: str) -> bool:
        return any(name_of(self._blocks[index].entry) == message_id for index in range(1, len(self._blocks)))

    def _says(self, block: int, row: int) -> bool:
        """Whether the row belongs to what the block's message says, or names who says it."""
        lead = self._blocks[block].lead
        return row - self._blocks.top(block) >= lead.height - lead.header

    # ── selecting ────────────────────────────────────────────────────────────────────────────────

    def _select_word(self, point: Point) -> None:
        block, row, at = point
        line = self._line(block, row - self._blocks.top(block))
        start = end = min(at, len(line.text))  # the row may be broken elsewhere since the first click
        while start > line.decoration and not line.text[start - 1].isspace():
            start -= 1
        while end < len(line.text) and not line.text[end].isspace():
            end += 1
        self._select(Offset(start, row), Offset(end, row))

    def _select_message(self, point: Point) -> None:
        block = point.block
        last = self._blocks.top(block + 1) - 1
        self._select(Offset(0, self._blocks.body(block)), Offset(self._cells, last))

    def _select(self, start: Offset, end: Offset) -> None:
        if start != end:
            origin = Offset(0, self._origin)
            self.screen.selections = {self: Selection(start - origin, end - origin)}


def _character(line: Line, cell: int) -> int:
    """Which character of a row is painted over a cell; behind the last one, their number."""
    for index in range(len(line.text)):
        if width(line.text[: index + 1]) > cell:
            return index
    return len(line.text)


def _fragment_at(line: Line, character: int) -> int | None:
    position = 0
    for index, fragment in enumerate(line.fragments):
        position += len(fragment.text)
        if character < position:
            return index
    return None
