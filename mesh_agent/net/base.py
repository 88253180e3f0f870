"""What carries bytes between two agents, as everything above it sees it.

Strategy: one small interface, so that an engine can take another's place. A `Lane` is an ordered stream of
bytes both ways, encrypted, whose other end was authenticated before anybody gets it. Writing waits when the
engine holds enough, so that memory does not grow with what is sent; nothing is lost without `LaneLost`.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from protocol.errors import MeshError

Way = Literal["direct", "punched", "relay"]
"""How the packets travel; shown to the person."""

Role = Literal["asker", "asked"]
"""Of the two ends of a session."""

Buffer = bytes | bytearray | memoryview


Came = Callable[[int], None]
"""Is told up to where a buffer is full."""


class LaneLost(MeshError):
    """The line to the other device is gone; what was not confirmed may not have arrived."""

    code = "peer.lost"
    text = "The line to the other device was lost."


class WrongCertificate(LaneLost):
    """Who answers has another certificate than the one that came with the session; nothing was said to it."""

    code = "peer.wrong_certificate"
    text = "The other device has another certificate than was announced. Somebody may sit between you."


class Lane(Protocol):
    """One connection's stream. Reading and writing may go on side by side, each by one task.

    Attributes:
        engine: `quic` or `tls`.
    """

    @property
    def engine(self) -> Literal["quic", "tls"]: ...
    @property
    def way(self) -> Way: ...

    async def write(self, *pieces: Buffer) -> None:
        """Hands them over in order; returns when the engine holds no more than it should.

        Raises: LaneLost
        """

    async def read(self, limit: int) -> bytes:
        """The next bytes, at least one and at most `limit`; empty at the end. Raises: LaneLost."""

    async def read_into(self, view: memoryview, came: Came | None = None) -> None:
        """Fills `view`. Raises: LaneLost, also where the end comes before it is full.

        `came`: where a thread reads, it says there how much of `view` is full by now, again and again, while
        the processor has it at hand; a lane that is read in the loop says nothing.
        """

    async def close(self) -> None:
        """Sends what was handed over, as far as that is quick, and ends the connection. Never raises."""


Listener = Callable[[Lane], None]
"""Is given each lane that the other end opens."""
