"""Files on their way in the room that is open: below its messages, an offer as a card, the others as a row.

Strategy: it is as tall as what it shows, up to a third of the screen, and not there where nothing is on its
way. Only with the focus one of them is chosen; what its keys do is for the screen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from mesh_agent.sharing.state import Transfer
from mesh_tui.hints import key_at
from mesh_tui.key_names import key_label
from mesh_tui.layout.cells import Fragment, Line
from mesh_tui.layout.transfers import INDENT, card_lines, hint_line
from mesh_tui.settings import Settings
from mesh_tui.transfers import DEEDS, is_open_offer, is_picture
from mesh_tui.widgets.choices import Block, Choices
from mesh_tui.widgets.lines import LineList

if TYPE_CHECKING:
    from mesh_tui.app import MeshApp

ROWS_MOST: Final = 9
"""Rows that it takes at most; a third of the screen where that is less."""

PICTURE_CELLS: Final = 40
PICTURE_ROWS: Final = 8
"""A picture that has come; with one, it may be so much taller, and half of the screen."""


_DEED_KEYS: Final = tuple(dict.fromkeys(deed.key for deed in DEEDS))


def deed_bindings() -> list[BindingType]:
    """The keys of what can be done with a transfer: `action_deed` gets the key."""
    return [Binding(key, f"deed('{key}')", show=False) for key in _DEED_KEYS]


class Cards(Choices, can_focus=True):
    """`transfers` are those of the room, in their order."""

    DEFAULT_CSS = "Cards { height: auto; display: none; }"
    BINDINGS: ClassVar[list[BindingType]] = deed_bindings()

    @dataclass
    class Done(Message):
        """A key was pressed for a transfer."""

        transfer: Transfer
        key: str

    def __init__(self) -> None:
        super().__init__()
        self.transfers: Sequence[Transfer] = ()
        self._key = "f6"
        self._rows_now = 0
        self._pictures = 0
        self._told = False
        """The keys were told when the button was pressed."""

    def on_mount(self) -> None:
        self._mesh.settings_changed.subscribe(self, self._settings_changed)

    def _settings_changed(self, _: Settings) -> None:
        self._came()

    @property
    def chosen(self) -> Transfer | None:
        return self.transfers[self.index] if self.index < len(self.transfers) else None

    def put(self, transfers: Sequence[Transfer], key: str) -> None:
        """Shows these; `key` is the one that leads here."""
        was = self.chosen
        self._key, self._pictures = key, 0
        self.transfers = transfers
        here = [known.id for known in transfers]
        index = here.index(was.id) if was is not None and was.id in here and self.has_focus else 0
        self.index = index
        self._fit()
        self.begin_at(index)

    def _fit(self) -> None:
        """It is as tall as what it shows."""
        rows = sum(len(block.lines) for block in self.blocks(max(1, self.size.width)))
        if rows != self._rows_now:
            self._rows_now = rows
            self.display = bool(self.transfers)
            self.refresh(layout=True)
            self.call_after_refresh(self._show_chosen)

    def blocks(self, cells: int) -> Iterable[Block]:
        plain = self.app.current_theme.ansi
        for number, transfer in enumerate(self.transfers):
            hint = self._hint(number, transfer)
            yield Block([*card_lines(transfer, cells, hint, plain=plain), *self._picture(transfer, cells)])

    def _picture(self, transfer: Transfer, cells: int) -> list[Line]:
        """What has come, where it is a picture and may be shown unasked."""
        if transfer.direction == "send" or not is_picture(transfer) or not self._mesh.shows_pictures:
            return []
        assert transfer.place is not None
        columns, rows = min(PICTURE_CELLS, cells - 4), min(PICTURE_ROWS, self.app.size.height // 4)
        background = self.background_colors[1].rgb
        shelf = self._mesh.pictures
        shown = shelf.get(transfer.place, columns, rows, "{:02x}{:02x}{:02x}".format(*background), self._came)
        lines = [Line((INDENT, INDENT, *line.fragments)) for line in shown.rows] if shown else []
        self._pictures += bool(lines)
        return lines

    def _came(self) -> None:
        if self.is_mounted:
            self.put(self.transfers, self._key)

    @property
    def _mesh(self) -> "MeshApp":
        from mesh_tui.app import MeshApp

        assert isinstance(self.app, MeshApp)
        return self.app

    def _hint(self, number: int, transfer: Transfer) -> list[Fragment]:
        """The keys of the one that is chosen; how an answer is given to an offer that is not."""
        if self.has_focus and number == self.index:
            return hint_line(transfer)
        return self._way_here() if is_open_offer(transfer) else []

    def _way_here(self) -> list[Fragment]:
        return [
            Fragment(key_label(self._key), "key"),
            Fragment(" to answer, or ", "muted"),
            Fragment("/accept", "key"),
            Fragment(" and ", "muted"),
            Fragment("/decline", "key"),
        ]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        if self._pictures:
            return max(1, min(self._rows_now, ROWS_MOST + PICTURE_ROWS, viewport.height // 2))
        return max(1, min(self._rows_now, ROWS_MOST, viewport.height // 3))

    def step(self, count: int) -> None:
        super().step(count)
        self._fit()
        self.begin_at(self.index)

    def action_deed(self, key: str) -> None:
        if self.chosen is not None:
            self.post_message(self.Done(self.chosen, key))

    def watch_has_focus(self, _has_focus: bool) -> None:
        """What it says of keys is another thing with the focus; heard once that is so."""
        super().watch_has_focus(_has_focus)
        self._fit()
        self.remake()

    def focus_on_click(self) -> bool:
        # Asked before the click gives the focus, and with that other words.
        self._told = self.has_focus
        return super().focus_on_click()

    def on_click(self, event: events.Click) -> None:
        """With the focus, what is told of keys can be clicked; the click that gives it comes before that."""
        offset = event.get_content_offset(self) if self._told else None
        key = key_at(self.render_line(offset.y).text, offset.x) if offset else None
        if key in _DEED_KEYS:
            event.prevent_default()
            self.action_deed(key)

    def render_line(self, y: int) -> Strip:
        return super().render_line(y) if self.has_focus else LineList.render_line(self, y)
