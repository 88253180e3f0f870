"""What it takes to be one of several nodes, put together: who follows the log where the bus does not tell."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from mesh_server.bus.base import Bus, DeviceRevoked
from mesh_server.bus.following import Follower
from mesh_server.chores import Chore
from mesh_server.config import Config
from mesh_server.hub import Hub
from mesh_server.ids import Clock
from mesh_server.services.presence import PresenceService
from mesh_server.services.sessions import Sessions
from mesh_server.store.base import Store


class Line(Protocol):
    """The way to the other nodes, beside what `Bus` says of it."""

    is_up: bool
    on_gap: Callable[[], None]
    lost: int
    sent: int
    heard: int
    lines: int

    async def keep(self) -> None:
        """For ever."""
        ...


class Cluster(NamedTuple):
    """This node among others. `line`: None where there is none, and the database alone tells what they do."""

    node_id: str
    line: Line | None


def follow(
    config: Config,
    store: Store,
    bus: Bus,
    hub: Hub,
    presence: PresenceService,
    cluster: Cluster,
    *,
    clock: Clock,
) -> Follower:
    """Hears the bus in place of the hub."""
    line = cluster.line
    follower = Follower(
        store,
        hub,
        presence=presence.of,
        clock=clock,
        poll_s=config.poll_s,
        is_up=lambda: line is not None and line.is_up,
        on_revoked=lambda device_id: bus.publish(DeviceRevoked(device_id=device_id)),
    )
    bus.subscribe(follower.on_bus)
    return follower


def mind_gaps(cluster: Cluster, follower: Follower, sessions: Sessions) -> tuple[Chore, ...]:
    """What a node does by itself; what may have been missed is asked for anew."""

    def missed() -> None:
        sessions.principals.forget_all()
        follower.look()

    follower.on_poll = lambda up: None if up else sessions.principals.forget_all()
    if cluster.line is None:
        return (follower.keep,)
    cluster.line.on_gap = missed
    return (cluster.line.keep, follower.keep)
