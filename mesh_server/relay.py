"""The blind relay: packets between the two devices of a session that find no direct way to each other.

Strategy: a packet is a packet, whatever is in it, and may be lost, as on the network that it stands in for.
Each end has a queue, bounded in packets and in bytes, that the other end fills and nobody waits for: a reader
who falls behind loses the oldest first, which is what the congestion control of the two peers goes by. What a
sender sends past its rate is dropped for the same reason. What it sends past a quota ends the relaying: so
many bytes a session, and so many a person and day, each packet counted once, for who sent it.

No IO here; `mesh_server.ws.relay` is the shell around it. Who comes later finds the packets of who came
first waiting, as many as the queue holds, so that a handshake need not begin anew. Both come to this process.
"""

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mesh_server.bus.base import BusMessage, DeviceRevoked, ToUser
from mesh_server.config import RelaySettings
from mesh_server.ids import Clock
from mesh_server.store.base import RelayUsage, SessionRecord
from protocol.close import CloseCode
from protocol.errors import RateLimited, RelayQuota
from protocol.signals import SessionClosed

QUEUE_BYTES: Final = 256 * 1024
QUEUE_PACKETS: Final = 512
"""What may wait for one reader."""

FULL_RETRY_S: Final = 30.0
BURST_BYTES: Final = 64 * 1024
"""What may always come at once, however low the rate."""

USERS_MAX: Final = 100_000
"""People whose bytes of a day are counted; past it those who sent least begin anew."""

_DAY_MS: Final = 86_400_000
_MIB: Final = 1024 * 1024


class Inbox:
    """Packets for one reader, the oldest dropped first."""

    __slots__ = ("_packets", "_size", "_some", "dropped")

    def __init__(self) -> None:
        self._packets: deque[bytes] = deque()
        self._size = 0
        self._some = asyncio.Event()
        self.dropped = 0

    def put(self, packet: bytes) -> None:
        self._packets.append(packet)
        self._size += len(packet)
        while self._size > QUEUE_BYTES or len(self._packets) > QUEUE_PACKETS:
            self._size -= len(self._packets.popleft())
            self.dropped += 1
        self._some.set()

    async def take(self) -> bytes:
        """The next packet, once there is one; for one reader at a time."""
        while not self._packets:
            self._some.clear()
            await self._some.wait()
        packet = self._packets.popleft()
        self._size -= len(packet)
        return packet

    async def take_some(self, most_bytes: int) -> list[bytes]:
        """The next packets, once there are any: at least one, and no more than that many bytes of several."""
        packets = [await self.take()]
        size = len(packets[0])
        while self._packets and size + len(self._packets[0]) <= most_bytes:
            packets.append(self._packets.popleft())
            size += len(packets[-1])
            self._size -= len(packets[-1])
        return packets

    @property
    def waiting_bytes(self) -> int:
        return self._size


@dataclass(eq=False, slots=True)
class End:
    """A device that is connected to the relay. `close` is its own way to end, called at most once."""

    session_id: str
    user_id: str
    device_id: str
    inbox: Inbox
    outbox: Inbox
    close: Callable[[CloseCode, str], None]
    full_at: float = 0.0


class _Line:
    """A session that is relayed: an inbox for each of its two devices, and those that are connected."""

    __slots__ = ("ends", "inboxes", "relayed")

    def __init__(self, relayed: int) -> None:
        self.inboxes: dict[str, Inbox] = {}
        self.ends: dict[str, End] = {}
        self.relayed = relayed

    def inbox(self, device_id: str) -> Inbox:
        return self.inboxes.setdefault(device_id, Inbox())


class Relay:
    """Everything that is relayed. `clock` tells the day, `now` (seconds, never back) the rate."""

    def __init__(self, settings: RelaySettings, *, clock: Clock, now: Callable[[], float]) -> None:
        self._settings, self._clock, self._now = settings, clock, now
        self._lines: dict[str, _Line] = {}
        self._relayed: dict[str, int] = {}
        """Bytes of sessions that are not over but have no end connected now."""

        self._today: dict[str, int] = {}
        self._day = 0
        self._news: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        """By whom something was sent here since it was told last: of people today, and of sessions."""

        self._dropped = 0
        self.bytes = 0
        self.packets = 0
        self.over_rate = 0
        self.on_came: Callable[[End], None] = lambda _end: None
        self.on_left: Callable[[End], None] = lambda _end: None

    # ── who is connected ─────────────────────────────────────────────────────────────────────────

    @property
    def sessions(self) -> int:
        return len(self._lines)

    @property
    def ends(self) -> list[End]:
        return [end for line in self._lines.values() for end in line.ends.values()]

    @property
    def dropped(self) -> int:
        """Packets that a slow reader has lost."""
        return self._dropped + sum(
            box.dropped for line in self._lines.values() for box in line.inboxes.values()
        )

    def join(self, record: SessionRecord, device_id: str, close: Callable[[CloseCode, str], None]) -> End:
        """A device of an accepted session; one that is there already gives way to its next connection.

        Raises: RateLimited, RelayQuota
        """
        sides = (record.asker, record.peer)
        mine, other = sides if sides[0].devices[0].id == device_id else sides[::-1]
        if not self._settings.enabled:
            raise RelayQuota("This server relays nothing. Connect directly.")
        if record.id not in self._lines and len(self._lines) >= self._settings.sessions:
            raise RateLimited("This server relays as many sessions as it can.", retry_after=FULL_RETRY_S)
        self._require_quota(record.id, mine.user_id)
        line = self._lines.get(record.id)
        if line is None:
            line = self._lines[record.id] = _Line(self._relayed.pop(record.id, 0))
        before = line.ends.get(device_id)
        if before is not None:
            before.close(CloseCode.REPLACED, "This device has connected anew.")
        end = End(
            session_id=record.id,
            user_id=mine.user_id,
            device_id=device_id,
            inbox=line.inbox(device_id),
            outbox=line.inbox(other.devices[0].id),
            close=close,
        )
        line.ends[device_id] = end
        self.on_came(end)
        return end

    def leave(self, end: End) -> None:
        """The connection is over, however it ended."""
        line = self._lines.get(end.session_id)
        if line is None or line.ends.get(end.device_id) is not end:
            return
        del line.ends[end.device_id]
        if not line.ends:
            self._dropped += sum(box.dropped for box in line.inboxes.values())
            self._relayed[end.session_id] = line.relayed
            del self._lines[end.session_id]
        self.on_left(end)

    # ── what is at other nodes ───────────────────────────────────────────────────────────────────

    def sessions_here(self) -> list[str]:
        """Sessions with a device that is connected to this node."""
        return list(self._lines)

    def devices_here(self, session_id: str) -> list[str]:
        """Devices of a session that are connected to this node."""
        line = self._lines.get(session_id)
        return [] if line is None else list(line.ends)

    def inbox(self, session_id: str, device_id: str) -> Inbox | None:
        """What waits for a device of a session that has an end here."""
        line = self._lines.get(session_id)
        return None if line is None else line.inboxes.get(device_id)

    def replaced(self, session_id: str, device_id: str) -> None:
        """The device has connected to another node."""
        line = self._lines.get(session_id)
        if line is not None and device_id in line.ends:
            end = line.ends[device_id]
            end.close(CloseCode.REPLACED, "This device has connected anew.")
            self.leave(end)

    def arrived(self, session_id: str, device_id: str, packets: Iterable[bytes]) -> None:
        """From the other end, which is at another node and was counted there as its person's."""
        line = self._lines.get(session_id)
        if line is None or device_id not in line.ends:
            return
        for packet in packets:
            line.relayed += len(packet)
            line.inbox(device_id).put(packet)
        try:
            self._require_session_quota(session_id)
        except RelayQuota as error:
            self._close(line.ends.values(), CloseCode.RATE, error.message)

    # ── packets ──────────────────────────────────────────────────────────────────────────────────

    def forward(self, end: End, packet: bytes) -> bool:
        """Hands a packet to the other end, or drops it, or ends the relaying where a quota is used up.

        False where it was dropped for its rate: then the sender should be left waiting a little.
        """
        size = len(packet)
        if not self._within_rate(end, size):
            self.over_rate += 1
            return False
        line = self._lines.get(end.session_id)
        if line is None or line.ends.get(end.device_id) is not end:
            return True  # it is being closed
        line.relayed += size
        self._count(end.user_id, size)
        for news, key in zip(self._news, (end.user_id, end.session_id), strict=True):
            news[key] += size
        try:
            self._require_quota(end.session_id, end.user_id)
        except RelayQuota as error:
            self._close(line.ends.values(), CloseCode.RATE, error.message)
            return True
        self.bytes += size
        self.packets += 1
        end.outbox.put(packet)
        return True

    def _within_rate(self, end: End, size: int) -> bool:
        """A bucket as in `mesh_server.limits`, of bytes: a second's worth at once."""
        per_s = self._settings.rate_kib * 1024
        if not per_s:
            return True
        now = self._now()
        full_at = max(end.full_at, now) + size / per_s
        if full_at - now > max(1.0, BURST_BYTES / per_s):
            return False
        end.full_at = full_at
        return True

    def _count(self, user_id: str, size: int) -> None:
        self._turn_day(self._clock() // _DAY_MS)
        self._today[user_id] = self._today.get(user_id, 0) + size
        if len(self._today) > USERS_MAX:
            del self._today[min(self._today, key=self._today.__getitem__)]

    def _turn_day(self, day: int) -> None:
        if day != self._day:
            self._day = day
            self._today.clear()
            self._news[0].clear()

    # ── over a restart, and at other nodes ───────────────────────────────────────────────────────

    def take_news(self) -> RelayUsage:
        """What was sent here since this was asked last; told once."""
        users, sessions = self._news
        self._news = (Counter(), Counter())
        return RelayUsage(day=self._day, users=dict(users), sessions=dict(sessions))

    def untold(self, news: RelayUsage) -> None:
        """Those news could not be told, and are to be told with the next."""
        users, sessions = self._news
        sessions.update(news.sessions)
        if news.day == self._day:
            users.update(news.users)

    def all_told(self, usage: RelayUsage) -> None:
        """What all nodes have sent, this one up to its last news, and earlier runs."""
        self._turn_day(max(self._day, min(usage.day, self._clock() // _DAY_MS)))
        if usage.day == self._day:
            self._today = dict(Counter(usage.users) + self._news[0])
        sessions = Counter(usage.sessions) + self._news[1]
        for session_id, line in self._lines.items():
            line.relayed = max(line.relayed, sessions.pop(session_id, 0))
        self._relayed = dict(sessions)

    def _require_session_quota(self, session_id: str) -> None:
        """Raises: RelayQuota."""
        most_mib = self._settings.session_mib
        line = self._lines.get(session_id)
        relayed = self._relayed.get(session_id, 0) if line is None else line.relayed
        if most_mib and relayed >= most_mib * _MIB:
            raise RelayQuota(f"At most {most_mib} MiB of a session may go through this server.")

    def _require_quota(self, session_id: str, user_id: str) -> None:
        """Raises: RelayQuota."""
        settings, now = self._settings, self._clock()
        self._require_session_quota(session_id)
        today = self._today.get(user_id, 0) if now // _DAY_MS == self._day else 0
        if settings.user_mib_a_day and today >= settings.user_mib_a_day * _MIB:
            raise RelayQuota(
                f"At most {settings.user_mib_a_day} MiB a day of one person may go through this server.",
                retry_after=math.ceil((_DAY_MS - now % _DAY_MS) / 1000),
            )

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    def on_bus(self, message: BusMessage) -> None:
        match message:
            case ToUser(event=SessionClosed(session_id=session_id, reason=reason)) if reason != "elsewhere":
                self._relayed.pop(session_id, None)
                if session_id in self._lines:
                    self._close(self._lines[session_id].ends.values(), CloseCode.OVER, "The session is over.")
            case DeviceRevoked(device_id=device_id):
                theirs = [end for end in self.ends if end.device_id == device_id]
                self._close(theirs, CloseCode.REVOKED, "This device was signed out.")
            case _:
                pass

    def drain(self) -> None:
        self._close(self.ends, CloseCode.RESTART, "The server restarts.")

    @staticmethod
    def _close(ends: Iterable[End], code: CloseCode, reason: str) -> None:
        for end in list(ends):
            end.close(code, reason)
