"""A TCP line that can go wrong: it stalls, trickles, is cut, reset, or dead without anyone being told.

Strategy: a proxy on a port of its own, which hands on bytes in order and never loses one of a connection
that lives, as TCP does not either. What goes wrong is said by calls, and holds for connections that are
open and for those to come, until `heal`.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from tests.support.conditions import until

_READ_BYTES: Final = 64 * 1024
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Line:
    """A way to a server, whose address may change meanwhile, or to one of several, each in its turn.

    Attributes:
        servers: where to; who is not there is passed over, as a proxy would.
        url: where to connect instead.
        connections: how many have been made over it so far.
    """

    def __init__(self, *servers: str) -> None:
        self.servers = list(servers)
        self.url = ""
        self.connections = 0
        self._open: set[_Pair] = set()
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._bite: int | None = None
        self._left: int | None = None
        self.heal()
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        assert self._listener is not None
        self._listener.close()
        self.heal()
        for pair in list(self._open):
            pair.reset_both()
            pair.close()
        await self._listener.wait_closed()
        await until(lambda: not self._open, "the line's connections to end")

    # ── what goes wrong ──────────────────────────────────────────────────────────────────────────

    def stall(self) -> None:
        """Nothing passes, either way; nobody is told."""
        self._up.clear()
        self._down.clear()

    def mute(self) -> None:
        """What the server says does not arrive; it hears everything."""
        self._down.clear()

    def stop_after(self, size: int) -> None:
        """After so many bytes more in one direction, a connection is reset."""
        self._left = size

    def trickle(self, bite: int = 1) -> None:
        """What passes does so `bite` bytes at a time."""
        self._bite = bite

    def heal(self) -> None:
        """As good as new; what was held back passes now."""
        self._bite = self._left = None
        self._up.set()
        self._down.set()

    def cut(self) -> None:
        """Both ends are told that the other has closed."""
        for pair in list(self._open):
            pair.close()

    def reset(self) -> None:
        """Both ends get an RST, and what was under way is lost."""
        for pair in list(self._open):
            pair.reset_both()

    def lose_client(self) -> None:
        """Half open: the client's end is gone, and the server is not told. What it still sends is lost."""
        for pair in list(self._open):
            pair.deaf = True
            pair.reset(pair.client)

    def lose_server(self) -> None:
        """Half open the other way round."""
        for pair in list(self._open):
            pair.deaf = True
            pair.reset(pair.server)

    # ── what passes ──────────────────────────────────────────────────────────────────────────────

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        found = await self._find()
        if found is None:  # there is nobody: as the client would have been told without us
            writer.transport.abort()
            return
        there, back = found
        pair = _Pair(writer, back)
        self._open.add(pair)
        try:
            up, down = self._pass(pair, reader, back, self._up), self._pass(pair, there, writer, self._down)
            await asyncio.gather(up, down)
        finally:
            self._open.discard(pair)
            pair.close()

    async def _find(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        turn = self.connections % len(self.servers)
        for server in self.servers[turn:] + self.servers[:turn]:
            where = urlsplit(server)
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(where.hostname, where.port)
        return None

    async def _pass(
        self, pair: "_Pair", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event
    ) -> None:
        """One way, until its end; then the other end is told, unless the line is deaf."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_READ_BYTES):
                await flows.wait()
                if self._left is not None:
                    writer.write(data[: self._left])
                    await writer.drain()
                    pair.reset_both()
                    return
                bite = self._bite or len(data)
                for start in range(0, len(data), bite):
                    writer.write(data[start : start + bite])
                    await writer.drain()
                    await asyncio.sleep(0)
            await flows.wait()
            if not pair.deaf:
                writer.write_eof()
                return
        if pair.deaf:  # the far end is gone, and this one is not to know
            await pair.forgotten.wait()
        pair.close()


class _Pair:
    """One connection: the proxy's ends towards the client and towards the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.deaf = False
        self.forgotten = asyncio.Event()

    def close(self) -> None:
        self.forgotten.set()
        for end in (self.client, self.server):
            end.close()

    def reset_both(self) -> None:
        self.reset(self.client)
        self.reset(self.server)
        self.forgotten.set()

    def reset(self, end: asyncio.StreamWriter) -> None:
        wire = end.get_extra_info("socket")
        if wire is not None and not end.is_closing():
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        end.transport.abort()


@asynccontextmanager
async def line_to(*servers: str) -> AsyncIterator[Line]:
    line = Line(*servers)
    await line.start()
    try:
        yield line
    finally:
        await line.close()
