"""The audit log, as it may be read: all of it by administrators, a room's part by those who look after it."""

import asyncio
import contextlib
from typing import Final

from msgspec import structs

from mesh_server.ids import Clock
from mesh_server.services.permissions import Deed, require
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.services.views import audit_view
from mesh_server.store.base import AuditQuery, AuditStore, Standing
from protocol.errors import QueryInvalid, StorageUnavailable
from protocol.queries import AuditLogQuery, RoomAuditQuery
from protocol.rest import AuditPage
from protocol.times import parse_time

LOOK_EVERY_S: Final = 60.0
STEP: Final = 500
"""Entries that one transaction forgets."""

_DAY_MS: Final = 86_400_000


class AuditService:
    def __init__(
        self, store: AuditStore, rooms: RoomService, *, clock: Clock, keep_days: int, step: int = STEP
    ) -> None:
        self._store, self._rooms = store, rooms
        self._clock, self._keep_ms, self._step = clock, keep_days * _DAY_MS, step

    async def of_room(self, who: Principal, room_id: str, query: RoomAuditQuery) -> AuditPage:
        """Without addresses. Raises: RoomNotFound, NotMember, RoomForbidden, QueryInvalid."""
        mine = await self._rooms.require_member(who, room_id)
        assert mine.role is not None
        require(Deed.READ_AUDIT, Standing(role=mine.role))
        return await self._page(_wanted(query, room_id), query.limit, addresses=False)

    async def everywhere(self, query: AuditLogQuery) -> AuditPage:
        """For administrators. Raises: QueryInvalid."""
        return await self._page(_wanted(query, query.room_id), query.limit, addresses=True)

    async def _page(self, query: AuditQuery, limit: int, *, addresses: bool) -> AuditPage:
        found = await self._store.list_entries(query, limit + 1)
        page, has_more = found[:limit], len(found) > limit
        return AuditPage(
            entries=[audit_view(record, address=addresses) for record in page],
            has_more=has_more,
            next=page[-1].id if has_more else None,
        )

    async def keep(self) -> None:
        """For ever: forgets what is old enough."""
        while True:
            with contextlib.suppress(StorageUnavailable):  # logged where it happened
                await self.forget()
            await asyncio.sleep(LOOK_EVERY_S)

    async def forget(self) -> None:
        while await self._store.forget_entries(self._clock() - self._keep_ms, self._step) == self._step:
            pass


def _wanted(query: RoomAuditQuery, room_id: str | None) -> AuditQuery:
    wanted = AuditQuery(
        room_id=room_id,
        actor_id=query.actor,
        target_id=query.target,
        action=query.action,
        cursor=query.cursor,
    )
    return structs.replace(
        wanted, before=_moment("before", query.before), after=_moment("after", query.after)
    )


def _moment(name: str, text: str | None) -> int | None:
    """A day of UTC, or a time. Raises: QueryInvalid."""
    if text is None:
        return None
    try:
        return parse_time(text if "T" in text else f"{text}T00:00:00.000Z")
    except ValueError:
        raise QueryInvalid(f"{name} is a day such as 2026-01-31 or a time of RFC 3339.") from None
