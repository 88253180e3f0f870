"""Who a request is from: the client's own address, told by a proxy where it is one of the operator's.

A program that the server runs for somebody tells it too.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from mesh_server.http.guest import HttpGuest
from mesh_server.limits import Caller
from mesh_server.services.addresses import Network, client_address, limited_as

TRUSTED: Final = web.AppKey("trusted", Sequence[Network])
"""Where the operator's proxies are."""

_ADDRESS: Final = web.RequestKey("address", str)


def address_of(request: web.Request) -> str:
    """Empty where it is not known, as on a Unix socket."""
    if _ADDRESS not in request:
        said = request.headers.getall("X-Forwarded-For", [])
        if isinstance(request.protocol, HttpGuest) and request.protocol.is_inside:
            request[_ADDRESS] = client_address(said[-1] if said else "", [], [], ())
        else:
            request[_ADDRESS] = client_address(
                request.remote or "",
                said,
                request.headers.getall("Forwarded", []),
                request.app.get(TRUSTED, ()),
            )
    return request[_ADDRESS]


def stranger(request: web.Request) -> Caller:
    """Who asks, as long as nobody has looked who that is."""
    return Caller(address=limited_as(address_of(request)))
