"""Servers that are not what they should be: real ones, on localhost, that say what a test tells them to."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import WSMsgType, web

from protocol import rest
from protocol.codec import MSGPACK, encode_body
from protocol.events import ClientToServer, Hello, Ping, Pong, ServerToClient, Welcome
from protocol.version import WIRE_VERSION
from tests.agent.rooms import AT, RoomLog, user, welcome

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CERTIFICATE: Final = Path(__file__).with_name("self_signed.pem")
"""Made for `localhost` by nobody that anyone trusts; its key is public and guards nothing."""


@asynccontextmanager
async def serving(app: web.Application, *, tls: bool = False) -> AsyncIterator[str]:
    """Serves `app` on a free port; gives its address."""
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    try:
        yield f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(handler: Handler, *, tls: bool = False) -> AsyncIterator[str]:
    """A server that answers everything with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with serving(app, tls=tls) as url:
        yield url


class Socket:
    """The server's end of one connection."""

    def __init__(self, wire: web.WebSocketResponse, number: int) -> None:
        self.wire = wire
        self.number = number
        self.hello: Hello | None = None

    async def send(self, *events: ServerToClient) -> None:
        for event in events:
            await self.wire.send_bytes(MSGPACK.encode(event))

    async def receive(self) -> ClientToServer | None:
        """The next request but a ping, which is answered; None where the client is gone."""
        while True:
            frame = await self.wire.receive()
            if frame.type is not WSMsgType.BINARY:
                return None
            request = MSGPACK.decode_request(frame.data)
            if not isinstance(request, Ping):
                return request
            await self.send(Pong(re=request.id))

    async def drain(self) -> None:
        """Reads until the client is gone."""
        while await self.receive() is not None:
            pass


Script = Callable[["ScriptedServer", Socket], Awaitable[None]]


class ScriptedServer:
    """Signs everybody in; what its sockets do is the test's. `log` is the one room of the user `u-me`."""

    def __init__(self, script: Script) -> None:
        self.log = RoomLog()
        self.sockets: list[Socket] = []
        self._script = script

    def app(self, *, socket: Handler | None = None) -> web.Application:
        """What to serve; with `socket` as what happens at `/ws`."""
        app = web.Application()
        app.router.add_get("/api/version", self._version)
        app.router.add_post("/api/auth/login", self._session)
        app.router.add_post("/api/auth/refresh", self._session)
        app.router.add_get("/ws", socket or self._socket)
        return app

    def welcome(self, resume: dict[str, int], *, heartbeat_s: float = 30.0) -> Welcome:
        greeting = welcome(self.log.state(resume.get(self.log.room_id)))
        return Welcome(
            peer_id=greeting.peer_id,
            user=greeting.user,
            device=greeting.device,
            server=greeting.server,
            heartbeat_s=heartbeat_s,
            limits=greeting.limits,
            rooms=greeting.rooms,
        )

    async def greet(self, socket: Socket, *, heartbeat_s: float = 30.0) -> None:
        """As a good server does: the welcome and what was missed."""
        assert socket.hello is not None
        resume = socket.hello.resume
        await socket.send(self.welcome(resume, heartbeat_s=heartbeat_s))
        if self.log.room_id in resume:
            await socket.send(*self.log.replay(resume[self.log.room_id]))

    async def _version(self, _: web.Request) -> web.Response:
        info = rest.VersionInfo(
            name="Mesh",
            version="0",
            wire=[WIRE_VERSION],
            subprotocols=[MSGPACK.subprotocol],
            registration="open",
        )
        return web.Response(body=encode_body(info), content_type="application/json")

    async def _session(self, _: web.Request) -> web.Response:
        session = rest.Session(
            user=user(),
            device=rest.Device(id="d", name="d", created_at=AT, last_seen_at=AT),
            access_token=f"access{len(self.sockets)}",
            refresh_token=f"refresh{len(self.sockets)}",
            expires_in=900,
        )
        return web.Response(body=encode_body(session), content_type="application/json")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        wire = web.WebSocketResponse(protocols=(MSGPACK.subprotocol,))
        await wire.prepare(request)
        socket = Socket(wire, len(self.sockets) + 1)
        hello = await socket.receive()
        assert isinstance(hello, Hello)
        socket.hello = hello
        self.sockets.append(socket)
        await self._script(self, socket)
        return wire
