"""Counts requests, by the pattern of their path and by how they were answered."""

import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


UNKNOWN: Final = "unknown"


class Traffic:
    """Plain counts; a path that no call has is `unknown`, so that strangers cannot make up new ones."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """By method, pattern of the path, and status."""

        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Time spent, by the pattern of the path."""

    def middleware(self) -> Middleware:
        """The outermost one: what it sees is what is sent."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = time.monotonic()
            response = await handler(request)
            call = pattern(request)
            method = request.method if call != UNKNOWN else "any"
            self.requests[method, call, response.status] += 1
            if response.status != HTTPStatus.SWITCHING_PROTOCOLS:  # a WebSocket is open for days
                self.seconds[call] += time.monotonic() - began
            return response

        return count


def pattern(request: web.Request) -> str:
    """The pattern of the path, never what stood in it."""
    resource = request.match_info.route.resource
    return UNKNOWN if resource is None else resource.canonical
