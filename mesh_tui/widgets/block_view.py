"""Blocks of text painted by line: only rows that are on the screen exist as cells.

Strategy: a row that was painted is kept with the place in the text that it says it has (what is selected with
the mouse is found by that), and painted again only where it looks otherwise. Where there is less than
fits, it stands at the bottom.
"""

from collections.abc import Iterable
from typing import Final

from rich.segment import Segment
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from mesh_agent.client.state import Outgoing
from mesh_tui.compositing import LeanScrollBar, finished
from mesh_tui.layout.blocks import Blocks
from mesh_tui.layout.cells import Fragment, Line
from mesh_tui.layout.message import Entry, Me
from mesh_tui.theme import Palette
from mesh_tui.timeline import Timeline
from protocol.rest import Message

SELECTED_ROWS: Final = 2_000
"""Rows that one copy takes at most."""

STRIPS_KEPT: Final = 400
"""Painted rows kept; several screens of them."""


class BlockView(ScrollView):
    """Paints `_blocks`, the one that is chosen marked, and copies what is selected in them."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks = Blocks(Timeline(), Me("", ""), 80)
        self._palette: Palette | None = None
        self._strips: dict[tuple[int, int], tuple[int, Strip]] = {}
        """Block and its row -> the painted row, and where in the text it says that it is."""

        self._origin = 0
        """The row that is counted as the first, however much is put in above it."""

        self._chosen: str | None = None
        """The id of the message that is chosen, or the nonce of one that was not sent."""

    @property
    def _cells(self) -> int:
        return self.scrollable_content_region.width or 80

    @property
    def _padding(self) -> int:
        """Empty rows above a timeline that does not fill the view."""
        return max(0, self.size.height - self._blocks.height)

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        # As Textual makes its own, at the same moment.
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = LeanScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)  # noqa: SLF001
        return self._vertical_scrollbar

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None
        self._strips.clear()

    # ── painting ─────────────────────────────────────────────────────────────────────────────────

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows as they are: there is no border, padding or opacity here for which Textual makes them anew."""
        first, selection = round(self.scroll_y) - self._padding, self.text_selection
        return finished(self, [self._strip(first + y, selection) for y in crop.line_range], crop)

    def render_line(self, y: int) -> Strip:
        return self._strip(round(self.scroll_y) - self._padding + y, self.text_selection)

    def _strip(self, row: int, selection: Selection | None) -> Strip:
        """The row of the text as it is painted."""
        palette = self._palette = self._palette or Palette(self)
        if not 0 <= row < self._blocks.height:
            return Strip.blank(self.size.width, palette.style(""))
        index = self._blocks.at(row)
        place = index, row - self._blocks.top(index)
        offset = row - self._origin
        selected = selection and selection.get_span(offset)
        if selected is not None:
            return self._paint(self._shown_line(*place), palette, *selected).apply_offsets(0, offset)
        kept = self._strips.get(place)
        if kept is not None and kept[0] == offset:
            return kept[1]
        if len(self._strips) >= STRIPS_KEPT:
            self._strips.clear()
        strip = kept[1] if kept else self._paint(self._shown_line(*place), palette)
        strip = strip.apply_offsets(0, offset)
        self._strips[place] = offset, strip
        return strip

    def _line(self, index: int, row: int) -> Line:
        rows = self._blocks.rows(index)
        return rows[row] if row < len(rows) else Line(())

    def _shown_line(self, index: int, row: int) -> Line:
        """The line as it is painted: marked where it belongs to the message that is chosen."""
        line, block = self._line(index, row), self._blocks[index]
        if self._chosen is None or name_of(block.entry) != self._chosen:
            return line
        above = block.lead.height - block.lead.header
        if row < above:
            return line
        marked = (Fragment(text, f"{role} cursor-row".strip()) for text, role in line.fragments[1:])
        return Line((Fragment("▌ ", "brand cursor-row"), *marked), line.decoration, line.joiner, "cursor-row")

    def _paint(self, line: Line, palette: Palette, start: int = 0, end: int = 0) -> Strip:
        selection = self._selection_style() if end else None
        segments: list[Segment] = []
        position = 0
        for text, role in line.fragments:
            style = palette.style(role)
            for piece, chosen in _cut(text, position, max(start, line.decoration), end):
                segments.append(
                    Segment(piece, style + selection.rich_style if selection and chosen else style)
                )
            position += len(text)
        return Strip(segments).adjust_cell_length(self.size.width, palette.style(line.fill))

    def _selection_style(self) -> Style:
        return Style.from_styles(self.screen.get_component_styles("screen--selection"))

    # ── copying ──────────────────────────────────────────────────────────────────────────────────

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text of a selection as it was written: without bars and bullets, broken lines joined again."""
        height = self._blocks.height
        first = selection.start.y + self._origin if selection.start else 0
        last = selection.end.y + self._origin if selection.end else height - 1
        first, last = max(0, first), min(height - 1, last)
        text, joiner = "", ""
        for row in range(first, min(last, first + SELECTED_ROWS) + 1):
            span = selection.get_span(row - self._origin)
            index = self._blocks.at(row)
            line = self._line(index, row - self._blocks.top(index))
            if span is None or (line.decoration and line.decoration >= len(line.text)):
                continue
            start, end = span
            text += joiner + line.text[max(start, line.decoration) : None if end < 0 else end]
            joiner = line.joiner
        return (text, "\n") if text else None


def name_of(entry: Entry) -> str:
    """What an entry is chosen by; nothing for what cannot be."""
    if isinstance(entry, Message):
        return "" if entry.deleted else entry.id
    return entry.nonce if isinstance(entry, Outgoing) and entry.state == "failed" else ""


def _cut(text: str, position: int, start: int, end: int) -> Iterable[tuple[str, bool]]:
    """Pieces of `text`, which begins at `position`; each says whether it is in `start:end` (-1: no end)."""
    if not end:
        yield text, False
        return
    first = min(max(0, start - position), len(text))
    last = len(text) if end < 0 else min(max(first, end - position), len(text))
    for piece, chosen in ((text[:first], False), (text[first:last], True), (text[last:], False)):
        if piece:
            yield piece, chosen
