"""What whoever looks on sees of transfers: frozen states, and the events that tell a new one. No IO."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mesh_agent.net.base import Way
from protocol.peer import EntryKind

Direction = Literal["send", "receive"]

Phase = Literal[
    "waiting",
    "connecting",
    "offered",
    "running",
    "paused",
    "interrupted",
    "finishing",
    "done",
    "declined",
    "cancelled",
    "failed",
]
"""
waiting      no device of the other person has taken the session yet, or it is not this one's turn
connecting   a way between the two devices is looked for
offered      the receiver is asked; on the receiving side, the person has to accept or decline
running      bytes flow
paused       by one of the two
interrupted  the line was lost, and goes on by itself
finishing    everything has arrived; it is verified and put in its place
"""

OVER: Final[tuple[Phase, ...]] = ("done", "declined", "cancelled", "failed")

Conflict = Literal["rename", "skip", "overwrite", "newer"]
"""What becomes of a file whose name is taken: it gets another, is left out, or takes the place (if newer)."""

OFFERED_PATHS: Final = 1_000
"""Paths of an offer that are shown; how many more there are is told."""


@dataclass(frozen=True, slots=True)
class OfferedPath:
    """One entry of an offer, under the name that it would get here. `renamed`: the sender's name, where that
    could not be kept. `exists`: something has that name here. `same`: it is the same, and is not sent."""

    path: str
    kind: EntryKind
    size: int
    renamed: str = ""
    exists: bool = False
    same: bool = False

    @property
    def taken(self) -> bool:
        """Another file, or a link, has the name; folders become one."""
        return self.exists and not self.same and self.kind != "folder"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file or folder on its way, in one direction, between this device and one other person's.

    Attributes:
        id: this agent's name for it; stays when it is resumed, also after a restart.
        title: the name of the file or folder, safe to paint.
        size: bytes of all files; `files`: how many.
        done: bytes that are on the receiver's disk and verified.
        rate: bytes a second now; 0 where nothing flows.
        paths: what was offered; empty on the sending side.
        more_paths: how many of them are not in `paths`.
        space: bytes free where it would go; None on the sending side.
        way, lanes: how it travels, and over how many connections.
        verified: the other device's identity was compared by the two persons.
        place: where it is, or where it goes.
        reason: why it failed, was declined or cancelled: a sentence.
        door: nothing is offered yet: a device that was not compared asks to connect.
        created_at, ended_at: RFC 3339.
        paused_by_peer: the other side alone has paused it, and alone lets it go on.
        left: interrupted, and the program that ran it has ended: it goes on once it is resumed.
    """

    id: str
    direction: Direction
    room_id: str
    peer_id: str
    peer_name: str
    title: str
    kind: Literal["file", "folder"]
    phase: Phase
    size: int = 0
    files: int = 1
    done: int = 0
    rate: float = 0.0
    paths: tuple[OfferedPath, ...] = ()
    more_paths: int = 0
    space: int | None = None
    way: Way | None = None
    lanes: int = 0
    verified: bool = False
    place: Path | None = None
    reason: str = ""
    created_at: str = ""
    ended_at: str = ""
    door: bool = False
    paused_by_peer: bool = False
    left: bool = False

    @property
    def over(self) -> bool:
        return self.phase in OVER

    @property
    def undecided(self) -> bool:
        """It was offered to us, and the line was lost before the answer, which can be given all the same."""
        return self.direction == "receive" and self.phase == "interrupted" and self.place is None

    @property
    def awaited(self) -> bool:
        """It was accepted, and its sender is away before anything has come."""
        stopped = self.phase == "interrupted" and not (self.done or self.left)
        return stopped and self.direction == "receive" and self.place is not None

    @property
    def eta_s(self) -> float | None:
        """Seconds until everything is there, at this rate."""
        return (self.size - self.done) / self.rate if self.rate > 0 else None


@dataclass(frozen=True, slots=True)
class TransferChanged:
    """A transfer is new, or otherwise than before; told at most a few times a second for each."""

    transfer: Transfer


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """A device of `user_id` shows another identity than it had: everything with it is refused until the
    person agrees (`Sharing.trust`), after comparing the words."""

    user_id: str
    username: str
    device_id: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A folder that I show to a room, until `unshare` or the end of the agent."""

    id: str
    room_id: str
    name: str
    place: Path
