"""A line to NATS: sought for ever, less and less often, and never by all nodes at one moment.

    no line ── connected ──> what the line is for (`use`) ── ended ──> no line
       ^── an attempt failed: a longer wait ──┘

Strategy: the library's own reconnecting is off, because it keeps what was published meanwhile and says
nothing of what was missed. Here a line is one connection from its beginning to its end, and whoever uses
it is told of both by being started and cancelled.
"""

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from mesh_server.errors import CannotStart

if TYPE_CHECKING:
    from nats.aio.client import Client

log = logging.getLogger(__name__)

CONNECT_S: Final = 5
CLOSE_S: Final = 0.5
PING_S: Final = 5
"""How often a silent line is tried; two tries without an answer end it."""

BACKOFF_S: Final = (0.1, 5.0)
"""The first and the longest wait for the next attempt."""

_FAILURES: Final = (OSError, TimeoutError)

Use = Callable[["Client"], Awaitable[None]]


class NatsLine:
    """A line to one of the NATS servers `urls`; `keep` has to run.

    Args:
        name: what the server is told that this is.
        tls: how `tls://` addresses are checked; None: by the certificates of the system.
        use: runs while there is a line, and is cancelled where it ends; returning ends it too.
        on_error: called on the event loop with what the library says of itself.

    Attributes:
        lines, attempts: lines that there were, and attempts at one.
    """

    def __init__(
        self,
        urls: Sequence[str],
        name: str,
        *,
        tls: ssl.SSLContext | None,
        use: Use,
        on_error: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        self._urls, self._name, self._use, self._on_error = list(urls), name, use, on_error
        self._tls, self._encrypted = tls, any(url.startswith("tls://") for url in urls)
        self.lines = self.attempts = 0

    async def keep(self) -> NoReturn:
        """For ever."""
        wait_s = BACKOFF_S[0]
        while True:
            before = self.lines
            self.attempts += 1
            why = await self._line()
            _require_wanted()
            wait_s = BACKOFF_S[0] if self.lines > before else min(2 * wait_s, BACKOFF_S[1])
            log.warning("there is no line to NATS", extra={"why": why, "line": self._name})
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    async def _line(self) -> str:
        """One line, from its beginning to its end; why it ended, or was none."""
        import nats.errors
        from nats.aio.client import Client

        over = asyncio.Event()
        client = Client()
        try:
            await self._connect(client, over)
            self.lines += 1
            await self._used(client, over)
        except (*_FAILURES, nats.errors.Error) as error:
            return _told(error)
        finally:
            with contextlib.suppress(*_FAILURES, nats.errors.Error):
                # A line that never came to be may not know that it is over.
                async with asyncio.timeout(CLOSE_S):
                    await client.close()
        return _told(client.last_error) if client.last_error is not None else "it was closed"

    async def _used(self, client: "Client", over: asyncio.Event) -> None:
        """Raises: what its use failed with."""
        ended = asyncio.ensure_future(over.wait())
        using = asyncio.ensure_future(self._use(client))
        try:
            await asyncio.wait((ended, using), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            using.cancel()
            (failure,) = await asyncio.gather(using, return_exceptions=True)
        if isinstance(failure, Exception):
            raise failure

    async def _connect(self, client: "Client", over: asyncio.Event) -> None:
        async def ended() -> None:
            over.set()

        async def failed(error: Exception) -> None:
            self._on_error(error)

        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                self._urls,
                name=self._name,
                no_echo=True,
                allow_reconnect=False,
                connect_timeout=CONNECT_S,
                ping_interval=PING_S,
                max_outstanding_pings=2,
                tls=self._tls or ssl.create_default_context() if self._encrypted else None,
                error_cb=failed,
                closed_cb=ended,
                disconnected_cb=ended,
            )


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
