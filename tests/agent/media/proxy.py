"""A line with faults between two legs: a proxy that loses and delays, and descriptions that lead to it."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from mesh_agent.media import sdp

Line = Callable[[bytes], float | None]
"""How long this datagram travels, in seconds; None: it never arrives."""

_LOCAL = re.compile(r"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) typ host")


def is_media(data: bytes) -> bool:
    """RTP, or reports on it; and not what connects the two (STUN, DTLS)."""
    return 128 <= data[0] < 192


class _Side(asyncio.DatagramProtocol):
    """The socket to which one of the two sends, and from which it gets what the other one sends."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.sender: tuple[str, int] | None = None
        self.opposite: _Side | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        del address
        late, opposite = self._line(data), self.opposite
        assert opposite is not None
        if late:
            asyncio.get_running_loop().call_later(late, opposite.give, data)
        elif late is not None:
            opposite.give(data)

    def give(self, data: bytes) -> None:
        if self.sender is not None and not self.transport.is_closing():
            self.transport.sendto(data, self.sender)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])


class Proxy:
    """`by_first`, `by_second`: what happens to what each of the two sends."""

    def __init__(self, first: _Side, second: _Side) -> None:
        self._first, self._second = first, second

    @classmethod
    async def open(cls, by_first: Line, by_second: Line) -> "Proxy":
        loop = asyncio.get_running_loop()
        _, first = await loop.create_datagram_endpoint(partial(_Side, by_first), ("127.0.0.1", 0))
        _, second = await loop.create_datagram_endpoint(partial(_Side, by_second), ("127.0.0.1", 0))
        first.opposite, second.opposite = second, first
        return cls(first, second)

    def of_first(self, description: str) -> str:
        """What the second is to be given of how the first describes itself."""
        return _led(description, self._first, self._second)

    def of_second(self, description: str) -> str:
        return _led(description, self._second, self._first)

    def close(self) -> None:
        self._first.transport.close()
        self._second.transport.close()


def _led(description: str, sender: _Side, shown: _Side) -> str:
    found = _LOCAL.search(description)
    assert found is not None
    sender.sender = ("127.0.0.1", int(found[1]))
    lines = []
    for line in description.split("\r\n"):
        if line.startswith("a=mid:"):
            lines += [line, f"a=candidate:1 1 udp 2130706431 127.0.0.1 {shown.port} typ host"]
        elif not line.startswith(("a=candidate:", "a=x-mesh-machine:")):
            lines.append(line)
    return sdp.told("\r\n".join(lines))
