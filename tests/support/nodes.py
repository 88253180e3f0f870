"""Whole nodes of one server in the process of the test: one database, and a real NATS between them."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mesh_server.building import build
from mesh_server.bus.nats import NatsBus
from mesh_server.bus.packets import NatsPackets
from mesh_server.chores import Chores
from mesh_server.clustering import Cluster
from mesh_server.configuring import load
from mesh_server.keys import load_keys
from mesh_server.listening import Listeners
from mesh_server.serving import Built
from mesh_server.store.base import Store
from mesh_server.store.sqlite import SqliteStore
from tests.support.conditions import until


class Node(NamedTuple):
    url: str
    bus: NatsBus
    built: Built


@asynccontextmanager
async def running_nodes(folder: Path, bus_url: str, **settings: Any) -> AsyncIterator[list[Node]]:
    """Two that hear each other; `settings` are those of all of them."""
    store = SqliteStore.open(folder)
    try:
        async with AsyncExitStack() as stack:
            nodes = [
                await stack.enter_async_context(_running(store, folder, bus_url, settings)) for _ in range(2)
            ]
            await until(lambda: all(node.bus.is_up for node in nodes), "all nodes to have a line")
            yield nodes
    finally:
        await store.close()


@asynccontextmanager
async def _running(store: Store, folder: Path, bus_url: str, settings: dict[str, Any]) -> AsyncIterator[Node]:
    given = {"listen": "127.0.0.1:0", "data": str(folder), "bcrypt_cost": 4, "bus": bus_url, **settings}
    config = load(env={}, flags=given)
    node_id = uuid.uuid4().hex
    bus = NatsBus([bus_url], node=node_id, subject=f"mesh.{store.epoch}")
    packets = NatsPackets([bus_url], node=node_id, prefix=f"mesh-packets.{store.epoch}")
    cluster = Cluster(node_id=node_id, line=bus, packets=packets)
    built = build(config, store, bus, load_keys(config), cluster=cluster)
    chores = Chores(built.chores)
    listeners = await Listeners.open(config, built.application, built.metrics, built.tcp)
    try:
        yield Node(listeners.url, bus, built)
    finally:
        await built.gateway.drain(1.0)
        await listeners.close()
        await chores.stop()
        built.gateway.accounts.close()
