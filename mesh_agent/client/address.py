"""A server's address as people type it, in its one written form.

Strategy: `chat.example.org` means https, a name of this machine means http, since there the server of
`scripts/mesh` listens without TLS. What would be dropped or misread later (a password, a query) is
refused now.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from mesh_agent.client.errors import WrongAddress

ADDRESS_CHARS: Final = 300
_HOST: Final = re.compile(r"[\w.:%-]+")
_SCHEMES: Final = {"http": 80, "https": 443}


def parse_address(text: str) -> str:
    """`text` as `scheme://host[:port][/path]`, lower case, without a slash at the end.

    Raises:
        WrongAddress: this cannot be the address of a server.
    """
    typed = text.strip()
    if not typed or len(typed) > ADDRESS_CHARS or not typed.isprintable() or " " in typed:
        raise _wrong(text)
    try:
        parts = urlsplit(typed if "://" in typed else f"//{typed}")
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # what the look-up of the name would refuse later
    except ValueError:
        raise _wrong(text) from None
    scheme = parts.scheme.lower() or ("http" if is_loopback(host) else "https")
    if scheme not in _SCHEMES or port == 0 or not _HOST.fullmatch(host) or _has_extras(parts):
        raise _wrong(text)
    shown = f"[{host}]" if ":" in host else host
    shown_port = "" if port is None or port == _SCHEMES[scheme] else f":{port}"
    return f"{scheme}://{shown}{shown_port}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_extras(parts: SplitResult) -> bool:
    return bool(parts.username or parts.password or parts.query or parts.fragment)


def _wrong(text: str) -> WrongAddress:
    shown = text[:ADDRESS_CHARS] if text.isprintable() else "This"
    return WrongAddress(
        f"{shown} is not a server's address. One looks like https://chat.example.org or http://127.0.0.1:8000."
    )
