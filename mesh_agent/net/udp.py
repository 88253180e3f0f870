"""A UDP socket that sends and receives many datagrams at once.

Strategy: what costs is the system call, not the byte. Linux cuts one large write into datagrams of one size
(UDP_SEGMENT) and hands over neighbours that belong together as one (UDP_GRO); elsewhere, or where the kernel
refuses, it is one datagram a call. Whatever waits in the socket is taken out before any of it is worked on,
up to a bound, because the kernel's buffer is small and what does not fit is lost.
"""

import asyncio
import errno
import socket
import struct
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

from mesh_agent.net.base import LaneLost, Way
from mesh_agent.net.path import LARGEST_BYTES, SMALLEST_BYTES

Burst = tuple[Any, list[bytes]]
"""Who sent, and what, in order."""

BUFFER_BYTES: Final = 4 * 2**20
"""Asked of the kernel for each direction; it gives what it may."""

PENDING_BYTES: Final = 2 * 2**20
"""What is taken out of the socket before it is worked on."""

SEGMENTS: Final = 64
"""Datagrams of one write (the kernel's UDP_MAX_SEGMENTS is 64, or 128)."""
SEGMENTED_BYTES: Final = 65_000
"""Bytes of one write; UDP over IPv4 ends at 65,507."""

_UDP_SEGMENT: Final = 103
_UDP_GRO: Final = 104
_IP_MTU_DISCOVER: Final = 10
_IPV6_MTU_DISCOVER: Final = 23
_PMTUDISC_PROBE: Final = 3
"""Never cut a datagram, and try sizes beyond what the kernel knows of the way."""
_LINUX: Final = sys.platform == "linux"

_TOO_LARGE: Final = frozenset({errno.EMSGSIZE, errno.EINVAL})
_PASSING: Final = frozenset(
    {errno.ENOBUFS, errno.ECONNREFUSED, errno.EPERM, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
    | {errno.EADDRNOTAVAIL}
)
"""What a network says while it changes: the datagram is lost, the socket is not."""


def open_socket(host: str, port: int = 0) -> socket.socket:
    """A bound UDP socket that does not block. `host`: a numeric address. Raises: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((host, port))
    except BaseException:
        opened.close()
        raise
    return opened


class UdpSocket:
    """Sends to anybody, receives from anybody. For one sending and one receiving task.

    Attributes:
        address: where it listens, as the socket says it.
    """

    def __init__(self, opened: socket.socket, *, plain: bool = False) -> None:
        """Takes over a bound socket that does not block. `plain`: one datagram a call, as elsewhere."""
        self._socket = opened
        self.address: Final[tuple[str, int]] = opened.getsockname()[:2]
        self._loop = asyncio.get_running_loop()
        self._readable = asyncio.Event()
        self._pending: deque[Burst] = deque()
        self._pending_bytes = 0
        self._closed = False
        self._segments = _LINUX and not plain
        self._gathers = self._segments
        self._buffer = bytearray(65_536)
        self._set_options()
        self._loop.add_reader(opened.fileno(), self._readable.set)

    def _set_options(self) -> None:
        opened = self._socket
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            opened.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        if not _LINUX:
            return
        six = opened.family == socket.AF_INET6
        level, option = (
            (socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER) if six else (socket.IPPROTO_IP, _IP_MTU_DISCOVER)
        )
        opened.setsockopt(level, option, _PMTUDISC_PROBE)
        if self._gathers:
            try:
                opened.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
            except OSError:
                self._gathers = False

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    async def send(self, datagrams: Sequence[bytes], address: Any) -> None:
        """Sends them in order. What the network does not take is lost. Raises: LaneLost, once closed."""
        for group in groups(datagrams) if self._segments else ([one] for one in datagrams):
            while not self._try(group, address):
                await self._writable()

    def _try(self, group: Sequence[bytes], address: Any) -> bool:
        """False: the socket is full."""
        if self._closed:
            raise LaneLost
        try:
            if len(group) == 1:
                self._socket.sendto(group[0], address)
            else:
                size = struct.pack("H", len(group[0]))
                self._socket.sendmsg(group, [(socket.IPPROTO_UDP, _UDP_SEGMENT, size)], 0, address)
        except BlockingIOError:
            return False
        except OSError as refused:
            self._refused(refused, group, address)
        return True

    def _refused(self, refused: OSError, group: Sequence[bytes], address: Any) -> None:
        if len(group) > 1 and (refused.errno in _TOO_LARGE or refused.errno == errno.EIO):
            # A device that cannot cut (EIO), or one datagram beyond the interface: one by one then.
            if refused.errno == errno.EIO:
                self._segments = False
            for one in group:
                self._try([one], address)
        elif refused.errno not in _TOO_LARGE and refused.errno not in _PASSING:
            raise LaneLost from refused

    async def _writable(self) -> None:
        future: asyncio.Future[None] = self._loop.create_future()
        number = self._socket.fileno()
        self._loop.add_writer(number, _wake, future)
        try:
            await future
        finally:
            self._loop.remove_writer(number)

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    async def receive(self) -> Burst:
        """What one sender sent, in order: at least one datagram. Raises: LaneLost, once closed."""
        while True:
            self._drain()
            if (burst := self.more()) is not None:
                return burst
            if self._closed:
                raise LaneLost
            self._readable.clear()
            await self._readable.wait()

    def more(self) -> Burst | None:
        """What was taken out of the socket already; nothing is read for it."""
        if not self._pending:
            return None
        burst = self._pending.popleft()
        self._pending_bytes -= sum(map(len, burst[1]))
        return burst

    def _drain(self) -> None:
        while self._pending_bytes < PENDING_BYTES and not self._closed:
            try:
                burst = self._take()
            except BlockingIOError:
                return
            except OSError as fault:
                if fault.errno in _PASSING:  # what an earlier datagram met
                    continue
                raise LaneLost from fault
            self._pending.append(burst)
            self._pending_bytes += sum(map(len, burst[1]))

    def _take(self) -> Burst:
        if not self._gathers:
            data, address = self._socket.recvfrom(65_536)
            return address, [data]
        count, ancillary, _, address = self._socket.recvmsg_into([self._buffer], 64)
        size = count
        for level, kind, value in ancillary:
            if level == socket.IPPROTO_UDP and kind == _UDP_GRO:
                size = int.from_bytes(value[:4], sys.byteorder)
        view = memoryview(self._buffer)
        return address, [bytes(view[at : min(at + size, count)]) for at in range(0, count, size or 1)]

    def close(self) -> None:
        """Ends `receive`, and frees the socket."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        self._readable.set()


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def groups(datagrams: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cuts a batch into what one write can carry: all of one size, but the last may be smaller."""
    begin, size, total = 0, 0, 0
    for at, datagram in enumerate(datagrams):
        length = len(datagram)
        if at > begin and (
            length > size
            or len(datagrams[at - 1]) < size
            or total + length > SEGMENTED_BYTES
            or at - begin >= SEGMENTS
        ):
            yield datagrams[begin:at]
            begin, total = at, 0
        if at == begin:
            size = length
        total += length
    if begin < len(datagrams):
        yield datagrams[begin:]


class UdpPath:
    """A UDP socket as a path to one address; what others send is dropped."""

    def __init__(self, opened: socket.socket, address: tuple[Any, ...], *, way: Way = "direct") -> None:
        self._udp = UdpSocket(opened)
        self._address = address
        self.way: Final = way
        self.first_bytes: Final = SMALLEST_BYTES
        self.limit_bytes: Final = LARGEST_BYTES

    async def send(self, datagrams: Sequence[bytes]) -> None:
        await self._udp.send(datagrams, self._address)

    async def receive(self) -> Sequence[bytes]:
        while True:
            address, datagrams = await self._udp.receive()
            if address[:2] == self._address[:2]:
                return datagrams

    def close(self) -> None:
        self._udp.close()
