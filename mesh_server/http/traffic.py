"""Counts requests, by the pattern of their path and by how they were answered."""

from collections import Counter, defaultdict
from http import HTTPStatus
from typing import Final

from aiohttp import web

UNKNOWN: Final = "unknown"


class Traffic:
    """Plain counts; a path that no call has is `unknown`, so that strangers cannot make up new ones."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """By method, pattern of the path, and status."""

        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Time spent, by the pattern of the path."""

    def count(self, request: web.Request, response: web.StreamResponse, took_s: float) -> None:
        call = pattern(request)
        method = request.method if call != UNKNOWN else "any"
        self.requests[method, call, response.status] += 1
        if response.status != HTTPStatus.SWITCHING_PROTOCOLS:  # a WebSocket is open for days
            self.seconds[call] += took_s


def pattern(request: web.Request) -> str:
    """The pattern of the path, never what stood in it."""
    resource = request.match_info.route.resource
    return UNKNOWN if resource is None else resource.canonical
