"""The way through the server: packets of QUIC in binary frames of a WebSocket, a packet each.

Strategy: to QUIC it is a path like any other, which may lose packets (the relay drops those of who is too
fast, and so tells QUIC to slow down). What is different: a frame of TCP carries any size, so packets are as
large as is good for the relay's queues, and nobody has to try how large they may be. The access token goes in
a header, never in the address.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import aiohttp

from mesh_agent.client.http import explain, open_http
from mesh_agent.net.base import LaneLost, Way
from protocol import limits
from protocol.close import CloseCode

PACKET_BYTES: Final = 8 * 1024
"""Of 256 KiB and 512 packets that wait for a reader at the relay, this is 32 packets."""

HEARTBEAT_S: Final = 20.0
CONNECT_S: Final = 10.0

_REFUSED: Final = {
    401: "the server asks to sign in again",
    404: "the session is over",
    409: "the session is for another device, or not accepted yet",
    429: "the server relays no more for now",
    503: "the server is about to restart",
}
_CLOSED: Final[dict[int, str]] = {
    CloseCode.OVER: "The session is over.",
    CloseCode.REPLACED: "This device has opened the relay anew.",
    CloseCode.RATE: "The server relays no more of this session, or of this person today.",
    CloseCode.REVOKED: "This device was signed out.",
    CloseCode.RESTART: "The server is restarting.",
}


class RelayPath:
    """A `DatagramPath` through the server. Made by `open`; closes its connection, `ended` tells when."""

    way: Final[Way] = "relay"
    first_bytes: Final = PACKET_BYTES
    limit_bytes: Final = PACKET_BYTES

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http, self._socket = http, socket
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, token: str) -> "RelayPath":
        """`url`: that of the session's relay, http or https; `token`: the access token of this device.

        Raises: LaneLost, with why not.
        """
        http = open_http(reuse=False)
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await http.ws_connect(
                    url,
                    headers={"Authorization": f"Bearer {token}"},
                    max_msg_size=2 * limits.RELAY_PACKET_BYTES,
                    heartbeat=HEARTBEAT_S,
                    compress=0,
                )
        except aiohttp.WSServerHandshakeError as error:
            await http.close()
            raise LaneLost(_REFUSED.get(error.status, "the server relays nothing")) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await http.close()
            raise LaneLost(explain(error, url.partition("/relay/")[0]).message) from None
        except BaseException:
            await http.close()
            raise
        return cls(http, socket)

    async def send(self, datagrams: Sequence[bytes]) -> None:
        """Raises: LaneLost."""
        try:
            for datagram in datagrams:
                await self._socket.send_bytes(datagram)
        except (ConnectionError, aiohttp.ClientError):
            raise self._lost() from None

    async def receive(self) -> Sequence[bytes]:
        """Raises: LaneLost."""
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                return (message.data,)
            if message.type is not aiohttp.WSMsgType.TEXT:  # closed, in one of its ways
                raise self._lost()

    def _lost(self) -> LaneLost:
        return LaneLost(_CLOSED.get(self._socket.close_code or 0, "The line to the server's relay was lost."))

    def close(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await self._socket.close()
        await self._http.close()

    async def ended(self) -> None:
        """Returns once the connection is closed, after `close`."""
        if self._closing is not None:
            await asyncio.wait([self._closing])
