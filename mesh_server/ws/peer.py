"""A connection that has said hello."""

import asyncio
from typing import Final

from mesh_server.limits import Caller
from mesh_server.services.principal import Principal
from mesh_server.ws.outbound import Outbound

IN_FLIGHT_MAX: Final = 256
"""Messages of one connection that may wait for the disk; past it, nothing more is read from it."""


class Peer:
    """Who it is, where to write to them, and how many of their messages are on their way to the disk."""

    __slots__ = ("_in_flight", "_waiter", "_waits_for", "caller", "outbound", "principal")

    def __init__(self, principal: Principal, outbound: Outbound, caller: Caller) -> None:
        self.principal = principal
        self.caller = caller
        self.outbound = outbound
        self._in_flight = 0
        self._waits_for = 0
        self._waiter: asyncio.Future[None] | None = None

    @property
    def id(self) -> str:
        return self.outbound.peer_id

    @property
    def may_send(self) -> bool:
        """Whether one more message may be on its way without a wait."""
        return self._in_flight < IN_FLIGHT_MAX

    def took_off(self) -> None:
        self._in_flight += 1

    def landed(self) -> None:
        self._in_flight -= 1
        if self._waiter is not None and self._in_flight <= self._waits_for and not self._waiter.done():
            self._waiter.set_result(None)

    async def settled(self, *, at_most: int = 0) -> None:
        """Waits until `at_most` messages are on their way; only the task that reads may call it."""
        if self._in_flight > at_most:
            self._waits_for = at_most
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            self._waiter = None
