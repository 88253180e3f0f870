"""Rows under headings, of which each is one thing that can be set: what the settings are made of.

Strategy: the next key goes on from what the last one wanted, though that is not kept yet: on a slow disk two
steps would else be one. What is wanted last of a row is what is kept of it in the end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from mesh_tui.layout.cells import Fragment, Line, clip, pad, paintable
from mesh_tui.screens.base import MeshScreen
from mesh_tui.theme import Palette
from mesh_tui.widgets.lines import LineList
from mesh_tui.workers import SENDING, begin

LABEL_CELLS: Final = 28


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can be set.

    Attributes:
        choices: what ← and → go through, as they are told; `choose` takes one of them.
        open: what Enter does, where it does not take the next choice.
    """

    label: str
    value: str
    help: str
    choices: Sequence[str] = ()
    choose: Callable[[str], Awaitable[object]] | None = None
    open: Callable[[], None] | None = None


def _name(row: Row) -> tuple[str, str]:
    return row.label, row.help


class Rows(LineList, can_focus=True):
    """Rows under headings; one of them is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "step(-10)", show=False),
        Binding("pagedown", "step(10)", show=False),
        Binding("home", "step(-1000)", show=False),
        Binding("end", "step(1000)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right,space", "turn(1)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Moved(Message):
        """Another row is chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: Mapping[str, Sequence[Row]] = {}
        self._at: dict[int, Row] = {}
        self._chosen = 0
        self._keeping = asyncio.Lock()
        self._wanted: dict[tuple[str, str], str] = {}
        """By label and help, what keys have chosen and is not kept yet."""

    def put(self, groups: Mapping[str, Sequence[Row]]) -> None:
        """Shows others; the same row stays chosen, wherever it is now, or the same place where it is gone."""
        before = self.chosen
        self._groups = groups
        self.remake()
        if before is not None:
            same = [n for n, row in enumerate(self._at.values()) if _name(row) == _name(before)]
            self._chosen = min(same, key=lambda n: abs(n - self._chosen), default=self._chosen)
        self.post_message(self.Moved())

    @property
    def chosen(self) -> Row | None:
        rows = list(self._at.values())
        return rows[min(self._chosen, len(rows) - 1)] if rows else None

    def make(self, cells: int) -> Sequence[Line]:
        self._at.clear()
        lines: list[Line] = []
        labels = min(LABEL_CELLS, cells // 2)
        for heading, rows in self._groups.items():
            lines += [Line(())] if lines else []
            lines.append(Line((Fragment(f" {heading}", "heading"),)))
            for row in rows:
                self._at[len(lines)] = row
                value = clip(paintable(row.value), max(4, cells - labels - 8))
                shown = f"‹ {value} ›" if row.choices else value
                lines.append(
                    Line(
                        (
                            Fragment("   "),
                            Fragment(pad(paintable(row.label), labels)),
                            Fragment("  "),
                            Fragment(shown or "—", "" if value else "muted"),
                        )
                    )
                )
        return lines

    def render_line(self, y: int) -> Strip:
        row = round(self.scroll_y) + y
        if row not in self._at or self._at[row] is not self.chosen:
            return super().render_line(y)
        palette = self._palette = self._palette or Palette(self)
        fragments = tuple(
            Fragment(text, f"{role} cursor-row".strip())
            for text, role in (Fragment(" ▌ ", "brand"), *self.line(row).fragments[1:])
        )
        return palette.strip(Line(fragments, fill="cursor-row"), self.size.width)

    def action_step(self, count: int) -> None:
        self._choose(self._chosen + count)

    def _choose(self, index: int) -> None:
        self._chosen = min(max(0, index), max(0, len(self._at) - 1))
        places = list(self._at)
        row = places[self._chosen] if places else 0
        top = 0 if self._chosen == 0 else row
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif row >= self.scroll_y + self.size.height:
            self.scroll_to(y=row - self.size.height + 1, animate=False)
        self.refresh()
        self.post_message(self.Moved())

    def action_turn(self, count: int) -> None:
        row = self.chosen
        if row is not None and row.choices and row.choose is not None:
            key = _name(row)
            kept = key not in self._wanted
            now = self._wanted.get(key, row.value)
            here = row.choices.index(now) if now in row.choices else 0
            self._wanted[key] = row.choices[(here + count) % len(row.choices)]
            if kept:
                assert isinstance(self.screen, MeshScreen)
                keep = partial(self.screen.attempt, row.choose)
                begin(self.app, self._keep, key, keep, group=SENDING)  # also where one leaves at once

    async def _keep(self, key: tuple[str, str], keep: Callable[[str], Awaitable[object]]) -> None:
        try:
            async with self._keeping:  # of other rows, too: in the order of the keys
                wanted: str | None = None
                while wanted != self._wanted[key]:
                    wanted = self._wanted[key]
                    await keep(wanted)
        finally:
            del self._wanted[key]

    def action_open(self) -> None:
        row = self.chosen
        if row is not None and row.open is not None:
            row.open()
        else:
            self.action_turn(1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = round(self.scroll_y) + offset.y if offset else None
        if row is not None and row in self._at:
            index, was = list(self._at).index(row), self._chosen
            self._choose(index)
            if index == was:
                self.action_open()
