"""The messages alone, as the terminal itself shows lines: for selecting and copying with its own mouse.

Strategy: the driver writes the lines, whole and without colours, and holds frames back meanwhile, so that
long lines are broken by the terminal, which joins them again when it copies. Nothing moves until a key is
pressed. Whatever comes above this page, or takes it away, gets the terminal back.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Final

from textual import events

from mesh_tui.driver import MeshDriver
from mesh_tui.layout.bare import bare_lines, end_shown, first_shown, parted
from mesh_tui.layout.message import Entry, Me
from mesh_tui.screens.base import Patient

HINT: Final = "── Any key goes back · PgUp and PgDn show more ──"


class Bare(Patient[None], inherit_bindings=False):
    """Shows `entries`, the one at `last` at the bottom."""

    def __init__(self, entries: Sequence[Entry], last: int, me: Me) -> None:
        super().__init__()
        by_entry = list(bare_lines(entries, me))
        self._whole = list(chain.from_iterable(by_entry))
        self._last = sum(map(len, by_entry[: last + 1])) - 1
        """The line at the bottom, of the whole ones."""

        self._lines: list[str] = []
        """What is shown, with lines that are longer than the screen in parts."""

        self._ends: list[int] = []
        """For each of the whole ones, where its parts end among those."""

        self._end = 0

    @property
    def _rows(self) -> int:
        return max(1, self.app.size.height - 1)  # the last one is the hint's

    def on_screen_resume(self) -> None:
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """For the size of the screen; the same line stands at the bottom."""
        if self._ends:
            self._last = bisect_left(self._ends, self._end)
        parts = list(parted(self._whole, self.app.size.width, self._rows))
        self._lines = list(chain.from_iterable(parts))
        self._ends = list(accumulate(map(len, parts)))
        self._end = self._ends[self._last] if self._last >= 0 else 0
        self._print()

    def on_screen_suspend(self) -> None:
        self._give_back()

    def on_unmount(self) -> None:
        self._give_back()

    def on_key(self, event: events.Key) -> None:
        event.prevent_default().stop()
        columns, rows = self.app.size.width, self._rows
        if event.key == "pageup":
            earlier = first_shown(self._lines, self._end, columns, rows)
            # What stood at the top is at the bottom then; at the beginning the screen stays full.
            self._end = max(earlier, end_shown(self._lines, 0, columns, rows))
            self._print()
        elif event.key == "pagedown":
            self._end = end_shown(self._lines, max(0, min(self._end, len(self._lines) - 1)), columns, rows)
            self._print()
        else:
            self._give_back()
            self.dismiss()

    def _print(self) -> None:
        driver = self.app._driver  # noqa: SLF001 - there is no public way to the driver
        if self.is_current and isinstance(driver, MeshDriver):
            first = first_shown(self._lines, self._end, self.app.size.width, self._rows)
            driver.show_bare([*self._lines[first : self._end], HINT])

    def _give_back(self) -> None:
        driver = self.app._driver  # noqa: SLF001 - there is no public way to the driver
        if isinstance(driver, MeshDriver) and driver.bare:
            driver.end_bare()
            self.app.screen.refresh(repaint=True, layout=True)
