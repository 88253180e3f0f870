"""Keeps what counts against the relay's quotas over a restart, to the minute."""

import asyncio
import contextlib
from typing import Final

from mesh_server.relay import Relay
from mesh_server.store.base import RelayUsage, UsageStore
from protocol.errors import StorageUnavailable

SAVE_EVERY_S: Final = 60.0
"""What a server that is killed forgets is what was relayed since."""


class UsageKeeper:
    def __init__(self, relay: Relay, store: UsageStore) -> None:
        self._relay, self._store = relay, store
        self._stored: RelayUsage | None = None
        """None until it was read: nothing is written over what is not known."""

        self._one_by_one = asyncio.Lock()  # or what was read is counted twice

    async def keep(self) -> None:
        """For ever."""
        while True:
            await self.save()
            await asyncio.sleep(SAVE_EVERY_S)

    async def save(self) -> None:
        """Reads what there was, the first time; then writes what has changed."""
        # What fails is logged where it happened; the next time tells all.
        async with self._one_by_one:
            with contextlib.suppress(StorageUnavailable):
                await self._save()

    async def _save(self) -> None:
        if self._stored is None:
            self._stored = await self._store.get_usage()
            self._relay.went_before(self._stored)
        usage = self._relay.usage()
        if usage != self._stored:
            await self._store.set_usage(usage)
            self._stored = usage
