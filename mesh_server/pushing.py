"""What sends pushes, put together."""

import random
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from mesh_server.bus.base import Bus
from mesh_server.chores import Chore
from mesh_server.config import Config
from mesh_server.ids import Clock, NewId
from mesh_server.push_gateway import PushGateway
from mesh_server.services.presence import PresenceService
from mesh_server.services.push_targets import PushTargetService
from mesh_server.services.pushes import Pace, PushService
from mesh_server.store.base import PushStore

LINK_SCHEME: Final = "mesh"


class Pushing(NamedTuple):
    targets: PushTargetService
    pushes: PushService
    chores: tuple[Chore, ...]
    """None where the administrator allows no pushes."""


def build_pushing(
    config: Config, store: PushStore, bus: Bus, presence: PresenceService, *, clock: Clock, new_id: NewId
) -> Pushing:
    push, host = config.push, urlsplit(config.public_url).netloc
    allowed = config.push_allowed
    gateway = PushGateway(allowed, timeout_s=push.timeout_s)
    pushes = PushService(
        store,
        gateway,
        is_here=presence.is_here,
        link=lambda room_id, seq: f"{LINK_SCHEME}://{host}/rooms/{room_id}/{seq}" if host else "",
        pace=Pace(push.delay_s, push.retry_s, push.give_up_s),
        clock=clock,
        random=random.random,
    )
    if allowed:
        bus.subscribe(pushes.on_bus)
    targets = PushTargetService(store, gateway, allowed, clock=clock, new_id=new_id)
    return Pushing(targets, pushes, (pushes.keep,) if allowed else ())
