"""STUN and TURN servers for the ICE of two peers, TURN with credentials that expire.

The credentials are those of coturn's REST scheme (draft-uberti-behave-turn-rest-00): the user name is the
time at which they expire and the user's id, the password its HMAC-SHA1 under a secret that coturn shares
(`static-auth-secret`), so that nobody has to tell coturn who there is.
"""

import base64
import hmac
import re
from collections.abc import Callable
from hashlib import sha1
from typing import Final

from msgspec import Struct

from mesh_server.ids import Clock
from mesh_server.services.addresses import is_loopback
from mesh_server.services.principal import Principal
from protocol.rest import IceServer, IceServerList

_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")
"""A name, an IPv4 or a bracketed IPv6 address, as in the header `Host` (RFC 9110 section 7.2)."""


class IceSettings(Struct, frozen=True, kw_only=True):
    """`ttl_s`: seconds that credentials live."""

    stun_urls: list[str]
    turn_urls: list[str]
    turn_secret: str
    ttl_s: int


class IceService:
    """`stun` tells where this server's own responder listens, None where it does not."""

    def __init__(
        self, settings: IceSettings, *, clock: Clock, stun: Callable[[], tuple[str, int] | None]
    ) -> None:
        self._settings, self._clock, self._stun = settings, clock, stun

    def servers(self, who: Principal, *, host: str) -> IceServerList:
        """`host` is the header by which the asker named this server."""
        settings = self._settings
        servers = [IceServer(urls=urls) for urls in (self._own(host), settings.stun_urls) if urls]
        if settings.turn_urls:
            username, credential = self._credentials(who)
            servers.append(IceServer(urls=settings.turn_urls, username=username, credential=credential))
        return IceServerList(ice_servers=servers, expires_in=settings.ttl_s)

    def _own(self, host: str) -> list[str]:
        """Our own responder, where the asker can reach it: not one on loopback from elsewhere."""
        listens, asked = self._stun(), _HOST.fullmatch(host)
        if listens is None or asked is None:
            return []
        name = asked["name"]
        if _is_local(listens[0]) and not _is_local(name.strip("[]")):
            return []
        return [f"stun:{name}:{listens[1]}"]

    def _credentials(self, who: Principal) -> tuple[str, str]:
        username = f"{self._clock() // 1000 + self._settings.ttl_s}:{who.user_id}"
        digest = hmac.new(self._settings.turn_secret.encode(), username.encode(), sha1).digest()
        return username, base64.b64encode(digest).decode()


def _is_local(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
