"""A shared terminal on the screen: its cells, what was there before, and the keys that go to its program.

Strategy: whoever holds the terminal says when it may look otherwise; then rows are compared with those that
are painted, and only the ones that differ are painted again. With the focus every key is the program's, but
for two: Esc twice leaves, and Ctrl+] opens what can be done here. Shift+PgUp goes back to what has scrolled
away; any key that does not move there returns, and is not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal, Protocol

from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from mesh_agent.terminal.keys import (
    CTRL,
    LEFT,
    META,
    MIDDLE,
    RIGHT,
    SHIFT,
    WHEEL_DOWN,
    WHEEL_UP,
    Mouse,
    focus_bytes,
    key_bytes,
    mouse_bytes,
    paste_bytes,
    wants_mouse,
)
from mesh_agent.terminal.painter import Cell, cells_of, window
from mesh_agent.terminal.pane import Laid, Pane, Shown
from mesh_agent.terminal.past import Line, Past, Scrolled
from mesh_tui.layout.terminal import strip_of, with_cursor, with_selection
from mesh_tui.workers import begin
from protocol import limits
from protocol.errors import MeshError
from protocol.peer_terminal import INVERSE, Cursor

LEAVE_S: Final = 0.5
"""Two presses of Esc within this time leave."""

WHEEL_LINES: Final = 3
MENU: Final = "ctrl+right_square_bracket"

_BUTTONS: Final = {1: LEFT, 2: MIDDLE, 3: RIGHT}
_BACK: Final = {"shift+pageup": 1, "pageup": 1, "shift+pagedown": -1, "pagedown": -1}
_BACK_LINES: Final = {"up": 1, "down": -1, "shift+up": 1, "shift+down": -1}


class Screened(Shown, Scrolled, Protocol):
    """A `Shown` of which lines have scrolled away."""


class Source(Protocol):
    """What a view shows, and where its keys go."""

    @property
    def screen(self) -> Screened: ...
    @property
    def cursor(self) -> Cursor: ...
    @property
    def guesses(self) -> Sequence[Laid]: ...
    @property
    def underlined(self) -> bool: ...
    @property
    def writes(self) -> bool: ...
    def type(self, data: bytes) -> object: ...
    def resize(self, columns: int, rows: int) -> None: ...
    async def lines(self, first: int, count: int) -> tuple[int, Sequence[Line]]: ...


class TerminalView(Widget, can_focus=True):
    """`look` paints what differs."""

    DEFAULT_CSS = "TerminalView { width: 1fr; height: 1fr; }"

    class Left(Message):
        """Esc was pressed twice."""

    class MenuWanted(Message):
        """The key for it was pressed."""

    class Refused(Message):
        """A key was pressed that goes nowhere: who watches does not write."""

    @dataclass
    class Moved(Message):
        """Another part is seen; `back`: so many lines before the end, 0 where it is the screen itself."""

        back: int

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._pane = Pane(1, 1)
        self._cells: list[list[Cell]] = []
        self._strips: dict[int, Strip] = {}
        self._base: Style | None = None
        self._escaped_at = -inf
        self._past = Past()

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────

    @property
    def back(self) -> int:
        """So many lines before the end one looks."""
        return self._past.back(self._source.screen)

    @property
    def is_part(self) -> bool:
        """Whether not all of it fits."""
        return self._pane.is_part(self._source.screen)

    def text(self) -> str:
        """What is seen, as text."""
        return "\n".join(line.rstrip() for line in self._whole().split("\n")).rstrip()

    def look(self) -> None:
        """Paints the rows that differ from what is painted."""
        if not self.size:
            return
        self._pane.resize(self.size.width, self.size.height)
        screen = self._source.screen
        looked_back = self._looks_back
        self._past.look(screen)
        if looked_back and not self._looks_back:
            self.post_message(self.Moved(0))
        cells = self._gone_by() if self._looks_back else self._live()
        before, self._cells = self._cells, cells
        rows = [row for row in range(len(cells)) if row >= len(before) or cells[row] != before[row]]
        for row in rows:
            self._strips.pop(row, None)
        if len(rows) > len(cells) // 2:
            self.refresh()
        elif rows:  # a refresh of no region would be one of all of them
            self.refresh(*(Region(0, row, self.size.width, 1) for row in rows))

    def _live(self) -> list[list[Cell]]:
        source, pane = self._source, self._pane
        screen, cursor = source.screen, source.cursor
        pane.look(screen, cursor)
        cells = pane.lines(screen, source.guesses, underlined=source.underlined)
        at = pane.cursor(cursor) if cursor.visible else None
        if at is not None:
            hollow = not (self.has_focus and source.writes)
            cells[at.row] = with_cursor(cells[at.row], at.column, hollow=hollow)
        return cells

    @property
    def _looks_back(self) -> bool:
        return self._past.top is not None

    def _gone_by(self) -> list[list[Cell]]:
        """Lines that have scrolled away; those that are not here yet are asked for."""
        screen, past, height = self._source.screen, self._past, self.size.height
        for first, count in past.wanted(height, screen):
            begin(self, self._fetch, first, count)
        rows = [
            window(cells_of(list(runs), screen.columns), self._pane.left, self.size.width)
            for runs in past.rows(height, screen)
        ]
        if past.top is not None and past.found is not None and 0 <= past.found - past.top < len(rows):
            at = past.found - past.top
            rows[at] = [cell._replace(attributes=cell.attributes ^ INVERSE) for cell in rows[at]]
        return rows

    def render_line(self, y: int) -> Strip:
        base = self._base = self._base or self.rich_style
        span = self.text_selection.get_span(y) if self.text_selection is not None else None
        strip = self._strips.get(y) if span is None else None
        if strip is None:
            cells = self._cells[y] if y < len(self._cells) else []
            cells = cells if span is None else with_selection(cells, *span)
            strip = strip_of(cells, base).adjust_cell_length(self.size.width, base).apply_offsets(0, y)
            if span is None:
                self._strips[y] = strip
        return strip

    @property
    def allow_select(self) -> bool:
        """With the mouse, where that is not the program's."""
        return not (self._source.writes and wants_mouse(self._source.screen.modes))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as text."""
        return "\n".join(line.rstrip() for line in selection.extract(self._whole()).split("\n")), "\n"

    def _whole(self) -> str:
        return "\n".join("".join(cell.text for cell in cells) for cells in self._cells)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._base = None
        self._strips.clear()

    def on_mount(self) -> None:
        self.look()

    def on_resize(self, event: events.Resize) -> None:
        self._cells = []
        self._source.resize(
            max(1, min(event.size.width, limits.TERM_COLUMNS)),
            max(1, min(event.size.height, limits.TERM_ROWS)),
        )
        self.look()

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """All of them are the program's."""
        event.stop()
        event.prevent_default()
        leaves = self._leaves(event.key, event.time)
        if event.key == MENU:
            self.post_message(self.MenuWanted())
        elif leaves:
            self.post_message(self.Left())
        elif not self._goes_back(event.key):
            self._type(key_bytes(event.key, event.character, self._source.screen.modes), event.key)

    def _leaves(self, key: str, came: float) -> bool:
        """Whether it is the second Esc; any key between begins anew. What counts is when they were read."""
        before, self._escaped_at = self._escaped_at, came if key == "escape" else -inf
        return key == "escape" and came - before < LEAVE_S

    def _goes_back(self, key: str) -> bool:
        """Whether it is a key for what has scrolled away."""
        if key in ("shift+pageup", "shift+pagedown") or (self._looks_back and key in _BACK):
            self.scroll_back(_BACK[key] * max(1, self.size.height - 1))
        elif self._looks_back and key in _BACK_LINES:
            self.scroll_back(_BACK_LINES[key])
        elif self._looks_back:
            self._past.leave()
            self._moved()
        else:
            return False
        return True

    def _type(self, data: bytes, key: str = "") -> None:
        if self._source.writes:
            self._pane.follow()
            if data:
                self._source.type(data)
        elif not self._pans(key) and key != "escape":
            self.post_message(self.Refused())

    def _pans(self, key: str) -> bool:
        """Whoever only watches moves the part that is seen."""
        step = {"left": (-8, 0), "right": (8, 0), "up": (0, -4), "down": (0, 4)}.get(key)
        if step is None or not self.is_part:
            return False
        self._pane.pan(*step, self._source.screen)
        self.look()
        return True

    def send(self, key: str) -> None:
        """A key that has a meaning here goes to the program all the same."""
        self._type(key_bytes(key, None, self._source.screen.modes), key)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self._source.writes:
            data = paste_bytes(event.text, self._source.screen.modes)
            for at in range(0, len(data), limits.TERM_INPUT_BYTES):
                self._source.type(data[at : at + limits.TERM_INPUT_BYTES])
        else:
            self.post_message(self.Refused())

    def on_focus(self) -> None:
        self._focused(True)

    def on_blur(self) -> None:
        self._focused(False)

    def _focused(self, focused: bool) -> None:
        data = focus_bytes(focused, self._source.screen.modes)
        if data and self._source.writes:
            self._source.type(data)
        self.look()

    # ── the mouse ────────────────────────────────────────────────────────────────────────────────

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._mouse("press", event, _BUTTONS.get(event.button, LEFT))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._mouse("release", event, _BUTTONS.get(event.button, LEFT))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._mouse("move", event, _BUTTONS.get(event.button, 0))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, WHEEL_UP)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL_DOWN)

    def _wheel(self, event: events.MouseEvent, button: int) -> None:
        event.stop()
        if not self._mouse("press", event, button):
            self.scroll_back(WHEEL_LINES if button == WHEEL_UP else -WHEEL_LINES)

    def _mouse(
        self, kind: Literal["press", "release", "move"], event: events.MouseEvent, button: int
    ) -> bool:
        """Whether the program was told."""
        source = self._source
        modes = source.screen.modes
        place = self._pane.place(event.x, event.y, source.screen)
        if place is None or not source.writes or self._looks_back or not wants_mouse(modes):
            return False
        modifiers = (SHIFT if event.shift else 0) | (META if event.meta else 0) | (CTRL if event.ctrl else 0)
        data = mouse_bytes(Mouse(kind, button, *place, modifiers), modes)
        if data:
            source.type(data)
        return True

    # ── what has scrolled away ───────────────────────────────────────────────────────────────────

    def scroll_back(self, lines: int) -> None:
        """So many lines further back, or forward again where it is negative."""
        self._past.move(lines, self._source.screen)
        self._moved()

    def _moved(self) -> None:
        self.post_message(self.Moved(self.back))
        self.look()

    async def _fetch(self, asked: int, count: int) -> None:
        try:
            first, lines = await self._source.lines(asked, count)
        except MeshError:
            first, lines = asked, []  # they stay empty; moving asks again
        if self._past.took(asked, first, lines):
            self.look()

    async def find(self, words: str) -> bool:
        """Looks for `words` in what has scrolled away, from where one is upwards, and goes there.

        Raises: MeshError: the lines cannot be had.
        """
        source = self._source
        found = await self._past.find(words, self.size.height, source.screen, source.lines)
        if found:
            self._moved()
        return found
