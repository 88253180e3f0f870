"""The footer: the keys that work here and now."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from textual import events
from textual.screen import Screen

from mesh_tui.key_names import key_label
from mesh_tui.layout.cells import Fragment, width
from mesh_tui.widgets.bar import Bar


class Hint(NamedTuple):
    """A key and its word."""

    key: str
    label: str

    @property
    def fragments(self) -> tuple[Fragment, Fragment]:
        return Fragment(f" {key_label(self.key)}", "key"), Fragment(f" {self.label} ", "muted")

    @property
    def cells(self) -> int:
        return sum(width(fragment.text) for fragment in self.fragments)


class KeyBar(Bar):
    """Follows the screen's active bindings; a click on a key is that key.

    Those of this screen stand on the left, and the last of them go where the row is too short; those that
    work everywhere stand on the right and stay.
    """

    def __init__(self) -> None:
        super().__init__()
        self._here: list[Hint] = []
        self._everywhere: list[Hint] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self.call_after_refresh(self._update, self.screen)

    def _update(self, screen: Screen[object]) -> None:
        # Below a page, the actions of a screen would be taken for those of the page.
        if screen is not self.app.screen:
            return
        shown: dict[str, Hint] = {}
        for active in screen.active_bindings.values():
            if active.binding.show and active.enabled:
                shown.setdefault(active.binding.action, Hint(active.binding.key, active.binding.description))
        self._here = [hint for action, hint in shown.items() if not action.startswith("app.")]
        self._everywhere = [hint for action, hint in shown.items() if action.startswith("app.")]
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        self.put(_fragments(self._fitting()), _fragments(self._everywhere))

    def _fitting(self) -> Iterator[Hint]:
        room = self.size.width - sum(hint.cells for hint in self._everywhere) - 1
        for hint in self._here:
            room -= hint.cells
            if room < 0:
                return
            yield hint

    def on_click(self, event: events.Click) -> None:
        right = self.size.width - sum(hint.cells for hint in self._everywhere)
        start, hints = (right, self._everywhere) if event.x >= right else (0, list(self._fitting()))
        for hint in hints:
            start += hint.cells
            if event.x < start:
                self.app.simulate_key(hint.key)
                return


def _fragments(hints: Iterable[Hint]) -> list[Fragment]:
    return [fragment for hint in hints for fragment in hint.fragments]
