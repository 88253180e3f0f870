"""A server's address, and an invite's link, as people type them, in their one written form.

Strategy: `chat.example.org` means https, a name of this machine means http, since there the server of
`scripts/mesh` listens without TLS. What would be dropped or misread later (a password, a query) is
refused now.
"""

import ipaddress
import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from mesh_agent.client.errors import LinkInvalid, WrongAddress
from protocol import limits

ADDRESS_CHARS: Final = 300
INVITE_PATH: Final = "/invite/"
_CODE: Final = re.compile(rf"[A-Za-z0-9_-]{{8,{limits.ID_CHARS}}}")
_HOST: Final = re.compile(r"[\w.:%-]+")
_SCHEMES: Final = {"http": 80, "https": 443}


class Link(NamedTuple):
    """An invite into a room of the server at `server`."""

    server: str
    code: str

    @property
    def url(self) -> str:
        """As it is passed on."""
        return f"{self.server}{INVITE_PATH}{self.code}"


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


def parse_link(text: str) -> Link:
    """An invite's link: the server's address, `/invite/` and a code.

    Raises:
        LinkInvalid: this is no such link.
    """
    typed = text.strip().strip("<>")
    before, found, code = typed.rstrip("/").rpartition(INVITE_PATH)
    if not found or not _CODE.fullmatch(code):
        raise LinkInvalid
    try:
        return Link(parse_address(before), code)
    except WrongAddress:
        raise LinkInvalid from None


def is_link(text: str) -> bool:
    """Whether `text` is meant as an invite's link, right or wrong."""
    return INVITE_PATH in text or "://" in text


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
