"""A lane over QUIC: asyncio around the engine.

Strategy: one task builds and sends, in batches; readers and writers wait for what the engine holds, and look
again whenever something has happened. What is read goes from the engine's packets straight to the reader.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, Literal, Protocol

from mesh_agent.net.base import Buffer, Came, LaneLost, Way
from mesh_agent.net.connection import Address
from mesh_agent.net.engine import SEND_BYTES, Engine

CONNECT_S: Final = 10.0
"""A handshake that takes longer has failed, at either end."""

CLOSE_S: Final = 2.0
"""What a lane that is closed takes to get rid of what was written."""

PIECE_BYTES: Final = 256 * 1024
"""What is handed to the engine at a time."""


class Carrier(Protocol):
    """What a lane needs of what it sits on."""

    @property
    def way(self) -> Way: ...

    async def transmit(self, batch: Sequence[tuple[bytes, Address]]) -> None:
        """Sends what an engine has built. Raises: LaneLost."""

    def forget(self, lane: "QuicLane") -> None:
        """The lane is over."""

    async def close(self) -> None: ...


class QuicLane:
    """The one stream of a QUIC connection. See `mesh_agent.net.base.Lane`."""

    engine: Final[Literal["quic"]] = "quic"

    def __init__(self, endpoint: Carrier, engine: Engine, *, owns: bool) -> None:
        self._endpoint = endpoint
        self._engine = engine
        self._owns = owns
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._head = 0
        self._closed = False
        self._pump = self._loop.create_task(self._send())

    @property
    def way(self) -> Way:
        return self._endpoint.way

    @property
    def lost(self) -> LaneLost | None:
        """Why it is over, once it is."""
        return self._engine.lost

    # ── what the endpoint does ───────────────────────────────────────────────────────────────────

    def feed(self, datagrams: Sequence[bytes], address: Address) -> None:
        self._engine.receive(datagrams, address, self._loop.time())
        self._happened()

    def drop(self, why: LaneLost) -> None:
        """The path is gone."""
        self._engine.lose(why)
        self._happened()

    def _happened(self) -> None:
        """Something may have changed: whoever waits looks again."""
        engine = self._engine
        if engine.incoming or engine.ended or engine.lost:
            self._readable.set()
        if engine.lost or engine.unconfirmed < SEND_BYTES:
            self._writable.set()
        self._wake.set()

    async def _send(self) -> None:
        """Builds and sends until the connection is over."""
        engine, time = self._engine, self._loop.time
        try:
            while True:
                self._wake.clear()
                batch = engine.send(time())
                if batch:
                    await self._endpoint.transmit(batch)
                    await asyncio.sleep(0)  # readers and other lanes have a turn
                    if engine.said_all(batch):
                        await self._until_due()
                elif engine.lost is not None:
                    return
                else:
                    await self._until_due()
                at = engine.timer()
                if at is not None and at <= time():
                    engine.on_timer(time())
                    self._happened()
        except LaneLost as lost:
            engine.lose(lost)
        finally:
            self._happened()
            self._endpoint.forget(self)

    async def _until_due(self) -> None:
        at = self._engine.timer()
        if at is None:
            await self._wake.wait()
            return
        timer = self._loop.call_at(at, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def opened(self, within_s: float = CONNECT_S) -> None:
        """Returns once the other end is known to be who it has to be. Raises: LaneLost, WrongCertificate."""
        try:
            async with asyncio.timeout(within_s):
                await self._ready()
        except BaseException as fault:
            await self._abort()
            if isinstance(fault, TimeoutError):
                raise LaneLost("The other device did not answer.") from None
            raise

    async def _ready(self) -> None:
        engine = self._engine
        while not engine.ready:
            if engine.lost:
                raise engine.lost
            self._writable.clear()
            await self._writable.wait()

    async def _abort(self) -> None:
        self._engine.close("")
        self._closed = True
        self._happened()
        await asyncio.wait([self._pump])

    # ── Lane ─────────────────────────────────────────────────────────────────────────────────────

    async def write(self, *pieces: Buffer) -> None:
        engine = self._engine
        for piece in pieces:
            view = memoryview(piece).cast("B")
            for at in range(0, len(view), PIECE_BYTES):
                await self._room()
                engine.write(view[at : at + PIECE_BYTES])
                self._wake.set()
        await self._room()

    async def _room(self) -> None:
        """Returns when the engine can take a piece."""
        engine = self._engine
        while engine.lost is None and not self._closed:
            if engine.unconfirmed < SEND_BYTES:
                return
            self._writable.clear()
            await self._writable.wait()
        raise engine.lost or LaneLost()

    async def read(self, limit: int) -> bytes:
        if not await self._some():
            return b""
        incoming = self._engine.incoming
        pieces: list[bytes | memoryview] = []
        left = limit
        while incoming and left:
            first = incoming[0]
            end = min(len(first), self._head + left)
            pieces.append(first if end - self._head == len(first) else memoryview(first)[self._head : end])
            left -= end - self._head
            self._head = end
            if end == len(first):
                incoming.popleft()
                self._head = 0
        self._took(limit - left)
        return b"".join(pieces)

    async def read_into(self, view: memoryview, _: Came | None = None) -> None:
        view = view.cast("B")
        at, size = 0, len(view)
        while at < size:
            if not await self._some():
                raise LaneLost("The other device ended the line in the middle of something.")
            incoming, began = self._engine.incoming, at
            while incoming and at < size:
                first = incoming[0]
                end = min(len(first), self._head + size - at)
                count = end - self._head
                view[at : at + count] = first if count == len(first) else memoryview(first)[self._head : end]
                at += count
                self._head = end
                if end == len(first):
                    incoming.popleft()
                    self._head = 0
            self._took(at - began)

    async def _some(self) -> bool:
        """Waits for bytes; False at the end. Raises: LaneLost, when all that came was read."""
        engine = self._engine
        while not engine.incoming:
            if engine.ended:
                return False
            if engine.lost is not None:
                raise engine.lost
            self._readable.clear()
            await self._readable.wait()
        return True

    def _took(self, count: int) -> None:
        if self._engine.took(count):
            self._wake.set()

    async def close(self) -> None:
        engine = self._engine
        if not self._closed:
            self._closed = True
            engine.finish()
            self._happened()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    while engine.lost is None and not engine.delivered:
                        self._writable.clear()
                        await self._writable.wait()
            engine.close("")
            self._happened()
        await asyncio.wait([self._pump])
        if self._owns:
            await self._endpoint.close()
