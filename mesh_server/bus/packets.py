"""Packets between nodes, on a line to NATS of their own: however many there are, no room waits for them.

Strategy: a topic is a subject of NATS, heard by the nodes that listen to it and by nobody else, so what two
nodes carry for each other costs a third one nothing. Nothing is kept for who is away, and nothing is sent
while there is no line: this is for what may be lost. Words (`say`) go out in the order in which they were
said, after what was listened to before; packets (`carry`) wait for the line to take them, which is how a
slow one is felt.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from mesh_server.bus.line import CONNECT_S, NatsLine

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

log = logging.getLogger(__name__)

WORDS_MAX: Final = 10_000
"""Words that may wait for the line; past it the newest is dropped."""

INBOX_MESSAGES: Final = 1024
INBOX_BYTES: Final = 4 * 1024 * 1024
"""What may have come and wait, of each topic; past it the newest is dropped."""


class NatsPackets:
    """Topics over the NATS servers `urls`; `keep` has to run.

    Args:
        prefix: of the subjects; that of all nodes of this server, and nobody else.

    Attributes:
        on_heard: called on the event loop with the topic and what was said or carried there elsewhere.
        on_up: called on the event loop once there is a line, and again after each that ended.
    """

    def __init__(
        self, urls: Sequence[str], *, node: str, prefix: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._prefix = prefix
        self._line = NatsLine(urls, f"mesh-server {node} packets", tls=tls, use=self._use)
        self._client: Client | None = None
        self._topics: set[str] = set()
        self._has_changed = True
        self._subscribed: dict[str, Subscription] = {}
        self._words: deque[tuple[str, bytes]] = deque()
        self._some = asyncio.Event()
        self.on_heard: Callable[[str, bytes], None] = lambda _topic, _data: None
        self.on_up: Callable[[], None] = lambda: None

    @property
    def is_up(self) -> bool:
        return self._client is not None

    def listen(self, topic: str) -> None:
        self._topics.add(topic)
        self._has_changed = True
        self._some.set()

    def ignore(self, topic: str) -> None:
        self._topics.discard(topic)
        self._has_changed = True
        self._some.set()

    def say(self, topic: str, data: bytes) -> None:
        """Never blocks; lost where there is no line."""
        if self._client is not None and len(self._words) < WORDS_MAX:
            self._words.append((topic, data))
            self._some.set()

    async def carry(self, topic: str, data: bytes) -> None:
        """Returns once the line has taken it; lost where there is none."""
        import nats.errors

        if self._client is not None:
            with contextlib.suppress(OSError, nats.errors.Error):  # whoever keeps the line sees it
                await self._client.publish(self._subject(topic), data)

    def _subject(self, topic: str) -> str:
        return f"{self._prefix}.{topic}"

    # ── the line ─────────────────────────────────────────────────────────────────────────────────

    async def keep(self) -> NoReturn:
        """For ever."""
        await self._line.keep()

    async def _use(self, client: "Client") -> None:
        """While there is a line."""
        try:
            await self._agree(client)
            await client.flush(CONNECT_S)
            self._client = client
            self.on_up()
            while True:
                await self._agree(client)
                while self._words:
                    topic, data = self._words.popleft()
                    await client.publish(self._subject(topic), data)
                    await self._agree(client)
                await self._some.wait()
                self._some.clear()
        finally:
            self._client = None
            self._words.clear()
            self._subscribed.clear()
            self._has_changed = True

    async def _agree(self, client: "Client") -> None:
        """Subscribes to what is listened to, and to nothing else."""
        if not self._has_changed:
            return
        self._has_changed = False
        for topic in self._subscribed.keys() - self._topics:
            await self._subscribed.pop(topic).unsubscribe()
        for topic in self._topics - self._subscribed.keys():
            self._subscribed[topic] = await client.subscribe(
                self._subject(topic),
                cb=self._on_message,
                pending_msgs_limit=INBOX_MESSAGES,
                pending_bytes_limit=INBOX_BYTES,
            )

    async def _on_message(self, message: "Msg") -> None:
        try:
            self.on_heard(message.subject.removeprefix(f"{self._prefix}."), message.data)
        except Exception:
            log.exception("what another node carried was not taken")
