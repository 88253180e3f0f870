"""The process that moves the bytes of one session: it is told by its agent what to do, and ends with it.

Strategy: orders come in on stdin, reports go out on stdout, nothing else does. The end of stdin is the end of
the agent, and of this process.
"""

import asyncio
import sys

from mesh_agent.sharing.orders import ORDER_BYTES, Begin, Lost, Report, next_order, pack


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

    async def report(self, report: Report) -> None:
        self._reports.write(pack(report))
        await self._reports.drain()


async def run() -> None:
    pipes = await Pipes.open()
    if isinstance(await next_order(pipes.orders), Begin):
        reason = "This version of Mesh cannot connect two devices yet."
        await pipes.report(Lost(code="sharing", message=reason, fatal=True))


def main() -> None:
    asyncio.run(run())
