"""What the two ends of a transfer have in common: states, pause, the end, and what stalls.

Strategy: a transfer is a set of chunks that are missing at the receiver. Each end is a small machine
without IO whose states and ways between them are a table: whatever has no line in it is refused as out of
order. The machines are told what came, what was sent and which lane died, and say what to send; the time is
an argument. Many of them share one line, and know nothing of each other but the credit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol

from protocol import limits
from protocol.errors import PeerOutOfOrder
from protocol.peer import FileCancel, FilePause
from protocol.peer_parts import Sentence

STALL_S: Final = 120.0
"""So long may a transfer that runs on both ends stand still before it is given up."""

FINISH_S: Final = 3_600.0
"""So long may the receiver take to verify and put in place what has arrived."""

Event = Literal[
    "announced", "accept", "opened", "page", "listed", "chunk", "hole", "fault", "written", "told",
    "done", "finished", "decline", "cancel", "pause",
]  # fmt: skip
State = Literal["announcing", "listing", "offered", "opening", "running", "finishing", "over"]
Table = Mapping[tuple[State, Event], State]

OPEN: Final[tuple[State, ...]] = ("announcing", "listing", "offered", "opening", "running", "finishing")


class Grid(Protocol):
    """How an offer is cut into chunks: both ends make the same of the same offer."""

    @property
    def chunks(self) -> int:
        """How many."""

    def length(self, index: int) -> int:
        """Bytes of one chunk."""

    def bytes_of(self, first: int, count: int) -> int:
        """Bytes of so many chunks, without looking at each."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a transfer ended.

    Attributes:
        code: of a cancel: `cancelled` is a person's wish, anything else a failure.
        reason: a sentence of whoever ended it; of the other person's device, unless `here`.
        here: this end ended it.
    """

    how: Literal["done", "declined", "cancelled", "failed"]
    code: str = ""
    reason: str = ""
    here: bool = True


class Machine:
    """One end of one transfer. `moved_at`: when something last went on (the caller's clock, seconds)."""

    table: ClassVar[Table]

    def __init__(self, transfer: str, state: State, now: float) -> None:
        self.transfer = transfer
        self.state: State = state
        self.ended: Ended | None = None
        self.paused_here = False
        self.paused_there = False
        self.moved_at = now

    @property
    def over(self) -> bool:
        return self.state == "over"

    @property
    def paused(self) -> bool:
        return self.paused_here or self.paused_there

    def step(self, event: Event) -> None:
        """Raises: PeerOutOfOrder"""
        state = self.table.get((self.state, event))
        if state is None:
            raise PeerOutOfOrder
        self.state = state

    def end(self, ended: Ended) -> None:
        """Whatever the state: nothing more is sent or taken of it."""
        self.state = "over"
        self.ended = ended

    # ── from here ────────────────────────────────────────────────────────────────────────────────

    def pause(self, paused: bool, now: float) -> FilePause | None:
        """What to tell the other end; None where nothing changes."""
        if self.over or paused is self.paused_here:
            return None
        self.paused_here = paused
        self.moved_at = now
        return FilePause(transfer=self.transfer, paused=paused)

    def cancel(self, reason: str, code: str = "cancelled") -> FileCancel | None:
        """What to tell the other end; None where it is over already."""
        if self.over:
            return None
        self.end(Ended(how_of(code), code, reason))
        return FileCancel(transfer=self.transfer, reason=sentence(reason), code=code)

    # ── from there ───────────────────────────────────────────────────────────────────────────────

    def was_paused(self, frame: FilePause, now: float) -> None:
        self.step("pause")
        self.paused_there = frame.paused
        self.moved_at = now

    def was_cancelled(self, frame: FileCancel) -> None:
        self.end(Ended(how_of(frame.code), frame.code, frame.reason, here=False))

    def stalled(self, now: float) -> bool:
        """The other end should have gone on long ago."""
        patience = self._patience()
        return patience is not None and not self.paused and now - self.moved_at > patience

    def _patience(self) -> float | None:
        """Seconds that the other end may take for its next step; None where it is not its turn."""
        raise NotImplementedError


def how_of(code: str) -> Literal["cancelled", "failed"]:
    """What a cancel with that code is."""
    return "cancelled" if code == "cancelled" else "failed"


def sentence(text: str) -> Sentence:
    """As much of it as a frame takes."""
    return text[: limits.PEER_SENTENCE_CHARS]


def ways(*lines: tuple[State, Event, State]) -> Table:
    """A table of the lines, and what may come in any state that is open."""
    table: dict[tuple[State, Event], State] = {(state, event): to for state, event, to in lines}
    for state in OPEN:
        table[state, "pause"] = state
    return table
