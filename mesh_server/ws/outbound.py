"""What waits to be written to one socket.

At most `TRANSPORT_BYTES` are handed to the transport ahead of the reader; the rest waits here, as
references to frames that all readers share, so that a slow reader costs little memory until it is closed.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from protocol.codec import Format

TRANSPORT_BYTES: Final = 128 * 1024
"""Bytes in the transport's own buffer past which nothing more is handed to it."""

OUTBOUND_BYTES: Final = 2 * 1024 * 1024
"""Bytes that may wait here; past it the reader is too slow."""

BEHIND_BYTES: Final = 64 * 1024
"""Bytes waiting past which typing and presence are not even queued."""


class Outbound:
    """The writing end of one connection, and who it belongs to.

    `close(code, reason)` is the connection's own way to end; it is called at most once.
    """

    __slots__ = (
        "_close",
        "_drained",
        "_frames",
        "_size",
        "_transport",
        "device_id",
        "format",
        "peer_id",
        "rooms",
        "user_id",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        format_: Format,
        close: Callable[[int, str], None],
        *,
        peer_id: str,
        user_id: str,
        device_id: str,
    ) -> None:
        self._transport = transport
        self._frames: list[bytes] = []
        self._size = 0
        self._drained: asyncio.Future[None] | None = None
        self._close: Callable[[int, str], None] | None = close
        self.format = format_
        self.peer_id, self.user_id, self.device_id = peer_id, user_id, device_id
        self.rooms: set[str] = set()

    @property
    def is_behind(self) -> bool:
        return self._size > BEHIND_BYTES

    @property
    def waiting_bytes(self) -> int:
        return self._size

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, from this side or the other; nothing more is written then."""
        return self._close is None or self._transport.is_closing()

    def push(self, frames: bytes) -> bool:
        """Queues whole frames; False where the reader has fallen too far behind."""
        self._frames.append(frames)
        self._size += len(frames)
        # What no round of writes has offered to the transport yet says nothing about the reader.
        return self._size <= OUTBOUND_BYTES or self.flush()

    @staticmethod
    def push_to_all(outbounds: "Iterable[Outbound]", frames: bytes) -> "list[Outbound]":
        """`push` for many, as the hub does it all the time; those who were too slow."""
        size = len(frames)
        slow = []
        for outbound in outbounds:
            outbound._frames.append(frames)  # noqa: SLF001 - these are of the same class
            outbound._size = waiting = outbound._size + size  # noqa: SLF001
            if waiting > OUTBOUND_BYTES and not outbound.flush():
                slow.append(outbound)
        return slow

    def flush(self) -> bool:
        """Writes what waits as one piece; False where the transport does not take it now."""
        if not self._frames:
            return True
        transport = self._transport
        if self.is_closed:
            self._clear()
            return True
        if transport.get_write_buffer_size() > TRANSPORT_BYTES:
            return False
        transport.write(self._frames[0] if len(self._frames) == 1 else b"".join(self._frames))
        self._clear()
        return True

    async def drained(self) -> None:
        """Waits until nothing waits here; for the reading task of this very connection only."""
        if self._frames:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    def close(self, code: int, reason: str) -> None:
        """Drops what waits where the reader does not read it, else writes it, and ends the connection."""
        close = self._close
        if close is not None:
            self.flush()
            self._close = None
            self._clear()
            close(code, reason)

    def _clear(self) -> None:
        self._frames.clear()
        self._size = 0
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
