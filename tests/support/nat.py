"""A router with address translation, for tests: a network namespace behind it, another one before it.

Run as a program inside the outer namespace. It makes a TUN device in the inner one and carries UDP over IPv4
between the two, as routers do (RFC 4787); TCP and all else are dropped. Of what KIND it is:

    home        each inner port has one outer port, and hears only whom it has sent to (address and port)
    open        each inner port has one outer port, and hears anybody
    symmetric   an inner port has another outer port for each end that it sends to, and hears only that one

    python -m tests.support.nat INNER_NAMESPACE INNER_ADDRESS OUTER_ADDRESS [KIND]
"""

import contextlib
import ctypes
import fcntl
import os
import selectors
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
_UDP: Final = 17
_PACKET_BYTES: Final = 65_536

Place = tuple[str, int]


class Nat:
    def __init__(self, tun: int, inner: str, outer: str, kind: str) -> None:
        self._tun, self._inner, self._outer, self._kind = tun, inner, outer, kind
        self._sockets: dict[tuple[int, Place | None], socket.socket] = {}
        self._sent_to: dict[int, set[Place]] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(tun, selectors.EVENT_READ, None)

    def run(self) -> None:
        """For ever."""
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._out(os.read(self._tun, _PACKET_BYTES))
                else:
                    self._in(*key.data)

    def _out(self, packet: bytes) -> None:
        header = (packet[0] & 15) * 4
        if packet[0] >> 4 != 4 or packet[9] != _UDP:
            return
        port, to_port, length = struct.unpack_from("!HHH", packet, header)
        target = (socket.inet_ntoa(packet[16:20]), to_port)
        self._sent_to.setdefault(port, set()).add(target)
        with contextlib.suppress(OSError):  # no route: lost
            self._outer_socket(port, target).sendto(packet[header + 8 : header + length], target)

    def _outer_socket(self, port: int, target: Place) -> socket.socket:
        only = target if self._kind == "symmetric" else None
        opened = self._sockets.get((port, only))
        if opened is None:
            opened = self._sockets[port, only] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            opened.bind((self._outer, 0))
            self._selector.register(opened, selectors.EVENT_READ, (port, only))
        return opened

    def _in(self, port: int, only: Place | None) -> None:
        data, source = self._sockets[port, only].recvfrom(_PACKET_BYTES)
        let_in = source == only if only else self._kind == "open" or source in self._sent_to[port]
        if let_in:
            os.write(self._tun, _datagram(source, (self._inner, port), data))


def _datagram(source: Place, target: Place, data: bytes) -> bytes:
    """An IPv4 packet; UDP without a checksum, which IPv4 allows."""
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0)
    ends = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(data), 0, 0x4000, 64, _UDP, 0) + ends
    total = sum(struct.unpack("!10H", ip))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ip[:10] + struct.pack("!H", ~total & 0xFFFF) + ip[12:] + udp + data


def enter(namespace: int) -> None:
    """From now on this thread is there. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def main(inner_namespace: str, inner: str, outer: str, kind: str = "home") -> None:
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(Path("/run/netns", inner_namespace), os.O_RDONLY)
    enter(there)
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", b"nat0", _IFF_TUN_NO_PI))
    for command in (
        ["link", "set", "lo", "up"],
        ["addr", "add", f"{inner}/24", "dev", "nat0"],
        ["link", "set", "nat0", "up"],
        ["route", "add", "default", "dev", "nat0"],
    ):
        subprocess.run(["ip", *command], check=True)
    enter(here)
    print("ready", flush=True)
    Nat(tun, inner, outer, kind).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
