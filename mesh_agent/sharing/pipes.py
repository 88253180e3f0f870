"""The ends of the pipes in the process that moves the bytes: orders in, reports out, and what is logged."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from mesh_agent.sharing.orders import ORDER_BYTES, Said, Spent, pack
from protocol.capability import SpentTokens

LOG_CHARS: Final = 2_000


class Pipes:
    """Orders in, reports out."""

    def __init__(self, orders: asyncio.StreamReader, reports: asyncio.StreamWriter) -> None:
        self.orders, self._reports = orders, reports

    @classmethod
    async def open(cls) -> "Pipes":
        loop = asyncio.get_running_loop()
        orders = asyncio.StreamReader(limit=ORDER_BYTES)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin.buffer)
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), sys.stdout.buffer
        )
        return cls(orders, asyncio.StreamWriter(transport, protocol, None, loop))

    def report(self, report: Struct) -> None:
        """What is told without `drain` is to be few and small, since the agent reads all of it."""
        self._reports.write(pack(report))

    @property
    def waiting(self) -> int:
        """Bytes that the agent has not taken yet."""
        size: int = self._reports.transport.get_write_buffer_size()
        return size

    async def drain(self) -> None:
        """Returns when the agent has read most of it. Raises: ConnectionError."""
        await self._reports.drain()

    async def flush(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._reports.drain()
            self._reports.close()
            await self._reports.wait_closed()


class Tokens(SpentTokens):
    """Tokens that were spent in earlier processes, and telling those that are spent in this one."""

    def __init__(self, report: Callable[[Spent], None]) -> None:
        super().__init__()
        self._report = report

    def spend(self, jti: str, expires_at: int, now: int) -> None:
        super().spend(jti, expires_at, now)
        self._report(Spent(jti=jti, expires_at=expires_at))


class Logged(logging.Handler):
    """What is logged here goes to the agent's log."""

    def __init__(self, report: Callable[[Said], None]) -> None:
        super().__init__(logging.INFO)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        self._report(Said(text=self.format(record)[:LOG_CHARS]))
