"""`/api/rooms`"""

from aiohttp import web

from mesh_server.http.bodies import answer, query_number, read_body
from mesh_server.http.services import SERVICES
from mesh_server.services.principal import Principal
from protocol import limits
from protocol.errors import QueryInvalid
from protocol.rest import CreateRoomRequest, DmRequest, JoinRequest, MessagePage, RoomList, UpdateRoomRequest


async def create(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, CreateRoomRequest)
    return answer(await request.app[SERVICES].rooms.create(who, body), status=201)


async def dm(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, DmRequest)
    return answer(await request.app[SERVICES].rooms.dm(who, body))


async def list_rooms(request: web.Request, who: Principal) -> web.Response:
    rooms = request.app[SERVICES].rooms
    scope = request.query.get("scope", "mine")
    if scope == "mine":
        return answer(RoomList(rooms=await rooms.list_mine(who)))
    if scope == "public":
        return answer(RoomList(rooms=await rooms.directory(who)))
    raise QueryInvalid("scope is mine or public.")


async def get(request: web.Request, who: Principal) -> web.Response:
    return answer(await request.app[SERVICES].rooms.get(who, request.match_info["room_id"]))


async def update(request: web.Request, who: Principal) -> web.Response:
    body = await read_body(request, UpdateRoomRequest)
    return answer(await request.app[SERVICES].order.update(who, request.match_info["room_id"], body))


async def delete(request: web.Request, who: Principal) -> web.Response:
    await request.app[SERVICES].order.delete(who, request.match_info["room_id"])
    return web.Response(status=204)


async def join(request: web.Request, who: Principal) -> web.Response:
    """Whoever has an invite sends it in a body; there is none otherwise."""
    services, room_id = request.app[SERVICES], request.match_info["room_id"]
    body = await read_body(request, JoinRequest) if request.can_read_body else JoinRequest()
    if body.invite:
        return answer(await services.invites.join(who, body.invite, room_id=room_id))
    return answer(await services.rooms.join(who, room_id))


async def leave(request: web.Request, who: Principal) -> web.Response:
    await request.app[SERVICES].rooms.leave(who, request.match_info["room_id"])
    return web.Response(status=204)


async def messages(request: web.Request, who: Principal) -> web.Response:
    limit = query_number(request, "limit")
    page = await request.app[SERVICES].messages.page(
        who,
        request.match_info["room_id"],
        before=query_number(request, "before"),
        after=query_number(request, "after"),
        around=query_number(request, "around"),
        thread=request.query.get("thread"),
        limit=limits.PAGE_DEFAULT if limit is None else limit,
    )
    return answer(page)


async def pins(request: web.Request, who: Principal) -> web.Response:
    found = await request.app[SERVICES].edits.pinned(who, request.match_info["room_id"])
    return answer(MessagePage(messages=found, has_more=False))


async def versions(request: web.Request, who: Principal) -> web.Response:
    place = request.match_info
    return answer(await request.app[SERVICES].edits.versions(who, place["room_id"], place["message_id"]))
