"""What everything else of a server stands on, put together: its hub, who is here, rooms and rates.

Strategy: who hears of the bus first is decided here: the hub does, or where there are other nodes what stands
before it, so that nobody acts on what is not told yet.
"""

import time
from dataclasses import dataclass
from typing import Final

from mesh_server.bus.base import Bus
from mesh_server.clustering import Cluster, Clustered, ToHub, build_clustered
from mesh_server.config import Config
from mesh_server.hub import Hub
from mesh_server.ids import Clock, NewId
from mesh_server.limits import Limiter
from mesh_server.metrics import Metrics
from mesh_server.services.presence import GRACE_S, PresenceService
from mesh_server.services.rooms import RoomService
from mesh_server.store.base import Store

GRACES_IN_A_HEARTBEAT: Final = 10
"""Who falls silent is to be known as gone within two heartbeats, the time of grace included."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything stands on."""

    config: Config
    store: Store
    bus: Bus
    hub: Hub
    clustered: Clustered | None
    presence: PresenceService
    rooms: RoomService
    limiter: Limiter
    metrics: Metrics
    clock: Clock
    new_id: NewId


def build_ground(
    config: Config, store: Store, bus: Bus, cluster: Cluster | None, *, clock: Clock, new_id: NewId
) -> Ground:
    """`cluster`: None for one node, whose hub hears the bus itself."""
    hub = Hub(device_connections=config.limits.connections_per_device)
    presence = PresenceService(
        bus if cluster is None else ToHub(hub),
        clock=time.monotonic,
        grace_s=min(GRACE_S, config.heartbeat_s / GRACES_IN_A_HEARTBEAT),
    )
    limiter = Limiter(config.limits, clock=time.monotonic)
    clustered = None
    if cluster is None:
        bus.subscribe(hub.on_bus)
    else:
        clustered = build_clustered(config, store, bus, hub, presence, limiter, cluster, clock=clock)
    return Ground(
        config=config,
        store=store,
        bus=bus,
        hub=hub,
        clustered=clustered,
        presence=presence,
        rooms=build_rooms(store, bus, presence, clock, new_id),
        limiter=limiter,
        metrics=Metrics(),
        clock=clock,
        new_id=new_id,
    )


def build_rooms(
    store: Store, bus: Bus, presence: PresenceService, clock: Clock, new_id: NewId
) -> RoomService:
    find_user = store.accounts.get_user_by_key
    return RoomService(store.rooms, bus, presence, find_user=find_user, clock=clock, new_id=new_id)
