"""The doors that the configuration names; what a door needs is loaded only where there is one."""

from aiohttp import web

from mesh_server.bus.base import Bus
from mesh_server.config import Config
from mesh_server.doors.base import Door
from mesh_server.doors.launching import Launch
from mesh_server.http.services import Services
from mesh_server.metrics import Metrics, of_doors


def build_doors(
    config: Config,
    services: Services,
    application: web.Application,
    bus: Bus,
    metrics: Metrics,
    launch: Launch,
) -> tuple[Door, ...]:
    """`launch` says what runs for people who come in."""
    if not config.web:
        return ()
    from mesh_server.doors.web.door import WebDoor

    door = WebDoor(config, services, launch)
    door.add_to(application)
    bus.subscribe(door.visits.on_bus)
    metrics.watch(lambda: of_doors({"web": door.visits.seats}))
    return (door,)
