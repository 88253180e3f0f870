"""Where a request came from, also behind proxies, and what counts as one place.

A proxy tells who it asks for in `X-Forwarded-For`, or in `Forwarded` (RFC 7239), each one adding the address
that it saw at the right. Anybody can send such a header, so it is believed only as far as it was written by
proxies that the operator named: read from the right, the first address that is none of theirs is the client.
Of a proxy that writes `X-Forwarded-For`, `Forwarded` is what the client sent; it is read only without that.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

HOPS_MAX: Final = 32
"""Addresses of a header that are read, from the right."""

_IPV6_SUBSCRIBER_BITS: Final = 64
"""A subscriber is given at least so many addresses (RFC 6177), so they count as one."""

_FOR: Final = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)', re.IGNORECASE)
_PORT: Final = re.compile(r":\d{1,5}")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Raises: ValueError, naming the one that is no network."""
    return tuple(_network(text) for text in texts)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address and no network such as 10.0.0.0/8") from None


def client_address(
    peer: str, forwarded_for: Sequence[str], forwarded: Sequence[str], trusted: Sequence[Network]
) -> str:
    """The address of whoever asked.

    Args:
        peer: the other end of the connection.
        forwarded_for, forwarded: the values of these headers, in their order.
        trusted: where the operator's proxies are.
    """
    address = _parse(peer)
    if address is None:
        return peer
    for hop in _hops(forwarded_for, forwarded):
        if not _is_in(address, trusted):
            break
        behind = _parse(hop)
        if behind is None:  # "unknown", or a name that a proxy made up: nothing beyond it can be told
            break
        address = behind
    return str(address)


def _hops(forwarded_for: Sequence[str], forwarded: Sequence[str]) -> list[str]:
    """What the proxies wrote, the nearest first."""
    if forwarded_for:
        return ",".join(forwarded_for).split(",")[: -HOPS_MAX - 1 : -1]
    hops = []
    for element in ",".join(forwarded).split(",")[: -HOPS_MAX - 1 : -1]:
        found = _FOR.search(element)
        hops.append(found[1].strip('"') if found else "")
    return hops


def _parse(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; None for what is no address."""
    text = text.strip()
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        if port and not _PORT.fullmatch(port):
            return None
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or the IPv6 network of one subscriber."""
    parsed = _parse(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.IPv6Network((int(parsed), _IPV6_SUBSCRIBER_BITS), strict=False))


def is_loopback(address: str) -> bool:
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def is_ours(address: str, trusted: Sequence[Network]) -> bool:
    """Whether it is this machine's, or one of the operator's proxies."""
    parsed = _parse(address)
    return parsed is not None and (parsed.is_loopback or _is_in(parsed, trusted))


def limited_as(address: str) -> str | None:
    """The place that limits go by; None for this machine, and for a proxy on it that nobody named."""
    return None if is_loopback(address) else network(address)
