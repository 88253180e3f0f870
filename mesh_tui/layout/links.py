"""The addresses in a message that can be opened, each as what it really is.

Strategy: they are found by what paints them (`markdown`), in code too, where they are not underlined. Only
http and https are addresses here. One is written in full before anything is done with it: the host in the
letters that the network uses (so no letter only looks like another), everything else percent-encoded. What
is shown is then, letter for letter, what is opened.
"""

from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from mesh_tui.layout.cells import width
from mesh_tui.layout.markdown import addresses

LINKS: Final = 35
"""Addresses of one message that are offered; there are as many keys."""

ADDRESS_CHARS: Final = 4_000
"""A longer one is no address that anybody could look at."""

_KEPT: Final = "%!#$&'()*+,/:;=?@[]~-._"


@lru_cache(maxsize=64)
def links(source: str) -> tuple[str, ...]:
    """The first `LINKS` addresses in a message, in the order that they stand there, none twice."""
    found = dict.fromkeys(true for address in addresses(source) if (true := true_address(address)))
    return tuple(found)[:LINKS]


def true_address(address: str) -> str | None:
    """`address` in ASCII, as it goes to a browser; None where it is none that may be opened."""
    if len(address) > ADDRESS_CHARS or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
        host = _host(parts)
        port = f":{parts.port}" if parts.port is not None else ""
    except (ValueError, UnicodeError):
        return None
    # Who signs in by an address is rare, who makes one look like another's by it is not: `bank@evil`.
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    rest = SplitResult("", "", parts.path, parts.query, parts.fragment).geturl()
    return f"{parts.scheme}://{host}{port}{quote(rest, safe=_KEPT)}"


def clip_middle(text: str, cells: int) -> str:
    """`text`, in ASCII, cut to at most `cells` cells in its middle: both its ends say something."""
    if width(text) <= cells:
        return text
    kept = max(0, cells - 1)
    tail = kept // 3
    return f"{text[: kept - tail]}…{text[len(text) - tail :]}"[: max(0, cells)]


def _host(parts: SplitResult) -> str:
    """The host in ASCII; raises `UnicodeError` where it can be none."""
    host = parts.hostname or ""
    if ":" in host:
        return f"[{host}]" if host.isascii() and "%" not in host else ""
    name = host.encode("idna").decode("ascii")
    return name if all(letter.isalnum() or letter in "-._" for letter in name) else ""
