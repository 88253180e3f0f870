"""A WebSocket that ends as the contract says."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSCloseCode, web

from mesh_server.ws.frames import encode_close
from protocol.close import CloseCode

CLOSE_TIMEOUT_S: Final = 2.0
"""How long a client may take to answer a close frame."""

_HUNG_UP_POLL_S: Final = 0.02
_UNREADABLE: Final[dict[int, int]] = {
    WSCloseCode.PROTOCOL_ERROR: WSCloseCode.PROTOCOL_ERROR,
    WSCloseCode.INVALID_TEXT: CloseCode.NOT_TEXT,
    WSCloseCode.MESSAGE_TOO_BIG: CloseCode.TOO_LARGE,
}
"""How aiohttp would end after a frame that it cannot read, and what the client is told."""


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
        return await super().close(code=code, message=message, drain=drain)


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
