"""The doors that the configuration names; what a door needs is loaded only where there is one."""

from aiohttp import web

from mesh_server.bus.base import Bus
from mesh_server.config import Config
from mesh_server.doors.base import Door
from mesh_server.doors.launching import Launch
from mesh_server.doors.sessions import Seats
from mesh_server.http.services import Services
from mesh_server.metrics import Metrics, of_doors


def build_doors(
    config: Config,
    services: Services,
    application: web.Application,
    bus: Bus,
    metrics: Metrics,
    host_key: bytes,
    launch: Launch,
) -> tuple[Door, ...]:
    """`host_key` is what the ssh door shows; `launch` says what runs for people who come in."""
    doors: list[Door] = []
    seats: dict[str, Seats] = {}
    if config.web:
        from mesh_server.doors.web.door import WebDoor

        page = WebDoor(config, services, launch)
        page.add_to(application)
        bus.subscribe(page.visits.on_bus)
        doors.append(page)
        seats["web"] = page.visits.seats
    if config.ssh:
        from mesh_server.doors.ssh.door import SshDoor

        ssh = SshDoor(config, services, host_key, launch)
        bus.subscribe(ssh.on_bus)
        doors.append(ssh)
        seats["ssh"] = ssh.seats
    if doors:
        metrics.watch(lambda: of_doors(seats))
    return tuple(doors)
