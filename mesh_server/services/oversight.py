"""All rooms, for whoever runs the server, a member or not; and the figures of the whole.

What is said in a room stays with its members: nothing here reads a message, and DMs are only counted.
"""

from collections.abc import Callable

from msgspec import structs

from mesh_server.bus.base import Bus, RoomChanged, RoomGone
from mesh_server.services.names import login_key, name_key
from mesh_server.services.rooms import FindUser, RoomService
from mesh_server.services.views import room_summary_view, shared_room_view
from mesh_server.store.base import Actor, Joined, MyRoom, OversightStore, Promoted, RoomQuery
from protocol.errors import RoomNotFound, UserNotFound
from protocol.events import MemberChanged, RoomDeleted, RoomUpdated
from protocol.queries import AllRoomsQuery
from protocol.rest import OwnerRequest, RoomSummary, RoomSummaryList, ServerStats
from protocol.version import __version__

WhoIsHere = Callable[[], tuple[int, int]]
"""How many people are connected, and over how many connections."""


class OversightService:
    """Every call about a room raises RoomNotFound, for a DM too."""

    def __init__(
        self,
        store: OversightStore,
        rooms: RoomService,
        bus: Bus,
        *,
        find_user: FindUser,
        who_is_here: WhoIsHere,
    ) -> None:
        self._store, self._rooms, self._bus = store, rooms, bus
        self._find_user, self._who_is_here = find_user, who_is_here

    async def list_rooms(self, query: AllRoomsQuery) -> RoomSummaryList:
        words = name_key(query.q) if query.q else None
        found = await self._store.list_all_rooms(RoomQuery(words=words, cursor=query.cursor), query.limit + 1)
        page, has_more = found[: query.limit], len(found) > query.limit
        return RoomSummaryList(
            rooms=[room_summary_view(each) for each in page],
            has_more=has_more,
            next=page[-1].room.id if has_more else None,
        )

    async def get(self, room_id: str) -> RoomSummary:
        found = await self._store.get_overview_of(room_id)
        if found is None:
            raise RoomNotFound
        return room_summary_view(found)

    async def find(self, name: str) -> str:
        """The id of the room of this name."""
        key = name_key(name)
        found = await self._store.list_all_rooms(RoomQuery(name_key=key), 1)
        if not found:
            raise RoomNotFound
        return found[0].room.id

    async def archive(self, by: Actor, room_id: str, *, archived: bool) -> RoomSummary:
        def then(mine: MyRoom | None) -> None:
            if mine is not None:
                room = shared_room_view(mine)
                event = RoomUpdated(room_id=room.id, rev=room.rev, room=room)
                self._bus.publish(RoomChanged(room_id=room.id, rev=room.rev, event=event, asked_by=""))

        await self._store.archive_room(room_id, archived, by=by, then=then)
        return await self.get(room_id)

    async def delete(self, by: Actor, room_id: str) -> None:
        def then(_: None) -> None:
            self._bus.publish(RoomGone(room_id=room_id, event=RoomDeleted(room_id=room_id)))

        await self._store.drop_room(room_id, by=by, then=then)

    async def hand_over(self, by: Actor, room_id: str, body: OwnerRequest) -> RoomSummary:
        """Raises: UserNotFound, UserSuspended, RoomFull, Banned."""
        owner = await self._find_user(login_key(body.username))
        if owner is None:
            raise UserNotFound

        def then(outcome: tuple[Joined, list[Promoted]]) -> None:
            joined, promoted = outcome
            self._rooms.came_in(joined)
            for each in promoted:
                member = each.member
                event = MemberChanged(room_id=room_id, rev=each.rev, user_id=member.user_id, role=member.role)
                self._bus.publish(RoomChanged(room_id=room_id, rev=each.rev, event=event, asked_by=""))

        await self._store.hand_over(room_id, owner.id, by=by, then=then)
        return await self.get(room_id)

    async def stats(self) -> ServerStats:
        online, connections = self._who_is_here()
        figures = await self._store.get_figures()
        return ServerStats(
            online=online, connections=connections, version=__version__, **structs.asdict(figures)
        )
