"""The composition root: the one place that names implementations.

`mesh_server.building` puts a server together on them, and `mesh_server.serving` runs it.
"""

import asyncio
import logging
import os
import uuid
from collections.abc import Callable
from functools import partial
from typing import Final

import sqlalchemy.exc
from msgspec import Struct

from mesh_server import log as logs
from mesh_server import open_files
from mesh_server.building import build, build_alone
from mesh_server.bus.base import Bus
from mesh_server.bus.memory import MemoryBus
from mesh_server.clustering import Cluster
from mesh_server.config import Config
from mesh_server.console.operations import OPERATIONS, Console
from mesh_server.errors import CannotStart, FolderHeld
from mesh_server.ids import Clock, NewId, system_clock
from mesh_server.keys import Keys, fingerprint, load_keys, load_shared_keys
from mesh_server.serving import Built, serve
from mesh_server.store.folder import DataFolderInUse, DataFolderLock
from mesh_server.store.schema import NewerDatabase
from mesh_server.store.sql import SqlStore
from mesh_server.store.sqlite import SqliteStore
from protocol.errors import StorageUnavailable

EXIT_UNCLEAN: Final = 1
"""Of a server that had to leave before everything was closed."""


def run(config: Config, *, clock: Clock = system_clock, new_id: NewId | None = None) -> None:
    """Serves until a signal says stop, on the system's time and with new ids. Raises: CannotStart."""
    logs.set_up(config.log_level)
    open_files.allow_many()
    lock, store = open_store(config)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            keys = runner.run(_keys(config, store))
            bus, cluster = _bus(config, store.epoch, keys)
            built = partial(build, config, store, bus, keys, clock=clock, new_id=new_id, cluster=cluster)
            if not runner.run(_run(config, built, lock)):
                # A thread waits for the disk, and leaving in good order would wait for the thread.
                logging.shutdown()
                os._exit(EXIT_UNCLEAN)
    finally:
        lock.release()


async def _run(config: Config, build_on_loop: Callable[[], Built], lock: DataFolderLock) -> bool:
    return await serve(config, build_on_loop(), lock)


async def _keys(config: Config, store: SqlStore) -> Keys:
    """Raises: CannotStart."""
    if not config.database:
        return load_keys(config)
    try:
        return await load_shared_keys(store.get_secret, config.folder, ssh=bool(config.ssh))
    except StorageUnavailable:
        raise CannotStart("The database went away while the server started.") from None


def _bus(config: Config, epoch: str, keys: Keys) -> tuple[Bus, Cluster | None]:
    """The bus, and what it takes to be one of several nodes, where there may be others."""
    urls = config.bus_urls
    if not urls and not config.database:
        return MemoryBus(), None
    node_id = uuid.uuid4().hex
    if not urls:
        return MemoryBus(), Cluster(node_id=node_id, line=None, keys=fingerprint(keys))
    from mesh_server.bus.line import trust
    from mesh_server.bus.nats import NatsBus
    from mesh_server.bus.packets import NatsPackets

    # Nodes of one database, and nobody else, have its epoch: so servers may share one NATS.
    tls = trust(config.bus_ca)
    bus = NatsBus(urls, node=node_id, subject=f"mesh.{epoch}", tls=tls)
    packets = NatsPackets(urls, node=node_id, prefix=f"mesh-packets.{epoch}", tls=tls)
    return bus, Cluster(node_id=node_id, line=bus, keys=fingerprint(keys), packets=packets)


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: the way from a sender to the disk and back is a fifth shorter."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


def open_store(config: Config) -> tuple[DataFolderLock, SqlStore]:
    """The data folder, held for this process alone, and what is in it, or in the database that is named.

    Raises: CannotStart.
    """
    folder = config.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DataFolderLock(folder)
    except DataFolderInUse as error:
        raise FolderHeld(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    try:
        return lock, SqliteStore.open(folder) if not config.database else _open_database(config.database)
    except NewerDatabase as error:
        raise CannotStart(str(error)) from None
    except (OSError, sqlalchemy.exc.DBAPIError) as error:
        why = getattr(error, "orig", error)
        raise CannotStart(f"The database in {folder} cannot be opened: {why}.") from None


def _open_database(url: str) -> SqlStore:
    """Raises: CannotStart, NewerDatabase."""
    from mesh_server.store.postgres import DatabaseUnusable, PostgresStore

    try:
        return PostgresStore.open(url)
    except DatabaseUnusable as error:
        raise CannotStart(f"The database cannot be used: {error}.") from None


def administer(config: Config, operation: str, given: Struct) -> Struct | None:
    """Does one operation of the console on the data folder itself, where no server runs.

    Raises: FolderHeld, CannotStart, MeshError.
    """
    lock, store = open_store(config)
    try:
        return asyncio.run(_administer(config, store, operation, given))
    finally:
        lock.release()


async def _administer(config: Config, store: SqlStore, operation: str, given: Struct) -> Struct | None:
    administration, gate = build_alone(config, store, MemoryBus())
    console = Console(administration, system_clock, lambda: config.url)
    try:
        return await OPERATIONS[operation].run(console, given)
    finally:
        gate.close()
        await store.close()
