"""A WebSocket that ends as the contract says."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSCloseCode, web

from mesh_server.ws.frames import encode_close
from protocol.close import CloseCode

CLOSE_TIMEOUT_S: Final = 2.0
"""How long a client may take to answer a close frame."""


class Socket(web.WebSocketResponse):
    """aiohttp's WebSocket, ending as the contract says.

    aiohttp lets go of a connection at once where `close` is called while another task waits in `receive`.
    What the client is sending at that moment then resets the line, and takes with it what it has not read
    yet. So a server that ends a connection says goodbye, and goes on reading until the client has answered.
    """

    _leaving: asyncio.Transport | None = None
    before_close: Callable[[], object] | None = None
    """Writes what waits, so that the answers to what came before a client's goodbye are not lost."""

    def say_goodbye(self, transport: asyncio.Transport, code: CloseCode, reason: str) -> None:
        self._leaving = transport
        if not transport.is_closing():
            transport.write(encode_close(code, reason))

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        if self._leaving is not None:  # a second close frame would follow the first
            self._leaving.close()
            return True
        if code == WSCloseCode.MESSAGE_TOO_BIG:  # a frame too large even to read
            code = CloseCode.TOO_LARGE
        if self.before_close is not None:
            self.before_close()
        return await super().close(code=code, message=message, drain=drain)
