"""What carries datagrams between two agents: a UDP socket, a hole that ICE punched, the server's relay.

Strategy: QUIC needs little of what is below it: datagrams go out and come in, any may be lost, and the other
end has one name that never changes (ICE may send from another address at any time; QUIC does not have to
know). So whatever can do these four things can carry lanes.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from mesh_agent.net.base import Way

SMALLEST_BYTES: Final = 1_200
"""The datagram that every path of QUIC has to carry (RFC 9000, 14)."""

LARGEST_BYTES: Final = 16_384
"""The largest that is ever sent: what the relay takes, and what one frame of a stream can fill."""


class DatagramPath(Protocol):
    """A way to one other end. `send` and `receive` may run side by side, each in one task.

    Attributes:
        way: how the packets travel.
        first_bytes: the datagram that surely fits, at least `SMALLEST_BYTES`; what a connection begins with.
        limit_bytes: the largest that is ever tried, at most `LARGEST_BYTES`; the same as `first_bytes` where
            trying is of no use.
    """

    @property
    def way(self) -> Way: ...
    @property
    def first_bytes(self) -> int: ...
    @property
    def limit_bytes(self) -> int: ...

    async def send(self, datagrams: Sequence[bytes]) -> None:
        """Sends them in order; returns when more may come. What does not fit through is lost without a word.

        Raises: LaneLost, once nothing can get through any more.
        """

    async def receive(self) -> Sequence[bytes]:
        """The next ones, at least one. Raises: LaneLost, once there will be none."""

    def close(self) -> None:
        """Ends `receive` and frees what is held. Never raises."""
