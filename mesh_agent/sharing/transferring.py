"""What the courier asks of others, and what it tells: sources, sinks, shares, answers and progress."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from mesh_agent.machines.receiving import Offer
from mesh_agent.machines.transfer import Ended, Grid
from mesh_agent.net.base import Buffer
from mesh_agent.sharing.state import Conflict, Direction
from protocol.peer import Entry, Range


class Source(Protocol):
    """What is sent. All but the attributes is called in threads, several at once (see `files.source`)."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime(self) -> int: ...
    @property
    def mode(self) -> int: ...
    @property
    def kind(self) -> Literal["file", "folder"]: ...
    @property
    def entries(self) -> Sequence[Entry]: ...
    @property
    def grid(self) -> Grid: ...
    @property
    def chunk_bytes(self) -> int: ...
    @property
    def faults(self) -> Sequence[tuple[int, str]]:
        """Entries that could not be read, and why; more may come while chunks are read."""

    def holes(self) -> Sequence[Range]: ...
    def read(self, index: int) -> tuple[Buffer, bytes]:
        """A chunk and its BLAKE3. Raises: MeshError, OSError."""

    def give_back(self, data: Buffer) -> None:
        """Nobody looks at what `read` returned any more, and it may serve the next. Quick."""

    def whole_hash(self) -> bytes:
        """Of a single file: BLAKE3 of all its bytes. Raises: MeshError, OSError."""


class Coming(Protocol):
    """A chunk on its way into a sink. For one thread at a time."""

    def reach(self, end: int, /) -> None:
        """All of its view up to there has come. Need not be told: all of it is there when it is written."""

    @property
    def write(self) -> Callable[[], None]:
        """All of it is there. In a thread. Raises: PeerHashWrong, MeshError, OSError."""

    def drop(self) -> None:
        """It will not be written. Quick; also after `write`."""


class Sink(Protocol):
    """Where it goes. All but the attributes is called in threads (see `files.sink`)."""

    @property
    def grid(self) -> Grid: ...
    @property
    def have(self) -> Sequence[Range]:
        """Chunks that are on disk and verified."""

    def coming(self, index: int, view: memoryview, digest: bytes, /) -> Coming:
        """A chunk begins to come into `view`. Called in the loop. Raises: PeerMismatch."""

    def hole(self, first: int, count: int) -> None: ...
    def fault(self, entry: int, reason: str, /) -> None: ...
    def finish(self, digest: bytes, /) -> Any:
        """Verifies, and puts it in its place. Returns what `Progress.finished` tells.

        Raises: PeerHashWrong, MeshError, OSError.
        """

    def stop(self) -> bool:
        """`finish` is to give no name any more; False where it has begun to. Never waits."""

    def abandon(self, keep: bool) -> None:
        """Closes it; `keep`: to be gone on with."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The person takes it."""

    into: Path
    conflict: Conflict = "rename"
    strikes: int = 0
    """Chunks in a row that were wrong in attempts before."""

    links: bool = False
    """Symbolic links are wanted, where they stay inside."""


@dataclass(frozen=True, slots=True)
class Decline:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyHere:
    """All of it was received, verified and put in its place before, but the sender does not know."""


Answer = Accept | Decline | AlreadyHere
Ask = Callable[[Offer], Awaitable[Answer]]
OpenSink = Callable[[Offer, Accept], Sink]
"""In a thread. Raises: MeshError, OSError; then the offer is declined."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a transfer stands.

    Attributes:
        transfer: the sender's name for it.
        state: of the machine (`machines.transfer.State`).
        done: bytes that are on the receiver's disk and verified.
        rate: bytes a second, over the last seconds.
        ended: how it ended, once it has.
        finished: what the sink told, where it was received.
        faults: entries of a folder that the sender could not read.
        strikes: chunks in a row that were not what their hashes say, the attempts before included.
    """

    transfer: str
    direction: Direction
    state: str
    size: int
    done: int
    rate: float = 0.0
    lanes: int = 1
    paused_here: bool = False
    paused_there: bool = False
    ended: Ended | None = None
    finished: Any = None
    faults: int = 0
    strikes: int = 0


class Shares(Protocol):
    """What this end shows to the other, read-only."""

    async def entries(self, share: str, path: str) -> Sequence[Entry]:
        """What is in a folder of a share. Raises: MeshError, which the other end is told."""

    async def open(self, share: str, path: str) -> tuple[str, Source]:
        """The name of a transfer, and what to offer as it. Raises: MeshError."""

    async def close(self, source: Source) -> None:
        """It was sent, or not."""
