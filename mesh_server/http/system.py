"""What operators and clients ask of the server itself; no account is needed for it."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from mesh_server.http.bodies import JSON
from mesh_server.http.services import Services
from protocol.rest import VersionInfo

DOCUMENT: Final[web.AppKey[Callable[[], bytes]]] = web.AppKey("document")
"""The document of the API. It is made when it is first asked for: a start need not wait for it."""


async def version(services: Services) -> VersionInfo:
    return await services.version()


async def document(_services: Services, request: web.Request) -> web.Response:
    """OpenAPI, for programs and for people who write them."""
    return web.Response(body=request.app[DOCUMENT](), content_type=JSON)


async def live(_services: Services) -> web.Response:
    """The process is up, whatever else is not."""
    return web.Response(text="ok\n")


async def ready(services: Services) -> web.Response:
    """Whether to send traffic here: not while draining, nor when nothing can be written."""
    await services.ready()
    return web.Response(text="ok\n")


async def metrics(services: Services) -> web.Response:
    text = services.metrics()
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
