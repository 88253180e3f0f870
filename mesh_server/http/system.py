"""What operators and clients ask of the server itself; no account is needed for it."""

from aiohttp import web

from mesh_server.http.bodies import answer
from mesh_server.http.services import SERVICES


async def version(request: web.Request) -> web.Response:
    return answer(await request.app[SERVICES].version())


async def live(_request: web.Request) -> web.Response:
    """The process is up, whatever else is not."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """Whether to send traffic here: not while draining, nor when nothing can be written."""
    await request.app[SERVICES].ready()
    return web.Response(text="ok\n")


async def metrics(request: web.Request) -> web.Response:
    text = request.app[SERVICES].metrics()
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
