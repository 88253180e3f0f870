"""A server's life, from the first connection to the last.

Stopping (SIGTERM, SIGINT) takes its time in this order: no new connections; `system.bye` to everyone; what is
on its way to the disk arrives and is acknowledged; sockets close with 1012; the store closes. It is over
within `STOP_S`; a second signal ends it at once.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from mesh_server import log as logs
from mesh_server.chores import Chore, Chores, flush_seen
from mesh_server.config import Config
from mesh_server.listening import Listener
from mesh_server.signals import stop_signal
from mesh_server.store.base import Store
from mesh_server.store.folder import DataFolderLock
from mesh_server.ws.gateway import Gateway

log = logging.getLogger(__name__)

STOP_S: Final = 25.0


@dataclass(frozen=True, slots=True)
class Built:
    """What runs: `chores` go on until the server stops, and may end by being cancelled."""

    store: Store
    gateway: Gateway
    application: web.Application
    chores: tuple[Chore, ...]


async def serve(config: Config, built: Built, lock: DataFolderLock) -> None:
    """Until a signal says stop. Raises: CannotStart."""
    asyncio.get_running_loop().set_exception_handler(logs.on_loop_error)
    stop = stop_signal()
    chores = Chores(built.chores)
    listener = None
    try:
        listener = await Listener.open(config, built.application)
        lock.tell(url=listener.url)
        print(f"mesh-server listening on {listener.url}", flush=True)
        log.info("listening", extra={"url": listener.url, "registration": config.registration_mode})
        await stop.wait()
        log.info("stopping")
        await listener.stop_accepting()
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await built.gateway.drain()
                if listener is not None:
                    await listener.close()
        await chores.stop()
        built.gateway.accounts.close()
        await flush_seen(built.gateway)
        await built.store.close()
        log.info("stopped")
