"""Where pushes may go: the administrator's list, and what stands behind a name on it.

An entry is the beginning of an address, and after it, separated by spaces, private networks that its name may
lead to: `https://ntfy.example.org`, `http://gotify.lan:8080 10.0.0.0/8`. What an entry does not spell out is
not allowed: no other scheme, host, port or path, and of the addresses behind the name only such as the whole
Internet has, so that nobody reaches the inside of a network through this server.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from mesh_server.services.addresses import Address, Network, parse_networks

URL_CHARS: Final = 512

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?(?P<path>(?:/[\w.~-]+)*)/?",
    re.ASCII,
)
_FIGURES: Final = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.ASCII)
"""A name that ends in a number is an IPv4 address to whoever looks it up, in one of many ways to write it."""

_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Place(NamedTuple):
    """A parsed address; `path` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


class Entry(NamedTuple):
    place: Place
    networks: tuple[Network, ...]


def parse_place(url: str) -> Place | None:
    """None for what is no plain address: with a name and password, a query, dots for a way up, …"""
    if len(url) > URL_CHARS:
        return None
    head, slash, path = url.partition("://")
    host, rest_slash, rest = path.partition("/")
    found = _URL.fullmatch(f"{head.lower()}{slash}{host.lower()}{rest_slash}{rest}")
    if found is None or {".", ".."} & set(found["path"].split("/")):
        return None
    if _FIGURES.fullmatch(found["host"]) and not _is_ipv4(found["host"]):
        return None
    port = int(found["port"]) if found["port"] else _PORTS[found["scheme"]]
    if not 0 < port <= 0xFFFF:
        return None
    return Place(found["scheme"], found["host"], port, found["path"])


class AllowList:
    """What the administrator wrote. Raises: ValueError, naming the entry that cannot be read."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = [_parse_entry(text) for text in entries]

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def urls(self) -> list[str]:
        """How addresses begin; private networks are nobody's business."""
        return [entry.place.url for entry in self._entries]

    def find(self, url: str) -> Place | None:
        """The address, where it is at or below an entry."""
        place = parse_place(url)
        if place is None:
            return None
        return place if any(_is_below(place, entry.place) for entry in self._entries) else None

    def may_reach(self, host: str, address: str) -> bool:
        """Whether `address`, which `host` leads to, is one to connect to."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
        except ValueError:
            return False
        inner = _inner(parsed)
        networks = [
            network for entry in self._entries if entry.place.host == host for network in entry.networks
        ]
        return all(_is_public(one) or any(one in network for network in networks) for one in inner)


def _parse_entry(text: str) -> Entry:
    url, *networks = text.split() or [""]
    place = parse_place(url)
    if place is None:
        raise ValueError(f"{url!r} is no address of a push server such as https://ntfy.example.org")
    return Entry(place, parse_networks(networks))


def _is_ipv4(host: str) -> bool:
    """In the one way of four numbers."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_below(place: Place, entry: Place) -> bool:
    within = place.path == entry.path or place.path.startswith(f"{entry.path}/")
    return place[:3] == entry[:3] and within


def _inner(address: Address) -> list[Address]:
    """The address, and in its place the IPv4 addresses that it stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    return [address]


def _is_public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_private
    return address.is_global and not special
