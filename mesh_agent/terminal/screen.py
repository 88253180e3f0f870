"""What stands on a shared terminal, with a number for each state, and the frames that tell what changed.

Strategy: each row has the number of the state that changed it last, so what a guest lacks is the rows whose
number is past the one that it was told, whichever that is and whatever came between. Nothing is kept for each
guest, and a frame that several of them need is made once. A row that was written again as it was has not
changed.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from mesh_agent.terminal.emulator import Emulator
from protocol import limits
from protocol.peer import encode_frame
from protocol.peer_terminal import Changed, Cursor, Run, TermState

FRAME_BYTES: Final = limits.PEER_FRAME_BYTES // 2
"""Of rows in one frame, as estimated; a larger state is told in several."""

RUN_BYTES: Final = 24
FRAMES_KEPT: Final = 8
"""Differences of the latest state that are kept encoded."""


class Screen:
    """Attributes:
    number: of the latest state; 0 before the first `update`.
    rows: as they are in that state; the others are as in `TermState`. None of it changes but in `update`.
    changed_rows: how many the last `update` has changed.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.number = 0
        self.rows: list[list[Run]] = []
        self.changed_rows = 0
        self._changed_at: list[int] = []
        self._sized_at = 0
        self._size = (0, 0)
        self._about: tuple[object, ...] = ()
        self.cursor = Cursor(0, 0)
        self.modes = self.above = self.kept = self.bells = 0
        self.title = ""
        self._frames: dict[tuple[int, int], list[bytes]] = {}

    def update(self) -> bool:
        """Takes what the emulator has now for the latest state, where it is another one."""
        emulator = self._emulator
        number = self.number + 1
        differs = self._fit(number)
        self.changed_rows = 0
        for row, runs in emulator.changed():
            if runs != self.rows[row]:
                self.rows[row], self._changed_at[row] = runs, number
                self.changed_rows += 1
        differs = differs or self.changed_rows > 0
        about = (
            emulator.cursor(),
            emulator.modes(),
            emulator.title,
            emulator.above,
            emulator.kept,
            emulator.bells,
        )
        if about != self._about:
            self._about = about
            self.cursor, self.modes, self.title, self.above, self.kept, self.bells = about
            differs = True
        if differs:
            self.touch()
        return differs

    def touch(self) -> None:
        """The latest state has a new number, though nothing on the screen has changed."""
        self.number += 1
        self._frames.clear()

    def _fit(self, number: int) -> bool:
        size = self._emulator.columns, self._emulator.rows
        if size == self._size:
            return False
        self._size, self._sized_at = size, number
        self.rows = [[] for _ in range(size[1])]
        self._changed_at = [number] * size[1]
        return True

    def state_since(self, base: int, echo: int = 0) -> list[bytes]:
        """The frames that make state `base` the latest one; 0, or one of another size: all of it.

        `echo`: as in `TermState`. Empty where `base` is the latest.
        """
        if base >= self.number:
            return []
        key = base, echo
        frames = self._frames.get(key)
        if frames is None:
            if len(self._frames) >= FRAMES_KEPT:
                self._frames.clear()
            frames = self._frames[key] = [encode_frame(state) for state in self.states(base, echo)]
        return frames

    def states(self, base: int, echo: int = 0) -> Iterator[TermState]:
        """As `state_since`, not encoded."""
        if base < self._sized_at:
            base = 0
        rows = [
            Changed(row, runs)
            for row, (runs, changed_at) in enumerate(zip(self.rows, self._changed_at, strict=True))
            if (changed_at > base if base else runs)
        ]
        parts = list(_parts(rows)) or [[]]
        columns, height = self._size
        for index, part in enumerate(parts):
            yield TermState(
                number=self.number,
                base=base,
                columns=columns,
                rows=height,
                cursor=self.cursor,
                changed=part,
                modes=self.modes,
                title=self.title,
                above=self.above,
                kept=self.kept,
                bells=self.bells,
                echo=echo,
                more=index < len(parts) - 1,
            )


def _parts(rows: Sequence[Changed]) -> Iterator[list[Changed]]:
    """Pieces of which each fits into a frame."""
    part: list[Changed] = []
    size = 0
    for row in rows:
        cost = sum(RUN_BYTES + 4 * len(run.text) for run in row.runs)
        if part and size + cost > FRAME_BYTES:
            yield part
            part, size = [], 0
        part.append(row)
        size += cost
    if part:
        yield part
