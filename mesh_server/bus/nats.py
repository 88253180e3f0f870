"""The bus of several nodes: what one publishes, the others hear through NATS.

    publish ── this node's own handlers, at once
        └──> queue, bounded ──> NATS ──> every other node ──> its handlers
                  ^── no line: what waits is dropped, the others read the log ──

Strategy: this node hears itself before `publish` returns, as on a single node, and asks NATS for no echo. So
answers and what they bring about keep their order here, and each message is heard once. NATS core keeps
nothing for who is away: while there is no line everything is dropped and counted, and `on_gap` says so once
there is one again, as it does where messages came faster than they could be taken.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from mesh_server.bus.base import BusMessage
from mesh_server.bus.codec import seal, unseal
from mesh_server.bus.line import CONNECT_S, NatsLine

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

QUEUE_BYTES: Final = 16 * 1024 * 1024
"""What may wait for the line; past it the newest is dropped."""

INBOX_MESSAGES: Final = 65_536
INBOX_BYTES: Final = 64 * 1024 * 1024
"""What may have come and wait for this node; past it the newest is dropped."""


class NatsBus:
    """`Bus` over the NATS servers `urls`; `keep` has to run.

    Args:
        node: the id of this node.
        subject: what all nodes of this server publish under, and nobody else.
        tls: how `tls://` addresses are checked; None: by the certificates of the system.

    Attributes:
        is_up: whether there is a line.
        on_gap: called on the event loop when something may have been missed.
        lost, sent, heard: messages.
    """

    def __init__(
        self, urls: Sequence[str], *, node: str, subject: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._node, self._subject = node, subject
        self._line = NatsLine(urls, f"mesh-server {node}", tls=tls, use=self._use, on_error=self._on_error)
        self._handlers: list[Callable[[BusMessage], None]] = []
        self._queue: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._some = asyncio.Event()
        self._most = 0
        self.is_up = False
        self.on_gap: Callable[[], None] = lambda: None
        self.lost = self.sent = self.heard = 0

    @property
    def lines(self) -> int:
        """Lines that there were."""
        return self._line.lines

    @property
    def attempts(self) -> int:
        """Attempts at a line."""
        return self._line.attempts

    # ── Bus ──────────────────────────────────────────────────────────────────────────────────────

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        self._handlers.append(handler)

    def publish(self, message: BusMessage) -> None:
        self._hear(message)
        if not self.is_up:
            self.lost += 1
            return
        sealed = seal(self._node, message, self._most)
        if sealed is None or self._waiting_bytes + len(sealed) > QUEUE_BYTES:
            self.lost += 1
            return
        self._queue.append(sealed)
        self._waiting_bytes += len(sealed)
        self._some.set()

    def _hear(self, message: BusMessage) -> None:
        for handler in self._handlers:
            handler(message)

    # ── the line ─────────────────────────────────────────────────────────────────────────────────

    async def keep(self) -> NoReturn:
        """For ever: seeks a line, and keeps it for as long as it lasts."""
        await self._line.keep()

    async def _use(self, client: "Client") -> None:
        """While there is a line."""
        try:
            await client.subscribe(
                self._subject,
                cb=self._on_message,
                pending_msgs_limit=INBOX_MESSAGES,
                pending_bytes_limit=INBOX_BYTES,
            )
            await client.flush(CONNECT_S)  # from here on nothing is missed
            self._begin(client)
            await self._send(client)
        finally:
            self._end()

    def _begin(self, client: "Client") -> None:
        log.info("there is a line to the bus")
        self._most = client.max_payload
        self.is_up = True
        self.on_gap()

    def _end(self) -> None:
        self.is_up = False
        self.lost += len(self._queue)
        self._queue.clear()
        self._waiting_bytes = 0

    async def _send(self, client: "Client") -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while self._queue:
                sealed = self._queue.popleft()
                self._waiting_bytes -= len(sealed)
                await client.publish(self._subject, sealed)
                self.sent += 1

    async def _on_message(self, message: "Msg") -> None:
        unsealed = unseal(message.data)
        if unsealed is None or unsealed[0] == self._node:
            return
        self.heard += 1
        try:
            self._hear(unsealed[1])
        except Exception:
            log.exception("what the bus said was not taken")

    def _on_error(self, error: Exception) -> None:
        from nats.errors import SlowConsumerError

        if isinstance(error, SlowConsumerError):
            self.on_gap()
