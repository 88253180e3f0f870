"""The bus of several nodes: what one publishes, the others hear through NATS.

    publish ── this node's own handlers, at once
        └──> queue, bounded ──> NATS ──> every other node ──> its handlers
                  ^── no line: what waits is dropped, the others read the log ──

Strategy: this node hears itself before `publish` returns, as on a single node, and asks NATS for no echo. So
answers and what they bring about keep their order here, and each message is heard once. NATS core keeps
nothing for who is away: while there is no line everything is dropped and counted, and `on_gap` says so once
there is one again, as it does where messages came faster than they could be taken. A line is sought for
ever, less and less often, and never all nodes at one moment.
"""

import asyncio
import contextlib
import logging
import random
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from mesh_server.bus.base import BusMessage
from mesh_server.bus.codec import seal, unseal
from mesh_server.errors import CannotStart

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

QUEUE_BYTES: Final = 16 * 1024 * 1024
"""What may wait for the line; past it the newest is dropped."""

INBOX_MESSAGES: Final = 65_536
INBOX_BYTES: Final = 64 * 1024 * 1024
"""What may have come and wait for this node; past it the newest is dropped."""

CONNECT_S: Final = 5
CLOSE_S: Final = 0.5
PING_S: Final = 5
"""How often a silent line is tried; two tries without an answer end it."""

BACKOFF_S: Final = (0.1, 5.0)
"""The first and the longest wait for the next attempt."""

_FAILURES: Final = (OSError, TimeoutError)


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
        lines, attempts: lines that there were, and attempts at one.
    """

    def __init__(
        self, urls: Sequence[str], *, node: str, subject: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._urls, self._node, self._subject = list(urls), node, subject
        self._tls, self._encrypted = tls, any(url.startswith("tls://") for url in urls)
        self._handlers: list[Callable[[BusMessage], None]] = []
        self._queue: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._some = asyncio.Event()
        self._most = 0
        self.is_up = False
        self.on_gap: Callable[[], None] = lambda: None
        self.lost = self.sent = self.heard = self.lines = self.attempts = 0

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
        wait_s = BACKOFF_S[0]
        while True:
            before = self.lines
            self.attempts += 1
            why = await self._line()
            _require_wanted()
            wait_s = BACKOFF_S[0] if self.lines > before else min(2 * wait_s, BACKOFF_S[1])
            log.warning("there is no line to the bus", extra={"why": why})
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    async def _line(self) -> str:
        """One line, from its beginning to its end; why it ended, or was none."""
        import nats.errors
        from nats.aio.client import Client

        over = asyncio.Event()
        client = Client()
        try:
            await self._connect(client, over)
            await client.subscribe(
                self._subject,
                cb=self._on_message,
                pending_msgs_limit=INBOX_MESSAGES,
                pending_bytes_limit=INBOX_BYTES,
            )
            await client.flush(CONNECT_S)  # from here on nothing is missed
            self._begin(client)
            await self._send(client, over)
        except (*_FAILURES, nats.errors.Error) as error:
            return _told(error)
        finally:
            self._end()
            with contextlib.suppress(*_FAILURES, nats.errors.Error):
                async with asyncio.timeout(
                    CLOSE_S
                ):  # a line that never came to be may not know that it is over
                    await client.close()
        return _told(client.last_error) if client.last_error is not None else "it was closed"

    async def _connect(self, client: "Client", over: asyncio.Event) -> None:
        async def ended() -> None:
            over.set()
            self._some.set()

        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                self._urls,
                name=f"mesh-server {self._node}",
                no_echo=True,
                allow_reconnect=False,
                connect_timeout=CONNECT_S,
                ping_interval=PING_S,
                max_outstanding_pings=2,
                tls=self._tls or ssl.create_default_context() if self._encrypted else None,
                error_cb=self._on_error,
                closed_cb=ended,
                disconnected_cb=ended,
            )

    def _begin(self, client: "Client") -> None:
        log.info("there is a line to the bus")
        self._most = client.max_payload
        self.is_up = True
        self.lines += 1
        self.on_gap()

    def _end(self) -> None:
        self.is_up = False
        self.lost += len(self._queue)
        self._queue.clear()
        self._waiting_bytes = 0

    async def _send(self, client: "Client", over: asyncio.Event) -> None:
        while not over.is_set():
            await self._some.wait()
            self._some.clear()
            while self._queue and not over.is_set():
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

    async def _on_error(self, error: Exception) -> None:
        from nats.errors import SlowConsumerError

        if isinstance(error, SlowConsumerError):
            self.on_gap()


def _require_wanted() -> None:
    """The library swallows a cancelling that comes while it closes a line. Raises: CancelledError."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def trust(ca_file: str) -> ssl.SSLContext | None:
    """What `tls://` addresses are checked by: a PEM file; None for the system's. Raises: CannotStart."""
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        why = error.strerror or "it holds no certificates"
        raise CannotStart(f"The file {ca_file} (bus_ca) cannot be used: {why}.") from None


def _told(error: BaseException) -> str:
    """For the log; an address may hold a password, and is not told."""
    return type(error).__name__
