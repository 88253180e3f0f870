"""Around every request: its id, its errors, its line in the log."""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from mesh_server import log as logs
from mesh_server.http.address import address_of
from mesh_server.http.bodies import refusal
from mesh_server.http.guest import HttpGuest
from mesh_server.http.traffic import pattern
from protocol.errors import InternalError, MeshError, MethodNotAllowed, NoSuchCall

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Count = Callable[[web.Request, web.StreamResponse, float], None]

_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A request id that a proxy may hand over."""

_HUNG_UP: Final = 499
"""In the log only: the client did not wait for the answer, which is no failure of the server's."""

_ALWAYS: Final = {hdrs.CACHE_CONTROL: "no-store", "X-Content-Type-Options": "nosniff"}
"""On every answer that says nothing else: it may hold a token or a conversation, and is of the type that it
says."""


def around(count: Count | None = None) -> Middleware:
    """Answers every failure as the contract says; what was not foreseen is logged and told as such.

    `count` gets each request, what is sent for it and the seconds it took. One coroutine does all of this: a
    WebSocket keeps it for as long as it is open.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if isinstance(request.protocol, HttpGuest):
            request.protocol.asks()
        logs.request_id.set(_request_id(request))
        began = time.monotonic()
        try:
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 - each is looked at there
            response = _refusal(request, error)
        took_s = time.monotonic() - began
        _finish(request, response, took_s)
        if count is not None:
            count(request, response, took_s)
        return response

    return answer


errors: Final = around()


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _finish(request: web.Request, response: web.StreamResponse, took_s: float) -> None:
    if not response.prepared:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = logs.request_id.get()
    line = {
        "call": f"{request.method} {pattern(request)}",
        "status": response.status,
        "took_ms": round(took_s * 1000, 1),
        "address": address_of(request),
    }
    log.info("request", extra=line)


def _refusal(request: web.Request, error: Exception) -> web.StreamResponse:
    match error:
        case MeshError():
            return refusal(error)
        case web.HTTPNotFound():
            return refusal(NoSuchCall())
        case web.HTTPMethodNotAllowed():
            response = refusal(MethodNotAllowed())
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
            return response
        case ConnectionError():
            return web.Response(status=_HUNG_UP)
    log.error("%s %s failed", request.method, pattern(request), exc_info=error)
    return refusal(InternalError())
