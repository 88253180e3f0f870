"""The status line: the connection in words, who is typing, and which other rooms have something new.

Strategy: the state of the connection is always whole; then the rooms get what they need, but leave some cells
to who is typing, which is cut where the row is short.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from textual import events
from textual.message import Message

from mesh_agent.client.state import Connected, Connecting, ConnectionState, SignedOut, Waiting
from mesh_agent.sharing.state import Transfer
from mesh_tui.layout.cells import Fragment, clip, paintable, width
from mesh_tui.layout.hotlist import entry_at, hotlist
from mesh_tui.layout.transfers import status_words
from mesh_tui.rooms import Entry
from mesh_tui.widgets.bar import Bar

TYPING_CELLS: Final = 26
"""What is left to who is typing, where somebody is."""

HOT_CELLS: Final = 20
"""What rooms with something new get in any case."""


class StatusLine(Bar):
    """Shows what it was told last; counts down by itself while the line is down.

    What it tells of can be clicked: a room with something new, what is on its way, a terminal.
    """

    @dataclass
    class RoomClicked(Message):
        room_id: str

    def __init__(self) -> None:
        super().__init__()
        self._state: ConnectionState = Connecting(1)
        self._retry_in = 0
        self._typing: list[str] = []
        self._hot: Sequence[Entry] = ()
        self._hotlist: Sequence[Fragment] = ()
        self._transfers: list[Fragment] = []
        self._terminals: Sequence[Fragment] = ()
        self._call: Sequence[Fragment] = ()

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0, self._tick, pause=True)
        self._show()

    def put_state(self, state: ConnectionState) -> None:
        self._state = state
        if isinstance(state, Waiting):
            self._retry_in = round(state.retry_in_s)
            self._clock.reset()
            self._clock.resume()
        else:
            self._clock.pause()
        self._show()

    def put_typing(self, names: Iterable[str]) -> None:
        self._typing = sorted(names)
        self._show()

    def put_hot(self, entries: Sequence[Entry]) -> None:
        """Names rooms that have something new, in this order."""
        self._hot = entries
        self._show()

    def put_transfers(self, transfers: Iterable[Transfer]) -> None:
        """Says how far those are that run, and whether one waits for an answer."""
        self._transfers = status_words(transfers)
        self._show()

    def put_terminals(self, words: Sequence[Fragment]) -> None:
        """Says that some are open, and whether somebody waits there."""
        self._terminals = words
        self._show()

    def put_call(self, words: Sequence[Fragment]) -> None:
        """Says who calls, or that a call is on."""
        self._call = words
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _tick(self) -> None:
        self._retry_in = max(0, self._retry_in - 1)
        self._show()

    def _show(self) -> None:
        left = [Fragment(" "), *connection_words(self._state, self._retry_in)]
        free = self.size.width - sum(width(fragment.text) for fragment in left) - 1
        if self._typing:
            left += [Fragment("  │ ", "rule"), Fragment(_typing_words(self._typing), "pending")]
            free -= TYPING_CELLS
        beside = [*self._call, *self._terminals, *self._transfers]
        free -= sum(width(fragment.text) for fragment in beside)
        self._hotlist = hotlist(self._hot, max(HOT_CELLS, free))
        self.put(left, [*beside, *self._hotlist])

    async def on_click(self, event: events.Click) -> None:
        cell = event.x - self.size.width
        for fragments, action in (
            (self._hotlist, ""),
            (self._transfers, "screen.transfers"),
            (self._terminals, "screen.terminals"),
        ):
            cell += (cells := sum(width(fragment.text) for fragment in fragments))
            if 0 <= cell < cells:
                await (self.app.run_action(action, self.screen) if action else self._hot_clicked(cell))
                return
        if cell < 0 and isinstance(self._state, Waiting):
            await self.app.run_action("screen.again", self.screen)

    async def _hot_clicked(self, cell: int) -> None:
        entry = entry_at(self._hotlist, self._hot, cell)
        if entry is not None:
            self.post_message(self.RoomClicked(entry.room.id))
        else:
            await self.app.run_action("screen.inbox", self.screen)


def connection_words(state: ConnectionState, retry_in: int = 0) -> list[Fragment]:
    """The state of the connection as a sign and words."""
    match state:
        case Connected(lag_s=None):
            return [Fragment("● connected", "state-up")]
        case Connected(lag_s=lag):
            return [Fragment("● connected", "state-up"), Fragment(f" {(lag or 0) * 1000:.0f} ms", "muted")]
        case Connecting(attempt=attempt):
            tries = f" (try {attempt})" if attempt > 1 else ""
            return [Fragment(f"◌ connecting{tries}…", "state-trying")]
        case SignedOut(reason=reason):
            return [Fragment("○ signed out", "state-down"), Fragment(f" {paintable(reason)}", "muted")]
        case Waiting(reason=reason):
            when = f"trying again in {retry_in} s" if retry_in else "trying again now"
            return [
                Fragment("○ offline", "state-down"),
                Fragment(f" · {when} · ", "muted"),
                Fragment("F5", "key"),
                Fragment(" now · ", "muted"),
                Fragment(paintable(reason), "muted"),
            ]


def _typing_words(names: list[str]) -> str:
    shown = [clip(paintable(name), 16) for name in names[:2]]
    if len(names) > 2:
        return f"{shown[0]} and {len(names) - 1} others are typing…"
    return f"{' and '.join(shown)} {'is' if len(names) == 1 else 'are'} typing…"
