"""One page's line to its program: what is shown waits for who reads slowly, what is typed for the program.

Strategy: a WebSocket takes all it is given and lets it pile up, here, in the system and in proxies. So the
page says how much has arrived, and no more than `WAITING_BYTES` beyond that is sent: the program is not read
meanwhile, and paints less often. A page that does not answer for too long is gone.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import WSMsgType, web

from mesh_server.doors.web.wire import (
    PACKET_BYTES,
    WAITING_BYTES,
    Arrived,
    End,
    Packet,
    Pinged,
    Resized,
    Typed,
    decode,
    pong,
)

SEND_BUFFER: Final = 4 * 1024
"""Of what is sent, so much may be left with the loop before whoever sends waits."""

CLOSE_S: Final = 5.0
"""How long a page may take to answer a goodbye."""

Take = Callable[[Typed | Resized], None]


class Browser:
    """Made by `meet`."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket, self._request = socket, request
        self._sent = self._arrived = 0
        self._moved = asyncio.Event()
        self._is_over = False
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def meet(cls, request: web.Request, *, heartbeat_s: float) -> "Browser":
        """Answers the handshake. Raises: web.HTTPBadRequest."""
        socket = web.WebSocketResponse(
            heartbeat=heartbeat_s, compress=False, max_msg_size=PACKET_BYTES, writer_limit=SEND_BUFFER
        )
        await socket.prepare(request)
        return cls(socket, request)

    @property
    def response(self) -> web.WebSocketResponse:
        return self._socket

    @property
    def is_over(self) -> bool:
        return self._is_over

    async def show(self, data: bytes) -> None:
        """Returns once little enough is on its way; at once where the line is over."""
        while not self._is_over and self._sent - self._arrived >= WAITING_BYTES:
            self._moved.clear()
            await self._moved.wait()
        if self._is_over:
            return
        self._sent += len(data)
        with suppress(ConnectionError):  # the reading end hears of it too
            await self._socket.send_bytes(data)

    async def listen(self, take: Take) -> None:
        """Until the line is over. `take` gets what concerns the program; nothing here waits for that, or a
        program that waits for its reader could keep the word that there is one from coming in."""
        try:
            while (packet := await self._next()) is not None:
                match packet:
                    case Pinged(text):
                        await self._say(pong(text))
                    case Arrived(count):
                        self._arrived = min(max(count, self._arrived), self._sent)
                        self._moved.set()
                    case Typed() | Resized():
                        take(packet)
        finally:
            self._finish()

    async def _next(self) -> Packet | None:
        """What comes next and means something; None at the end."""
        while True:
            message = await self._socket.receive()
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return None
            if message.type is WSMsgType.TEXT and (packet := decode(message.data)) is not None:
                return packet

    async def _say(self, text: str) -> None:
        with suppress(ConnectionError):
            await self._socket.send_str(text)

    def end(self, why: End) -> None:
        """Closes the line; does not wait for that."""
        if not self._is_over:
            self._is_over = True
            self._moved.set()
            self._closing = asyncio.create_task(self._close(why))

    async def _close(self, why: End) -> None:
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=why.code, message=why.word.encode())
        self.cut()

    async def closed(self) -> None:
        """Returns once the line that was ended is closed."""
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def _finish(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._moved.set()
            self.cut()

    def cut(self) -> None:
        """At once: what has not left yet is for nobody, and must not be waited for."""
        if self._request.transport is not None:
            self._request.transport.abort()
