"""`/relay/{session_id}`: a WebSocket of binary frames, a packet each, to the other device of a session.

    who asks, and for which session ── refused: the status and body of a REST call
        └── joined ──> reading and writing, each in a task of its own ──> closed

Whoever reads slowly is waited for by the task that writes to them, and by nobody else.
"""

import asyncio
import contextlib
from typing import Final, cast

from aiohttp import WSMsgType, hdrs, web

from mesh_server.http.address import address_of, stranger
from mesh_server.limits import Caller, Kind
from mesh_server.relay import End, Relay
from mesh_server.services.tokens import bearer_token
from mesh_server.ws.gateway import Gateway
from mesh_server.ws.socket import Socket
from protocol import limits
from protocol.close import CloseCode
from protocol.errors import AuthRequired, UpgradeRequired

PATH: Final = "/relay/{session_id}"

PAUSE_S: Final = 0.005
"""How long nothing is read after a packet that was dropped for its rate, so that a flood costs little."""


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
        self.socket = Socket(
            compress=False,
            heartbeat=heartbeat_s,
            max_msg_size=2 * limits.RELAY_PACKET_BYTES,
            timeout=close_timeout_s,
        )
        self._close_timeout_s = close_timeout_s
        self.socket.on_unreadable = self.end
        self._transport: asyncio.Transport | None = None
        self._writing: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._ended_by: tuple[int, str] | None = None

    async def run(self, request: web.Request, relay: Relay, end: End) -> None:
        """Until it is closed. Raises: UpgradeRequired."""
        try:
            await self.socket.prepare(request)
        except web.HTTPBadRequest:
            raise UpgradeRequired from None
        # uvloop's transports are Transports in all but their ancestry.
        self._transport = cast("asyncio.Transport", request.transport)
        self._writing = asyncio.create_task(self._write(end))
        if self._ended_by is not None:
            self._say_goodbye(*self._ended_by)
        try:
            await self._read(relay, end)
        finally:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            if self._deadline is not None:
                self._deadline.cancel()

    async def _read(self, relay: Relay, end: End) -> None:
        """What comes after a goodbye is read, so that the goodbye arrives, and dropped."""
        async for message in self.socket:
            if self._deadline is not None:
                continue
            if message.type is not WSMsgType.BINARY:
                self.end(CloseCode.PROTOCOL, "The relay takes binary frames alone, a packet each.")
            elif len(message.data) > limits.RELAY_PACKET_BYTES:
                self.end(CloseCode.TOO_LARGE, "This is no packet: it is too large.")
            elif not relay.forward(end, message.data):
                await asyncio.sleep(PAUSE_S)

    async def _write(self, end: End) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self.socket.send_bytes(await end.inbox.take())

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
