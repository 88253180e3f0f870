"""The composition root: the one place that builds and names implementations.

`mesh_server.serving` runs what is built here.
"""

import asyncio
import logging
import os
import time
from functools import partial
from typing import Final

import sqlalchemy.exc
from msgspec import Struct

from mesh_server import log as logs
from mesh_server import open_files
from mesh_server.administration import build_administration
from mesh_server.bus.base import DeviceRevoked
from mesh_server.bus.memory import MemoryBus
from mesh_server.chores import note_who_is_here
from mesh_server.config import Config
from mesh_server.console.operations import OPERATIONS, Console
from mesh_server.errors import CannotStart, FolderHeld
from mesh_server.http.application import make_applications
from mesh_server.http.services import Services
from mesh_server.http.shared import Shared
from mesh_server.http.traffic import Traffic
from mesh_server.hub import Hub
from mesh_server.ids import Clock, NewId, id_maker, system_clock
from mesh_server.keys import Keys, load_keys
from mesh_server.limits import Limiter, TcpCaps
from mesh_server.metrics import Metrics, of_gateway, of_limits, of_peers, of_pushes, of_sizes, of_traffic
from mesh_server.peers import build_peers
from mesh_server.pushing import build_pushing
from mesh_server.services.accounts import AccountService
from mesh_server.services.devices import DeviceService
from mesh_server.services.edits import EditService
from mesh_server.services.gate import PasswordGate
from mesh_server.services.invites import InviteService
from mesh_server.services.messages import MessageService
from mesh_server.services.order import OrderService
from mesh_server.services.own_account import OwnAccountService
from mesh_server.services.passwords import Passwords
from mesh_server.services.presence import GRACE_S, PresenceService
from mesh_server.services.rooms import RoomService
from mesh_server.services.search import SearchService
from mesh_server.services.sessions import Sessions
from mesh_server.services.tokens import AccessTokens
from mesh_server.services.upkeep import UpkeepService
from mesh_server.serving import Built, serve
from mesh_server.sizes import Sizes
from mesh_server.store.folder import DataFolderInUse, DataFolderLock
from mesh_server.store.schema import NewerDatabase
from mesh_server.store.sqlite import SqliteStore
from mesh_server.ws import connection
from mesh_server.ws import relay as ws_relay
from mesh_server.ws.gateway import Gateway
from protocol.errors import StorageUnavailable
from protocol.rest import VersionInfo
from protocol.version import SUBPROTOCOLS, WIRE_VERSION, __version__

EXIT_UNCLEAN: Final = 1
"""Of a server that had to leave before everything was closed."""

READY_WAIT_S: Final = 5.0
"""How long the disk may take to show that it can be written to."""
GRACES_IN_A_HEARTBEAT: Final = 10
"""Who falls silent is to be known as gone within two heartbeats, the time of grace included."""

READY_HOLD_S: Final = 1.0
"""How long what `/readyz` found out is told to everyone who asks; anyone may, and each look is a write."""


def run(config: Config) -> None:
    """Serves until a signal says stop. Raises: CannotStart."""
    logs.set_up(config.log_level)
    open_files.allow_many()
    lock, store = open_store(config)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            if not runner.run(_run(config, store, lock, load_keys(config))):
                # A thread waits for the disk, and leaving in good order would wait for the thread.
                logging.shutdown()
                os._exit(EXIT_UNCLEAN)
    finally:
        lock.release()


async def _run(config: Config, store: SqliteStore, lock: DataFolderLock, keys: Keys) -> bool:
    return await serve(config, _build(config, store, keys), lock)


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: the way from a sender to the disk and back is a fifth shorter."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


def open_store(config: Config) -> tuple[DataFolderLock, SqliteStore]:
    """The data folder, held for this process alone, and what is in it. Raises: CannotStart."""
    folder = config.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DataFolderLock(folder)
    except DataFolderInUse as error:
        raise FolderHeld(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    try:
        return lock, SqliteStore.open(folder)
    except NewerDatabase as error:
        raise CannotStart(str(error)) from None
    except (OSError, sqlalchemy.exc.DBAPIError) as error:
        why = getattr(error, "orig", error)
        raise CannotStart(f"The database in {folder} cannot be opened: {why}.") from None


def administer(config: Config, operation: str, given: Struct) -> Struct | None:
    """Does one operation of the console on the data folder itself, where no server runs.

    Raises: FolderHeld, CannotStart, MeshError.
    """
    lock, store = open_store(config)
    try:
        return asyncio.run(_administer(config, store, operation, given))
    finally:
        lock.release()


async def _administer(config: Config, store: SqliteStore, operation: str, given: Struct) -> Struct | None:
    """Nobody is connected, so nobody is told."""
    clock, new_id, bus = system_clock, id_maker(), MemoryBus()
    presence = PresenceService(bus, clock=time.monotonic)
    gate = PasswordGate(Passwords(cost=config.bcrypt_cost), clock=clock)
    parts = build_administration(
        config,
        store,
        bus,
        presence,
        _rooms(store, bus, presence, clock, new_id),
        sessions=Sessions(clock=clock, on_revoked=lambda _device_id: None),
        gate=gate,
        who_is_here=lambda: (0, 0),
        clock=clock,
        new_id=new_id,
    )
    console = Console(parts, clock, lambda: config.url)
    try:
        return await OPERATIONS[operation].run(console, given)
    finally:
        gate.close()
        await store.close()


def _rooms(
    store: SqliteStore, bus: MemoryBus, presence: PresenceService, clock: Clock, new_id: NewId
) -> RoomService:
    find_user = store.accounts.get_user_by_key
    return RoomService(store.rooms, bus, presence, find_user=find_user, clock=clock, new_id=new_id)


def _build(config: Config, store: SqliteStore, keys: Keys) -> Built:
    clock, new_id = system_clock, id_maker()
    bus, metrics = MemoryBus(), Metrics()
    hub = Hub(device_connections=config.limits.connections_per_device)
    limiter = Limiter(config.limits, clock=time.monotonic)
    bus.subscribe(hub.on_bus)
    presence = PresenceService(
        bus, clock=time.monotonic, grace_s=min(GRACE_S, config.heartbeat_s / GRACES_IN_A_HEARTBEAT)
    )
    rooms = _rooms(store, bus, presence, clock, new_id)
    messages = MessageService(
        store.messages,
        rooms,
        bus,
        clock=clock,
        new_id=new_id,
        on_commit=metrics.commit_seconds.observe,
    )
    invites = InviteService(store.invites, rooms, clock=clock, new_id=new_id)
    sessions = Sessions(
        clock=clock, on_revoked=lambda device_id: bus.publish(DeviceRevoked(device_id=device_id))
    )
    gate = PasswordGate(Passwords(cost=config.bcrypt_cost), clock=clock)
    accounts = AccountService(
        store.accounts,
        store.tokens,
        store.invites,
        sessions=sessions,
        gate=gate,
        tokens=AccessTokens(keys.access, clock=clock),
        clock=clock,
        new_id=new_id,
        registration=config.registration_mode,
        on_joined=rooms.came_in,
    )
    administration = build_administration(
        config,
        store,
        bus,
        presence,
        rooms,
        sessions=sessions,
        gate=gate,
        who_is_here=hub.who_is_here,
        clock=clock,
        new_id=new_id,
    )
    edits = EditService(store.messages, rooms, bus, clock=clock)
    search = SearchService(store.search, rooms)
    order = OrderService(
        store.order, rooms, presence, bus, find_user=store.accounts.get_user_by_key, clock=clock
    )
    peers = build_peers(config, store.peering, bus, hub, rooms, keys, clock=clock, new_id=new_id)
    pushing = build_pushing(config, store.push, bus, presence, clock=clock, new_id=new_id)
    gateway = Gateway(
        store=store,
        bus=bus,
        hub=hub,
        accounts=accounts,
        rooms=rooms,
        messages=messages,
        edits=edits,
        presence=presence,
        peering=peers.peering,
        calls=peers.calls,
        new_id=new_id,
        limiter=limiter,
        allowed=config.limits,
        server_name=config.name,
        heartbeat_s=config.heartbeat_s,
        hello_timeout_s=config.hello_timeout_s,
    )
    traffic, sizes = Traffic(), Sizes(config.folder)
    metrics.watch(lambda: of_gateway(gateway))
    tcp = TcpCaps(
        open_files.for_connections(config.limits.tcp),
        config.limits.tcp_per_address,
        trusted=config.proxies,
    )
    metrics.watch(lambda: of_limits(gateway, tcp))
    metrics.watch(lambda: of_traffic(traffic))
    metrics.watch(lambda: of_sizes(sizes))
    metrics.watch(lambda: of_peers(peers))
    metrics.watch(lambda: of_pushes(pushing.pushes))
    bus.subscribe(gateway.on_bus)

    async def version() -> VersionInfo:
        return VersionInfo(
            name=config.name,
            version=__version__,
            wire=[WIRE_VERSION],
            subprotocols=list(SUBPROTOCOLS),
            registration=await accounts.registration(),
        )

    disk = Shared(store.check, clock=time.monotonic, hold_s=READY_HOLD_S)

    async def ready() -> None:
        gateway.require_open()
        try:
            async with asyncio.timeout(READY_WAIT_S):
                await disk()
        except TimeoutError:
            raise StorageUnavailable from None

    services = Services(
        accounts=accounts,
        own_account=OwnAccountService(
            store.accounts,
            store.people,
            sessions=sessions,
            gate=gate,
            clock=clock,
            on_departed=administration.farewell,
        ),
        devices=DeviceService(store.accounts, sessions=sessions, clock=clock),
        tokens=administration.tokens,
        account_admin=administration.accounts,
        server_invites=administration.invites,
        oversight=administration.rooms,
        audit=administration.audit,
        rooms=rooms,
        order=order,
        invites=invites,
        messages=messages,
        edits=edits,
        search=search,
        capabilities=peers.capabilities,
        signer=peers.signer,
        peering=peers.peering,
        ice=peers.ice,
        push=pushing.targets,
        limiter=limiter,
        server_name=config.name,
        version=version,
        ready=ready,
        metrics=metrics.text,
    )
    application, operations = make_applications(
        config,
        services,
        traffic,
        {
            "/ws": partial(connection.serve, gateway=gateway),
            ws_relay.PATH: partial(ws_relay.serve, gateway=gateway, relay=peers.relay),
        },
    )
    chores = (
        gateway.sweep,
        lambda: note_who_is_here(gateway),
        metrics.measure_lag,
        sizes.keep,
        search.keep_index,
        presence.keep,
        peers.peering.keep,
        *pushing.chores,
        UpkeepService(store.upkeep, bus, clock=clock).keep,
        administration.tokens.keep,
        administration.audit.keep,
    )

    def console(url: str) -> Console:
        address = config.public_url.rstrip("/") or url
        return Console(administration, clock, lambda: address)

    return Built(store, gateway, application, operations, tcp, peers, chores, console)
