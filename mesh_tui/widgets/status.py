"""The status line: the connection in words, who is typing, and which other rooms have something new."""

from collections.abc import Iterable

from mesh_agent.client.state import Connected, Connecting, ConnectionState, SignedOut, Waiting
from mesh_tui.layout.cells import Fragment, clip, paintable
from mesh_tui.widgets.bar import Bar
from protocol.rest import Room

HOT_ROOMS = 4
"""Rooms with something new that are named before the others are counted."""


class StatusLine(Bar):
    """Shows what it was told last; counts down by itself while the line is down."""

    def __init__(self) -> None:
        super().__init__()
        self._state: ConnectionState = Connecting(1)
        self._retry_in = 0
        self._typing: list[str] = []
        self._hot: list[Room] = []

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

    def put_rooms(self, rooms: Iterable[Room]) -> None:
        """Names rooms that have something new, those that mention me first."""
        self._hot = sorted(rooms, key=lambda room: (-(room.mentions or 0), -(room.unread or 0)))
        self._show()

    def _tick(self) -> None:
        self._retry_in = max(0, self._retry_in - 1)
        self._show()

    def _show(self) -> None:
        left = [Fragment(" "), *connection_words(self._state, self._retry_in)]
        if self._typing:
            left += [Fragment("  │ ", "rule"), Fragment(_typing_words(self._typing), "pending")]
        self.put(left, _hot_words(self._hot))


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


def _hot_words(rooms: list[Room]) -> list[Fragment]:
    words: list[Fragment] = []
    for room in rooms[:HOT_ROOMS]:
        words.append(Fragment(f"{clip(paintable(room.name), 14)} ", "title"))
        words.append(Fragment(f"{room.unread}  ", "mention-me" if room.mentions else "count"))
    if len(rooms) > HOT_ROOMS:
        words.append(Fragment(f"+{len(rooms) - HOT_ROOMS} ", "muted"))
    return words
