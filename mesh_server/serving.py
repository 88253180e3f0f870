"""A server's life, from the first connection to the last.

Stopping (SIGTERM, SIGINT) takes its time in this order: no new connections; `system.bye` to everyone; what is
on its way to the disk arrives and is acknowledged; sockets close with 1012; the store closes. It is over
within `stop_timeout_s`, whatever hangs: a disk that does not answer is waited for no longer than a share of
that, and what it did not take was not acknowledged. A second signal ends it at once.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from mesh_server import log as logs
from mesh_server.caps import TcpCaps
from mesh_server.chores import Chore, Chores, flush_seen
from mesh_server.config import Config
from mesh_server.console.operations import Console
from mesh_server.console.server import ConsoleListener
from mesh_server.doors.base import Door
from mesh_server.listening import Listeners, open_stun
from mesh_server.notify import Notifier
from mesh_server.peers import Peers
from mesh_server.signals import Signals
from mesh_server.store.base import Store
from mesh_server.store.folder import DataFolderLock
from mesh_server.ws.gateway import Gateway

log = logging.getLogger(__name__)

FLUSH_BY: Final = 0.4
"""Shares of the time for stopping, counted from the signal: what waits for the disk is given up then,"""

CLOSE_BY: Final = 0.6
"""the connections,"""

STORE_BY: Final = 0.8
"""the store,"""

END_BY: Final = 0.95
"""and the process."""


@dataclass(frozen=True, slots=True)
class Built:
    """What runs: `chores` go on until the server stops, and may end by being cancelled.

    `metrics`: the application on an address of its own, where the configuration names one.
    """

    store: Store
    gateway: Gateway
    application: web.Application
    metrics: web.Application | None
    tcp: TcpCaps
    peers: Peers
    chores: tuple[Chore, ...]
    console: Callable[[str], Console]
    """For whoever owns the data folder; it is given the address where clients come."""

    doors: tuple[Door, ...] = ()


async def serve(config: Config, built: Built, lock: DataFolderLock) -> bool:
    """Until a signal says stop; whether the store could be closed in time. Raises: CannotStart."""
    asyncio.get_running_loop().set_exception_handler(logs.on_loop_error)
    server = _Server(config, built, lock)
    try:
        await server.start()
        await server.signals.stop.wait()
    finally:
        closed = await server.stop()
    return closed


class _Server:
    def __init__(self, config: Config, built: Built, lock: DataFolderLock) -> None:
        self._config, self._built, self._lock = config, built, lock
        self._notifier = Notifier(os.environ)
        self._reload = asyncio.Event()
        self.signals = Signals(ends_after_s=END_BY * config.stop_timeout_s, on_reload=self._reload.set)
        self._chores = Chores((*built.chores, self._notifier.feed_watchdog, self._read_certificates))
        self._listeners: Listeners | None = None
        self._console: ConsoleListener | None = None

    async def start(self) -> None:
        config, built = self._config, self._built
        await built.peers.usage.save()  # or who is quick after a restart has a new quota
        listeners = self._listeners = await Listeners.open(
            config, built.application, built.metrics, built.tcp
        )
        await open_stun(config, built.peers.stun, listeners.url)
        if built.doors:
            socket = await listeners.open_inside(config.folder)
            for door in built.doors:
                await door.open(listeners.url, socket)
        self._console = await ConsoleListener.open(config.folder, built.console(listeners.url))
        self._lock.tell(url=listeners.url)
        log.info(
            "listening",
            extra={
                "url": listeners.url,
                "metrics": f"{listeners.metrics_url}/metrics",
                "registration": config.registration_mode,
            },
        )
        print(f"mesh-server listening on {listeners.url}", flush=True)
        self._tell_ready()

    def _tell_ready(self) -> None:
        assert self._listeners is not None
        self._notifier.ready(f"Listening on {self._listeners.url}")

    async def _read_certificates(self) -> None:
        """For ever: with each SIGHUP."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            if self._listeners is None:
                continue  # they are about to be read for the first time
            self._notifier.reloading()
            await self._listeners.reload_certificate()
            self._tell_ready()

    async def stop(self) -> bool:
        """Whether the store could be closed in time."""
        built, total_s = self._built, self._config.stop_timeout_s
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._listeners is not None:
            log.info("stopping")
            self._notifier.stopping("Saying goodbye")
            await self._listeners.stop_accepting()
        built.peers.stun.close()
        built.peers.relay.drain()
        await _by(began + CLOSE_BY * total_s, self._close_connections(FLUSH_BY * total_s), "the connections")
        await _by(began + STORE_BY * total_s, self._chores.stop(), "the chores")
        built.gateway.accounts.close()
        closed = await _by(began + STORE_BY * total_s, self._close_store(), "the store")
        log.info("stopped")
        return closed

    async def _close_connections(self, flush_s: float) -> None:
        if self._console is not None:
            await self._console.close()
        for door in self._built.doors:
            await door.close()
        await self._built.gateway.drain(flush_s)
        if self._listeners is not None:
            await self._listeners.close()

    async def _close_store(self) -> None:
        await flush_seen(self._built.gateway)
        await self._built.peers.usage.save()
        await self._built.store.close()


async def _by(deadline: float, work: Awaitable[None], what: str) -> bool:
    """Whether `work` was done in time; if not, it is given up, and told in the log."""
    try:
        async with asyncio.timeout_at(deadline):
            await work
    except TimeoutError:
        log.error("%s could not be closed in time", what)  # noqa: TRY400 - there is no more to tell
        return False
    return True
