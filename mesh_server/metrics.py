"""What Prometheus is told (https://prometheus.io/docs/instrumenting/exposition_formats/).

Strategy: the hot paths count in plain integers of their own objects; they are read here, when somebody
asks, so that counting costs nothing when nobody does. Each part of the server has a function here that
turns its numbers into families; names follow https://prometheus.io/docs/practices/naming/.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mesh_server.caps import TcpCaps
from mesh_server.clustering import Clustered
from mesh_server.doors.sessions import Seats
from mesh_server.http.traffic import Traffic
from mesh_server.peers import Peers
from mesh_server.services.pushes import PushService
from mesh_server.sizes import Sizes
from mesh_server.ws.gateway import Gateway
from protocol.version import __version__

_COMMIT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

LAG_EVERY_S: Final = 0.5

Families = Callable[[], Iterable[Metric]]


class Metrics:
    """The registry of one server; `commit_seconds` is observed once a transaction of the log."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # or each histogram has a second family, which nobody asks for
        self.registry = CollectorRegistry()
        self.commit_seconds = Histogram(
            "mesh_commit_seconds",
            "Time from handing a batch of messages to the store until it is on disk.",
            buckets=_COMMIT_BUCKETS,
            registry=self.registry,
        )
        self._lag = Histogram(
            "mesh_loop_lag_seconds",
            "How much later than asked the event loop came to a timer of its own.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.watch(_build)

    def watch(self, families: Families) -> None:
        """`families` is asked whenever somebody looks."""
        self.registry.register(_Asked(families))

    async def measure_lag(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(loop.time() - due, 0.0))

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)


class _Asked(Collector):
    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return list(self._families())


def _build() -> Iterator[Metric]:
    build = GaugeMetricFamily("mesh_build_info", "The release that runs; always 1.", labels=["version"])
    build.add_metric([__version__], 1)
    yield build


def of_gateway(gateway: Gateway) -> Iterator[Metric]:
    hub = gateway.hub
    yield GaugeMetricFamily("mesh_connections", "Open WebSockets.", value=len(gateway.connections))
    yield GaugeMetricFamily("mesh_tasks", "Tasks of the event loop.", value=len(asyncio.all_tasks()))
    waiting = sum(outbound.waiting_bytes for outbound in hub.connections)
    yield GaugeMetricFamily("mesh_queue_bytes", "Bytes waiting for slow readers.", value=waiting)
    yield CounterMetricFamily("mesh_deliveries", "Events given to a socket.", value=hub.deliveries)
    yield CounterMetricFamily("mesh_slow_readers", "Readers closed with 4408.", value=hub.too_slow)
    yield CounterMetricFamily("mesh_resumes", "Rooms replayed after a hello.", value=gateway.resumes)
    yield CounterMetricFamily("mesh_messages", "Messages stored.", value=gateway.messages.stored)


def of_limits(gateway: Gateway, tcp: TcpCaps) -> Iterator[Metric]:
    limited = CounterMetricFamily(
        "mesh_rate_limited", "Requests refused by a rate of [limits].", labels=["kind", "by"]
    )
    for (kind, scope), count in sorted(gateway.limiter.refused.items()):
        limited.add_metric([kind, scope], count)
    yield limited
    refused = CounterMetricFamily(
        "mesh_connections_refused", "Connections refused by a cap of [limits].", labels=["by"]
    )
    for cap, count in sorted((gateway.caps.refused + tcp.refused).items()):
        refused.add_metric([cap], count)
    yield refused
    yield GaugeMetricFamily("mesh_tcp_connections", "Open TCP connections of clients.", value=tcp.open)
    throttled = gateway.accounts.throttled
    yield CounterMetricFamily("mesh_sign_ins_throttled", "Passwords not even looked at.", value=throttled)


def of_traffic(traffic: Traffic) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "mesh_http_requests", "Requests answered.", labels=["method", "route", "status"]
    )
    for (method, route, status), count in traffic.requests.items():
        requests.add_metric([method, route, str(status)], count)
    yield requests
    seconds = CounterMetricFamily(
        "mesh_http_request_seconds", "Time spent answering requests, WebSockets left out.", labels=["route"]
    )
    for route, spent in traffic.seconds.items():
        seconds.add_metric([route], spent)
    yield seconds


def of_pushes(pushes: PushService) -> Iterator[Metric]:
    yield GaugeMetricFamily("mesh_pushes_waiting", "Pushes in the queue.", value=pushes.waiting)
    settled = CounterMetricFamily("mesh_pushes", "Pushes, by what became of them.", labels=["outcome"])
    for outcome, count in sorted(pushes.outcomes.items()):
        settled.add_metric([outcome], count)
    yield settled


def of_sizes(sizes: Sizes) -> Iterator[Metric]:
    store = GaugeMetricFamily("mesh_store_bytes", "Size of the database and of its log.", labels=["file"])
    store.add_metric(["database"], sizes.database)
    store.add_metric(["log"], sizes.log)
    yield store
    yield GaugeMetricFamily(
        "mesh_disk_free_bytes", "Room left on the disk of the data folder.", value=sizes.free
    )


def of_peers(peers: Peers) -> Iterator[Metric]:
    relay, stun = peers.relay, peers.stun.responder
    yield GaugeMetricFamily("mesh_relay_sessions", "Sessions that are relayed now.", value=relay.sessions)
    yield CounterMetricFamily("mesh_relay_bytes", "Bytes relayed between peers.", value=relay.bytes)
    yield CounterMetricFamily("mesh_relay_packets", "Packets relayed between peers.", value=relay.packets)
    dropped = CounterMetricFamily(
        "mesh_relay_packets_dropped", "Packets that were not relayed.", labels=["why"]
    )
    dropped.add_metric(["slow_reader"], relay.dropped)
    dropped.add_metric(["rate"], relay.over_rate)
    yield dropped
    yield CounterMetricFamily("mesh_stun_answers", "STUN requests answered.", value=stun.answered)
    yield CounterMetricFamily("mesh_stun_dropped", "Datagrams met with silence.", value=stun.dropped)


def of_doors(seats: Mapping[str, Seats]) -> Iterator[Metric]:
    """By the name of the door."""
    sessions = GaugeMetricFamily(
        "mesh_door_sessions", "People who came in by a door and are there now.", labels=["door"]
    )
    for door, taken in seats.items():
        sessions.add_metric([door], taken.taken.total())
    yield sessions


def of_cluster(clustered: Clustered) -> Iterator[Metric]:
    """Of a node that may have others beside it."""
    line, follower, nodes = clustered.cluster.line, clustered.follower, clustered.nodes
    yield GaugeMetricFamily("mesh_nodes", "Nodes that live, this one included.", value=nodes.alive)
    yield GaugeMetricFamily(
        "mesh_node_leads", "Whether it does what only one node does.", value=int(nodes.leads())
    )
    yield GaugeMetricFamily(
        "mesh_bus_up", "Whether there is a line to the bus.", value=int(line is not None and line.is_up)
    )
    messages = CounterMetricFamily(
        "mesh_bus_messages", "Messages between nodes, by what became of them.", labels=["outcome"]
    )
    for outcome in ("sent", "heard", "lost"):
        messages.add_metric([outcome], 0 if line is None else getattr(line, outcome))
    yield messages
    yield CounterMetricFamily("mesh_bus_overtaken", "Messages that came too early.", value=follower.overtaken)
    yield CounterMetricFamily(
        "mesh_log_repairs", "Changes that were read from the log.", value=follower.repaired
    )
    yield CounterMetricFamily(
        "mesh_log_polls", "Times that rooms were compared with the log.", value=follower.polls
    )
