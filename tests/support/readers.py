"""Connections of a hub without a network: what is written to each is read back."""

import asyncio

from mesh_server.hub import Hub
from mesh_server.ws.outbound import Outbound
from protocol.codec import JSON, Format
from protocol.events import ServerToClient
from tests.support.conditions import until


class Wire(asyncio.Transport):
    """A transport that keeps what is written, and takes nothing more while `stuck`."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.writes = 0
        self.stuck = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        self.writes += 1

    def get_write_buffer_size(self) -> int:
        return 1 << 30 if self.stuck else 0

    def is_closing(self) -> bool:
        return False


class Reader:
    """A connection of `user_id`, and everything it read."""

    def __init__(self, hub: Hub, user_id: str, *, device: str = "", format_: Format = JSON) -> None:
        self.wire = Wire()
        self.closed: list[int] = []
        self.outbound = Outbound(
            self.wire,
            format_,
            lambda code, _reason: self.closed.append(code),
            peer_id=f"{user_id}-{device}-peer",
            user_id=user_id,
            device_id=device or f"{user_id}-laptop",
        )
        self._hub = hub

    def open(self, **revs: int) -> "Reader":
        self._hub.open(self._hub.listen(self.outbound), revs)
        return self

    def events(self) -> list[ServerToClient]:
        """Decodes and forgets what was written."""
        data, self.wire.written = bytes(self.wire.written), bytearray()
        events = []
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            assert data[0] == (0x82 if self.outbound.format.binary else 0x81)
            events.append(self.outbound.format.decode_event(data[start : start + size]))
            data = data[start + size :]
        return events

    async def read(self) -> list[ServerToClient]:
        """Waits for the hub's next round of writes."""
        await until(lambda: self.wire.written, "something to be written")
        return self.events()
