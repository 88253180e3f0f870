"""Around every request: its id, its errors, its line in the log."""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from mesh_server import log as logs
from mesh_server.http.address import address_of
from mesh_server.http.bodies import refusal
from mesh_server.http.traffic import pattern
from protocol.errors import InternalError, MeshError, MethodNotAllowed, NoSuchCall

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A request id that a proxy may hand over."""

_HUNG_UP: Final = 499
"""In the log only: the client did not wait for the answer, which is no failure of the server's."""

_ALWAYS: Final = {hdrs.CACHE_CONTROL: "no-store", "X-Content-Type-Options": "nosniff"}
"""On every answer: it may hold a token or a conversation, and is of the type that it says."""


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every failure as the contract says; what was not foreseen is logged and told as such."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    logs.request_id.set(request_id)
    began = time.monotonic()
    response = await _answer(request, handler)
    if not response.prepared:
        response.headers.update(_ALWAYS)
        response.headers["X-Request-Id"] = request_id
    took_ms = round((time.monotonic() - began) * 1000, 1)
    line = {
        "call": f"{request.method} {pattern(request)}",
        "status": response.status,
        "took_ms": took_ms,
        "address": address_of(request),
    }
    log.info("request", extra=line)
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except MeshError as error:
        return refusal(error)
    except web.HTTPNotFound:
        return refusal(NoSuchCall())
    except web.HTTPMethodNotAllowed as error:
        response = refusal(MethodNotAllowed())
        response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response
    except ConnectionError:
        return web.Response(status=_HUNG_UP)
    except Exception:
        log.exception("%s %s failed", request.method, pattern(request))
        return refusal(InternalError())
