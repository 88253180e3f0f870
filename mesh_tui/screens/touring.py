"""The tour on Home: a card that keys turn over while all other keys do what they always do."""

from collections.abc import Mapping
from typing import Final

from textual.widgets import Input

from mesh_tui.screens.base import MeshScreen
from mesh_tui.tour import STOPS
from mesh_tui.widgets.tour import TourCard

_STEPS: Final[Mapping[str, int]] = {"tour_on": 1, "tour_back": -1, "tour_end": len(STOPS)}
"""What an action does to the number of the stop; past the last one the tour is over."""


class Touring(MeshScreen[None]):
    """A screen with a `TourCard`."""

    def show_tour(self) -> None:
        """Begins it, at the first stop."""
        self._show_stop(0)

    @property
    def tours(self) -> bool:
        """The card is there, and its keys are not text."""
        return self.is_mounted and self.query_one(TourCard).display and not isinstance(self.focused, Input)

    def _show_stop(self, stop: int) -> None:
        card = self.query_one(TourCard)
        if stop < len(STOPS):
            card.put(max(0, stop), self.mesh.settings.keys)
        else:
            card.display = False
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _STEPS and not self.tours:
            return False
        return super().check_action(action, parameters)

    def action_tour_on(self) -> None:
        self._step("tour_on")

    def action_tour_back(self) -> None:
        self._step("tour_back")

    def action_tour_end(self) -> None:
        self._step("tour_end")

    def _step(self, action: str) -> None:
        self._show_stop(self.query_one(TourCard).stop + _STEPS[action])
