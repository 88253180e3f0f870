"""How a process of an agent meets the other device: by what it was told, with signals through the pipe."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from mesh_agent.net.meeting import ChangedIdentity, Meeting, meet
from mesh_agent.sharing.orders import Begin, Lost, Refused, Signal, Spent
from mesh_agent.sharing.pipes import Tokens
from protocol.capability import SpentTokens
from protocol.errors import MeshError, PeerChanged

SIGNALS_MAX: Final = 64
"""Signals of the other device that were not read yet; more than that are of nobody who means it."""


class Meeter:
    """One meeting (`meeting.Signals` of it). `report` is given what the agent has to know."""

    def __init__(self, begin: Begin, report: Callable[[Signal | Spent | Refused], None]) -> None:
        self._begin, self._report = begin, report
        self._signals: asyncio.Queue[str] = asyncio.Queue(SIGNALS_MAX)

    def heard(self, signal: Signal) -> None:
        """The other device has signalled it."""
        with contextlib.suppress(asyncio.QueueFull):
            self._signals.put_nowait(signal.payload)

    async def send(self, payload: str) -> None:
        self._report(Signal(payload=payload))

    async def receive(self) -> str:
        return await self._signals.get()

    async def meet(self) -> Meeting | Lost:
        """The other device; or why it was not met."""
        try:
            return await self._meet()
        except ChangedIdentity as error:
            self._report(Refused(identity=error.identity))
            return Lost(code=error.code, message=error.message, fatal=True)
        except MeshError as error:
            return Lost(code=error.code, message=error.message, fatal=isinstance(error, PeerChanged))

    async def _meet(self) -> Meeting:
        tokens = Tokens(self._report)
        for jti, expires_at in self._begin.spent:
            SpentTokens.spend(tokens, jti, expires_at, 0)
        return await meet(self._begin.setup, self, spent=tokens)
