"""Keeps what counts against the relay's quotas: over restarts, and the same at all nodes, to some seconds."""

import asyncio
from typing import Final

from mesh_server.relay import Relay
from mesh_server.store.base import RelayUsage, UsageStore
from protocol.errors import StorageUnavailable

SAVE_EVERY_S: Final = 15.0
"""What a server that is killed forgets is what was relayed since; as long, others do not know of it."""


class UsageKeeper:
    def __init__(self, relay: Relay, store: UsageStore) -> None:
        self._relay, self._store = relay, store
        self._one_by_one = asyncio.Lock()  # or news that are being told are missing in what is told

    async def keep(self) -> None:
        """For ever."""
        while True:
            await self.save()
            await asyncio.sleep(SAVE_EVERY_S)

    async def save(self) -> None:
        """Tells the news, and hears what all nodes have told."""
        async with self._one_by_one:
            news = self._relay.take_news()
            try:
                self._relay.all_told(await self._exchange(news))
            except StorageUnavailable:  # logged where it happened
                self._relay.untold(news)

    async def _exchange(self, news: RelayUsage) -> RelayUsage:
        if news.users or news.sessions:
            return await self._store.add_usage(news)
        return await self._store.get_usage()
