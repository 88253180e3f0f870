"""`/relay/{session_id}`: a WebSocket of binary frames, a packet each, to the other device of a session.

    who asks, and for which session ── refused: the status and body of a REST call
        └── joined ──> reading and writing, each in a task of its own ──> closed

Whoever reads slowly is waited for by the task that writes to them, and by nobody else.
"""

import asyncio
import contextlib
from functools import partial
from typing import Final, cast

from aiohttp import WSMessage, WSMsgType, hdrs, web

from mesh_server.http.address import address_of, stranger
from mesh_server.limits import Caller, Kind
from mesh_server.relay import End, Relay
from mesh_server.services.tokens import bearer_token
from mesh_server.ws.frames import PING_FRAME, encode_frame, encode_pong
from mesh_server.ws.gateway import Gateway
from mesh_server.ws.socket import ChatSocket
from protocol import limits
from protocol.close import CloseCode
from protocol.errors import AuthRequired, UpgradeRequired

PATH: Final = "/relay/{session_id}"

_OVER: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSED})

PAUSE_S: Final = 0.005
"""How long nothing is read after a ping, or a packet past its rate, so that a flood costs little."""

WRITE_BYTES: Final = 2 * limits.RELAY_PACKET_BYTES
"""Packets that wait are written together, up to so many bytes."""

_ANSWER_SHARE: Final = 0.75
"""Of a heartbeat: how long a device may take to answer the ping that follows a silent one."""


async def serve(request: web.Request, gateway: Gateway, relay: Relay) -> web.StreamResponse:
    """The handler of `PATH`.

    Raises:
        AuthRequired, TokenInvalid, TokenExpired, SessionNotFound, SessionPending, SessionTaken, RelayQuota,
        RateLimited, ServerDraining, UpgradeRequired
    """
    caller = stranger(request)
    gateway.limiter.spend(Kind.CONNECT, caller)
    gateway.require_open()
    with gateway.caps.one_from(caller.address):
        return await _serve(request, gateway, relay)


async def _serve(request: web.Request, gateway: Gateway, relay: Relay) -> web.StreamResponse:
    token = bearer_token(request.headers.get(hdrs.AUTHORIZATION, ""))
    if not token:
        raise AuthRequired
    who = await gateway.accounts.authenticate(token, address=address_of(request))
    gateway.limiter.spend(Kind.CONNECT, Caller(device=who.device_id, user=who.user_id))
    session_id = request.match_info["session_id"]
    record = await gateway.peering.require_active(who, session_id)
    carrier = _Carrier(gateway.heartbeat_s, gateway.close_timeout_s)
    with gateway.caps.one_of(who.user_id):
        end = relay.join(record, who.device_id, carrier.end)
        try:
            # From here on the relay hears it where the session ends; it may have ended before.
            await gateway.peering.require_active(who, session_id)
            await carrier.run(request, relay, end)
        finally:
            relay.leave(end)
    return carrier.socket


class _Carrier:
    """One connection."""

    def __init__(self, heartbeat_s: float, close_timeout_s: float) -> None:
        self.socket = ChatSocket(
            autoping=False,
            compress=False,
            max_msg_size=2 * limits.RELAY_PACKET_BYTES,
            decode_text=False,
        )
        self._heartbeat_s, self._close_timeout_s = heartbeat_s, close_timeout_s
        self.socket.on_unreadable = self.end
        self._transport: asyncio.Transport | None = None
        self._writing: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._ended_by: tuple[int, str] | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._pinged = self._dropped = False

    async def run(self, request: web.Request, relay: Relay, end: End) -> None:
        """Until it is closed. Raises: UpgradeRequired."""
        try:
            await self.socket.prepare(request)
        except web.HTTPBadRequest:
            raise UpgradeRequired from None
        # uvloop's transports are Transports in all but their ancestry.
        self._transport = cast("asyncio.Transport", request.transport)
        self._heard = asyncio.get_running_loop().time()
        self._look()
        self._writing = asyncio.create_task(self._write(end))
        if self._ended_by is not None:
            self._say_goodbye(*self._ended_by)
        try:
            await self._read(relay, end)
        finally:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            for timer in (self._deadline, self._beat):
                if timer is not None:
                    timer.cancel()

    async def _read(self, relay: Relay, end: End) -> None:
        """What comes after a goodbye is read, so that the goodbye arrives, and dropped."""
        self.socket.be_eager(partial(self._forward_at_once, relay, end))
        while (message := await self.socket.next()).type not in _OVER:
            self._heard = asyncio.get_running_loop().time()
            if self._deadline is not None or message.type is WSMsgType.PONG:
                continue
            if message.type is WSMsgType.PING:
                await self.socket.write_frame(encode_pong(message.data))
                await asyncio.sleep(PAUSE_S)
            elif message.type is not WSMsgType.BINARY:
                self.end(CloseCode.PROTOCOL, "The relay takes binary frames alone, a packet each.")
            elif len(message.data) > limits.RELAY_PACKET_BYTES:
                self.end(CloseCode.TOO_LARGE, "This is no packet: it is too large.")
            elif self._dropped or not relay.forward(end, message.data):
                self._dropped = False
                await asyncio.sleep(PAUSE_S)

    def _forward_at_once(self, relay: Relay, end: End, message: WSMessage) -> bool:
        """While the task waits; one that is dropped for its rate is left to it as well, to make it pause."""
        if message.type is not WSMsgType.BINARY or self._deadline is not None:
            return False
        if len(message.data) > limits.RELAY_PACKET_BYTES:
            return False
        self._heard = asyncio.get_running_loop().time()
        self._dropped = not relay.forward(end, message.data)
        return not self._dropped

    async def _write(self, end: End) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                packets = await end.inbox.take_some(WRITE_BYTES)
                await self.socket.write_frame(
                    b"".join([encode_frame(packet, binary=True) for packet in packets])
                )

    def _look(self) -> None:
        """Pings a device that has been silent for a heartbeat, and gives up one that does not answer."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        rest_s = self._heartbeat_s - (loop.time() - self._heard)
        if rest_s > 0:
            self._pinged = False
        elif self._pinged:
            self._transport.abort()
            return
        else:
            self._pinged, rest_s = True, _ANSWER_SHARE * self._heartbeat_s
            if not self._transport.is_closing():
                self._transport.write(PING_FRAME)
        self._beat = loop.call_later(rest_s, self._look)

    def end(self, code: int, reason: str) -> None:
        """Ends the connection, at once or as soon as it is there."""
        if self._ended_by is None:
            self._ended_by = (code, reason)
            if self._transport is not None:
                self._say_goodbye(code, reason)

    def _say_goodbye(self, code: int, reason: str) -> None:
        """Waits a little for the answer, and lets go of who does not read."""
        assert self._transport is not None
        if self._writing is not None:
            self._writing.cancel()
        self.socket.say_goodbye(self._transport, code, reason)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._close_timeout_s, self._transport.abort)
