"""The web applications: what clients reach, and what operators reach on an address of their own."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from mesh_server.config import Config
from mesh_server.http.address import TRUSTED
from mesh_server.http.middleware import around
from mesh_server.http.routes import METRICS, OPERATIONS, add_routes
from mesh_server.http.services import Services
from mesh_server.http.traffic import Traffic

Socket = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_applications(
    config: Config, services: Services, traffic: Traffic, sockets: Mapping[str, Socket]
) -> tuple[web.Application, web.Application | None]:
    """`sockets`: WebSockets by path. The second is for `metrics.listen`, and None without it."""

    def make() -> web.Application:
        application = web.Application(
            middlewares=[around(traffic.count)], client_max_size=config.limits.body_bytes
        )
        application[TRUSTED] = config.proxies
        return application

    public, operations = make(), None
    if config.metrics.listen:
        operations = make()
        add_routes(operations, services, OPERATIONS.__contains__)
        add_routes(public, services, lambda path: path != METRICS)
    else:
        add_routes(public, services)
    for path, socket in sockets.items():
        public.router.add_get(path, socket)
    return public, operations
