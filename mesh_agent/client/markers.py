"""How far I have read: kept at once, told to the server when the line is up.

Strategy: one marker a room, on the disk until the server has confirmed it. One is under way for each room
at a time; what is read meanwhile goes with the next, so a busy room costs one request a round trip. A
marker that the server refuses is dropped: it would refuse it for ever, and nothing is lost with it.
"""

from collections.abc import Callable, Mapping
from itertools import count

from mesh_agent.client.changes import Change, MarkerSet, MarkerTold
from protocol.events import ClientToServer, MarkRead


class Markers:
    """The markers that the server does not know of yet. No IO: what it wants done goes through `change`."""

    def __init__(self, untold: Mapping[str, int], change: Callable[[list[Change]], None]) -> None:
        self._untold = dict(untold)
        self._change = change
        self._send: Callable[[ClientToServer], None] | None = None
        self._ids = count(1)
        self._asked: dict[int, tuple[str, int]] = {}

    def untold(self) -> list[tuple[str, int]]:
        return list(self._untold.items())

    def set(self, room_id: str, seq: int) -> None:
        if seq <= self._untold.get(room_id, 0):
            return
        self._untold[room_id] = seq
        self._change([MarkerSet(room_id, seq)])
        self._flush()

    def line_up(self, send: Callable[[ClientToServer], None]) -> None:
        self._send = send
        self._flush()

    def line_lost(self) -> None:
        self._send = None
        self._asked.clear()

    def told(self, room_id: str, seq: int) -> None:
        """The server knows that I have read up to `seq`, from whichever device."""
        self._asked = {key: asked for key, asked in self._asked.items() if asked[0] != room_id}
        if 0 < self._untold.get(room_id, 0) <= seq:
            del self._untold[room_id]
            self._change([MarkerTold(room_id, seq)])
        self._flush()

    def refused(self, request_id: str | int | None) -> None:
        asked = self._asked.get(request_id) if isinstance(request_id, int) else None
        if asked is not None:
            self.told(*asked)

    def forget(self, room_id: str) -> None:
        """The room is no longer mine."""
        self._untold.pop(room_id, None)

    def _flush(self) -> None:
        if self._send is None:
            return
        busy = {room_id for room_id, _ in self._asked.values()}
        for room_id, seq in self._untold.items():
            if room_id not in busy:
                request_id = next(self._ids)
                self._asked[request_id] = (room_id, seq)
                self._send(MarkRead(id=request_id, room_id=room_id, seq=seq))
