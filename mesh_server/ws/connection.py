"""One WebSocket connection, from the handshake to its end.

    handshake ── hello in time? ──> open: a frame, its route, its answer ──> closing ──> closed
        └──────── no: 4401 ───────────────────────────────────────────────────^

The task that reads is the connection's only task. It writes through the hub and never waits for a
reader; it waits for its own client's unacknowledged messages once `IN_FLIGHT_MAX` of them are on their
way, which is all the backpressure that a sender ever feels.

Most connections are silent most of the time, and there are many. So what waits for the next frame are as few
coroutines as can be, none of which holds the last one; and what few connections need is made when it is.
"""

import asyncio
import logging
from functools import partial
from typing import Final, cast

from aiohttp import WSMessage, WSMsgType, hdrs, web

from mesh_server.caps import Place
from mesh_server.http.address import address_of, stranger
from mesh_server.limits import Caller, Kind, Patience
from mesh_server.services.principal import Principal
from mesh_server.services.tokens import bearer_token
from mesh_server.ws.frames import PING_FRAME, encode_frame, encode_pong
from mesh_server.ws.gateway import Gateway
from mesh_server.ws.outbound import Outbound
from mesh_server.ws.peer import Peer
from mesh_server.ws.routes import ROUTES, error_answer, send_now
from mesh_server.ws.silence import next_step
from mesh_server.ws.socket import ChatSocket
from protocol import limits
from protocol.close import CloseCode
from protocol.codec import FORMATS, JSON, Format
from protocol.errors import (
    AuthError,
    AuthRequired,
    FrameTooLarge,
    FrameWrongKind,
    InternalError,
    MeshError,
    ProtocolError,
    RateLimited,
    UpgradeRequired,
)
from protocol.events import Answer, ClientToServer, Event, Hello, RequestId, SendMessage
from protocol.version import SUBPROTOCOLS

log = logging.getLogger(__name__)

READ_BYTES: Final = 2 * limits.FRAME_BYTES
"""Past this a frame is not even read; up to it, it is refused by name."""

_NOT_THE_END: Final = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})


async def serve(request: web.Request, gateway: Gateway) -> web.StreamResponse:
    """The handler of `/ws`. Raises: RateLimited, UpgradeRequired."""
    caller = stranger(request)
    gateway.limiter.spend(Kind.CONNECT, caller)
    place = gateway.caps.one_from(caller.address)
    try:
        socket = ChatSocket(
            protocols=SUBPROTOCOLS,
            autoping=False,
            compress=False,
            max_msg_size=READ_BYTES,
            decode_text=False,
        )
        try:
            await socket.prepare(request)
        except web.HTTPBadRequest:
            raise UpgradeRequired from None
        socket.headers.clear()  # they are sent
        await Connection(gateway, socket, request, caller).run()
    finally:
        place.leave()
    return socket


class Connection:
    """The reading end."""

    __slots__ = (
        "_address",
        "_asked_at",
        "_caller",
        "_deadline",
        "_excess",
        "_format",
        "_gateway",
        "_header_token",
        "_is_over",
        "_outbound",
        "_over",
        "_place",
        "_refusals",
        "_socket",
        "_transport",
    )

    def __init__(self, gateway: Gateway, socket: ChatSocket, request: web.Request, caller: Caller) -> None:
        self._gateway = gateway
        self._socket = socket
        # uvloop's transports are Transports in all but their ancestry.
        self._transport = cast("asyncio.Transport", request.transport)
        socket.on_unreadable = self._end
        self._format: Format = FORMATS.get(socket.ws_protocol or "", JSON)
        self._header_token = bearer_token(request.headers.get(hdrs.AUTHORIZATION, ""))
        self._address = address_of(request)
        self._outbound: Outbound | None = None
        self._caller = caller
        self._refusals: Patience | None = None
        self._excess: Patience | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._over: asyncio.Future[None] | None = None
        self._is_over = False
        self._place: Place | None = None
        self._asked_at = 0.0

    @property
    def outbound(self) -> Outbound | None:
        return self._outbound

    async def run(self) -> None:
        self._gateway.connections.add(self)
        try:
            peer = await self._greet()
            if peer is not None:
                self._socket.be_eager(partial(self._send_at_once, peer))
                while await self._take(peer, await self._socket.next()):
                    pass
        finally:
            if self._place is not None:
                self._place.leave()
            if self._outbound is not None:
                self._gateway.close_peer(self._outbound)
            if self._deadline is not None:
                await self._receive()
                self._deadline.cancel()
            self._gateway.connections.discard(self)
            self._is_over = True
            if self._over is not None and not self._over.done():
                self._over.set_result(None)

    # ── hello ────────────────────────────────────────────────────────────────────────────────────

    async def _greet(self) -> Peer | None:
        """Waits for a hello and answers it; None where the connection is to end."""
        try:
            async with asyncio.timeout(self._gateway.hello_timeout_s):
                hello = await self._hello()
        except TimeoutError:
            self._end(CloseCode.NOT_AUTHENTICATED, "No valid system.hello came in time.")
            return None
        if hello is None:
            return None
        try:
            who = await self._authenticate(hello)
            self._caller = Caller(who.device_id, who.user_id, self._caller.address)
            self._gateway.limiter.spend(Kind.CONNECT, self._caller._replace(address=None))
            self._place = self._gateway.caps.one_of(who.user_id)
            self._outbound = self._make_outbound(who)
            return await self._gateway.open_peer(who, hello, self._outbound, self._caller)
        except MeshError as error:
            refusal = error
        except Exception:
            log.exception("a hello failed")
            refusal = InternalError()
        await self._write(error_answer(refusal, hello.id))
        self._end(_close_code(refusal), refusal.message)
        return None

    async def _hello(self) -> Hello | None:
        while (data := await self._receive()) is not None:
            try:
                request = self._decode(data)
                if isinstance(request, Hello):
                    return request
                await self._refuse(AuthRequired("Send system.hello first."), request.id)
            except ProtocolError as error:
                await self._refuse(error)
        return None

    async def _authenticate(self, hello: Hello) -> Principal:
        token = hello.token or self._header_token
        if not token:
            raise AuthRequired
        return await self._gateway.accounts.authenticate(token, address=self._address)

    def _make_outbound(self, who: Principal) -> Outbound:
        outbound = Outbound(
            self._transport,
            self._format,
            self._say_goodbye,
            peer_id=self._gateway.new_id(),
            user_id=who.user_id,
            device_id=who.device_id,
        )
        self._socket.before_close = outbound.flush
        return outbound

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    async def _take(self, peer: Peer, message: WSMessage) -> bool:
        """Whether the connection goes on."""
        if message.type not in _NOT_THE_END:
            return False
        data = await self._payload(message)
        if data is not None:
            try:
                request = self._decode(data)
            except ProtocolError as error:
                await self._refuse(error)
                return True
            answer = await self._handle(peer, request)
            if answer is not None:
                self._gateway.hub.send(peer.outbound, answer)
        return True

    def _send_at_once(self, peer: Peer, message: WSMessage) -> bool:
        """Puts a chat message on its way while the task waits; everything else is left to `_take`."""
        kind = WSMsgType.BINARY if self._format.binary else WSMsgType.TEXT
        if message.type is not kind or self._deadline is not None or not peer.may_send:
            return False
        data: bytes = message.data
        try:
            request = self._decode(data)
        except ProtocolError:
            return False
        if type(request) is not SendMessage or not (self._format.binary or _is_utf8(data)):
            return False
        answer = self._sent(peer, request)
        if answer is not None:
            self._gateway.hub.send(peer.outbound, answer)
        return True

    def _sent(self, peer: Peer, request: SendMessage) -> Answer | None:
        """As `_handle`, for the one kind of message that there are many of."""
        try:
            self._gateway.limiter.spend(Kind.SEND, peer.caller)
        except RateLimited as error:
            self._lose_patience()
            return error_answer(error, request.id)
        try:
            send_now(self._gateway, peer, request)
        except MeshError as error:
            return error_answer(error, request.id)
        except Exception:
            log.exception("a message could not be put on its way")
            return error_answer(InternalError(), request.id)
        return None

    async def _handle(self, peer: Peer, request: ClientToServer) -> Answer | None:
        route = ROUTES[type(request)]
        try:
            self._gateway.limiter.spend(route.kind, peer.caller)
        except RateLimited as error:
            self._lose_patience()
            return error_answer(error, request.id)
        try:
            if route.after_sends:
                await peer.settled()
            return await route.handler(self._gateway, peer, request)
        except MeshError as error:
            return error_answer(error, request.id)
        except Exception:
            log.exception("a message of type %s failed", type(request).__name__)
            return error_answer(InternalError(), request.id)

    def _decode(self, data: bytes) -> ClientToServer:
        most = self._gateway.allowed.frame_bytes
        if len(data) > most:
            raise FrameTooLarge(f"A frame has at most {most} bytes; this one has {len(data)}.")
        return self._format.decode_request(data)

    async def _receive(self) -> bytes | None:
        """The next message of the agreed kind; None once the connection is over."""
        while (message := await self._socket.next()).type in _NOT_THE_END:
            data = await self._payload(message)
            if data is not None:
                return data
        return None

    async def _payload(self, message: WSMessage) -> bytes | None:
        """What it says, where it is of the agreed kind; anything else is answered here.

        What still comes after a goodbye is read, so that the goodbye arrives, and dropped.
        """
        kind = message.type
        if self._deadline is not None:
            return None
        if kind is WSMsgType.TEXT and not _is_utf8(message.data):
            self._end(CloseCode.NOT_TEXT, "A text frame is UTF-8.")
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY):
            if (kind is WSMsgType.BINARY) == self._format.binary:
                payload: bytes = message.data
                return payload
            await self._refuse(FrameWrongKind())
        elif kind is WSMsgType.PING:
            await self._pong(message.data)
        return None

    async def _pong(self, payload: bytes) -> None:
        try:
            self._gateway.limiter.spend(Kind.PING, self._caller)
        except RateLimited:
            self._lose_patience()
        else:
            await self._socket.write_frame(encode_pong(payload))

    # ── writing and ending ───────────────────────────────────────────────────────────────────────

    async def _refuse(self, error: MeshError, re: RequestId | None = None) -> None:
        """Tells what is wrong; a client that keeps sending such messages is closed, and so is a huge one."""
        if isinstance(error, ProtocolError):
            re = error.re
        await self._write(error_answer(error, re))
        if isinstance(error, FrameTooLarge):
            self._end(CloseCode.TOO_LARGE, error.message)
            return
        if self._refusals is None:
            self._refusals = Patience(self._gateway.refusals)
        if self._refusals.lost(asyncio.get_running_loop().time()):
            self._end(CloseCode.RATE, "Too many messages that are not valid.")

    def _lose_patience(self) -> None:
        """A client that comes over a limit now and then is told so; one that keeps at it is closed."""
        if self._excess is None:
            self._excess = Patience(self._gateway.excess)
        if self._excess.lost(asyncio.get_running_loop().time()):
            self._end(CloseCode.RATE, "Too many messages in too short a time.")

    async def _write(self, event: Event) -> None:
        if self._outbound is not None:
            self._gateway.hub.send(self._outbound, event)
        else:
            frame = encode_frame(self._format.encode(event), binary=self._format.binary)
            await self._socket.write_frame(frame)

    def _end(self, code: int, reason: str) -> None:
        if self._outbound is not None:
            self._outbound.close(code, reason)
        else:
            self._say_goodbye(code, reason)

    async def end(self, code: CloseCode, reason: str) -> None:
        """Ends the connection and waits until it is over."""
        self._end(code, reason)
        if not self._is_over:
            if self._over is None:
                self._over = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._over], timeout=2 * self._gateway.close_timeout_s)

    def _say_goodbye(self, code: int, reason: str) -> None:
        """Says why, waits a little for the answer, and lets go of what a dead reader never read."""
        if self._deadline is None:
            self._socket.say_goodbye(self._transport, code, reason)
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self._gateway.close_timeout_s, self._transport.abort)

    def check(self, now: float, heartbeat_s: float) -> None:
        """Called a few times a heartbeat: pings a silent client, and gives up one that stays silent."""
        step = next_step(now, self._socket.heard_at, self._asked_at, heartbeat_s)
        if step == "give up":
            self._transport.abort()
        elif step == "ask":
            self._asked_at = now
            if self._outbound is not None:
                self._gateway.hub.send_frame(self._outbound, PING_FRAME)


def _is_utf8(text: bytes) -> bool:
    """Also within what the decoder skips; RFC 6455 section 8.1 ends a connection over it."""
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _close_code(error: MeshError) -> CloseCode:
    """How a hello that was refused ends."""
    if isinstance(error, AuthError):
        return CloseCode.NOT_AUTHENTICATED
    if isinstance(error, RateLimited):
        return CloseCode.RATE
    return CloseCode.PROTOCOL if isinstance(error, ProtocolError) else CloseCode.RESTART
