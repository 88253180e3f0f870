"""`/api/rooms`"""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.queries import HistoryQuery, RoomsQuery
from protocol.rest import (
    CreateRoomRequest,
    DmRequest,
    JoinRequest,
    MessageHistory,
    MessagePage,
    Room,
    RoomList,
    UpdateRoomRequest,
)


async def create(services: Services, who: Principal, body: CreateRoomRequest) -> Room:
    return await services.rooms.create(who, body)


async def dm(services: Services, who: Principal, body: DmRequest) -> Room:
    return await services.rooms.dm(who, body)


async def list_rooms(services: Services, who: Principal, query: RoomsQuery) -> RoomList:
    if query.scope == "public":
        return await services.rooms.directory(who, query)
    return RoomList(rooms=await services.rooms.list_mine(who))


async def get(services: Services, who: Principal, room_id: str) -> Room:
    return await services.rooms.get(who, room_id)


async def update(services: Services, who: Principal, room_id: str, body: UpdateRoomRequest) -> Room:
    return await services.order.update(who, room_id, body)


async def delete(services: Services, who: Principal, room_id: str) -> None:
    await services.order.delete(who, room_id)


async def join(
    services: Services,
    who: Principal,
    room_id: str,
    body: JoinRequest = JoinRequest(),  # noqa: B008 - frozen
) -> Room:
    """Whoever has an invite sends it in a body; there need be none otherwise."""
    if body.invite:
        return await services.invites.join(who, body.invite, room_id=room_id)
    return await services.rooms.join(who, room_id)


async def leave(services: Services, who: Principal, room_id: str) -> None:
    await services.rooms.leave(who, room_id)


async def messages(services: Services, who: Principal, room_id: str, query: HistoryQuery) -> MessagePage:
    return await services.messages.page(
        who,
        room_id,
        before=query.before,
        after=query.after,
        around=query.around,
        thread=query.thread,
        limit=query.limit,
    )


async def pins(services: Services, who: Principal, room_id: str) -> MessagePage:
    return MessagePage(messages=await services.edits.pinned(who, room_id), has_more=False)


async def versions(services: Services, who: Principal, room_id: str, message_id: str) -> MessageHistory:
    return await services.edits.versions(who, room_id, message_id)
