"""Connected, for ever: one connection after the other, with a pause that grows between them.

Strategy: a loop of three steps (connect, serve until the line breaks, wait), whose state is always one of
`ConnectionState` and is told whenever it changes. It ends only when the session does. What a connection
says hello with, and what is done with what comes, is the caller's.
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

from mesh_agent.client.backoff import Backoff
from mesh_agent.client.errors import LineLost, NetworkChanged, SignInNeeded
from mesh_agent.client.state import Connected, Connecting, ConnectionState, SignedOut, Waiting
from protocol.errors import MeshError, TokenExpired, TokenInvalid
from protocol.events import Pong, ServerToClient

if TYPE_CHECKING:  # it imports aiohttp, which a program that only shows what is held never needs
    from mesh_agent.client.socket import Connection

log = logging.getLogger(__name__)

_draw: Final = secrets.SystemRandom().random


class ChangeLost(LineLost):
    """A change of a room is missing: a new connection resumes and brings it."""

    code = "client.change_lost"
    text = "Something was missed; connecting again to fetch it."


class Served(Protocol):
    """Whom the link connects."""

    async def dial(self) -> "Connection":
        """Opens a connection, or raises why it cannot."""

    async def met(self, connection: "Connection") -> None:
        """A connection is up; nothing has been read of it but its welcome."""

    async def handle(self, event: ServerToClient) -> None:
        """Something came. Raises `ChangeLost` to have the connection made anew."""

    def lost(self, error: MeshError) -> None:
        """The connection is gone, or none came about."""


class Link:
    """Keeps one account connected. `changed` is told each new state.

    Attributes:
        trouble: why the line is down, since it was up last.
    """

    def __init__(self, served: Served, changed: Callable[[ConnectionState], None]) -> None:
        self._served = served
        self._changed = changed
        self.trouble: MeshError | None = None
        self._backoff = Backoff()
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Ends the pause between two tries."""
        self._hurry.set()

    async def run(self) -> None:
        """Returns when the session has ended."""
        while True:
            self._changed(Connecting(self._backoff.attempt))
            try:
                await self._connect_and_serve()
            except SignInNeeded as error:
                self._lost(error)
                self._changed(SignedOut(error.message))
                return
            except MeshError as error:
                self._lost(error)
                await self._pause(error)
            except Exception:
                # A mistake of ours in one event must not be the end of the line for good.
                log.exception("serving the connection failed")
                mistake = LineLost("Something went wrong in this program.")
                self._lost(mistake)
                await self._pause(mistake)

    async def _connect_and_serve(self) -> None:
        connection = await self._served.dial()
        try:
            await self._served.met(connection)
            self.trouble = None
            self._backoff.up(self._now())
            self._changed(Connected())
            await connection.run(self._handler(connection))
        finally:
            await connection.close()

    def _handler(self, connection: "Connection") -> Callable[[ServerToClient], Awaitable[None]]:
        async def handle(event: ServerToClient) -> None:
            if isinstance(event, Pong):
                self._changed(Connected(connection.lag_s))
            await self._served.handle(event)

        return handle

    def _lost(self, error: MeshError) -> None:
        self.trouble = error
        self._served.lost(error)

    async def _pause(self, error: MeshError) -> None:
        # A new token or a new connection mends these; anything else is more likely to need time.
        prompt = isinstance(error, TokenInvalid | TokenExpired | ChangeLost | NetworkChanged)
        wait = self._backoff.failed(self._now(), _draw(), retry_after=error.retry_after, prompt=prompt)
        log.info("%s Next try in %.1f s.", error.message, wait)
        self._changed(Waiting(error.message, wait, self._backoff.attempt))
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._hurry.wait()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
