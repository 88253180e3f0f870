"""What a server does with rooms by itself: forgets what is too old, and deletes what is deleted for good.

Each goes a step at a time and rests in between, so that messages on their way to the disk need not wait
for many.
"""

import asyncio
import contextlib
from typing import Final

from mesh_server.bus.base import Bus, RoomChanged
from mesh_server.ids import Clock
from mesh_server.services.views import message_view
from mesh_server.store.base import MessageRecord, UpkeepStore
from protocol.errors import StorageUnavailable
from protocol.events import MessageDeleted

LOOK_EVERY_S: Final = 1.0
STEP: Final = 50
"""Messages that one transaction erases, about 10 ms of the thread that writes."""

PAUSE_S: Final = 0.1


class UpkeepService:
    def __init__(self, upkeep: UpkeepStore, bus: Bus, *, clock: Clock) -> None:
        self._upkeep, self._bus, self._clock = upkeep, bus, clock

    async def keep(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with contextlib.suppress(StorageUnavailable):  # logged where it happened
                await self._forget()
                await self._purge()

    async def _forget(self) -> None:
        """A step of each room in turn, so that a long one does not hold up the others."""
        while rooms := await self._upkeep.list_forgetful(self._clock()):
            for room_id in rooms:
                await self._upkeep.erase_expired(room_id, self._clock(), STEP, self._tell)
                await asyncio.sleep(PAUSE_S)

    def _tell(self, erased: list[MessageRecord]) -> None:
        for record in erased:
            event = MessageDeleted(message=message_view(record, nonce=False))
            self._bus.publish(RoomChanged(room_id=record.room_id, rev=record.rev, event=event, asked_by=""))

    async def _purge(self) -> None:
        while rooms := await self._upkeep.list_deleted():
            for room_id in rooms:
                await self._upkeep.purge_room(room_id, STEP)
                await asyncio.sleep(PAUSE_S)
