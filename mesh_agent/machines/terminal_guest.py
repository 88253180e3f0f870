"""Watching one shared terminal, as a machine without IO: frames of the host in, frames to it out.

    connecting ──connected──> asking ──TERM_OPENED──> open ──lost──> lost ──connected──> asking …
                                └── TERM_CLOSE: refused ┴── TERM_CLOSE: ended

Strategy: the screen is whatever was told last, also while the line is lost. States are acknowledged once
they are applied, several at a time since each answer costs the host a packet; so a guest that is slow to read
is told fewer. What is typed goes out only with a grant, and no
more than `INPUT_BYTES` ahead of what the program was given, so that a paste into a program that does not
read costs no memory anywhere. Every frame that does not fit raises `PeerFault`, and costs the connection.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Literal

from mesh_agent.terminal.guest_screen import GuestScreen
from mesh_agent.terminal.rows import checked_row
from protocol import limits
from protocol.errors import PeerMalformed, PeerOutOfOrder
from protocol.peer import PeerFrame
from protocol.peer_terminal import (
    Run,
    TermAck,
    TermClose,
    TermGrant,
    TermHistory,
    TermInput,
    TermLines,
    TermOpen,
    TermOpened,
    TermResize,
    TermState,
    TermStatus,
    Watcher,
)
from protocol.text import clean_line

Phase = Literal["connecting", "asking", "open", "lost", "ended", "refused"]

OVER: Final = frozenset({"ended", "refused"})

INPUT_BYTES: Final = 256 * 1024
"""What was typed and not given to the program yet; more is not taken."""

ACK_STATES: Final = 4
"""States that are acknowledged at once; fewer of them after `ACK_BYTES` or `ACK_S`, by who has a clock."""

ACK_BYTES: Final = 8 * 1024
ACK_S: Final = 1.0

PAGES_MAX: Final = 8
"""Pages of lines that were asked for and are not here; more are not asked for."""

GuestFrame = TermOpen | TermAck | TermInput | TermResize | TermHistory | TermGrant | TermClose

_SENTENCES: Final = {
    "closed": "The sharing was ended.",
    "declined": "You were not let in.",
    "kicked": "You were put out.",
    "unknown": "There is no such terminal any more.",
    "full": "There are too many guests already.",
}
_REFUSALS: Final = frozenset({"declined", "kicked", "unknown", "full"})


class TerminalGuest:
    """Attributes:
    screen: what is shown.
    phase, reason: where it stands, and why, as a sentence.
    command: what runs in it; `terminal`: its id.
    writes: what is typed goes to the program. wants_to_write: the host was asked, and has not answered.
    watchers, recorded: as the host told last.
    exit_status: of the program, once it has ended; negative: the signal.
    answers: pages that have come, by their request; to be taken away.
    """

    def __init__(self, columns: int, rows: int, terminal: str = "") -> None:
        self.screen = GuestScreen(columns, rows)
        self.phase: Phase = "connecting"
        self.reason = ""
        self.terminal, self.command = terminal, ""
        self.writes = self.wants_to_write = self.recorded = False
        self.watchers: list[Watcher] = []
        self.exit_status: int | None = None
        self.answers: dict[str, tuple[int, list[list[Run]]]] = {}
        self._size = (columns, rows)
        self._stamp = self._requests = 0
        self._owed = 0
        self._unread: deque[tuple[int, int]] = deque()
        self._asked_for: dict[str, tuple[int, int]] = {}
        self._handlers: dict[type, Callable[[Any], list[GuestFrame]]] = {
            TermOpened: self._opened,
            TermState: self._state,
            TermStatus: self._status,
            TermLines: self._lines,
            TermGrant: self._grant,
            TermClose: self._close,
        }

    # ── the connection ───────────────────────────────────────────────────────────────────────────

    def connected(self) -> list[GuestFrame]:
        """The host's device is there."""
        columns, rows = self._size
        self.phase = "asking"
        self._stamp = self._owed = 0
        self._unread.clear()
        self._asked_for.clear()
        return [TermOpen(columns=columns, rows=rows, terminal=self.terminal)]

    def lost(self, reason: str, phase: Phase = "lost") -> None:
        """The connection is gone; where it is over already, that stays so."""
        if self.phase not in OVER:
            self.phase = phase if phase in OVER or self.screen.number else "connecting"
            self.reason = reason
        self.writes = self.wants_to_write = False
        self._asked_for.clear()

    @property
    def over(self) -> bool:
        return self.phase in OVER

    def heard(self, frame: PeerFrame) -> list[GuestFrame]:
        """Returns what to answer. Raises: PeerFault: also where no host says that, or not now."""
        handler = self._handlers.get(type(frame))
        if handler is None or (self.phase != "open" and not isinstance(frame, TermOpened | TermClose)):
            raise PeerOutOfOrder
        return handler(frame)

    def _opened(self, opened: TermOpened) -> list[GuestFrame]:
        if self.phase != "asking":
            raise PeerOutOfOrder
        self.phase, self.reason = "open", ""
        self.terminal, self.command = clean_line(opened.terminal), clean_line(opened.command)
        return []

    def _state(self, state: TermState) -> list[GuestFrame]:
        self.screen.apply(state)
        while self._unread and self._unread[0][0] <= state.echo:
            self._unread.popleft()
        if state.more:
            return []
        self._owed += 1
        return self.acknowledge() if not state.base or self._owed >= ACK_STATES else []

    @property
    def owes(self) -> bool:
        """States were applied and not acknowledged."""
        return bool(self._owed) and self.phase == "open"

    def acknowledge(self) -> list[GuestFrame]:
        """All that was applied."""
        if not self.owes:
            return []
        self._owed = 0
        return [TermAck(number=self.screen.number)]

    def _status(self, status: TermStatus) -> list[GuestFrame]:
        self.watchers = [Watcher(clean_line(each.name), each.writes) for each in status.watchers]
        self.recorded = status.recorded
        return []

    def _grant(self, grant: TermGrant) -> list[GuestFrame]:
        self.writes, self.wants_to_write = grant.write, False
        self.reason = clean_line(grant.reason)
        return []

    def _close(self, close: TermClose) -> list[GuestFrame]:
        self.phase = "refused" if close.code in _REFUSALS else "ended"
        self.exit_status = close.exit_status
        self.reason = _end_of(close)
        self.writes = self.wants_to_write = False
        return []

    # ── what a person does ───────────────────────────────────────────────────────────────────────

    def resize(self, columns: int, rows: int) -> list[GuestFrame]:
        """The size of the view, at least 1 by 1."""
        columns, rows = min(columns, limits.TERM_COLUMNS), min(rows, limits.TERM_ROWS)
        if (columns, rows) == self._size:
            return []
        self._size = columns, rows
        return [TermResize(columns=columns, rows=rows)] if self.phase in {"asking", "open"} else []

    @property
    def stamp(self) -> int:
        """Of the last input."""
        return self._stamp

    def type(self, data: bytes) -> list[GuestFrame]:
        """What to send of it: all, or, without a grant or with too much unread, nothing."""
        unread = sum(size for _, size in self._unread)
        if not data or not self.writes or self.phase != "open" or unread + len(data) > INPUT_BYTES:
            return []
        frames: list[GuestFrame] = []
        for at in range(0, len(data), limits.TERM_INPUT_BYTES):
            piece = data[at : at + limits.TERM_INPUT_BYTES]
            self._stamp += 1
            self._unread.append((self._stamp, len(piece)))
            frames.append(TermInput(data=piece, stamp=self._stamp))
        return frames

    def ask_to_write(self, wanted: bool = True) -> list[GuestFrame]:
        """Asks the host's person; or gives back what they granted."""
        if self.phase != "open" or (wanted and self.writes):
            return []
        self.wants_to_write = wanted
        return [TermGrant(write=wanted)]

    def ask_for_lines(self, first: int, count: int) -> tuple[str, list[GuestFrame]]:
        """The name of the request, empty where it cannot be asked now."""
        if self.phase != "open" or len(self._asked_for) >= PAGES_MAX or first < 0 or count < 1:
            return "", []
        self._requests += 1
        request, count = f"lines-{self._requests}", min(count, limits.TERM_LINES)
        self._asked_for[request] = (first, count)
        return request, [TermHistory(request=request, first=first, count=count)]

    def _lines(self, lines: TermLines) -> list[GuestFrame]:
        asked = self._asked_for.pop(lines.request, None)
        if asked is None:
            raise PeerOutOfOrder
        first, count = asked
        if lines.first < first or lines.first + len(lines.lines) > first + count:
            raise PeerMalformed
        rows = [checked_row(row, limits.TERM_COLUMNS) for row in lines.lines]
        self.answers[lines.request] = lines.first, rows
        return []


def _end_of(close: TermClose) -> str:
    if close.code != "ended":
        return clean_line(close.reason) or _SENTENCES.get(close.code, "The sharing was ended.")
    status = close.exit_status
    if status is None:
        return "The program has ended."
    if status < 0:
        return f"The program was ended by signal {-status}."
    return f"The program ended with exit code {status}."
