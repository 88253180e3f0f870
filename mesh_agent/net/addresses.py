"""Addresses of this machine that another device could reach, and which of another's may be tried.

Strategy: an address is text of one form, `192.0.2.1:54321` or `[2001:db8::1]:54321`, so that nothing but a
number is ever looked up or connected to. What no device can have (multicast, unspecified, reserved) is not
tried whoever says it. Loopback is for two programs on one machine: each tells a hash by which the other
knows that it is the same one, so that nobody can send us knocking at the ports of our own machine.
"""

import errno
import hashlib
import ipaddress
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ADDRESSES_MAX: Final = 16
"""Addresses of one machine that are listened on and told."""

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_LABEL: Final = b"mesh-p2p/1 machine\0"

Address = tuple[str, int]
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def own_hosts() -> list[str]:
    """Numeric addresses of all interfaces: loopback first, then public ones, then the rest; blocks a little.

    Link-local addresses of IPv6 are left out: they mean nothing without the name of an interface.
    """
    import ifaddr

    found: set[_Ip] = set()
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            host = each.ip if isinstance(each.ip, str) else each.ip[0]
            found.add(ipaddress.ip_address(host.partition("%")[0]))
    usable = [ip for ip in found if _possible(ip)]
    usable.sort(key=lambda ip: (not ip.is_loopback, ip.is_private, ip.version, int(ip)))
    return [str(ip) for ip in usable[:ADDRESSES_MAX]]


def is_gone(place: object) -> bool:
    """Whether this machine had the address of that socket (as `sockname` says it), and has it no more."""
    if not isinstance(place, tuple) or len(place) < 2:
        return False
    host, _, *rest = place
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as tried:
            tried.bind((host, 0, *rest))
    except OSError as error:
        return error.errno == errno.EADDRNOTAVAIL
    return False


def is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def machine_tag(nonce: bytes) -> str:
    """What only programs on this machine can compute of a nonce; empty where the system tells nothing."""
    try:
        boot_id = _BOOT_ID.read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(_LABEL + boot_id + b"\0" + nonce).hexdigest()


def write_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_address(text: str) -> Address:
    """The numeric host and the port. Raises: ValueError, for what no device can have, and for names."""
    host, colon, digits = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        ip: _Ip = ipaddress.IPv6Address(host[1:-1])
    else:
        ip = ipaddress.IPv4Address(host)
    if not colon or not (digits.isascii() and digits.isdigit() and len(digits) <= 5):
        raise ValueError("there is no port")
    port = int(digits)
    if not 1 <= port <= 65_535 or not _possible(ip):
        raise ValueError("no device can have this address")
    return str(ip), port


def to_try(texts: Iterable[str], *, same_machine: bool) -> list[Address]:
    """Those that may be tried, each once, in their order. Raises: ValueError, as `read_address`."""
    addresses = dict.fromkeys(read_address(text) for text in texts)
    return [each for each in addresses if same_machine or not is_loopback(each[0])]


def _possible(ip: _Ip) -> bool:
    mapped = isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped is not None or ip.scope_id is not None)
    link_local = ip.version == 6 and ip.is_link_local
    reserved = ip.is_reserved and not ip.is_loopback  # ::1 lies within what is reserved
    return not (mapped or link_local or reserved or ip.is_multicast or ip.is_unspecified)
