"""What a guest has of the host's screen: built from the frames that tell it, and from nothing else.

Strategy: a state is applied only to the one that it was made from; what does not fit is the fault of the
other side, and said so. Whatever a frame tells is bounded by the size of the screen, which is bounded by its
type, so this never grows. All text is made safe to paint here, once, where it enters.
"""

from mesh_agent.terminal.rows import checked_row, width_of
from protocol.errors import PeerMalformed, PeerOutOfOrder
from protocol.peer_terminal import Cursor, Run, TermState
from protocol.text import clean_line


class GuestScreen:
    """Attributes:
    number: of the state that is shown; 0 before the first.
    rows_: from the top; of each, its runs.
    complete: no frame of the same state is to follow.
    The others are as in `TermState`.
    """

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.number = 0
        self.columns, self.rows = columns, rows
        self.cursor = Cursor(0, 0)
        self.modes = 0
        self.title = ""
        self.above = self.kept = self.bells = self.echo = 0
        self.rows_: list[list[Run]] = [[] for _ in range(rows)]
        self.complete = True
        self._coming = (0, 0)

    def apply(self, state: TermState) -> set[int]:
        """Shows that state; returns the rows that may differ now. After an error nothing has changed.

        Raises:
            PeerOutOfOrder: it was made from another state than the one that is shown.
            PeerMalformed: something is outside of the screen, or a row is told twice.
        """
        self._check(state)
        told = {changed.row: checked_row(changed.runs, state.columns) for changed in state.changed}
        if max(told, default=0) >= state.rows or len(told) < len(state.changed):
            raise PeerMalformed
        changed = self._fit(state) | set(told)
        for row, runs in told.items():
            self.rows_[row] = runs
        self.cursor, self.modes = state.cursor, state.modes
        self.title = clean_line(state.title)
        self.above, self.kept = state.above, min(state.kept, state.above)
        self.bells, self.echo = state.bells, state.echo
        self.complete = not state.more
        self._coming = (state.number, state.base)
        if self.complete:
            self.number = state.number
        return changed

    def _check(self, state: TermState) -> None:
        if state.cursor.row >= state.rows or state.cursor.column >= state.columns:
            raise PeerMalformed
        if not self.complete:
            if (state.number, state.base) != self._coming or not self._has_size(state):
                raise PeerOutOfOrder
        elif state.base not in (0, self.number) or state.number <= state.base:
            raise PeerOutOfOrder

    def _has_size(self, state: TermState) -> bool:
        return (state.columns, state.rows) == (self.columns, self.rows)

    def _fit(self, state: TermState) -> set[int]:
        """Makes the rows those of the state's base, in its size; returns those that this has changed."""
        if self.complete and state.base == 0:
            self.rows_ = [[] for _ in range(state.rows)]
        elif self._has_size(state):
            return set()
        else:
            kept = [runs if width_of(runs) <= state.columns else [] for runs in self.rows_[: state.rows]]
            self.rows_ = kept + [[] for _ in range(state.rows - len(kept))]
        self.columns, self.rows = state.columns, state.rows
        return set(range(state.rows))
