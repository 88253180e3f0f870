"""What it takes to be one of several nodes, put together.

the bus ──> Follower ──> the hub: what is in the log, once and in order
   ├──────> PeopleElsewhere ──> presence, as if people at other nodes had one connection more here
   └──────> LimitsElsewhere ──> the rates: what other nodes have granted is taken here, too
packets <──> RelayElsewhere ──> the relay, as if devices at other nodes read their queues here
the database <── NodeService: who lives, and the one that does what only one may do
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from mesh_server.bus.base import Bus, BusMessage, DeviceRevoked
from mesh_server.bus.following import Follower
from mesh_server.chores import Chore
from mesh_server.config import Config
from mesh_server.hub import Hub
from mesh_server.ids import Clock
from mesh_server.limits import Limiter
from mesh_server.limits_elsewhere import LimitsElsewhere
from mesh_server.relay import Relay
from mesh_server.relay_elsewhere import PacketLine, RelayElsewhere
from mesh_server.services.nodes import BEATS, NodeService, while_leading
from mesh_server.services.people_elsewhere import PeopleElsewhere
from mesh_server.services.presence import PresenceService
from mesh_server.services.pushes import PushService
from mesh_server.services.sessions import Sessions
from mesh_server.store.base import Store

LEADING_S: Final = 0.5
"""How often a node looks whether it leads; it knows without asking anybody."""


class Line(Protocol):
    """The way to the other nodes, beside what `Bus` says of it."""

    is_up: bool
    on_gap: Callable[[], None]
    lost: int
    sent: int
    heard: int

    @property
    def lines(self) -> int:
        """Lines that there were."""
        ...

    async def keep(self) -> None:
        """For ever."""
        ...


class Packets(PacketLine, Protocol):
    """Topics between nodes, and what keeps the line that they are on."""

    async def keep(self) -> None:
        """For ever."""
        ...


class Cluster(NamedTuple):
    """This node among others. `line`: None where there is none, and the database alone tells what they do.

    `keys` is the same for nodes that have the same keys. `packets`: None where both devices of a relayed
    session have to come to one node.
    """

    node_id: str
    line: Line | None
    keys: str = ""
    packets: Packets | None = None


class ToHub:
    """The bus of presence: each node tells its own readers who is where, and nobody else's."""

    def __init__(self, hub: Hub) -> None:
        self.publish = hub.on_bus

    def subscribe(self, handler: Callable[[BusMessage], None]) -> None:
        raise NotImplementedError(handler)


class Clustered(NamedTuple):
    cluster: Cluster
    follower: Follower
    people: PeopleElsewhere
    nodes: NodeService
    limits: LimitsElsewhere


def build_clustered(
    config: Config,
    store: Store,
    bus: Bus,
    hub: Hub,
    presence: PresenceService,
    limiter: Limiter,
    cluster: Cluster,
    *,
    clock: Clock,
) -> Clustered:
    """Hears the bus in place of the hub. `presence` stands on `ToHub`."""
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
    sign_s = config.heartbeat_s / BEATS
    people = PeopleElsewhere(bus, presence, node_id=cluster.node_id, sign_s=sign_s)
    bus.subscribe(people.on_bus)
    nodes = NodeService(
        store.cluster,
        cluster.node_id,
        began_at=clock(),
        now=time.monotonic,
        heartbeat_s=config.heartbeat_s,
        on_dead=people.node_is_dead,
        keys=cluster.keys,
    )
    people.on_node = nodes.heard_of
    limits = LimitsElsewhere(limiter, bus, node_id=cluster.node_id)
    bus.subscribe(limits.on_bus)
    return Clustered(cluster, follower, people, nodes, limits)


def chores_of(clustered: Clustered, sessions: Sessions, pushes: PushService) -> tuple[Chore, ...]:
    """What a node does by itself; what may have been missed is asked for anew."""
    line, follower, people, nodes, limits = clustered.cluster.line, *clustered[1:]

    def missed() -> None:
        sessions.principals.forget_all()
        follower.look()
        people.ask()

    def polls(up: bool) -> None:
        pushes.look()
        if not up:
            sessions.principals.forget_all()

    follower.on_poll = polls
    every = (follower.keep, people.keep, nodes.keep, limits.keep)
    if line is None:
        return every
    line.on_gap = missed
    return (line.keep, *every)


def relaying(clustered: Clustered | None, relay: Relay) -> tuple[Chore, ...]:
    """What brings the packets of relayed sessions from node to node."""
    packets = None if clustered is None else clustered.cluster.packets
    if packets is None:
        return ()
    return packets.keep, RelayElsewhere(relay, packets, now=time.monotonic).keep


def alone(clustered: Clustered | None, config: Config, *chores: Chore) -> tuple[Chore, ...]:
    """Those that one node does at a time."""
    if clustered is None:
        return chores
    look_s = min(config.heartbeat_s / BEATS, LEADING_S)
    return tuple(while_leading(clustered.nodes.leads, chore, look_s) for chore in chores)
