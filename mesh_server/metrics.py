"""What Prometheus is told (https://prometheus.io/docs/instrumenting/exposition_formats/).

Strategy: the hot paths count in plain integers of their own objects; they are read here, when somebody
asks, so that counting costs nothing when nobody does.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mesh_server.ws.gateway import Gateway

_COMMIT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """The registry of one server; `commit_seconds` is observed once a transaction of the log."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commit_seconds = Histogram(
            "mesh_commit_seconds",
            "Time from handing a batch of messages to the store until it is on disk.",
            buckets=_COMMIT_BUCKETS,
            registry=self.registry,
        )

    def watch(self, gateway: Gateway) -> None:
        self.registry.register(_GatewayCollector(gateway))

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)


class _GatewayCollector(Collector):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterable[Metric]:
        return list(self._families())

    def _families(self) -> Iterator[Metric]:
        gateway, hub = self._gateway, self._gateway.hub
        yield GaugeMetricFamily("mesh_connections", "Open WebSockets.", value=len(gateway.connections))
        waiting = sum(outbound.waiting_bytes for outbound in hub.connections)
        yield GaugeMetricFamily("mesh_queue_bytes", "Bytes waiting for slow readers.", value=waiting)
        yield CounterMetricFamily("mesh_deliveries", "Events given to a socket.", value=hub.deliveries)
        yield CounterMetricFamily("mesh_slow_readers", "Readers closed with 4408.", value=hub.too_slow)
        yield CounterMetricFamily("mesh_resumes", "Rooms replayed after a hello.", value=gateway.resumes)
        yield from _limits(gateway)
        yield CounterMetricFamily("mesh_messages", "Messages stored.", value=gateway.messages.stored)


def _limits(gateway: Gateway) -> Iterator[Metric]:
    limited = CounterMetricFamily(
        "mesh_rate_limited", "Requests refused by a rate of [limits].", labels=["kind", "by"]
    )
    for (kind, scope), count in sorted(gateway.limiter.refused.items()):
        limited.add_metric([kind, scope], count)
    yield limited
    refused = CounterMetricFamily(
        "mesh_connections_refused", "Connections refused by a cap of [limits].", labels=["by"]
    )
    for cap, count in sorted(gateway.caps.refused.items()):
        refused.add_metric([cap], count)
    yield refused
    throttled = gateway.accounts.throttled
    yield CounterMetricFamily("mesh_sign_ins_throttled", "Passwords not even looked at.", value=throttled)
