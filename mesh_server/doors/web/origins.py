"""Whether a request comes from a page of ours, and how our cookie is to be set.

Strategy: a browser sends our cookie along with what other sites make it ask for, unless we say otherwise
(`SameSite=Strict`) and look: it also says in `Origin` whose page is asking, which no page can change. So what
changes anything, and the terminal's WebSocket, are answered to our own origin only. A browser leaves `Origin`
out where it means nothing; then nothing is done.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from mesh_server.http.address import TRUSTED
from mesh_server.services.addresses import is_ours
from protocol.errors import ProtocolError

_PORTS: Final = {"http": 80, "https": 443}

Origin = tuple[str, str, int]
"""Scheme, host in small letters, port."""


class WrongOrigin(ProtocolError):
    code = "request.wrong_origin"
    status = 403
    text = "This did not come from a page of this server. Load the page again."


@dataclass(frozen=True, slots=True)
class Reached:
    """How the browser reached us: `secure` where that is known to be by TLS."""

    host: str
    secure: bool


def origin_of(url: str) -> Origin | None:
    """None of what is no address of a page, such as `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if port is None or parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


def is_own(origin: str, reached: Reached, public_url: str) -> bool:
    """Whether a page of `origin` is ours: of where people reach us, or of the host that was asked.

    A proxy that says nothing of TLS leaves us without its scheme; then the host decides.
    """
    given = origin_of(origin)
    if given is None:
        return False
    schemes: Collection[str] = ("https",) if reached.secure else ("http", "https")
    asked = {origin_of(f"{scheme}://{reached.host}") for scheme in schemes}
    return given == origin_of(public_url) or given in asked


def reached(request: web.Request, public_url: str) -> Reached:
    """A proxy is believed where it is one of the operator's, as with addresses."""
    secure = request.secure
    if not secure and is_ours(request.remote or "", request.app.get(TRUSTED, ())):
        said = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2]
        secure = said.strip().lower() == "https"
    known = origin_of(public_url)
    if not secure and known is not None and known[0] == "https":
        asked = origin_of(f"https://{request.host}")
        secure = asked is not None and asked[1] == known[1]
    return Reached(request.host, secure)


def cookie_name(secure: bool) -> str:
    """With this prefix, browsers keep others who share our domain from setting it."""
    return "__Host-mesh" if secure else "mesh"
