"""The relay over nodes: two devices of a session may come to different ones.

    a device here ──> Relay ──> the queue of the other device ──> carried to its node ──> Relay ──> it

Strategy: a device that is connected to another node is, here, one more reader of its queue: a task takes
packets from it and carries them, and loses the oldest first where the way is slow, as every reader does. Who
is where is said on the session's topic, when a device comes, when one comes at the other node, and again
every few seconds; a node that falls silent carries nothing any more. So no database is asked, and what is
lost on the way is put right by the next sign.

Each node counts what its own device has sent as that person's, and what goes either way as the session's.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

import msgspec
from msgspec import Struct

from mesh_server.relay import End, Relay

SIGN_S: Final = 5.0
"""How often who is here is said again."""

SILENT_S: Final = 3 * SIGN_S
"""After which a device is taken for gone."""

CARRIED_BYTES: Final = 64 * 1024
"""About how much is carried at once."""


class PacketLine(Protocol):
    """Topics between nodes; see `mesh_server.bus.packets`."""

    on_heard: Callable[[str, bytes], None]
    on_up: Callable[[], None]

    def listen(self, topic: str) -> None: ...
    def ignore(self, topic: str) -> None: ...
    def say(self, topic: str, data: bytes) -> None: ...
    async def carry(self, topic: str, data: bytes) -> None: ...


class Here(Struct, frozen=True, tag=True):
    """These devices are connected to the node that says so.

    `came`: just now, whatever they were connected to before. `asks`: who else is there shall be said.
    """

    device_ids: list[str]
    came: bool = False
    asks: bool = False


class Gone(Struct, frozen=True, tag=True):
    device_id: str


class Carried(Struct, frozen=True, tag=True):
    """Packets for a device, in order."""

    device_id: str
    packets: list[bytes]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Here | Gone | Carried).decode


class _Away:
    """A device at another node, and the task that takes packets to it."""

    __slots__ = ("seen_at", "task")

    def __init__(self, task: "asyncio.Task[None]", seen_at: float) -> None:
        self.task, self.seen_at = task, seen_at


class RelayElsewhere:
    """What of `relay` is at other nodes. `now`: seconds, never back."""

    def __init__(self, relay: Relay, packets: PacketLine, *, now: Callable[[], float]) -> None:
        self._relay, self._packets, self._now = relay, packets, now
        self._away: dict[tuple[str, str], _Away] = {}
        relay.on_came, relay.on_left = self._came, self._left
        packets.on_heard = self._heard
        packets.on_up = lambda: self.say_all(asks=True)

    @property
    def devices(self) -> int:
        """Devices at other nodes that packets are carried to."""
        return len(self._away)

    async def keep(self) -> NoReturn:
        """For ever."""
        try:
            while True:
                await asyncio.sleep(SIGN_S)
                self.say_all()
                self.forget_silent()
        finally:
            for place in list(self._away):
                self._stop(place)

    def say_all(self, *, asks: bool = False) -> None:
        """Who is here, of every session."""
        for session_id in self._relay.sessions_here():
            self._say(session_id, Here(self._relay.devices_here(session_id), asks=asks))

    def forget_silent(self) -> None:
        long_ago = self._now() - SILENT_S
        for place in [place for place, away in self._away.items() if away.seen_at < long_ago]:
            self._stop(place)

    # ── here ─────────────────────────────────────────────────────────────────────────────────────

    def _came(self, end: End) -> None:
        self._stop((end.session_id, end.device_id))
        self._packets.listen(end.session_id)
        self._say(end.session_id, Here([end.device_id], came=True, asks=True))

    def _left(self, end: End) -> None:
        self._say(end.session_id, Gone(end.device_id))
        if not self._relay.devices_here(end.session_id):
            self._packets.ignore(end.session_id)
            for place in [place for place in self._away if place[0] == end.session_id]:
                self._stop(place)

    def _say(self, session_id: str, word: Here | Gone) -> None:
        self._packets.say(session_id, _encode(word))

    # ── elsewhere ────────────────────────────────────────────────────────────────────────────────

    def _heard(self, session_id: str, data: bytes) -> None:
        try:
            word = _decode(data)
        except msgspec.DecodeError:
            return  # another version's
        match word:
            case Here(device_ids=device_ids, came=came, asks=asks):
                for device_id in device_ids:
                    self._is_away(session_id, device_id, came=came)
                if asks and (mine := self._relay.devices_here(session_id)):
                    self._say(session_id, Here(mine))
            case Gone(device_id=device_id):
                self._stop((session_id, device_id))
            case Carried(device_id=device_id, packets=packets):
                self._relay.arrived(session_id, device_id, packets)

    def _is_away(self, session_id: str, device_id: str, *, came: bool) -> None:
        if came:
            self._relay.replaced(session_id, device_id)
        if device_id in self._relay.devices_here(session_id):
            return  # it came here since, and the other node will hear of it
        place = (session_id, device_id)
        away = self._away.get(place)
        if away is not None and not away.task.done():
            away.seen_at = self._now()
            return
        if self._relay.inbox(session_id, device_id) is not None:
            task = asyncio.get_running_loop().create_task(self._carry(session_id, device_id))
            self._away[place] = _Away(task, self._now())

    async def _carry(self, session_id: str, device_id: str) -> None:
        while (inbox := self._relay.inbox(session_id, device_id)) is not None:
            packets = await inbox.take_some(CARRIED_BYTES)
            await self._packets.carry(session_id, _encode(Carried(device_id, packets)))

    def _stop(self, place: tuple[str, str]) -> None:
        away = self._away.pop(place, None)
        if away is not None:
            away.task.cancel()
