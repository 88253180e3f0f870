"""One WebSocket connection: hello, welcome, heartbeat, what comes and what goes.

Strategy: a connection lives from `open` to the exception that ends `run`, and is then thrown away; coming
back is the business of `link`. What goes out waits in a bounded queue for one writer, so that nobody who
sends ever waits for the line. Each heartbeat sends a ping, whose answer measures the lag; a line that
brings nothing for two heartbeats is dead, whatever TCP believes, and so is one whose address here is gone,
since the device is in another network: that is seen at once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import aiohttp

from mesh_agent.client.arrival import read_in
from mesh_agent.client.errors import LineLost, NetworkChanged, NotMesh, TimedOut, VersionMismatch
from mesh_agent.client.http import explain, explain_status
from mesh_agent.net.addresses import is_gone
from protocol import limits
from protocol.close import CloseCode
from protocol.codec import MSGPACK
from protocol.errors import (
    MeshError,
    ProtocolError,
    TokenInvalid,
    UnknownType,
    UnsupportedVersion,
)
from protocol.events import Bye, ClientToServer, Error, Hello, Ping, Pong, ServerToClient, Welcome

log = logging.getLogger(__name__)

OUTGOING_FRAMES: Final = 256
"""Frames that wait for the writer; past it the line is taken for dead."""

DROPPABLE_PAST: Final = 32
"""With more than this waiting, what may be dropped is."""

HEARTBEAT_MIN_S: Final = 1.0
HEARTBEAT_MAX_S: Final = 300.0
"""A server's own wish is honoured between these two."""

ADDRESS_S: Final = 2.0
"""How often it is looked whether this machine still has the address that the line begins at."""

CLOSE_S: Final = 2.0
PAUSES_S: Final[dict[int, float]] = {CloseCode.REPLACED: 300.0, CloseCode.RATE: 10.0}
"""How long to stay away where coming back at once would do harm."""

YIELD_EVERY: Final = 32
"""After so many events without a pause, others on this loop have their turn."""

Handle = Callable[[ServerToClient], Awaitable[None]]

_CLOSES: Final[dict[int, tuple[type[MeshError], str]]] = {
    CloseCode.NOT_TEXT: (LineLost, "The server did not understand this program."),
    CloseCode.RESTART: (LineLost, "The server is restarting."),
    CloseCode.PROTOCOL: (LineLost, "The server did not understand this program."),
    CloseCode.NOT_AUTHENTICATED: (TokenInvalid, "The server asks to sign in again."),
    CloseCode.REVOKED: (TokenInvalid, "This device was signed out."),
    CloseCode.TOO_SLOW: (LineLost, "The line was too slow for what the server sends."),
    CloseCode.REPLACED: (LineLost, "This device is connected too many times."),
    CloseCode.TOO_LARGE: (LineLost, "This program sent more at once than the server takes."),
    CloseCode.RATE: (LineLost, "This program sent more in a short time than the server takes."),
}
_OUR_FAULTS: Final = frozenset({CloseCode.NOT_TEXT, CloseCode.PROTOCOL, CloseCode.TOO_LARGE})


class Connection:
    """A line that is up.

    Attributes:
        welcome: what the server said first.
        lag_s: the round trip of the last heartbeat, None before there was one.
    """

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, server: str, welcome: Welcome) -> None:
        self._ws = ws
        self._server = server
        self._outgoing: asyncio.Queue[ClientToServer] = asyncio.Queue(OUTGOING_FRAMES)
        self._heard_at = self._now()
        self._pinged_at: float | None = None
        self._retry_after: float | None = None
        self._dead: LineLost | None = None
        self._heartbeat_s = min(max(welcome.heartbeat_s, HEARTBEAT_MIN_S), HEARTBEAT_MAX_S)
        self.welcome = welcome
        self.lag_s: float | None = None

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, server: str, token: str, hello: Hello) -> "Connection":
        """Connects, says `hello` and waits for the welcome.

        Raises:
            Unreachable: or one of its kinds.
            AuthError: the server does not take `token`.
            MeshError: the server's own refusal.
        """
        try:
            ws = await http.ws_connect(
                f"{server}/ws",
                protocols=(MSGPACK.subprotocol,),
                headers={"Authorization": f"Bearer {token}"},
                max_msg_size=limits.SERVER_FRAME_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            )
        except aiohttp.WSServerHandshakeError as error:
            raise _handshake_refusal(error, server) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise explain(error, server) from error
        try:
            return cls(ws, server, await _say_hello(ws, hello, server))
        except BaseException:
            await ws.close()
            raise

    async def run(self, handle: Handle) -> NoReturn:
        """Hands everything that comes to `handle`, in order, until the line breaks.

        Raises:
            LineLost: or another `Unreachable`; `retry_after` is what the server asked for.
            TokenInvalid: the access token is no longer good, or this device was signed out.
        """
        aside = [asyncio.create_task(self._write()), asyncio.create_task(self._beat())]
        try:
            await self._read(handle)
        finally:
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)
            await self.close()

    def send(self, request: ClientToServer, *, droppable: bool = False) -> None:
        """Queues `request`; `droppable` ones are dropped where others wait already."""
        if droppable and self._outgoing.qsize() > DROPPABLE_PAST:
            return
        try:
            self._outgoing.put_nowait(request)
        except asyncio.QueueFull:
            log.warning("nothing can be sent any more: %d frames wait", OUTGOING_FRAMES)

    async def close(self) -> None:
        """Says goodbye, and cuts a line that does not let it; a dead one at once."""
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_S if self._dead is None else 0):
                await self._ws.close()

    async def _read(self, handle: Handle) -> NoReturn:
        count = 0
        while True:
            frame = await self._ws.receive()
            self._heard_at = self._now()
            if frame.type is not aiohttp.WSMsgType.BINARY:
                raise self._end(frame)
            event = await self._decode(frame.data)
            if event is not None:
                self._notice(event)
                await handle(event)
            count += 1
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def _decode(self, data: bytes) -> ServerToClient | None:
        try:
            return await read_in(data, MSGPACK.decode_event)
        except UnknownType:
            return None
        except ProtocolError as error:
            log.warning("the server broke the contract: %s", error.message)
            raise LineLost("The server sent something that this program does not understand.") from error

    def _notice(self, event: ServerToClient) -> None:
        """What concerns the line itself."""
        if isinstance(event, Bye):
            self._retry_after = event.retry_after
        elif isinstance(event, Pong) and self._pinged_at is not None:
            self.lag_s = self._now() - self._pinged_at
            self._pinged_at = None

    def _end(self, frame: aiohttp.WSMessage) -> MeshError:
        """What the end of the line means."""
        if self._dead is not None:
            return self._dead
        code = self._ws.close_code or 0
        if code in _OUR_FAULTS or frame.type is aiohttp.WSMsgType.ERROR:
            log.error("the line to %s ended with %d: %r %r", self._server, code, frame.data, frame.extra)
        kind, sentence = _CLOSES.get(code, (LineLost, f"The connection to {self._server} was lost."))
        return kind(sentence, retry_after=PAUSES_S.get(code, self._retry_after))

    async def _write(self) -> None:
        # A line that takes nothing more also brings nothing more: the reader tells why.
        with contextlib.suppress(aiohttp.ClientError, OSError):
            while True:
                await self._ws.send_bytes(MSGPACK.encode(await self._outgoing.get()))

    async def _beat(self) -> None:
        while self._dead is None:
            if self._pinged_at is None:
                self._pinged_at = self._now()
                self.send(Ping())
            gone = await self._pause()
            silent_s = self._now() - self._heard_at
            if gone:
                self._dead = NetworkChanged()
            elif silent_s >= 2 * self._heartbeat_s or self._outgoing.full():
                self._dead = LineLost(f"{self._server} has not been heard of for {silent_s:.0f} s.")
        await self.close()

    async def _pause(self) -> bool:
        """Until the next heartbeat; True: until the address that the line begins at is gone."""
        ends = self._now() + self._heartbeat_s
        while (left := ends - self._now()) > 0:
            await asyncio.sleep(min(left, ADDRESS_S))
            if is_gone(self._ws.get_extra_info("sockname")):
                return True
        return False

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def _say_hello(ws: aiohttp.ClientWebSocketResponse, hello: Hello, server: str) -> Welcome:
    if ws.protocol != MSGPACK.subprotocol:
        raise _no_mesh(server)
    try:
        async with asyncio.timeout(limits.HELLO_TIMEOUT_S):
            await ws.send_bytes(MSGPACK.encode(hello))
            frame = await ws.receive()
            if frame.type is not aiohttp.WSMsgType.BINARY:
                kind, sentence = _CLOSES.get(ws.close_code or 0, (LineLost, LineLost.text))
                raise kind(sentence)
            answer = await read_in(frame.data, MSGPACK.decode_event)
    except TimeoutError:
        raise TimedOut(f"{server} does not answer in time.") from None
    except ProtocolError as error:
        raise _no_mesh(server) from error
    except (aiohttp.ClientError, OSError) as error:
        raise explain(error, server) from error
    if isinstance(answer, Welcome):
        return answer
    if not isinstance(answer, Error):
        raise _no_mesh(server)
    if answer.code == UnsupportedVersion.code:
        raise VersionMismatch(
            "The server does not speak this program's version. Update the older of the two."
        )
    raise MeshError.from_wire(answer.code, answer.message, answer.retry_after)


def _handshake_refusal(error: aiohttp.WSServerHandshakeError, server: str) -> MeshError:
    if error.status in {401, 403}:
        return TokenInvalid()
    return explain_status(error.status, server)


def _no_mesh(server: str) -> NotMesh:
    return NotMesh(f"{server} answers, but not as a Mesh server does.")
