"""The composition root: the one place that builds and names implementations, starts them and stops them.

Stopping (SIGTERM, SIGINT) takes its time in this order: no new connections; `system.bye` to everyone; what is
on its way to the disk arrives and is acknowledged; sockets close with 1012; the store closes. It is over
within `STOP_S`; a second signal ends it at once.
"""

import asyncio
import contextlib
import logging
import signal
import ssl
import time
from collections.abc import Coroutine
from typing import Any, Final, NamedTuple

import sqlalchemy.exc
from aiohttp import web

from mesh_server import log as logs
from mesh_server.bus.base import DeviceRevoked
from mesh_server.bus.memory import MemoryBus
from mesh_server.config import Config
from mesh_server.http.middleware import errors
from mesh_server.http.routes import add_routes
from mesh_server.http.services import Services
from mesh_server.http.shared import Shared
from mesh_server.hub import Hub
from mesh_server.ids import id_maker, system_clock
from mesh_server.metrics import Metrics
from mesh_server.services.accounts import AccountService
from mesh_server.services.edits import EditService
from mesh_server.services.invites import InviteService
from mesh_server.services.messages import MessageService
from mesh_server.services.order import OrderService
from mesh_server.services.passwords import Passwords
from mesh_server.services.presence import PresenceService
from mesh_server.services.rooms import RoomService
from mesh_server.services.search import SearchService
from mesh_server.services.tokens import KEY_FILE, AccessTokens, SecretUnusable, load_secret
from mesh_server.services.upkeep import UpkeepService
from mesh_server.store.schema import NewerDatabase
from mesh_server.store.sqlite import DataFolderInUse, DataFolderLock, SqliteStore
from mesh_server.ws import connection
from mesh_server.ws.gateway import Gateway
from protocol.errors import StorageUnavailable
from protocol.rest import VersionInfo
from protocol.version import SUBPROTOCOLS, WIRE_VERSION, __version__

log = logging.getLogger(__name__)

STOP_S: Final = 25.0
BACKLOG: Final = 1024
KEEPALIVE_S: Final = 75.0
"""How long a connection may stay open between two requests."""

SEEN_EVERY_S: Final = 60.0
READY_HOLD_S: Final = 1.0
"""How long what `/readyz` found out is told to everyone who asks; anyone may, and each look is a write."""


class CannotStart(Exception):
    """One sentence for the operator."""


class Built(NamedTuple):
    """What runs: it is started and stopped by `_serve`."""

    gateway: Gateway
    search: SearchService
    upkeep: UpkeepService
    application: web.Application


def run(config: Config) -> None:
    """Serves until a signal says stop. Raises: CannotStart."""
    logs.set_up(config.log_level)
    lock, store = _open(config)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(config, store, lock, _secret(config)))
    finally:
        lock.release()


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: the way from a sender to the disk and back is a fifth shorter."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


def _open(config: Config) -> tuple[DataFolderLock, SqliteStore]:
    folder = config.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DataFolderLock(folder)
    except DataFolderInUse as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    try:
        return lock, SqliteStore.open(folder)
    except NewerDatabase as error:
        raise CannotStart(str(error)) from None
    except (OSError, sqlalchemy.exc.DBAPIError) as error:
        why = getattr(error, "orig", error)
        raise CannotStart(f"The database in {folder} cannot be opened: {why}.") from None


def _secret(config: Config) -> bytes:
    try:
        return load_secret(config.folder)
    except SecretUnusable as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"The file {config.folder / KEY_FILE} cannot be used: {error.strerror}.") from None


async def _serve(config: Config, store: SqliteStore, lock: DataFolderLock, secret: bytes) -> None:
    asyncio.get_running_loop().set_exception_handler(logs.on_loop_error)
    stop = _stop_signal()
    built = _build(config, store, secret)
    gateway = built.gateway
    runner = web.AppRunner(
        built.application,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    chores = [
        asyncio.create_task(_watched(chore))
        for chore in (
            gateway.sweep(),
            _note_who_is_here(gateway),
            built.search.keep_index(),
            built.upkeep.keep(),
        )
    ]
    try:
        site = await _listen(config, runner)
        url = _url(config, runner)
        lock.tell(url=url)
        print(f"mesh-server listening on {url}", flush=True)
        log.info("listening", extra={"url": url, "registration": config.registration_mode})
        await stop.wait()
        log.info("stopping")
        await site.stop()
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await gateway.drain()
                await runner.cleanup()
        for chore in chores:
            chore.cancel()
        gateway.accounts.close()
        await _flush_seen(gateway)
        await store.close()
        log.info("stopped")


async def _watched(chore: Coroutine[Any, Any, None]) -> None:
    """A chore runs for ever; one that ends by a mistake is missed only if nobody is told."""
    try:
        await chore
    except Exception:
        log.exception("a chore has ended")
        raise


async def _note_who_is_here(gateway: Gateway) -> None:
    """For ever: stores when each connected device was last seen."""
    while True:
        await asyncio.sleep(SEEN_EVERY_S)
        for outbound in gateway.hub.connections:
            gateway.accounts.saw(outbound.device_id)
        await _flush_seen(gateway)


async def _flush_seen(gateway: Gateway) -> None:
    with contextlib.suppress(StorageUnavailable):  # logged where it happened; the next time tells as much
        await gateway.accounts.flush_seen()


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    return stop


async def _listen(config: Config, runner: web.AppRunner) -> web.TCPSite:
    host, port = config.address
    site = web.TCPSite(runner, host, port, backlog=BACKLOG, reuse_address=True, ssl_context=_tls(config))
    try:
        await site.start()
    except OSError as error:
        raise CannotStart(f"Cannot listen on {config.listen}: {error.strerror or error}.") from None
    return site


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.tls.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.tls.certificate, config.tls.key)
    except (OSError, ssl.SSLError) as error:
        files = f"{config.tls.certificate} and {config.tls.key}"
        raise CannotStart(f"The certificate in {files} cannot be used: {error.strerror or error}.") from None
    return context


def _url(config: Config, runner: web.AppRunner) -> str:
    """The address as it became: the port is what port 0 picked."""
    host, _ = config.address
    port = runner.addresses[0][1]
    scheme = "https" if config.tls.certificate else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _build(config: Config, store: SqliteStore, secret: bytes) -> Built:
    clock, new_id = system_clock, id_maker()
    bus, hub, metrics = MemoryBus(), Hub(), Metrics()
    bus.subscribe(hub.on_bus)
    presence = PresenceService(bus)
    rooms = RoomService(
        store.rooms,
        bus,
        presence,
        find_user=store.accounts.get_user_by_key,
        clock=clock,
        new_id=new_id,
    )
    messages = MessageService(
        store.messages,
        rooms,
        bus,
        clock=clock,
        new_id=new_id,
        on_commit=metrics.commit_seconds.observe,
    )
    invites = InviteService(store.invites, rooms, clock=clock, new_id=new_id)
    accounts = AccountService(
        store.accounts,
        store.invites,
        passwords=Passwords(cost=config.bcrypt_cost),
        tokens=AccessTokens(secret, clock=clock),
        clock=clock,
        new_id=new_id,
        registration=config.registration_mode,
        on_revoked=lambda device_id: bus.publish(DeviceRevoked(device_id=device_id)),
        on_joined=rooms.came_in,
    )
    edits = EditService(store.messages, rooms, bus, clock=clock)
    search = SearchService(store.search, rooms)
    order = OrderService(
        store.order, rooms, presence, bus, find_user=store.accounts.get_user_by_key, clock=clock
    )
    gateway = Gateway(
        store=store,
        bus=bus,
        hub=hub,
        accounts=accounts,
        rooms=rooms,
        messages=messages,
        edits=edits,
        presence=presence,
        new_id=new_id,
        server_name=config.name,
        heartbeat_s=config.heartbeat_s,
        hello_timeout_s=config.hello_timeout_s,
    )
    metrics.watch(gateway)

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
        await disk()

    application = web.Application(middlewares=[errors])
    services = Services(
        accounts=accounts,
        rooms=rooms,
        order=order,
        invites=invites,
        messages=messages,
        edits=edits,
        search=search,
        server_name=config.name,
        version=version,
        ready=ready,
        metrics=metrics.text,
    )
    add_routes(application, services)
    application.router.add_get("/ws", lambda request: connection.serve(request, gateway))
    return Built(gateway, search, UpkeepService(store.upkeep, bus, clock=clock), application)
