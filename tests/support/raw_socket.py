"""A WebSocket client that can say all that RFC 6455 forbids: frames as bytes, over a plain connection."""

import asyncio
import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from urllib.parse import urlsplit

from tests.support.conditions import PATIENCE_S

MASK: Final = b"\x37\xfa\x21\x3d"  # that of the standard's own example
_READ_BYTES: Final = 1 << 16


class Op(IntEnum):
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


@dataclass(frozen=True, slots=True)
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def close_code(self) -> int | None:
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else None


def encode(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    size: int | None = None,
    size_bytes: int | None = None,
) -> bytes:
    """A frame of a client, right or wrong.

    `size` is what the header announces, and `size_bytes` (0, 2 or 8) in how many bytes more than its least.
    """
    size = len(payload) if size is None else size
    if size_bytes is None:
        size_bytes = 0 if size < 126 else 2 if size < 1 << 16 else 8
    short = {0: size, 2: 126, 8: 127}[size_bytes]
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if masked else 0) | short])
    head += size.to_bytes(size_bytes, "big") if size_bytes else b""
    return head + MASK + mask(payload) if masked else head + payload


def mask(payload: bytes) -> bytes:
    whole = (MASK * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


class RawSocket:
    """An open WebSocket. `reader` and `writer` are the plain connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(
        cls, url: str, *, token: str = "", subprotocol: str = "", path: str = "/ws"
    ) -> "RawSocket":
        """After the handshake. Raises: AssertionError, where it is refused."""
        headers = {
            "Host": urlsplit(url).netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if subprotocol:
            headers["Sec-WebSocket-Protocol"] = subprotocol
        reader, writer, status = await shake_hands(url, headers, request=f"GET {path} HTTP/1.1")
        assert status == 101, status
        return cls(reader, writer)

    def send(self, opcode: int, payload: bytes = b"", **how: bool | int) -> None:
        self.writer.write(encode(opcode, payload, **how))  # type: ignore[arg-type]

    async def frame(self) -> Frame:
        """The next frame of the server's. Raises: ConnectionError, IncompleteReadError at the end."""
        async with asyncio.timeout(PATIENCE_S):
            first, second = await self.reader.readexactly(2)
            assert not second & 0x80, "a server does not mask"
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            payload = await self.reader.readexactly(size)
        return Frame(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 7)

    async def frames_to_the_end(self) -> list[Frame]:
        """Everything up to and including the server's close, or up to the end of the connection."""
        found: list[Frame] = []
        try:
            while not found or found[-1].opcode != Op.CLOSE:
                found.append(await self.frame())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        return found

    async def ended(self) -> bool:
        """True once the server has let go of the connection, whatever it still says before."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self.reader.read(_READ_BYTES):
                    pass
            except ConnectionError:
                pass
        return True

    def close(self) -> None:
        self.writer.close()


async def shake_hands(
    url: str, headers: Mapping[str, str], *, request: str = "GET /ws HTTP/1.1"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """The connection and the status of the answer, whose head has been read."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{request}\r\n{head}\r\n".encode())
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, int(answer.split()[1])
