"""One connection of the ssh door, bounded where asyncssh leaves it open.

Strategy: asyncssh keeps what came while it waits for an answer of ours, and what it sends while nobody reads,
without a limit. Here whoever does not read is not read from either, and whoever sends on while an answer is
awaited is cut off. What is compressed may not become larger than a packet is.
"""

import asyncio
import zlib
from typing import Final

import asyncssh
from asyncssh.compression import Decompressor, get_compressor, register_compression_alg

UNREAD_BYTES: Final = 512 * 1024
"""What may have come and not been looked at; twice the largest packet."""

PACKET_BYTES: Final = 256 * 1024
"""What a compressed packet may become; a larger one ends the connection."""

COMPRESSION: Final = b"zlib@openssh.com"
"""`ssh -C`: it begins once somebody is signed in."""


class Line(asyncssh.SSHServerConnection):
    """`writable` is set while the other end reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, options: asyncssh.SSHServerConnectionOptions) -> None:
        super().__init__(loop, options)
        self.writable: Final = asyncio.Event()
        self.writable.set()

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        super().data_received(data, datatype)
        if len(self._inpbuf) > UNREAD_BYTES:
            self.abort()

    def pause_writing(self) -> None:
        self.writable.clear()
        if isinstance(self._transport, asyncio.ReadTransport):
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.writable.set()
        if isinstance(self._transport, asyncio.ReadTransport):
            self._transport.resume_reading()


class _Inflating(Decompressor):
    """A packet of a few bytes could become as large as the memory."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj()

    def decompress(self, data: bytes) -> bytes | None:
        """None, which ends the connection, for what is none or too large."""
        try:
            found = self._zlib.decompress(data, PACKET_BYTES)
        except zlib.error:
            return None
        return None if self._zlib.unconsumed_tail else found


def bound_compression() -> None:
    """For all of the process; safe to call again."""
    register_compression_alg(
        COMPRESSION, lambda: get_compressor(b"zlib"), _Inflating, after_auth=True, default=False
    )
