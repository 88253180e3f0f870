"""A list beside the messages whose edge towards them can be dragged with the mouse."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events
from textual.message import Message

from mesh_tui.widgets.lines import LineList


class Edged(LineList):
    """Posts `Dragged` while its edge is moved, and once more when it is let go."""

    EDGE: ClassVar[Literal["left", "right", ""]] = ""
    """Where it is; empty for a list that has none."""

    @dataclass
    class Dragged(Message):
        """The pane is to be so many cells wide; `over`: and that is to be kept."""

        pane: "Edged"
        cells: int
        over: bool

    was_dragged = False
    """What was done with the button last was to move the edge, so it was no click on a row."""

    _pressed_at: int | None = None
    """The column of the screen where the edge was taken."""

    _width_then = 0

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._let_go(event)
        self.was_dragged = False
        region = self.region
        edge = {"left": region.x, "right": region.right - 1}.get(self.EDGE)
        if event.screen_x == edge:
            self._pressed_at, self._width_then = event.screen_x, region.width
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not event.button:
            self._let_go(event)  # that was outside of the terminal, which did not tell
        elif self._pressed_at is not None and (self.was_dragged or event.screen_x != self._pressed_at):
            self.was_dragged = True
            self._tell(event.screen_x, over=False)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._let_go(event)

    def _let_go(self, event: events.MouseEvent) -> None:
        if self._pressed_at is None:
            return
        if self.was_dragged:
            self._tell(event.screen_x, over=True)
        self._pressed_at = None
        self.release_mouse()

    def _tell(self, column: int, *, over: bool) -> None:
        assert self._pressed_at is not None
        moved = column - self._pressed_at
        cells = self._width_then + (moved if self.EDGE == "right" else -moved)
        self.post_message(self.Dragged(self, cells, over))
