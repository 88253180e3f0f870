"""A WebSocket that ends as the contract says."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp.http_websocket import WebSocketWriter

from mesh_server.http.guest import HttpGuest
from mesh_server.ws.frames import encode_close
from mesh_server.ws.reading import Eager, FrameReader, Unreadable
from protocol.close import CloseCode

CLOSE_TIMEOUT_S: Final = 2.0
"""How long a client may take to answer a close frame, where the configuration says nothing else."""

_HUNG_UP_POLL_S: Final = 0.02
_UNREADABLE: Final[dict[int, int]] = {
    WSCloseCode.PROTOCOL_ERROR: WSCloseCode.PROTOCOL_ERROR,
    WSCloseCode.INVALID_TEXT: CloseCode.NOT_TEXT,
    WSCloseCode.MESSAGE_TOO_BIG: CloseCode.TOO_LARGE,
}
"""How aiohttp would end after a frame that it cannot read, and what the client is told."""


_OVER: Final = WSMessage(WSMsgType.CLOSED, None, None)


class Socket(web.WebSocketResponse):
    """aiohttp's WebSocket, ending as the contract says.

    aiohttp lets go of a connection at once where `close` is called while another task waits in `receive`.
    What the client is sending at that moment then resets the line, and takes with it what it has not read
    yet. So a server that ends a connection says goodbye, and goes on reading until the client has answered.
    """

    _leaving: asyncio.Transport | None = None
    before_close: Callable[[], object] | None = None
    """Writes what waits, so that the answers to what came before a client's goodbye are not lost."""

    on_unreadable: Callable[[int, str], object] | None = None
    """Says goodbye after a frame that cannot be read."""

    def say_goodbye(self, transport: asyncio.Transport, code: int, reason: str) -> None:
        self._leaving = transport
        if not transport.is_closing():
            transport.write(encode_close(code, reason))

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        if self._leaving is None and code in _UNREADABLE and self.on_unreadable is not None:
            self.on_unreadable(_UNREADABLE[code], "")
        if self._leaving is not None:  # a second close frame would follow the first
            if code in _UNREADABLE:
                await _hung_up(self._leaving)
            self._leaving.close()
            return True
        if self.before_close is not None:
            self.before_close()
        return await self._answer_goodbye(code, message, drain)

    async def _answer_goodbye(self, code: int, message: bytes, drain: bool) -> bool:
        return await super().close(code=code, message=message, drain=drain)


class ChatSocket(Socket):
    """A `Socket` of the chat or the relay; it reads and writes its own frames after the handshake.

    aiohttp's own reader takes what the standard forbids a client (frames without a mask, sizes in more bytes
    than they need), and its ends keep three kilobytes for a connection that is silent.
    """

    _frames: FrameReader | None = None
    _transport: asyncio.Transport | None = None

    def _post_start(self, request: web.BaseRequest, protocol: str | None, _writer: WebSocketWriter) -> None:
        """In place of aiohttp's, which would keep its writer and make its reader."""
        self._ws_protocol = protocol
        # uvloop's transports are Transports in all but their ancestry.
        self._transport = cast("asyncio.Transport", request.transport)
        guest = request.protocol
        assert isinstance(guest, HttpGuest)
        self._frames = FrameReader(guest, self._max_msg_size)
        guest.upgrade(self._frames)

    @property
    def heard_at(self) -> float:
        """When the line brought something last, whether or not anybody has looked at it; the loop's time."""
        assert self._frames is not None
        return self._frames.heard_at

    def be_eager(self, eager: Eager) -> None:
        """From here on `eager` is offered each message that comes while `next` waits."""
        assert self._frames is not None
        self._frames.eager = eager

    async def next(self) -> WSMessage:
        """The next message, with its payload as bytes; once the connection is over, one that says so."""
        frames = self._frames
        assert frames is not None
        if self._closed:
            return _OVER
        try:
            while (message := frames.next()) is None and not frames.is_ended:
                await frames.more()
        except Unreadable as error:
            await self.close(code=error.code)
            return _OVER
        if message is None or message.type is WSMsgType.CLOSE:
            await self.close()
        return message or _OVER

    async def write_frame(self, frame: bytes) -> None:
        """Writes past what waits for this connection, and waits for its reader."""
        assert self._transport is not None
        assert self._payload_writer is not None
        if not self._transport.is_closing():
            self._transport.write(frame)
            await self._payload_writer.drain()

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        if self._closed:
            return False
        self._closed = True
        return await super().close(code=code, message=message, drain=drain)

    async def _answer_goodbye(self, code: int, message: bytes, _drain: bool) -> bool:
        """Waits for nothing: who says goodbye first does so with `say_goodbye`."""
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(encode_close(code, message.decode()))
            self._transport.close()
        return True


async def _hung_up(transport: asyncio.Transport) -> None:
    """Waits until the client has hung up, or who said goodbye has lost patience.

    aiohttp reads no more after a frame that it cannot read, and drops what comes; but a line that is let go
    while some of it still waits is reset, and takes the goodbye with it.
    """
    if transport.is_closing():
        return
    if transport.can_write_eof():
        transport.write_eof()
    if not transport.is_reading():
        transport.resume_reading()
    while not transport.is_closing():  # noqa: ASYNC110 - only the reader would be told, and it is gone
        await asyncio.sleep(_HUNG_UP_POLL_S)
