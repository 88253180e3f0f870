"""What a server does by itself, for as long as it runs.

A chore is a coroutine that goes on until it is cancelled. One that ends by a mistake is missed only if
nobody is told, so its end is told in the log.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from mesh_server.ws.gateway import Gateway
from protocol.errors import StorageUnavailable

log = logging.getLogger(__name__)

Chore = Callable[[], Coroutine[Any, Any, None]]

SEEN_EVERY_S: Final = 60.0


class Chores:
    """Those that run."""

    def __init__(self, chores: Iterable[Chore]) -> None:
        self._tasks = [asyncio.create_task(_watched(chore)) for chore in chores]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _watched(chore: Chore) -> None:
    try:
        await chore()
    except Exception:
        log.exception("a chore has ended")


async def note_who_is_here(gateway: Gateway) -> None:
    """For ever: stores when each connected device was last seen."""
    while True:
        await asyncio.sleep(SEEN_EVERY_S)
        for outbound in gateway.hub.connections:
            gateway.accounts.saw(outbound.device_id)
        await flush_seen(gateway)


async def flush_seen(gateway: Gateway) -> None:
    with contextlib.suppress(StorageUnavailable):  # logged where it happened; the next time tells as much
        await gateway.accounts.flush_seen()
