"""The card of the first tour: below the rooms, in nobody's way."""

from collections.abc import Mapping, Sequence
from typing import Final

from textual.content import Content
from textual.geometry import Size

from mesh_tui.actions import ACTIONS
from mesh_tui.key_names import key_label
from mesh_tui.keymap import keys_of
from mesh_tui.layout.cells import Line
from mesh_tui.tour import STOPS, lines
from mesh_tui.widgets.lines import LineList

SHARE: Final = 2
"""It takes at most one of so many parts of the screen's height, its border included."""

FRAME_ROWS: Final = 2


class TourCard(LineList, can_focus=False):
    """Shows a stop, or nothing. It never has the focus: what is typed goes where it would go without it."""

    DEFAULT_CSS = "TourCard { height: auto; display: none; }"

    def __init__(self) -> None:
        super().__init__(classes="hint")
        self.stop = 0
        self._own: Mapping[str, str] = {}

    def put(self, stop: int, own: Mapping[str, str]) -> None:
        """Shows the stop with this number, with one's `own` keys."""
        self.stop, self._own = stop, own
        self.display = True
        self.border_title = Content(f"Tour {stop + 1} of {len(STOPS)} · {STOPS[stop].title}")
        self.border_subtitle = Content(" · ".join(self._keys()))
        self.remake()
        self.refresh(layout=True)

    def _keys(self) -> list[str]:
        words = {"tour.tour_on": "goes on", "tour.tour_back": "goes back", "tour.tour_end": "ends it"}
        if self.stop == 0:
            del words["tour.tour_back"]
        if self.stop == len(STOPS) - 1:
            words["tour.tour_on"] = "ends it"
            del words["tour.tour_end"]
        keys = {action.id: key_label(keys_of(action, self._own)) for action in ACTIONS if action.id in words}
        return [f"{keys[name]} {word}" for name, word in words.items()]

    def make(self, cells: int) -> Sequence[Line]:
        return lines(STOPS[self.stop], self._own, max(10, cells))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As tall as its lines, which the screen may cut."""
        return min(len(self.make(width)), max(1, viewport.height // SHARE - FRAME_ROWS))
