"""Requests over the line that have one answer each: sent with an id, answered with the same.

Strategy: no IO. Whoever asks waits for a future that the answer, a refusal, or the end of the line settles.
What an answer means for the room it does as an event, like everything else that arrives; here it only tells
that the server has done what was asked.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from mesh_agent.client.errors import LineLost, TimedOut, Unreachable
from protocol.errors import MeshError
from protocol.events import ClientToServer, Error, ServerToClient

ASK_S: Final = 20.0
"""How long an answer may take."""

WAITING_MAX: Final = 100
"""Requests that wait for their answer; past it something is wrong with the line."""


class Asking:
    """The requests of one account that are not answered yet."""

    def __init__(self) -> None:
        self._send: Callable[[ClientToServer], None] | None = None
        self._ids = count(1)
        self._waiting: dict[str, asyncio.Future[ServerToClient]] = {}

    async def ask(self, request: ClientToServer) -> Any:
        """The event that answers `request`.

        Raises:
            Unreachable: there is no line, or it broke before the answer came: it may have been done or not.
            MeshError: the server's refusal.
        """
        if self._send is None or len(self._waiting) >= WAITING_MAX:
            raise Unreachable("There is no connection to the server now. Try again when there is.")
        key = f"ask-{next(self._ids)}"
        future = self._waiting[key] = asyncio.get_running_loop().create_future()
        self._send(replace(request, id=key))
        try:
            async with asyncio.timeout(ASK_S):
                return await future
        except TimeoutError:
            raise TimedOut("The server does not answer in time.") from None
        finally:
            self._waiting.pop(key, None)

    def line_up(self, send: Callable[[ClientToServer], None]) -> None:
        self._send = send

    def line_lost(self) -> None:
        self._send = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LineLost("The connection broke before the server answered."))

    def answered(self, event: ServerToClient) -> None:
        """`event` has arrived, which may be an answer; a refusal is none."""
        future = None if isinstance(event, Error) else self._future(getattr(event, "re", None))
        if future is not None:
            future.set_result(event)

    def refused(self, key: str | int | None, error: MeshError) -> bool:
        """Whether it was one of these requests that the server refused."""
        future = self._future(key)
        if future is not None:
            future.set_exception(error)
        return future is not None

    def _future(self, key: str | int | None) -> "asyncio.Future[ServerToClient] | None":
        future = self._waiting.get(key) if isinstance(key, str) else None
        return None if future is None or future.done() else future
