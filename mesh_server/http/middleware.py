"""Around every request: its id, its errors, its place in the metrics."""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from mesh_server import log as logs
from mesh_server.http.bodies import refusal
from protocol.errors import (
    BodyTooLarge,
    InternalError,
    MeshError,
    MethodNotAllowed,
    NoSuchCall,
    ProtocolError,
)

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A request id that a proxy may hand over."""

_BY_STATUS: Final[dict[int, type[MeshError]]] = {404: NoSuchCall, 405: MethodNotAllowed, 413: BodyTooLarge}


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every failure as the contract says; what was not foreseen is logged and told as such."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    logs.request_id.set(request_id)
    try:
        response = await handler(request)
    except MeshError as error:
        response = refusal(error)
    except web.HTTPException as error:
        response = refusal(_from_aiohttp(error))
    except ConnectionError:
        raise
    except Exception:
        log.exception("%s %s failed", request.method, _call(request))
        response = refusal(InternalError())
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    log.debug("request", extra={"call": _call(request), "status": response.status})
    return response


def _from_aiohttp(error: web.HTTPException) -> MeshError:
    kind = _BY_STATUS.get(error.status)
    if kind is not None:
        return kind()
    return ProtocolError("This request cannot be understood.") if error.status < 500 else InternalError()


def _call(request: web.Request) -> str:
    """The pattern of the path, never what stood in it."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical
