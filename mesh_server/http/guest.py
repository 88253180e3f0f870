"""One connection over HTTP: the place that it takes, and how long it may do so without asking."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from mesh_server.caps import TcpCaps

if TYPE_CHECKING:
    from mesh_server.ws.reading import FrameReader


class HttpGuest(web.RequestHandler):
    """aiohttp's end of a connection. Whoever opens one and has not asked within `silence_s` is let go.

    After that aiohttp looks after it: a connection that waits for its next request does so for a bounded
    time, however slowly the request comes. `is_inside`: a program that this server runs opened it.
    """

    __slots__ = ("_caps", "_place", "_silence_s", "_silent", "is_inside")

    def __init__(
        self, server: web.Server, caps: TcpCaps, *, silence_s: float, inside: bool = False, **how: Any
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **how)
        self.is_inside = inside
        self._caps, self._silence_s = caps, silence_s
        self._place: str | None = None
        self._silent: asyncio.TimerHandle | None = None

    def enter(self, host: str) -> bool:
        """Takes a place for a connection from there, where there is one."""
        self._place = self._caps.enter(host)
        return self._place is not None

    def leave(self) -> None:
        """Gives its place back; by itself when the connection is lost. Safe to call twice."""
        if self._place is not None:
            self._caps.leave(self._place)
            self._place = None

    def asks(self) -> None:
        """To be called with each request."""
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None

    def upgrade(self, reader: "FrameReader") -> None:
        """From here on this is a WebSocket's line. What parsed its request is let go, which is a kilobyte."""
        self.set_parser(reader)  # type: ignore[arg-type]  # aiohttp means anything that is fed like its own
        self.keep_alive(False)
        self._parser = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        line = cast("asyncio.Transport", transport)
        if self._place is None and not self.enter(_host(line)):
            line.abort()
            return
        super().connection_made(line)
        self._silent = asyncio.get_running_loop().call_later(self._silence_s, line.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.asks()
        self.leave()
        super().connection_lost(exc)


def _host(transport: asyncio.Transport) -> str:
    """Of the other end; empty where it was gone at once."""
    peer = transport.get_extra_info("peername")
    return peer[0] if peer else ""
