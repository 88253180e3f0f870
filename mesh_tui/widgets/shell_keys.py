"""A field with the keys of a shell: going by words, cutting and putting back, swapping.

Strategy: what is cut by word or line is kept in a ring and can be put back, the one before in its place. What
a key does may depend on the key before it, so whoever hears keys first says `next_key` for each.
"""

from typing import Any, ClassVar, Literal

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets.text_area import Location, Selection

from mesh_tui.compositing import LeanTextArea
from mesh_tui.ring import Ring


class ShellKeys(LeanTextArea):
    """Where a message is written builds on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+b", "cursor_left", "Left", show=False),
        Binding("ctrl+f", "cursor_right", "Right", show=False),
        Binding("alt+b", "cursor_word_left", "Word left", show=False),
        Binding("alt+f", "cursor_word_right", "Word right", show=False),
        Binding("ctrl+w,alt+backspace,ctrl+backspace", "cut_to('word_left')", "Cut word before", show=False),
        Binding("alt+d,alt+delete", "cut_to('word_right')", "Cut word after", show=False),
        Binding("ctrl+u", "cut_to('line_start')", "Cut line before", show=False),
        Binding("ctrl+k", "cut_after", "Cut line after", show=False),
        Binding("ctrl+y", "put_back", "Put back", show=False),
        Binding("alt+y", "put_back_before", "Put back the one before", show=False),
        Binding("ctrl+t", "swap", "Swap characters", show=False),
        Binding("ctrl+underscore", "undo", "Undo", show=False),
    ]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ring = Ring()
        self._doing: Literal["", "cut", "put back", "chord"] = ""
        self._did: Literal["", "cut", "put back", "chord"] = ""
        """What this key does and what the one before did, as far as that makes a difference."""

        self._put_at: tuple[Location, Location] = (0, 0), (0, 0)
        """Where what was put back last stands."""

    def next_key(self) -> None:
        """A key was pressed; what it does is said while it is dealt with."""
        self._did, self._doing = self._doing, ""

    def put(self, text: str) -> None:
        """Puts `text` in where the cursor is, in the place of what is selected."""
        start, end = self.selection
        if result := self.replace(text, start, end, maintain_selection_offset=False):
            self.move_cursor(result.end_location)

    def action_cut_to(self, target: str) -> None:
        targets: dict[str, Location] = {
            "word_left": self.get_cursor_word_left_location(),
            "word_right": self.get_cursor_word_right_location(),
            "line_start": self.get_cursor_line_start_location(),
            "line_end": self.get_cursor_line_end_location(),
            "next_line": (self.cursor_location[0] + 1, 0),
        }
        if cut := self.get_text_range(*sorted((self.cursor_location, targets[target]))):
            before = target in ("word_left", "line_start")
            self._ring.cut(cut, before=before, on=self._did == "cut")
            self._doing = "cut"
            self.delete(self.cursor_location, targets[target], maintain_selection_offset=False)

    def action_cut_after(self) -> None:
        """Cuts what follows on the line, or its end; where nothing follows at all, the key is another's."""
        if self.cursor_at_end_of_text:
            raise SkipAction
        self.action_cut_to("next_line" if self.cursor_at_end_of_line else "line_end")

    def action_put_back(self) -> None:
        if self._ring.last:
            start = min(self.selection)
            self.put(self._ring.last)
            self._put_at, self._doing = (start, self.cursor_location), "put back"

    def action_put_back_before(self) -> None:
        """Right after something was put back: what was cut before that, in its place."""
        if self._did == "put back":
            start, end = self._put_at
            result = self.replace(self._ring.turn(), start, end, maintain_selection_offset=False)
            self.move_cursor(result.end_location)
            self._put_at, self._doing = (start, result.end_location), "put back"

    def action_swap(self) -> None:
        """The two characters around the cursor change places; at the end of a line the last two."""
        row, column = self.cursor_location
        line = self.document[row]
        column = min(column, len(line) - 1)
        if column > 0:
            pair = line[column] + line[column - 1]
            self.replace(pair, (row, column - 1), (row, column + 1), maintain_selection_offset=False)
            self.move_cursor((row, column + 1))

    def undo(self) -> None:
        """As Textual's, which looks at where the cursor is while the text is shorter already, and stops."""
        selection, text = self.selection, self.text
        self.selection = Selection.cursor((0, 0))
        super().undo()
        if self.text == text:
            self.selection = selection
